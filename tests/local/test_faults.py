"""The faults that all emulators share: parsing, the queue, and its admin API."""

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from starlette.applications import Starlette
from starlette.routing import Mount

from express_sync.local.admin import ADMIN_ERRORS
from express_sync.local.admin_request import AdminRequestError
from express_sync.local.fault_routes import fault_routes
from express_sync.local.faults import FaultQueue, Kind, parse
from tests.support.running import serving

KINDS = {
    "broken": Kind("never", "a broken response"),
    "broken:badly": Kind("never", "a badly broken response"),
    "slow": Kind("now", "the result", "MILLISECONDS"),
    "busy": Kind("never", "a refusal", "SECONDS", is_number_optional=True),
}


@pytest.fixture
def faults() -> FaultQueue[str]:
    """Return a queue for two operations."""
    return FaultQueue(KINDS, ("Create", "Describe"))


@pytest.fixture
def url(faults: FaultQueue[str]) -> Iterator[str]:
    """Serve the admin API of the queue."""
    app = Starlette(routes=[Mount("/_local", routes=fault_routes(faults))], exception_handlers=ADMIN_ERRORS)
    with serving(app) as (address,):
        yield f"{address}/_local/faults"


def queue(into: FaultQueue[str], **document: Any) -> int:
    return into.add({"operation": "Create", **document})


def taken(faults: FaultQueue[str], operation: str = "Create", name: str | None = "photos") -> str | None:
    fault = faults.take(operation, name)
    return fault.text if fault else None


@pytest.mark.parametrize(
    ("text", "wire", "seconds"),
    [
        ("broken", "a broken response", 0),
        ("broken:badly", "a badly broken response", 0),
        ("slow:1500", "the result", 1.5),
        ("busy", "a refusal", 0),
        ("busy:2.5", "a refusal", 2.5),
    ],
)
def test_fault_is_parsed_with_its_number(text: str, wire: str, seconds: float) -> None:
    fault = parse(KINDS, text)
    assert (fault.text, fault.wire, fault.seconds) == (text, wire, seconds)


@pytest.mark.parametrize("text", ["", "unknown", "slow", "slow:", "slow:soon", "slow:-1", "broken:1", "busy:x"])
def test_unknown_fault_is_refused_with_a_list(text: str) -> None:
    with pytest.raises(AdminRequestError) as refused:
        parse(KINDS, text)
    allowed = "broken, broken:badly, slow:MILLISECONDS, busy[:SECONDS]"
    assert str(refused.value) == f"{text!r} is not a fault; allowed are {allowed}"


def test_each_fault_applies_to_one_call_in_order(faults: FaultQueue[str]) -> None:
    assert queue(faults, faults=["broken", "slow:1"], count=2) == 4
    assert [taken(faults) for _ in range(5)] == ["broken", "slow:1", "broken", "slow:1", None]


def test_fault_applies_to_its_operation_only(faults: FaultQueue[str]) -> None:
    queue(faults, faults=["broken"])
    assert (taken(faults, "Describe"), taken(faults)) == (None, "broken")


def test_fault_applies_to_names_that_match_its_glob(faults: FaultQueue[str]) -> None:
    queue(faults, name="pho*", faults=["broken"])
    assert (taken(faults, name="videos"), taken(faults, name="Photos")) == (None, None)
    assert taken(faults, name="photos") == "broken"


def test_fault_with_a_glob_applies_to_calls_without_names(faults: FaultQueue[str]) -> None:
    queue(faults, name="photos", faults=["broken"])
    assert taken(faults, name=None) == "broken"


def test_later_rule_applies_where_the_first_does_not(faults: FaultQueue[str]) -> None:
    queue(faults, name="videos", faults=["slow:1"])
    queue(faults, faults=["broken"])
    assert (taken(faults), taken(faults, name="videos")) == ("broken", "slow:1")


def test_default_operation_applies_where_none_is_named() -> None:
    with_default = FaultQueue(KINDS, ("Create", "Describe"), default="Describe")
    with_default.add({"faults": ["broken"]})
    assert (taken(with_default), taken(with_default, "Describe")) == (None, "broken")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"operation": "Create"}, "faults must be a list of strings, and not empty"),
        ({"operation": "Create", "faults": []}, "faults must be a list of strings, and not empty"),
        ({"operation": "Create", "faults": "broken"}, "faults must be a list of strings, and not empty"),
        ({"operation": "Create", "faults": [1]}, "faults must be a list of strings, and not empty"),
        ({"operation": "Create", "faults": ["broken"], "name": 1}, "name must be a string, a glob for the names"),
        ({"operation": "Delete", "faults": ["broken"]}, "operation must be one of Create, Describe"),
        ({"operation": [], "faults": ["broken"]}, "operation must be one of Create, Describe"),
        ({"faults": ["broken"]}, "operation must be one of Create, Describe"),
        ({"operation": "Create", "faults": ["broken"], "count": 0}, "count must be a whole number from 1 to 10000"),
        ({"operation": "Create", "faults": ["broken"], "count": True}, "count must be a whole number from 1 to 10000"),
        ({"operation": "Create", "faults": ["broken"], "times": 2}, "unknown: times; allowed are name, operation, "),
        (["broken"], "the body must be a JSON object"),
    ],
)
def test_unusable_request_is_explained(faults: FaultQueue[str], url: str, document: object, message: str) -> None:
    """Nothing is queued."""
    response = urllib3.request("POST", url, json=document)
    assert (response.status, response.json()["message"][: len(message)]) == (400, message)
    assert faults.documents() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"null"])
def test_body_that_is_not_a_json_object_is_explained(url: str, body: bytes) -> None:
    response = urllib3.request("POST", url, body=body, headers={"Content-Type": "application/json"})
    assert (response.status, response.json()) == (400, {"message": "the body must be a JSON object"})


def test_queued_faults_are_listed_until_they_are_taken(faults: FaultQueue[str], url: str) -> None:
    document = {"operation": "Create", "name": "p*", "faults": ["broken", "busy"], "count": 2}
    assert urllib3.request("POST", url, json=document).json() == {"queued": 4}
    taken(faults)
    assert urllib3.request("GET", url).json() == [{**document, "left": 3}]
    for _ in range(3):
        taken(faults)
    assert urllib3.request("GET", url).json() == []


def test_deleted_faults_apply_to_no_call(faults: FaultQueue[str], url: str) -> None:
    queue(faults, faults=["broken"], count=3)
    assert urllib3.request("DELETE", url).json() == {}
    assert (taken(faults), faults.documents()) == (None, [])


def test_rule_ends_after_its_seconds() -> None:
    now = [1_000.0]
    faults = FaultQueue(KINDS, ("Create", "Describe"), clock=lambda: now[0])
    queue(faults, faults=["broken"], seconds=30)
    now[0] = 1_029.5
    assert faults.documents()[0]["secondsLeft"] == 0.5
    assert (taken(faults), taken(faults)) == ("broken", "broken")
    now[0] = 1_030.0
    assert (taken(faults), faults.documents()) == (None, [])


@pytest.mark.parametrize("seconds", [0, -1, 86_401, True, "60", [60]])
def test_rule_is_refused_an_end_out_of_range(faults: FaultQueue[str], seconds: object) -> None:
    with pytest.raises(AdminRequestError, match=r"^seconds must be a number above 0 and up to 86400$"):
        queue(faults, faults=["broken"], seconds=seconds)
    assert faults.documents() == []
