"""The AsyncAPI document describes both channels, and each of its examples is a message of ours."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator

from handler.inbound.validation import SCHEMAS, ContractValidator
from tests.support.checkout import DATA, OUTCOMES, ROOT

OFFICIAL = Draft7Validator(json.loads((DATA / "official" / "asyncapi-3.1.0.schema.json").read_bytes()))
DOCUMENT: dict[str, Any] = json.loads((SCHEMAS / "asyncapi.bundle.json").read_bytes())
STATUSES = ("succeeded", "rejected", "deferred", "failed", "indeterminate")


def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object in a document, except for those in examples."""
    if isinstance(value, Mapping):
        yield value
        for key in value.keys() - {"examples"}:
            yield from nodes(value[key])
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def resolved(document: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference within the document points to, None if nothing is there."""
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return resolved(document, found["$ref"]) if isinstance(found, Mapping) and "$ref" in found else found


def strays(document: Mapping[str, Any]) -> list[str]:
    """Return every message of an operation or a reply that is not one of its channel."""
    sides = [side for each in document["operations"].values() for side in (each, each.get("reply")) if side]
    return [
        message["$ref"]
        for side in sides
        for message in side["messages"]
        if not message["$ref"].startswith(f"{side['channel']['$ref']}/messages/")
    ]


def dangling(document: Mapping[str, Any]) -> list[str]:
    """Return every reference that points outside of the document or to nothing in it."""
    references = (node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str))
    return [reference for reference in references if resolved(document, reference) is None]


def inlined(value: Any) -> Any:
    """Return a schema of the document without references."""
    if isinstance(value, Mapping):
        return (
            inlined(resolved(DOCUMENT, value["$ref"])) if "$ref" in value else {k: inlined(v) for k, v in value.items()}
        )
    return [inlined(each) for each in value] if isinstance(value, list) else value


def test_document_keeps_the_official_schema() -> None:
    """With an action that AsyncAPI does not know it does not."""
    assert [error.message for error in OFFICIAL.iter_errors(DOCUMENT)] == []
    broken = copy.deepcopy(DOCUMENT)
    broken["operations"]["publishOutcome"]["action"] = "publish"
    assert not OFFICIAL.is_valid(broken)


def test_references_resolve_and_operations_fit_their_channels() -> None:
    """The official schema checks neither."""
    assert dangling(DOCUMENT) == []
    assert strays(DOCUMENT) == []


def test_dangling_reference_and_wrong_channel_are_noticed() -> None:
    """The checks above can fail."""
    broken = copy.deepcopy(DOCUMENT)
    broken["channels"]["requests"]["messages"]["request"]["$ref"] = "#/components/messages/requst"
    broken["operations"]["publishOutcome"]["channel"]["$ref"] = "#/channels/requests"
    assert len(dangling(broken)) > 0
    assert len(strays(broken)) == len(STATUSES)


MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_of_a_message_are_valid(name: str) -> None:
    """Each has the schema of its message, and an outcome the status that its message is about."""
    message = MESSAGES[name]
    validator = ContractValidator(inlined(message["payload"]))
    for example in message["examples"]:
        assert [error.message for error in validator.iter_errors(example["payload"])] == []
        if name in STATUSES:
            assert example["payload"]["data"]["status"] == name == message["x-message-tag"]
    assert message["title"]


def test_every_status_and_every_outcome_sample_is_present() -> None:
    """They are the messages of the topic."""
    assert tuple(DOCUMENT["channels"]["outcomes"]["messages"]) == STATUSES
    shown = [example["payload"] for status in STATUSES for example in MESSAGES[status]["examples"]]
    samples = [json.loads(path.read_bytes()) for path in sorted(OUTCOMES.glob("*.json"))]
    assert sorted(map(str, shown)) == sorted(map(str, samples))


def test_payloads_are_the_contracts_themselves() -> None:
    """Tools show the properties of a payload only if it is a plain reference."""
    for name, file in (("request", "provision-request"), *((status, "provision-outcome") for status in STATUSES)):
        assert MESSAGES[name]["payload"].keys() == {"$ref"}
        assert resolved(DOCUMENT, MESSAGES[name]["payload"]["$ref"]) == json.loads(
            (SCHEMAS / f"{file}.v1.json").read_bytes()
        )


def test_channels_are_those_of_the_template() -> None:
    """Their addresses are the names under the default prefix."""
    template = (ROOT / "template.yml").read_text()
    for channel in DOCUMENT["channels"].values():
        suffix = channel["address"].removeprefix("express-sync")
        assert f"'${{NamePrefix}}{suffix}'" in template
