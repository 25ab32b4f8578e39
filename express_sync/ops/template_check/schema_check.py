"""Checks values against JSON Schemas, looking through functions of the template whose values are known.

Findings name the place and the rule, never the value.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from express_sync.local.template.intrinsics import is_call
from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.scope import Scope

Check = Callable[[Any, Mapping[str, Any], str], Iterator[Finding]]
Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]

_TYPES = {"string": "a string", "number": "a number", "boolean": "a boolean", "array": "a list", "object": "a map"}
_RULES = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "pattern": "must match {}",
}
_TEXT_FUNCTIONS = frozenset({"Fn::Sub", "Fn::Join"})
_UNKNOWN_TEXT = ""


def check_plain(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Yield the violations of a value that contains no functions."""
    return _findings(_PLAIN, value, schema, path)


def check_with_functions(scope: Scope) -> Check:
    """Return what yields the violations of a value with functions, as `check_plain` does for one without.

    A parameter is checked with its default, choices and limits. One check serves all resources of a template, because
    jsonschema makes a class for it.
    """
    looking_through = {name: _looking_through(name, keyword, scope) for name, keyword in _KEYWORDS.items()}
    return partial(_findings, _extended(looking_through))


def _findings(validator: Any, value: Any, schema: Mapping[str, Any], path: str) -> Iterator[Finding]:
    for error in validator(schema).iter_errors(value):
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path)
        yield Finding(f"{path}{place}".removeprefix("."), error.message)


def _extended(keywords: Mapping[str, Keyword]) -> Any:
    return cast("Any", extend)(Draft7Validator, keywords)  # jsonschema's types leave it untyped


def _looking_through(name: str, keyword: Keyword, scope: Scope) -> Keyword:
    def check(validator: Any, expected: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not is_call(instance):
            yield from keyword(validator, expected, instance, schema)
            return
        for origin, possible in _possible_values(instance, scope, only_type=name == "type"):
            for error in check(validator, expected, possible, schema):
                error.message = f"{origin}{error.message}"
                yield error

    return check


def _possible_values(call: Mapping[str, Any], scope: Scope, *, only_type: bool) -> Iterator[tuple[str, Any]]:
    """Yield the known values of a function, each with the beginning of a message about it."""
    [(function, argument)] = call.items()
    if function == "Ref":
        yield from ((f"takes the parameter {argument}, which ", each) for each in scope.possible_values(str(argument)))
    elif function == "Fn::If" and isinstance(argument, list):
        yield from (("", branch) for branch in argument[1:])
    elif function in _TEXT_FUNCTIONS and only_type:
        yield f"is the string that {function} returns, but ", _UNKNOWN_TEXT


def _type(expected: str | list[str]) -> str:
    return " or ".join(_TYPES[name] for name in ([expected] if isinstance(expected, str) else expected))


def _described(name: str) -> Keyword:
    """Return a keyword of JSON Schema whose violation has a message without the value."""

    def check(validator: Any, expected: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        for _ in Draft7Validator.VALIDATORS[name](validator, expected, instance, schema) or ():
            yield ValidationError(_description(name, expected))

    return check


def _description(name: str, expected: Any) -> str:
    if name == "type":
        return f"must be {_type(expected)}"
    if name == "enum":
        return f"must be one of {', '.join(map(str, expected))}"
    return _RULES[name].format(expected)


def _required(_validator: Any, expected: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        yield from (ValidationError("is missing", path=(key,)) for key in expected if key not in instance)


def _additional_properties(validator: Any, expected: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    known = schema.get("properties", {})
    if not isinstance(instance, dict):
        return
    for key in instance.keys() - known.keys():
        if expected is False:
            yield ValidationError(f"is unknown; known are {', '.join(sorted(known))}", path=(str(key),))
        else:
            yield from validator.descend(instance[key], expected, path=str(key))


_KEYWORDS: Mapping[str, Keyword] = {
    **{name: _described(name) for name in ("type", "enum", *_RULES)},
    "required": _required,
    "additionalProperties": _additional_properties,
    "properties": Draft7Validator.VALIDATORS["properties"],
    "items": Draft7Validator.VALIDATORS["items"],
}
_PLAIN = _extended(_KEYWORDS)
