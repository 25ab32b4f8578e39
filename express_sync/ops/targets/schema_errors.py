"""What is wrong with a JSON document by its schema, in words for who has written it. Knows no document.

Offending values are never quoted: they may be long, and they may be secret.
"""

from collections.abc import Mapping
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "a text",
    "integer": "a whole number",
}
_RULES = {
    "minLength": "must not be empty",
    "minItems": "must not be empty",
    "minimum": "must be at least {expected}",
}


def first_error(validator: Draft7Validator, document: object) -> ValidationError | None:
    """The first thing that is wrong, by its place; None if nothing is."""
    return min(validator.iter_errors(document), key=lambda error: error.json_path, default=None)


def wrong(error: ValidationError) -> str:
    """The place of an error and what should be there: a clause without a full stop."""
    path, rule, expected = error.json_path, str(error.validator), cast("Any", error.validator_value)
    match rule:
        case "required":
            return f"{path}.{absent(error)} is missing"
        case "additionalProperties":
            return f"{path} holds a key that is not known; known are {', '.join(_known(error))}"
        case "type":
            return f"{path} must be {_type(expected)}"
        case "enum":
            return f"{path} must be one of {', '.join(expected)}"
        case _:
            return f"{path} {_RULES[rule].format(expected=expected)}"


def absent(error: ValidationError) -> str:
    """The key that a broken `required` misses first."""
    required, instance = cast("list[str]", error.validator_value), cast("Mapping[str, Any]", error.instance)
    return next(key for key in required if key not in instance)


def _known(error: ValidationError) -> list[str]:
    return list(cast("Mapping[str, Any]", error.schema)["properties"])


def _type(expected: str | list[str]) -> str:
    names = [expected] if isinstance(expected, str) else expected
    return " or ".join(_TYPES.get(name, name) for name in names)
