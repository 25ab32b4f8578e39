"""An outcome is published until the topic has it; what cannot be published comes back with its batch."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storm.stage import FAST, Stage, request, stage, with_timeout


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


def test_an_outcome_that_cannot_be_published_raises_so_that_the_batch_comes_back() -> None:
    names = [f"refused-{number}" for number in range(16)]
    with stage(FAST) as running:
        running.bend_publish([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        refused, repeated = running.answers
        assert (refused.outcome, refused.error_type) == ("failed", "DeliveriesUnfinishedError")
        assert repeated.succeeded
        assert sorted(identities(running).values()) == [1, *[2] * 15]


def test_retries_of_a_publication_end_with_the_invocations_time(tmp_path: Path) -> None:
    """The topic is unwell for longer than the function may run: it raises in time and the next delivery announces."""
    with stage(FAST, options=with_timeout(10, tmp_path)) as running:
        running.send([json.dumps(request("warm"))])
        running.settle()
        running.bend_publish(["InternalError"] * 30)
        running.send([json.dumps(request("unwell"))])
        running.settle()
        ends = [answer.error_type for answer in running.answers[1:]]
        assert set(ends) == {"", "DeliveriesUnfinishedError"}
        assert [fault for fault, _ in publications(running)] == ["", *["InternalError"] * 30, ""]
        assert list(identities(running).values()) == [1, 1]
