"""The function starts nothing that it cannot finish before its timeout, and always publishes what it has found out."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.system.storm.watched_cloud import FAST, SHORT_TIMEOUT, TWO_TIERS, request, watched_cloud, with_timeout

pytestmark = pytest.mark.long


def test_requests_without_time_left_are_requeued_alone(tmp_path: Path) -> None:
    """Sixteen requests, one after the other, take several invocations, each of which creates for eight seconds.

    Each takes less than the second that must be left for a request to start.
    """
    names = [f"late-{number}" for number in range(16)]
    settings = {**FAST, **TWO_TIERS, "EXPRESS_SYNC_CONCURRENCY": "1", "EXPRESS_SYNC_MAX_DEFERRALS": "50"}
    with watched_cloud(settings, options=with_timeout(20, tmp_path)) as running:
        for name in names:
            running.fail_creates(name, ["slow:600"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}, "no invocation raised or was killed"
        begun = Counter(call["name"] for call in running.calls("sgw") if call["fault"] == "slow:600")
        assert begun == dict.fromkeys(names, 1), "no request was repeated because of another one"
        deferred = [event["data"] for event in running.published() if event["data"]["status"] == "deferred"]
        assert {data["error"]["code"] for data in deferred} == {"OutOfTime"}
        succeeded = [event["subject"] for event in running.published() if event["data"]["status"] == "succeeded"]
        assert sorted(succeeded) == sorted(f"REQ-{name}" for name in names)


def test_verdicts_are_published_in_time_without_any_answer(tmp_path: Path) -> None:
    names = [f"silent-{number}" for number in range(16)]
    with watched_cloud({**FAST, **SHORT_TIMEOUT}, options=with_timeout(20, tmp_path)) as running:
        for name in names:
            running.fail_creates(name, ["timeout-before"], 20)
        running.fail_lookups(["timeout-before"] * 200)
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        verdicts = {event["subject"]: event["data"] for event in running.published()}
        assert len(verdicts) == 16
        assert {data["status"] for data in verdicts.values()} == {"indeterminate"}


def test_no_wait_starts_that_cannot_end_in_time(tmp_path: Path) -> None:
    """The API asks for a wait of a minute, which is the whole timeout: the function looks up the group and reports."""
    with watched_cloud(FAST, options=with_timeout(60, tmp_path)) as running:
        running.fail_creates("patient", ["throttling:60000"], 20)
        running.send([json.dumps(request("patient"))])
        running.settle()
        [event] = running.published()
        assert event["data"]["error"]["code"] == "Throttling.User"
        assert event["data"]["attempts"] == 1
        assert event["data"]["timings"]["waitedMs"] == 0


def test_sixteen_failing_requests_have_outcomes_within_timeout() -> None:
    """With the settings and the timeout of the template as it stands."""
    names = [f"unassumed-{number}" for number in range(16)]
    with watched_cloud({}) as running:
        for name in names:
            running.fail_creates(name, ["AssumeRoleFail"], 5)
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        verdicts = {event["subject"]: event["data"] for event in running.published()}
        assert set(verdicts) == {f"REQ-{name}" for name in names}
        assert {(data["error"]["code"], data["attempts"]) for data in verdicts.values()} == {("AssumeRoleFail", 5)}
        assert running.groups() == []


def test_late_landing_call_was_reported_as_indeterminate(tmp_path: Path) -> None:
    with watched_cloud({**FAST, **SHORT_TIMEOUT}, options=with_timeout(20, tmp_path)) as running:
        running.fail_creates("late", ["late-commit:20", *["timeout-before"] * 9])
        running.send([json.dumps(request("late"))])
        running.settle()
        [event] = running.published()
        assert event["data"]["status"] == "indeterminate"
        assert [group["Name"] for group in running.groups()] == ["late"]
