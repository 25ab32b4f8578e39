"""An outcome is published until the topic has it; what cannot be published comes back with its batch."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.storm.stage import FAST, TWO_TIERS, Stage, request, stage, with_timeout

NO_DEAD_LETTERS = {"EXPRESS_SYNC_DEAD_LETTER_QUEUE": ""}


@pytest.fixture(scope="module")
def passing() -> Iterator[Stage]:
    """A cloud that tests share whose batch never comes back."""
    with stage(FAST) as running:
        yield running


def publications(running: Stage) -> list[tuple[str, str]]:
    """Every call of PublishMessage: the fault it met and the code it was answered with."""
    return [(call["fault"], call["code"]) for call in running.calls("mns") if call["operation"] == "PublishMessage"]


def identities(running: Stage) -> Counter[tuple[str, str]]:
    return Counter((event["source"], event["id"]) for event in running.announced())


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        ("InternalError", 1),
        ("TooManyRequests", 1),
        ("QpsLimitExceeded", 1),
        ("unavailable", 1),
        ("http-502-html", 1),
        ("reset-before", 1),
        ("reset-after", 2),
        ("error-after", 2),
    ],
)
def test_a_passing_error_is_published_again_at_once_under_the_same_id(passing: Stage, fault: str, copies: int) -> None:
    before, pushes_before = identities(passing), passing.pushes()
    passing.bend_publish([fault])
    passing.send([json.dumps(request(f"passing-{fault.lower()}"))])
    passing.settle()
    assert passing.pushes() == pushes_before + 1
    assert sorted((identities(passing) - before).values()) == [copies]


def test_silence_after_the_topic_has_accepted_is_resolved_by_publishing_again(tmp_path: Path) -> None:
    with stage(FAST, options=with_timeout(30, tmp_path)) as running:
        running.bend_publish(["timeout-after"])
        running.send([json.dumps(request("ambiguous"))])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        assert list(identities(running).values()) == [2]


def test_unpublished_request_goes_back_without_its_neighbours() -> None:
    """The topic refuses one outcome of sixteen; its request is back in the queue, and the batch is acknowledged."""
    names = [f"alone-{number}" for number in range(16)]
    with stage({**FAST, **TWO_TIERS}) as running:
        running.bend_publish([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}
        assert sorted(identities(running).values()) == [1] * 16
        creates = Counter(call["name"] for call in running.calls("sgw") if call["operation"] == "CreateExpressSync")
        assert sorted(creates.values()) == [*[1] * 15, 2]
        [again] = [event["data"] for event in running.announced() if event["data"]["generation"] == 1]
        assert (again["status"], again["disposition"]) == ("succeeded", "existing")


def test_unpublished_request_becomes_a_dead_letter_of_its_own() -> None:
    """The topic refuses an outcome, and no deferral is left: the sweep announces it, and the batch is acknowledged."""
    names = [f"spent-{number}" for number in range(16)]
    with stage(FAST) as running:
        running.bend_publish([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}
        assert sorted(identities(running).values()) == [1] * 16


def test_batch_comes_back_if_a_request_can_go_nowhere() -> None:
    """No deferral is left, and there is no queue for dead letters: the trigger has to bring the batch again."""
    names = [f"refused-{number}" for number in range(16)]
    with stage({**FAST, **NO_DEAD_LETTERS}) as running:
        running.bend_publish([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        refused, repeated = running.answers
        assert (refused.outcome, refused.error_type) == ("failed", "DeliveriesUnfinishedError")
        assert repeated.succeeded
        assert sorted(identities(running).values()) == [1, *[2] * 15]


def test_retries_of_a_publication_end_with_the_invocations_time(tmp_path: Path) -> None:
    """The topic fails for longer than the function may run: it raises in time and the next delivery announces."""
    with stage({**FAST, **NO_DEAD_LETTERS}, options=with_timeout(10, tmp_path)) as running:
        running.send([json.dumps(request("warm"))])
        running.settle()
        running.bend_publish(["InternalError"] * 30)
        running.send([json.dumps(request("unwell"))])
        running.settle()
        ends = [answer.error_type for answer in running.answers[1:]]
        assert set(ends) == {"", "DeliveriesUnfinishedError"}
        assert [fault for fault, _ in publications(running)] == ["", *["InternalError"] * 30, ""]
        assert list(identities(running).values()) == [1, 1]
