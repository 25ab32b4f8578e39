"""Control commands run by the real function in the whole local cloud: drains and sweeps of dead letters."""

import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.paths import TEMPLATE
from tests.local.fc_signer import acs3_headers, send
from tests.local.fc_support import fc_port, local_get, local_post
from tests.support.patience import wait_for

REQUESTS, DEAD, FAILURES, RESULTS = (
    f"express-sync-{role}" for role in ("requests", "dead-letters", "failures", "results")
)
CREATE = "CreateExpressSync"
INVOKE = "/2023-03-30/functions/express-sync-provision/invocations"
FAST = {
    "EXPRESS_SYNC_API_TIMEOUT_SECONDS": "60",
    "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
    "EXPRESS_SYNC_LATE_PAUSE_SECONDS": "0.01",
    "EXPRESS_SYNC_MAX_DEFERRALS": "0",
}
LONGER_THAN_A_FUNCTION_SECONDS = 200
KILL_POINTS = ("create-sent", "create-answered", "publish-sent", "publish-answered")
Change = tuple[str, str]

PULL_ONLY: Change = (r"(?s)  RequestTrigger:.*?(?=  SweepTrigger:)", "")
BRIEF_VISIBILITY: Change = ("VisibilityTimeout: 900", "VisibilityTimeout: 30")


