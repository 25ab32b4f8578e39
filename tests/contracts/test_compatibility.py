"""The first version of the contracts is a promise: `tests/data/v1` keeps it, and is not changed."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handler.inbound.validation import SCHEMAS, ContractValidator, violations
from tests.support.checkout import DATA, EVENTS
from tests.support.contract import OUTCOME_VALIDATOR
from tools.compatibility import outcome_breaches, request_breaches

FIRST = DATA / "v1"
NAMES = {"request": "provision-request.v1.json", "outcome": "provision-outcome.v1.json"}
BREACHES = {"request": request_breaches, "outcome": outcome_breaches}
Schema = dict[str, Any]


def first(kind: str) -> Schema:
    """Return the schema as it was published first."""
    schema: Schema = json.loads((FIRST / NAMES[kind]).read_bytes())
    return schema


@pytest.mark.parametrize("kind", NAMES)
def test_contract_is_compatible_with_its_first_version(kind: str) -> None:
    """A request schema may only get looser, an outcome schema only tighter; anything else is a new version."""
    assert BREACHES[kind](first(kind), json.loads((SCHEMAS / NAMES[kind]).read_bytes())) == []


@pytest.mark.parametrize("path", sorted((FIRST / "requests").glob("*.json")), ids=lambda path: path.stem)
def test_request_of_the_first_version_is_still_valid(path: Path) -> None:
    assert violations(json.loads(path.read_bytes())) == ()


@pytest.mark.parametrize("path", sorted((FIRST / "outcomes").glob("*.json")), ids=lambda path: path.stem)
def test_outcome_of_the_first_version_is_still_valid(path: Path) -> None:
    """Listeners keep outcomes for a long time."""
    assert OUTCOME_VALIDATOR.is_valid(json.loads(path.read_bytes()))


@pytest.mark.parametrize("path", sorted((EVENTS / "outcomes").glob("*.json")), ids=lambda path: path.stem)
def test_current_outcome_is_valid_in_the_first_version(path: Path) -> None:
    assert ContractValidator(first("outcome")).is_valid(json.loads(path.read_bytes()))


def changed(kind: str, path: str, change: Callable[[Any], Any]) -> Schema:
    """Return the first schema with another value at a path; None as the new value removes the key."""
    schema = first(kind)
    *parents, key = path.split("/")
    node: Any = schema
    for part in parents:
        node = node[part]
    value = change(copy.deepcopy(node.get(key)))
    if value is None:
        del node[key]
    else:
        node[key] = value
    return schema


def to(value: Any) -> Callable[[Any], Any]:
    """Return a change to another value."""
    return lambda _: value


ERROR = "properties/data/properties/error"
BREAKING: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("request", "$id", to("urn:express-sync:schema:provision-request:v2")),
    ("request", "$schema", to("https://json-schema.org/draft/2020-12/schema")),
    ("request", "required", lambda names: [*names, "requester"]),
    ("request", "properties/requester", to(None)),
    ("request", "properties/requester/type", to(["string", "null"])),
    ("request", "properties/name/pattern", to("^[a-z]+$")),
    ("request", "properties/requester/enum", to(["lin.wei"])),
    ("request", "properties/description/x-maxBytes", to(255)),
    ("request", "properties/description/minLength", to(1)),
    ("request", "properties/name/const", to("photos")),
    ("request", "properties/name/format", to("hostname")),
    ("request", "not", to({"required": ["requester", "bucketPrefix"]})),
    ("outcome", "$id", to("urn:express-sync:schema:provision-outcome:v2")),
    ("outcome", "required", lambda names: names[1:]),
    ("outcome", "properties/id/pattern", to(None)),
    ("outcome", "properties/time/pattern", to("Z$")),
    ("outcome", "properties/specversion/const", to("1.1")),
    ("outcome", "properties/type/enum", lambda names: [*names, "expresssync.provision.cancelled.v1"]),
    ("outcome", "properties/correlationid", to(None)),
    ("outcome", "properties/subject/type", to(["string", "null"])),
    ("outcome", "properties/data/required", lambda names: names[:-1]),
    ("outcome", "properties/data/properties/status/enum", lambda names: [*names, "cancelled"]),
    ("outcome", "properties/data/allOf", lambda rules: rules[1:]),
    ("outcome", "properties/data/allOf", to(None)),
    ("outcome", "properties/data/properties/calls/items", to(None)),
    ("outcome", "properties/data/properties/calls/items/properties/operation/enum", lambda names: [*names, "Delete"]),
    ("outcome", f"{ERROR}/additionalProperties", to(True)),
    ("outcome", f"{ERROR}/properties/more", to({"type": "string"})),
    ("outcome", f"{ERROR}/properties/code", to(None)),
    ("outcome", f"{ERROR}/required", lambda names: names[1:]),
]


@pytest.mark.parametrize(
    ("kind", "path", "change"), BREAKING, ids=lambda value: value if isinstance(value, str) else ""
)
def test_breaking_change_is_noticed(kind: str, path: str, change: Callable[[Any], Any]) -> None:
    """The comparison names the place."""
    assert BREACHES[kind](first(kind), changed(kind, path, change))


ALLOWED: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("request", "description", to("Other words.")),
    ("request", "required", lambda names: names[1:]),
    ("request", "properties/more", to({"type": "string", "maxLength": 9})),
    ("request", "properties/name/pattern", to(None)),
    ("request", "properties/bucketPrefix/x-maxBytes", to(None)),
    ("request", "properties/name/errorMessage", to({"pattern": "must be other"})),
    ("request", "additionalProperties", to(True)),
    ("outcome", "properties/more", to({"type": "string"})),
    ("outcome", "required", lambda names: [*names, "sequence"]),
    ("outcome", "properties/data/properties/more", to({"type": "integer"})),
    ("outcome", "properties/data/properties/status/enum", lambda names: names[:-1]),
    ("outcome", "properties/data/allOf", lambda rules: [*rules, {"required": ["submissionId"]}]),
    ("outcome", "properties/source/maxLength", to(512)),
    ("outcome", f"{ERROR}/required", lambda names: [*names, "httpStatus"]),
]


@pytest.mark.parametrize(("kind", "path", "change"), ALLOWED, ids=lambda value: value if isinstance(value, str) else "")
def test_compatible_change_is_accepted(kind: str, path: str, change: Callable[[Any], Any]) -> None:
    assert BREACHES[kind](first(kind), changed(kind, path, change)) == []


LIMITS = {"minLength": 1, "minItems": 1, "minimum": 1, "maxLength": -1, "maxItems": -1, "x-maxBytes": -1}  # to tighten


def limits(node: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path of every limit in a schema, and what to add to it to make it tighter."""
    if isinstance(node, dict):
        for key, inner in node.items():
            here = f"{path}/{key}".lstrip("/")
            if key in LIMITS and isinstance(inner, int):
                yield here, LIMITS[key]
            yield from limits(inner, here)


@pytest.mark.parametrize(
    ("kind", "path", "tighter"), [(kind, *limit) for kind in NAMES for limit in limits(first(kind))]
)
def test_every_limit_may_move_one_way_only(kind: str, path: str, tighter: int) -> None:
    """By one in the wrong way, or away for an outcome, is already a breach."""
    breaches = BREACHES[kind]
    is_request = kind == "request"
    assert bool(breaches(first(kind), changed(kind, path, lambda limit: limit + tighter))) is is_request
    assert bool(breaches(first(kind), changed(kind, path, lambda limit: limit - tighter))) is not is_request
    assert bool(breaches(first(kind), changed(kind, path, to(None)))) is not is_request
