"""Turns violations of a JSON Schema into messages for the author of the document.

Messages never quote the offending values, which may be long or secret.
"""

from collections.abc import Mapping
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
}
_RULES = {
    "minLength": "must not be empty",
    "minItems": "must not be empty",
    "minimum": "must be at least {expected}",
    "maxItems": "must have at most {expected} items",
    "pattern": "has an invalid value",
}


def first_error(validator: Draft7Validator, document: object) -> ValidationError | None:
    """Return the first violation in the order of the paths, or None."""
    return min(validator.iter_errors(document), key=lambda error: error.json_path, default=None)


def message(error: ValidationError) -> str:
    """Return the path of a violation and what is expected there, as a clause without a full stop."""
    path, rule, expected = error.json_path, str(error.validator), cast("Any", error.validator_value)
    match rule:
        case "required":
            return f"{path}.{missing_key(error)} is missing"
        case "additionalProperties":
            return f"{path} has an unknown key; known keys are {', '.join(_known(error))}"
        case "type":
            return f"{path} must be {_type(expected)}"
        case "enum":
            return f"{path} must be one of {', '.join(expected)}"
        case _:
            return f"{path} {_RULES[rule].format(expected=expected)}"


def missing_key(error: ValidationError) -> str:
    """Return the first key that is missing according to a violation of `required`."""
    required, instance = cast("list[str]", error.validator_value), cast("Mapping[str, Any]", error.instance)
    return next(key for key in required if key not in instance)


def _known(error: ValidationError) -> list[str]:
    return list(cast("Mapping[str, Any]", error.schema)["properties"])


def _type(expected: str | list[str]) -> str:
    names = [expected] if isinstance(expected, str) else expected
    return " or ".join(_TYPES.get(name, name) for name in names)