@contextlib.contextmanager
def cloud(
    directory: Path, *changes: Change, sweep: bool = False, parameters: Mapping[str, str] | None = None
) -> Iterator[RunningCloud]:
    """Run the deployed template with `changes`, each of which must change something, and the unchanged function."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        assert count, pattern
    template = directory / "template.yml"
    template.write_text(text, encoding="utf-8")
    options = CloudOptions(
        template=template,
        code=TEMPLATE.parent,
        clock_factor=0.001,
        environment=FAST,
        parameters={"SweepDeadLetters": str(sweep).lower(), **(parameters or {})},
    )
    with background(options) as running:
        yield running


def request(number: int, **changes: object) -> dict[str, object]:
    """Return a valid request."""
    name = f"group-{number:02d}"
    return {"requestId": f"R-{number}", "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou", **changes}


def put(running: RunningCloud, queue: str, *bodies: object) -> dict[str, str]:
    """Send messages, as JSON unless they are texts. Return the expected subject of the outcome by message id."""

    async def enqueue() -> dict[str, str]:
        subjects = {}
        for body in bodies:
            sent = running.cloud.messages.queues.send(queue, body if isinstance(body, str) else json.dumps(body))
            request_id = body.get("requestId") if isinstance(body, Mapping) else None
            subjects[sent.message_id] = request_id or sent.message_id
        return subjects

    return running.run(enqueue())


def send_command(running: RunningCloud, control: object) -> Any:
    """Give the function a command in a direct call, without credentials for a queue, and return its answer."""
    body = json.dumps({"control": control}).encode()
    return json.loads(send(fc_port(running), INVOKE, acs3_headers(INVOKE, body), body).body)


def messages(running: RunningCloud, queue: str) -> list[dict[str, Any]]:
    """Return the messages in a queue, in any state."""
    found: list[dict[str, Any]] = local_get(running, f"/_local/queues/{queue}", "mns")["messages"]
    return found


def outcomes(running: RunningCloud) -> list[dict[str, Any]]:
    """Return every published outcome."""
    return [json.loads(message["body"]) for message in messages(running, RESULTS)]


def verdicts(running: RunningCloud) -> dict[str, set[tuple[str, str]]]:
    """Return the statuses and ids of the outcomes of each submission, by message id."""
    found: dict[str, set[tuple[str, str]]] = {}
    for event in outcomes(running):
        found.setdefault(event["data"]["submissionId"], set()).add((event["data"]["status"], event["id"]))
    return found


def creates(running: RunningCloud) -> list[dict[str, Any]]:
    """Return every create call, also those that are not answered yet."""
    return [call for call in local_get(running, "/_local/calls", "sgw") if call["operation"] == CREATE]


def let_time_pass(running: RunningCloud, seconds: float) -> None:
    """Move the clock of the queues forward."""
    before = running.cloud.messages.queues._clock
    running.cloud.messages.queues._clock = lambda: before() + seconds


def fault(running: RunningCloud, service: str, **wish: object) -> None:
    local_post(running, "/_local/faults", wish, service)


def forty() -> list[object]:
    """Return thirty requests, five of them twice, and five pieces of garbage."""
    valid = [request(number) for number in range(30)]
    return [*valid[:20], *(f"garbage {number}" for number in range(5)), *valid[15:]]


def drain_all(running: RunningCloud, subjects: Mapping[str, str], finished: int) -> dict[str, set[tuple[str, str]]]:
    """Drain the requests, and return the verdicts: one on each submission, under its subject."""
    assert send_command(running, {"drain": "requests"}) == {"finished": finished, "left": 0}
    assert messages(running, REQUESTS) == []
    found = verdicts(running)
    assert {event["data"]["submissionId"]: event["subject"] for event in outcomes(running)} == subjects
    assert all(len(each) == 1 for each in found.values())
    return found


def test_drain_command_processes_a_queue_without_a_trigger(tmp_path: Path) -> None:
    """Forty messages with garbage and duplicates each get a verdict and are deleted."""
    with cloud(tmp_path, PULL_ONLY) as running:
        assert running.ready["mns"]["requestQueue"] == REQUESTS
        assert running.ready["mns"]["deadLetterQueue"] == DEAD
        found = drain_all(running, put(running, REQUESTS, *forty()), 40)
        assert Counter(status for each in found.values() for status, _ in each) == {"succeeded": 35, "rejected": 5}
        assert len(local_get(running, "/_local/groups", "sgw")) == 30


@pytest.mark.parametrize("point", KILL_POINTS)
def test_killed_drain_loses_nothing_and_repeats_nothing(tmp_path: Path, point: str) -> None:
    """It is killed in its second batch; the next drain processes the remaining messages."""
    with cloud(tmp_path, PULL_ONLY) as running:
        first = put(running, REQUESTS, *forty()[:16])
        drain_all(running, first, 16)
        subjects = put(running, REQUESTS, *forty()[16:])
        local_post(running, "/_local/kill", {"after": point})
        assert "errorMessage" in send_command(running, {"drain": "requests"})
        there, answered = {message["messageId"] for message in messages(running, REQUESTS)}, verdicts(running)
        assert there
        assert subjects.keys() - there <= answered.keys()
        let_time_pass(running, LONGER_THAN_A_FUNCTION_SECONDS)
        found = drain_all(running, {**first, **subjects}, len(there))
        assert {submission: found[submission] for submission in answered} == answered


def test_message_is_hidden_while_it_is_processed(tmp_path: Path) -> None:
    """Processing takes twice as long as the visibility timeout of the queue."""
    with cloud(tmp_path, PULL_ONLY, BRIEF_VISIBILITY) as running:
        fault(running, "sgw", name="*", faults=["slow:8000"] * 3)
        put(running, REQUESTS, *(request(number) for number in range(3)))
        seen: set[str] = set()
        with ThreadPoolExecutor(1) as pool:
            draining = pool.submit(send_command, running, {"drain": "requests"})
            wait_for(lambda: len(creates(running)) == 3)
            let_time_pass(running, 60)
            while not draining.done():
                seen.update(each["state"] for each in messages(running, REQUESTS))
                time.sleep(0.05)
        assert draining.result() == {"finished": 3, "left": 0}
        assert seen == {"inactive"}
        assert len(creates(running)) == 3


def test_dead_letters_are_swept_into_outcomes(tmp_path: Path) -> None:
    """The trigger abandons a batch while neither topic nor queue accepts anything."""
    with cloud(tmp_path) as running:
        fault(running, "mns", operation="PublishMessage", faults=["AccessDenied"] * 12)  # 3 messages, 4 pushes each
        fault(running, "mns", operation="BatchSendMessage", faults=["AccessDenied"] * 12)
        subjects = put(running, REQUESTS, request(1), "garbage", request(2))
        wait_for(lambda: len(messages(running, DEAD)) == 3)
        assert (outcomes(running), messages(running, REQUESTS)) == ([], [])
        local_post(running, "/_local/timer", {"name": "sweep"})
        wait_for(lambda: len(outcomes(running)) == 3 and not messages(running, DEAD))
        found = verdicts(running)
        assert found.keys() == subjects.keys()
        answered = {event["subject"]: event["data"] for event in outcomes(running)}
        assert [answered[f"R-{number}"]["disposition"] for number in (1, 2)] == ["existing", "existing"]
        assert Counter(data["status"] for data in answered.values()) == {"succeeded": 2, "rejected": 1}
        [again] = put(running, REQUESTS, request(1))
        wait_for(lambda: len(outcomes(running)) == 4)
        assert {status for status, _ in verdicts(running)[again]} == {"succeeded"}
        assert verdicts(running)[again].isdisjoint(set().union(*found.values()))


def test_timer_sweeps_dead_letters(tmp_path: Path) -> None:
    """The record of a failed asynchronous call becomes an outcome too."""
    event = [{"messageId": f"M-{number}", "messageBody": json.dumps(request(number))} for number in range(2)]
    record = {
        "timestamp": 1795420801975,
        "requestContext": {"requestId": "r", "condition": "UnhandledInvocationError", "approximateInvokeCount": 3},
        "requestPayload": json.dumps(event),
        "responseContext": {"statusCode": 200, "functionError": "UnhandledInvocationError"},
        "responsePayload": "",
    }
    with cloud(tmp_path, PULL_ONLY, sweep=True) as running:
        put(running, DEAD, record)
        wait_for(lambda: not messages(running, DEAD))
        assert {submission: len(each) for submission, each in verdicts(running).items()} == {"M-0": 1, "M-1": 1}


def test_pull_intake_processes_requests_on_its_timer(tmp_path: Path) -> None:
    with cloud(tmp_path, parameters={"Intake": "pull"}) as running:
        subjects = put(running, REQUESTS, request(1), "garbage", request(2))
        wait_for(lambda: not messages(running, REQUESTS))
        assert verdicts(running).keys() == subjects.keys()


def test_failed_asynchronous_call_is_swept_into_outcomes(tmp_path: Path) -> None:
    """All its tries fail while neither topic nor queue accepts anything."""
    event = json.dumps([{"messageId": f"M-{n}", "messageBody": json.dumps(request(n))} for n in range(2)]).encode()
    with cloud(tmp_path) as running:
        for operation in ("PublishMessage", "BatchSendMessage"):
            fault(running, "mns", operation=operation, faults=["AccessDenied"] * 8)
        headers = acs3_headers(INVOKE, event, extra={"x-fc-invocation-type": "Async"})
        assert send(fc_port(running), INVOKE, headers, event).status == 202
        wait_for(lambda: messages(running, DEAD))
        [letter] = messages(running, DEAD)
        assert json.loads(letter["body"])["requestContext"]["approximateInvokeCount"] == 4
        assert outcomes(running) == []
        local_post(running, "/_local/timer", {"name": "sweep"})
        wait_for(lambda: not messages(running, DEAD))
        assert {submission: len(each) for submission, each in verdicts(running).items()} == {"M-0": 1, "M-1": 1}


def test_command_in_a_message_is_an_invalid_request(tmp_path: Path) -> None:
    """A sender of requests cannot run commands, so the dead letter stays."""
    commands = [{"control": {"drain": "deadLetters"}}, {"control": {"replay": {"dryRun": False, "force": True}}}]
    timer = {"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "sweep", "payload": json.dumps(commands[0])}
    with cloud(tmp_path) as running:
        put(running, DEAD, request(1))
        put(running, REQUESTS, *commands, timer)
        wait_for(lambda: len(outcomes(running)) == 3)
        assert {event["data"]["status"] for event in outcomes(running)} == {"rejected"}
        assert len(messages(running, DEAD)) == 1


def test_replay_command_is_refused_in_the_local_cloud(tmp_path: Path) -> None:
    """The refusal names the command to use, in the answer and in the log, and does not quote the input."""
    with cloud(tmp_path) as running:
        answer = send_command(running, {"replay": {"codes": "Sup3r-S3cret"}})
        assert "express-sync replay" in answer["refused"]
        assert outcomes(running) == []
        [line] = [json.loads(each["line"]) for each in local_get(running, "/_local/logs") if "refused" in each["line"]]
        assert (line["event"], line["refused"]) == ("carried out", answer["refused"])
        assert "Sup3r" not in json.dumps([answer, line])
