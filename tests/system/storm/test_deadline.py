"""The function knows when its time is up: it begins nothing it cannot end and always says what it knows."""

import json
from collections import Counter
from pathlib import Path

from tests.system.storm.stage import FAST, IMPATIENT, TWO_TIERS, request, stage, with_timeout


def test_requests_without_time_go_back_by_themselves(tmp_path: Path) -> None:
    """One after the other, in invocations that create for eight seconds: sixteen requests take several of them.

    Each takes less than the second without which none is begun.
    """
    names = [f"late-{number}" for number in range(16)]
    settings = {**FAST, **TWO_TIERS, "EXPRESS_SYNC_CONCURRENCY": "1", "EXPRESS_SYNC_MAX_DEFERRALS": "50"}
    with stage(settings, options=with_timeout(20, tmp_path)) as running:
        for name in names:
            running.bend_create(name, ["slow:600"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}, "no invocation raised or was killed"
        begun = Counter(call["name"] for call in running.calls("sgw") if call["fault"] == "slow:600")
        assert begun == dict.fromkeys(names, 1), "no request was processed again because of another"
        deferred = [event["data"] for event in running.announced() if event["data"]["status"] == "deferred"]
        assert {data["error"]["code"] for data in deferred} == {"OutOfTime"}
        succeeded = [event["subject"] for event in running.announced() if event["data"]["status"] == "succeeded"]
        assert sorted(succeeded) == sorted(f"REQ-{name}" for name in names)


def test_a_verdict_is_published_within_the_timeout_although_no_call_was_ever_answered(tmp_path: Path) -> None:
    names = [f"silent-{number}" for number in range(16)]
    with stage({**FAST, **IMPATIENT}, options=with_timeout(20, tmp_path)) as running:
        for name in names:
            running.bend_create(name, ["timeout-before"], 20)
        running.bend_look(["timeout-before"] * 200)
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        verdicts = {event["subject"]: event["data"] for event in running.announced()}
        assert len(verdicts) == 16
        assert {data["status"] for data in verdicts.values()} == {"indeterminate"}


def test_no_wait_begins_that_cannot_end_in_time(tmp_path: Path) -> None:
    """The API asks for a minute, the function has no more than that in all: it looks and answers without a wait."""
    with stage(FAST, options=with_timeout(60, tmp_path)) as running:
        running.bend_create("patient", ["throttling:60000"], 20)
        running.send([json.dumps(request("patient"))])
        running.settle()
        [event] = running.announced()
        assert event["data"]["error"]["code"] == "Throttling.User"
        assert event["data"]["attempts"] == 1
        assert event["data"]["timings"]["waitedMs"] == 0


def test_sixteen_messages_with_five_assume_role_fails_each_have_outcomes_within_the_timeout() -> None:
    """With the settings and the timeout of the template as it stands."""
    names = [f"unassumed-{number}" for number in range(16)]
    with stage({}) as running:
        for name in names:
            running.bend_create(name, ["AssumeRoleFail"], 5)
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        verdicts = {event["subject"]: event["data"] for event in running.announced()}
        assert set(verdicts) == {f"REQ-{name}" for name in names}
        assert {(data["error"]["code"], data["attempts"]) for data in verdicts.values()} == {("AssumeRoleFail", 5)}
        assert running.groups() == []


def test_a_call_that_lands_after_the_last_look_was_called_indeterminate_not_failed(tmp_path: Path) -> None:
    with stage({**FAST, **IMPATIENT}, options=with_timeout(20, tmp_path)) as running:
        running.bend_create("late", ["late-commit:20", *["timeout-before"] * 9])
        running.send([json.dumps(request("late"))])
        running.settle()
        [event] = running.announced()
        assert event["data"]["status"] == "indeterminate"
        assert [group["Name"] for group in running.groups()] == ["late"]
