"""Validates documents against the request contract: reports all broken rules without quoting values.

The schema file is the only statement of the rules.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from handler.inbound.strict_json import is_unicode
from handler.model import Document, Violation

_PACKAGE = Path(__file__).parents[1]
# Inside the package only in an installed wheel, where names at the top level would collide with other distributions.
SCHEMAS = next(folder for each in (_PACKAGE, _PACKAGE.parent) if (folder := each / "schemas").is_dir())
REQUEST_SCHEMA: dict[str, Any] = json.loads((SCHEMAS / "provision-request.v1.json").read_bytes())
MAX_REPORTED = 100  # keeps an outcome far below the 64 KiB of an MNS message, however wrong the document is

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MESSAGES = {
    "type": "must be of type {expected}",
    "minLength": "must have at least {expected} characters",
    "maxLength": "must have at most {expected} characters",
}
_NOT_EMPTY = "must not be empty"


def violations(document: object) -> tuple[Violation, ...]:
    """Return every rule of `provision-request.v1.json` that the document breaks, sorted by path."""
    distinct = {violation for error in _VALIDATOR.iter_errors(document) for violation in _violations_of(error)}
    found = sorted(distinct, key=lambda violation: (violation.path, violation.rule))
    if len(found) <= MAX_REPORTED:
        return tuple(found)
    more = Violation("$", "tooMany", f"breaks {len(found)} rules in all")
    return (*found[:MAX_REPORTED], more)


def usable_request_id(document: object) -> str | None:
    """Return the document's requestId if that is valid by itself, whatever else is wrong."""
    if not isinstance(document, Mapping):
        return None
    request_id = document.get("requestId")
    is_usable = (
        isinstance(request_id, str) and is_unicode(request_id) and _OF_PROPERTY["requestId"].is_valid(request_id)
    )
    return request_id if is_usable else None


def _violations_of(error: ValidationError) -> Iterator[Violation]:
    rule, schema, instance = str(error.validator), cast("Document", error.schema), cast("Document", error.instance)
    if rule == "required":
        missing = [name for name in schema["required"] if name not in instance]
        yield from (Violation(f"$.{name}", rule, "is required") for name in missing)
    elif rule == "additionalProperties":
        unknown = [name for name in instance if name not in schema["properties"]]
        yield from (Violation(_path_of(name), rule, "is not a known property") for name in unknown)
    else:
        yield Violation(error.json_path, rule, _message(rule, schema))


def _message(rule: str, schema: Document) -> str:
    if rule in schema.get("errorMessage", ()):
        return str(schema["errorMessage"][rule])
    is_not_empty = (rule, schema[rule]) == ("minLength", 1)
    return _NOT_EMPTY if is_not_empty else _MESSAGES[rule].format(expected=schema[rule])


def _path_of(unknown_name: str) -> str:
    # A name is the sender's text as much as a value is, so it is shown only if it looks like a mistyped property.
    return f"$.{unknown_name}" if _PLAIN_NAME.fullmatch(unknown_name) else "$[?]"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In Python `$` also matches before a line break at the end, in the dialect of JSON Schema it does not. Contracts
    # contain `$` only as the last character (tested).
    return re.compile(pattern.replace("$", r"\Z"))


def _pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("does not match the pattern")


def _max_bytes(_validator: object, limit: int, instance: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and len(instance.encode("utf-8", "surrogatepass")) > limit:
        yield ValidationError("too many bytes")


def _properties(_validator: object, names: Document, instance: object, _schema: object) -> Iterator[ValidationError]:
    # The library's own would make a validator for each property of each document, which is most of its time.
    if isinstance(instance, dict):
        for name in filter(names.__contains__, instance):
            if not _OF_PROPERTY[name].is_valid(instance[name]):
                for error in _OF_PROPERTY[name].validator.iter_errors(instance[name]):
                    error.path.appendleft(name)
                    yield error


class _Property(NamedTuple):
    """The validator of a property, and the library's check of each of its rules with what the rule expects."""

    validator: Draft7Validator
    rules: Sequence[tuple[Any, object]]

    def is_valid(self, value: object) -> bool:
        """Return whether a value breaks no rule; the validator, which also tells the broken rules, is slower."""
        validator, schema = self.validator, self.validator.schema
        for check, expected in self.rules:
            for _ in check(validator, expected, value, schema) or ():
                return False
        return True


ContractValidator: type[Draft7Validator] = cast("Any", extend)(
    Draft7Validator, {"pattern": _pattern, "x-maxBytes": _max_bytes}
)
_RequestValidator: type[Draft7Validator] = cast("Any", extend)(ContractValidator, {"properties": _properties})
_VALIDATOR = _RequestValidator(REQUEST_SCHEMA)
_CHECKS = ContractValidator.VALIDATORS
_OF_PROPERTY = {
    name: _Property(
        ContractValidator(schema), [(_CHECKS[rule], expected) for rule, expected in schema.items() if rule in _CHECKS]
    )
    for name, schema in REQUEST_SCHEMA["properties"].items()
}
