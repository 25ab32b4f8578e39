"""Every sample in events/ is what its name and place say, and none lies there unused."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from express_sync.ops.requests.files import submissions
from handler import control
from handler.control import DrainCommand
from handler.inbound.envelope import parse
from handler.inbound.request_event import Lineage
from handler.inbound.strict_json import read_bytes
from handler.inbound.validation import SCHEMAS, violations
from handler.model import Deferred, Failed, Indeterminate, Reason, Rejected, Succeeded, Verdict, Violation
from handler.outcome import Call, OutcomeContext, Processing, outcome_of
from tests.support.checkout import EVENTS
from tests.support.contract import OUTCOME_VALIDATOR
from tests.support.samples import TRAVELLERS

# request sample: how many requests are in it, how many rules they break
REQUESTS = {
    "answer-lost.json": (1, 0),
    "assume-role-fail-once.json": (1, 0),
    "base64.json": (1, 0),
    "chinese-description.json": (1, 0),
    "cloudevent.json": (1, 0),
    "full.json": (1, 0),
    "garbage.txt": (1, 1),
    "internal-error-twice.json": (1, 0),
    "invalid.json": (1, 7),
    "many.json": (2, 0),
    "many.jsonl": (3, 0),
    "minimal.json": (1, 0),
    "name-taken.json": (1, 0),
    "outage-lasting.jsonl": (8, 0),
    "outage-passing.jsonl": (8, 0),
    "role-not-exist.json": (1, 0),
}
# trigger sample: the requestIds in it, in order, and whether it is a direct call
TRIGGERS = {
    "async-failure-record.json": (["REQ-2026-003015"], False),
    "batch-of-strings.json": (["REQ-2026-003006", "REQ-2026-003007"], False),
    "batch.json": (["REQ-2026-003004", "REQ-2026-003005"], False),
    "cloudevent-base64.json": (["REQ-2026-003001"], False),
    "cloudevent-plain.json": (["REQ-2026-003003"], False),
    "cloudevent-unpadded-base64.json": (["REQ-2026-003002"], False),
    "dead-letter.json": (["REQ-2026-003016"], False),
    "direct-cloudevent.json": (["REQ-2026-003019"], True),
    "direct-request.json": (["REQ-2026-003018"], True),
    "rawdata-batch.json": (["REQ-2026-003009", "REQ-2026-003010"], False),
    "rawdata.json": (["REQ-2026-003008"], False),
    "timer.json": (["REQ-2026-003014"], False),
    "topic-notification.json": (["REQ-2026-003011"], False),
    "topic-stream-attributes.json": (["REQ-2026-003013"], False),
    "topic-stream.txt": (["REQ-2026-003012"], True),
}
# trigger sample that is a control command
COMMANDS = {
    "timer-sweep.json": DrainCommand("deadLetters"),
}
# outcome sample: its status
OUTCOMES = {
    "deferred.json": "deferred",
    "failed.json": "failed",
    "indeterminate.json": "indeterminate",
    "rejected.json": "rejected",
    "succeeded-existing.json": "succeeded",
    "succeeded.json": "succeeded",
}


def read(path: str) -> Any:
    return json.loads((EVENTS / path).read_bytes())


def test_no_sample_is_unused() -> None:
    """The tables above and the scenario account for every file there is."""
    used = {f"requests/{name}" for name in REQUESTS} | {f"triggers/{name}" for name in (*TRIGGERS, *COMMANDS)}
    used |= {f"outcomes/{name}" for name in OUTCOMES} | {"demo.json", "outage.json"}
    assert used == {path.relative_to(EVENTS).as_posix() for path in EVENTS.rglob("*") if path.is_file()}


def test_the_demo_plays_every_single_request_there_is() -> None:
    """What a portal may copy is also shown to work."""
    played = {act["sample"] for each in read("demo.json")["rounds"] for act in each["requests"]}
    assert played == {f"requests/{name}" for name, (count, _) in REQUESTS.items() if count == 1}


@pytest.mark.parametrize(("name", "expected"), REQUESTS.items())
def test_a_request_sample_holds_what_its_name_says(name: str, expected: tuple[int, int]) -> None:
    """Valid requests keep every rule of the contract, the others break as many as the demo says."""
    count, broken = expected
    path = EVENTS / "requests" / name
    if path.suffix == ".txt":
        found = parse(json.dumps({"messageBody": path.read_text()}).encode()).deliveries
        assert [len(delivery.violations) for delivery in found] == [broken]
        return
    requests = list(submissions((str(path),), "plain"))
    assert len(requests) == count
    assert sum(len(request.violations) for request in requests) == broken


def test_no_two_requests_ask_for_the_same_configuration() -> None:
    """Else the samples would conflict with each other in one account, which the name-taken sample alone should."""
    valid = [name for name, (_, broken) in REQUESTS.items() if not broken]
    documents = [each.document for name in valid for each in submissions((str(EVENTS / "requests" / name),), "plain")]
    triggered = [
        delivery.document
        for name in TRIGGERS
        for delivery in parse((EVENTS / "triggers" / name).read_bytes()).deliveries
    ]
    configurations = [(each["bucketName"], each.get("bucketPrefix", "")) for each in (*documents, *triggered)]
    assert len(configurations) == len(set(configurations))
    names = [each["name"] for each in (*documents, *triggered) if each["requestId"] != "REQ-2026-001011"]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "expected"), TRIGGERS.items())
def test_a_trigger_sample_holds_valid_requests(name: str, expected: tuple[list[str], bool]) -> None:
    """Each envelope shape is recognised, and the requests in it keep the contract."""
    request_ids, direct = expected
    intake = parse((EVENTS / "triggers" / name).read_bytes())
    assert [delivery.document["requestId"] for delivery in intake.deliveries] == request_ids
    assert [violations(delivery.document) for delivery in intake.deliveries] == [()] * len(request_ids)
    assert intake.direct is direct


@pytest.mark.parametrize("name", [*TRIGGERS, *COMMANDS])
def test_only_the_sweep_sample_is_a_command(name: str) -> None:
    assert control.parse(read_bytes((EVENTS / "triggers" / name).read_bytes())) == COMMANDS.get(name)


def test_the_deployed_timer_sends_the_command_of_the_sample() -> None:
    """What is swept in the cloud is what the sample sweeps."""
    payload = read("triggers/timer-sweep.json")["payload"]
    assert f"payload: '{payload}'" in (EVENTS.parent / "template.yml").read_text()


def test_the_unpadded_sample_is_unpadded() -> None:
    """Its base64 text is such that padding is missing, not unneeded."""
    body = read("triggers/cloudevent-unpadded-base64.json")["data"]["messageBody"]
    assert len(body) % 4 != 0


@pytest.mark.parametrize(("name", "status"), OUTCOMES.items())
def test_an_outcome_sample_keeps_the_schema(name: str, status: str) -> None:
    """The samples that portal authors copy are outcomes that could have been published."""
    outcome = read(f"outcomes/{name}")
    assert [error.message for error in OUTCOME_VALIDATOR.iter_errors(outcome)] == []
    assert outcome["data"]["status"] == status
    assert outcome["type"] == f"expresssync.provision.{status}.v1"
    assert outcome["subject"] == outcome["data"]["requestId"]


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_sample_is_what_the_function_publishes(name: str) -> None:
    """Every property and the id, which a consumer may want to compute for itself."""
    sample = read(f"outcomes/{name}")
    data = sample["data"]
    about = OutcomeContext(
        source=sample["source"],
        message_id=data["messageId"],
        request_id=data["requestId"],
        lineage=Lineage(
            {name: sample[name] for name in TRAVELLERS if name in sample},
            data["generation"],
            submission_id=data["submissionId"],
        ),
        processing=Processing(
            started_at=moment(data["timings"]["startedAt"]),
            finished_at=moment(data["timings"]["finishedAt"]),
            calls=tuple(call_in(each) for each in data["calls"]),
        ),
    )
    assert outcome_of(verdict_in(data), data.get("request"), about).event == sample


def moment(text: str) -> datetime:
    """The instant that an outcome names."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def call_in(shown: dict[str, Any]) -> Call:
    """The call of the API that an outcome shows."""
    took, wait = shown["tookMs"] / 1000, shown["waitMs"] / 1000
    return Call(shown["operation"], shown["code"], moment(shown["at"]), took, wait)


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_calls_of_a_sample_fit_its_times(name: str) -> None:
    """As many creates as attempts; calls and waits fill the time between start and end in order."""
    data = read(f"outcomes/{name}")["data"]
    assert sum(call["operation"] == "CreateExpressSync" for call in data["calls"]) == data["attempts"]
    assert sum(call["waitMs"] for call in data["calls"]) == data["timings"]["waitedMs"]
    ends = [moment(data["timings"]["startedAt"])]
    for call in data["calls"]:
        assert moment(call["at"]) >= ends[-1]
        ends.append(moment(call["at"]) + timedelta(milliseconds=call["tookMs"] + call["waitMs"]))
    assert ends[-1] <= moment(data["timings"]["finishedAt"])


