"""Events of every wrong kind in the portal's queue: each is absorbed, and nothing that reads the log fails over it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3

from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.portal import OPERATOR, RunningPortal, outcome, running_portal
from tests.support.postgres import Postgres

ID = "0" * 32  # replaced by an id of its own for each event
READS = ("/v1/requests?limit=200", "/v1/requests?q=B", "/v1/failures", "/metrics", "/readyz")


def event(**changes: Any) -> dict[str, Any]:
    """Return a failure with other members; those of `data` are named with a double underscore."""
    found = outcome("failed", "B", id=ID)
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = found
        for parent in parents:
            place = place[parent]
        place[name] = value
    return found


def deferral(next_attempt_at: str) -> str:
    return json.dumps(outcome("deferred", "B", nextAttemptAt=next_attempt_at, id=ID))


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


BODIES = {
    "time before the calendar": deferral("0001-01-01T00:00:00+23:59"),
    "time after the calendar": deferral("9999-12-31T23:59:59-23:59"),
    "odd offset": deferral("2026-11-23T08:00:00+14:61"),
    "time in words": deferral("tomorrow"),
    "start before the calendar": json.dumps(event(data__timings__startedAt="0001-01-01T00:00:00+23:59")),
    "infinite number": json.dumps(event(data__request__size=0)).replace('"size": 0', '"size": 1e999'),
    "NaN": json.dumps(event(data__request__size=float("nan"))),
    "infinite extension": json.dumps(event(extension=float("inf"))),
    "long integer": json.dumps(event(data__attempts=10**400)),
    "too long integer": json.dumps(event(data__attempts=0)).replace('"attempts": 0', '"attempts": ' + "9" * 5000),
    "surrogate in the request": json.dumps(event(data__request__description="\ud800")),
    "surrogate in a name": json.dumps(event(data__request={"requestId": "B", "\udfff": 1})),
    "surrogate in the message": json.dumps(event(data__error__message="\ud800")),
    "NUL in texts": json.dumps(event(data__error__code="\x00", data__request__name="\x00")),
    "deep request": json.dumps(event(data__request__name=nested(90))),
    "very deep request": json.dumps(event(data__request__name=0)).replace(
        '"name": 0', f'"name": {"[" * 800}{"]" * 800}'
    ),
    "odd types in the request": json.dumps(event(data__request={"requestId": ["B"], "name": {}, "requester": 1})),
    "request of another id": json.dumps(event(data__request__requestId="OTHER")),
    "request without an id": json.dumps(event(data__request={})),
    "data of another id": json.dumps(event(data__requestId="OTHER")),
    "type of another status": json.dumps(event(type="expresssync.provision.succeeded.v1")),
    "empty code": json.dumps(event(data__error__code="")),
    "long code": json.dumps(event(data__error__code="C" * 5000)),
    "markup": json.dumps(event(data__error__code="<b>", data__error__message="<script>", data__error__hint="<img>")),
    "name given twice": json.dumps(event()).replace('"subject"', '"subject": "OTHER", "subject"'),
    "null members": json.dumps(event(sequence=None, correlationid=None)),
    "null data": json.dumps(event(data=None)),
    "null in data": json.dumps(event(data__error=None)),
    "array": "[]",
    "number": "1",
    "empty": "",
    "base64": "bm90aGluZw==",
    "large": json.dumps(event(data__request__description="x" * 70_000)),
    "submission of 200 characters": json.dumps(event(data__submissionId="s" * 200)),
    "NUL in the submission": json.dumps(event(data__submissionId="\x00")),
    "source of 300 characters": json.dumps(event(source="s" * 300)),
}

# Every other one is an outcome: shown, if need be without its request.
QUARANTINED = {
    *(
        "infinite extension",
        "too long integer",
        "surrogate in the message",
        "request of another id",
        "data of another id",
    ),
    *(
        "type of another status",
        "empty code",
        "null data",
        "null in data",
        "array",
        "number",
        "empty",
        "base64",
        "large",
    ),
    *("submission of 200 characters", "NUL in the submission", "source of 300 characters"),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[RunningPortal]:
    """Run a portal that accepts any source, on each kind of database."""
    database = {"database": postgres.new_database()} if request.param == "postgresql" else {}
    with running_portal(tmp_path_factory.mktemp("portal"), source="", **database) as running:
        yield running


def put_all(portal: RunningPortal) -> None:
    """Let the events arrive, and a good one after them."""
    for number, body in enumerate(BODIES.values()):
        portal.queues.put(body.replace('"B"', f'"B-{number}"').replace(ID, f"{number + 1:032x}"))
    portal.queues.put(json.dumps(outcome("succeeded", "GOOD", id="f" * 32)))


def test_bad_events_leave_everything_readable(portal: RunningPortal) -> None:
    with stream(portal) as events:
        put_all(portal)
        shown = [each["requestId"] for each in up_to(events, "GOOD")]
    assert {kind for number, kind in enumerate(BODIES) if f"B-{number}" not in shown} == QUARANTINED
    for path in (*READS, *(f"/v1/requests/B-{number}" for number in range(len(BODIES)))):
        answer = portal.call("GET", path)
        assert answer.status in {200, 404}, (path, answer)
        assert path == "/metrics" or strict(answer.text)
    for group in portal.call("GET", "/v1/failures").json["groups"]:
        found = portal.call("GET", group["links"]["requests"]).json["requests"]
        assert len(found) == group["count"], group


def test_bad_events_can_be_replayed_or_are_refused(portal: RunningPortal) -> None:
    """What is sent for a request has its own id, whatever the event said."""
    put_all(portal)
    wait_for(lambda: portal.call("GET", "/v1/requests/GOOD").status == 200)
    for number in range(len(BODIES)):
        answer = portal.call("POST", f"/v1/requests/B-{number}/replay", {"force": True})
        assert answer.status in {202, 404, 409, 422}, (number, answer)
    everything = {"filter": {}, "force": True, "edits": {"description": "again"}}
    for preview in (True, False):
        assert portal.call("POST", "/v1/replays", {**everything, "preview": preview}).status in {200, 202}
    assert {each["requestId"][:2] for each in portal.call("GET", "/v1/requests?limit=200").json["requests"]} == {
        "B-",
        "GO",
    }


def strict(text: str) -> Any:
    """Return the JSON value in a text, which has no number that other parsers refuse."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@contextmanager
def stream(portal: RunningPortal) -> Iterator[Iterator[bytes]]:
    """Open the stream of events, and give its lines."""
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    url = f"{portal.url}/v1/events"
    answer = urllib3.request("GET", url, headers=headers, preload_content=False, timeout=PATIENCE_SECONDS)
    try:
        lines = iter(answer)
        next(lines)  # the comment that says that it is open
        yield lines
    finally:
        answer.close()


def up_to(lines: Iterator[bytes], request_id: str) -> Iterator[Any]:
    """Yield the events of a stream up to one of a request."""
    for line in lines:
        if line.startswith(b"data: "):
            event = strict(line.decode().removeprefix("data: "))
            yield event
            if event["requestId"] == request_id:
                return
