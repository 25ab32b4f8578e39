"""A drain deletes published messages and no others, and ends in time."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from handler.drain import MAX_POLL_SECONDS, MIN_PROCESSING_SECONDS, SPARE_SECONDS, DrainSummary, QueueDrain
from handler.inbound.envelope import Delivery
from handler.outcome import Outcome
from handler.provisioning.retry import Deadlines
from handler.smq.client import Smq, SmqError
from tests.support.clock import ManualClock
from tests.support.fake_smq import FakeSmq
from tests.support.samples import DEADLINES, DOCUMENT

BROKEN = SmqError("InternalError", transient=True)
BODY = json.dumps(DOCUMENT)
PUBLISHED = Outcome.of("succeeded", {})


@dataclass
class DrainHarness:
    """A drain of the queue `letters`; `outcome_for` gives the outcome of a delivery, `seconds` the time of a batch."""

    outcome_for: Callable[[Delivery], Outcome | None] = lambda _: PUBLISHED
    seconds: float = 0.0
    clock: ManualClock = field(default_factory=ManualClock)
    processed: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.smq = FakeSmq(self.clock)

    def run(self, deadlines: Deadlines = DEADLINES) -> DrainSummary:
        return QueueDrain(cast(Smq, self.smq), "letters", self._process, self.clock).run(deadlines)

    def _process(self, deliveries: Sequence[Delivery], _deadlines: Deadlines) -> list[Outcome | None]:
        self.processed.append([delivery.message_id for delivery in deliveries])
        self.clock.instant += self.seconds
        return [self.outcome_for(delivery) for delivery in deliveries]


def test_drain_processes_batches_until_the_queue_is_empty() -> None:
    """Forty messages in three batches are deleted after they were processed."""
    harness = DrainHarness()
    harness.smq.put("letters", *[BODY] * 40)
    assert harness.run() == DrainSummary(40, 0)
    assert [len(batch) for batch in harness.processed] == [16, 16, 8]
    assert harness.smq.left_in("letters") == []


def test_drain_receives_once_from_an_empty_queue() -> None:
    harness = DrainHarness()
    assert harness.run() == DrainSummary(0, 0)
    assert harness.smq.calls_of("receive") == ["letters"]
    assert harness.processed == []


def test_drain_deletes_nothing_before_its_outcome_is_published() -> None:
    """All of a batch is in the queue while it is processed."""
    there: list[list[str]] = []

    def outcome_of(_: Delivery) -> Outcome:
        there.append(harness.smq.left_in("letters"))
        return PUBLISHED

    harness = DrainHarness(outcome_for=outcome_of)
    harness.smq.put("letters", BODY, BODY)
    harness.run()
    assert there == [["M-0", "M-1"]] * 2


def test_drain_deletes_published_messages_and_leaves_the_others() -> None:
    harness = DrainHarness(outcome_for=lambda delivery: None if delivery.message_id == "M-1" else PUBLISHED)
    harness.smq.put("letters", BODY, BODY, BODY)
    assert harness.run() == DrainSummary(2, 1)
    assert harness.smq.left_in("letters") == ["M-1"]


def test_drain_processes_garbage_like_any_message() -> None:
    """The pipeline rejects it."""
    harness = DrainHarness(outcome_for=lambda delivery: PUBLISHED if delivery.violations else None)
    harness.smq.put("letters", "garbage")
    assert harness.run() == DrainSummary(1, 0)


def test_dead_lettered_batch_stays_until_all_of_it_is_published() -> None:
    """One message has two deliveries; the outcomes of other messages are not taken for theirs."""
    batch = json.dumps([{"messageId": f"B-{number}", "messageBody": BODY} for number in range(2)])
    outcomes = {"M-0": PUBLISHED, "B-0": PUBLISHED, "B-1": None, "M-2": PUBLISHED}
    harness = DrainHarness(outcome_for=lambda delivery: outcomes[delivery.message_id])
    harness.smq.put("letters", BODY, batch, BODY)
    assert harness.run() == DrainSummary(2, 1)
    assert harness.processed == [["M-0", "B-0", "B-1", "M-2"]]
    assert harness.smq.left_in("letters") == ["M-1"]


def test_drain_hides_messages_beyond_the_end_of_the_invocation() -> None:
    """The time lasts until the end of publishing, and some seconds more."""
    harness = DrainHarness(seconds=70.0)  # longer than the queue hides it
    harness.smq.put("letters", BODY)
    assert harness.run().finished == 1
    assert harness.smq.calls_of("change_visibility") == [("M-0/1", 118 + SPARE_SECONDS)]
    assert harness.smq.calls_of("delete") == [("M-0/2",)]


def test_message_that_cannot_be_hidden_is_not_processed() -> None:
    """Another consumer could process it at the same time; it becomes visible again."""
    harness = DrainHarness()
    harness.smq.put("letters", BODY, BODY)
    harness.smq.fail("change_visibility", BROKEN)
    assert harness.run() == DrainSummary(1, 1)
    assert harness.processed == [["M-1"]]
    assert harness.smq.left_in("letters") == ["M-0"]


def test_failed_deletion_leaves_the_messages_and_ends_the_drain() -> None:
    """They come back and are published again under the same ids."""
    harness = DrainHarness()
    harness.smq.put("letters", *[BODY] * 20)
    harness.smq.fail("delete", BROKEN)
    assert harness.run() == DrainSummary(0, 16)
    assert len(harness.smq.left_in("letters")) == 20


def test_batch_without_progress_ends_the_drain() -> None:
    """If the topic is unavailable, receiving more messages would only hide them."""
    harness = DrainHarness(outcome_for=lambda _: None)
    harness.smq.put("letters", *[BODY] * 20)
    assert harness.run() == DrainSummary(0, 16)
    assert len(harness.processed) == 1
    assert harness.smq.calls_of("delete") == []


def test_drain_reports_a_queue_that_cannot_be_read() -> None:
    """The summary counts what was done before."""
    harness = DrainHarness()
    harness.smq.put("letters", *[BODY] * 20)
    harness.smq.fail("receive", None, SmqError("QueueNotExist", transient=False))
    assert harness.run() == DrainSummary(16, 0, "QueueNotExist")


def test_drain_receives_no_batch_without_time_for_it() -> None:
    """The first batch leaves too little time for another; the others stay visible."""
    harness = DrainHarness(seconds=DEADLINES.create - 1000.0 - MAX_POLL_SECONDS - MIN_PROCESSING_SECONDS)
    harness.smq.put("letters", *[BODY] * 20)
    assert harness.run() == DrainSummary(16, 0, "OutOfTime")
    assert len(harness.smq.visible_in("letters", 0)) == 4


@pytest.mark.parametrize(("moment_more", "processed"), [(0.0, 0), (0.1, 1)])
def test_drain_begins_only_with_time_to_end(moment_more: float, processed: int) -> None:
    harness = DrainHarness()
    harness.smq.put("letters", BODY)
    create = 1000.0 + MAX_POLL_SECONDS + MIN_PROCESSING_SECONDS + moment_more
    assert harness.run(Deadlines(create, create + 25, create + 40)).finished == processed
    assert len(harness.processed) == processed