def verdict_in(data: dict[str, Any]) -> Verdict:
    """The verdict that the data of an outcome tells."""
    match data["status"]:
        case "succeeded":
            return Succeeded(data["expressSyncId"], data["disposition"])
        case "rejected":
            return Rejected(tuple(Violation(**each) for each in data["violations"]))
        case "failed":
            return Failed(reason_in(data["error"]))
        case "indeterminate":
            return Indeterminate(reason_in(data["error"]))
        case _:
            delay = moment(data["nextAttemptAt"]) - moment(data["timings"]["finishedAt"])
            return Deferred(reason_in(data["error"]), round(delay.total_seconds()))


def reason_in(error: dict[str, Any]) -> Reason:
    """The reason that the error of an outcome tells."""
    return Reason(
        code=error["code"],
        message=error["message"],
        hint=error["hint"],
        retryable=error["retryable"],
        http_status=error.get("httpStatus"),
        api_request_id=error.get("apiRequestId", ""),
    )


def test_there_is_an_outcome_sample_for_every_status() -> None:
    """A portal author sees each status once."""
    schema = json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes())
    assert set(OUTCOMES.values()) == set(schema["properties"]["data"]["properties"]["status"]["enum"])


def test_the_rejected_sample_is_what_the_invalid_request_gets() -> None:
    """The violations listed are those of events/requests/invalid.json, one for one."""
    listed = [Violation(**each) for each in read("outcomes/rejected.json")["data"]["violations"]]
    assert tuple(listed) == violations(read("requests/invalid.json"))
