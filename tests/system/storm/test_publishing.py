"""An outcome is published until the topic accepts it; a request whose outcome cannot be published is requeued."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.storm.watched_cloud import FAST, TWO_TIERS, WatchedCloud, request, watched_cloud, with_timeout

NO_DEAD_LETTERS = {"EXPRESS_SYNC_DEAD_LETTER_QUEUE": ""}


@pytest.fixture(scope="module")
def passing() -> Iterator[WatchedCloud]:
    """A cloud that tests share whose batches are not redelivered."""
    with watched_cloud(FAST) as running:
        yield running


def publications(running: WatchedCloud) -> list[tuple[str, str]]:
    """Every call of PublishMessage: the fault it met and the code it was answered with."""
    return [(call["fault"], call["code"]) for call in running.calls("mns") if call["operation"] == "PublishMessage"]


def identities(running: WatchedCloud) -> Counter[tuple[str, str]]:
    return Counter((event["source"], event["id"]) for event in running.published())


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
def test_publication_is_retried_under_the_same_event_id(passing: WatchedCloud, fault: str, copies: int) -> None:
    before, pushes_before = identities(passing), passing.pushes()
    passing.fail_publications([fault])
    passing.send([json.dumps(request(f"passing-{fault.lower()}"))])
    passing.settle()
    assert passing.pushes() == pushes_before + 1
    assert sorted((identities(passing) - before).values()) == [copies]


def test_unanswered_publication_is_retried_under_the_same_id(tmp_path: Path) -> None:
    with watched_cloud(FAST, options=with_timeout(30, tmp_path)) as running:
        running.fail_publications(["timeout-after"])
        running.send([json.dumps(request("ambiguous"))])
        running.settle()
        assert [answer.outcome for answer in running.answers] == ["succeeded"]
        assert list(identities(running).values()) == [2]


def test_unpublished_request_is_requeued_alone() -> None:
    """The topic refuses one outcome of sixteen: its request is requeued, and the batch is acknowledged."""
    names = [f"alone-{number}" for number in range(16)]
    with watched_cloud({**FAST, **TWO_TIERS}) as running:
        running.fail_publications([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}
        assert sorted(identities(running).values()) == [1] * 16
        creates = Counter(call["name"] for call in running.calls("sgw") if call["operation"] == "CreateExpressSync")
        assert sorted(creates.values()) == [*[1] * 15, 2]
        [again] = [event["data"] for event in running.published() if event["data"]["generation"] == 1]
        assert (again["status"], again["disposition"]) == ("succeeded", "existing")


def test_unpublished_request_becomes_a_dead_letter_alone() -> None:
    """The topic refuses an outcome, and no deferral is left: the sweep publishes it, and the batch is acknowledged."""
    names = [f"spent-{number}" for number in range(16)]
    with watched_cloud(FAST) as running:
        running.fail_publications([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        assert {answer.outcome for answer in running.answers} == {"succeeded"}
        assert sorted(identities(running).values()) == [1] * 16


def test_batch_is_redelivered_if_a_request_cannot_be_requeued() -> None:
    """No deferral is left, and there is not a dead letter queue: the trigger redelivers the batch."""
    names = [f"refused-{number}" for number in range(16)]
    with watched_cloud({**FAST, **NO_DEAD_LETTERS}) as running:
        running.fail_publications([*["slow:0"] * 7, "AccessDenied"])
        running.send([json.dumps(request(name)) for name in names])
        running.settle()
        refused, repeated = running.answers
        assert (refused.outcome, refused.error_type) == ("failed", "DeliveriesUnfinishedError")
        assert repeated.succeeded
        assert sorted(identities(running).values()) == [1, *[2] * 15]


def test_publication_retries_end_before_the_timeout(tmp_path: Path) -> None:
    """The topic fails for longer than the function may run: it raises in time, and the next delivery publishes."""
    with watched_cloud({**FAST, **NO_DEAD_LETTERS}, options=with_timeout(10, tmp_path)) as running:
        running.send([json.dumps(request("warm"))])
        running.settle()
        running.fail_publications(["InternalError"] * 30)
        running.send([json.dumps(request("unwell"))])
        running.settle()
        ends = [answer.error_type for answer in running.answers[1:]]
        assert set(ends) == {"", "DeliveriesUnfinishedError"}
        assert [fault for fault, _ in publications(running)] == ["", *["InternalError"] * 30, ""]
        assert list(identities(running).values()) == [1, 1]
