"""A drain deletes what is announced and nothing else, and ends in time."""

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
from tests.handler.unit.fake_smq import FakeSmq
from tests.handler.unit.fakes import DOCUMENT, FakeClock

BROKEN = SmqError("InternalError", transient=True)
DEADLINES = Deadlines(create=1078.0, lookup=1103.0, publish=1118.0)
BODY = json.dumps(DOCUMENT)
ANNOUNCED = Outcome("succeeded", {})


@dataclass
class Bench:
    """A drain of the queue `letters`; `fate` says which delivery is announced, `seconds` how long a batch takes."""

    fate: Callable[[Delivery], Outcome | None] = lambda _: ANNOUNCED
    seconds: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)
    worked: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.smq = FakeSmq(self.clock)

    def run(self, deadlines: Deadlines = DEADLINES) -> DrainSummary:
        return QueueDrain(cast(Smq, self.smq), "letters", self._work, self.clock).run(deadlines)

    def _work(self, deliveries: Sequence[Delivery], _deadlines: Deadlines) -> list[Outcome | None]:
        self.worked.append([delivery.message_id for delivery in deliveries])
        self.clock.instant += self.seconds
        return [self.fate(delivery) for delivery in deliveries]


def test_a_queue_is_worked_in_batches_until_it_shows_nothing() -> None:
    """Forty messages in three batches, each deleted after it was worked."""
    bench = Bench()
    bench.smq.put("letters", *[BODY] * 40)
    assert bench.run() == DrainSummary(40, 0)
    assert [len(batch) for batch in bench.worked] == [16, 16, 8]
    assert bench.smq.left_in("letters") == []


def test_an_empty_queue_is_asked_once() -> None:
    bench = Bench()
    assert bench.run() == DrainSummary(0, 0)
    assert bench.smq.of("receive") == ["letters"]
    assert bench.worked == []


def test_nothing_is_deleted_before_its_outcome_is_announced() -> None:
    """While a batch is worked all of it is in the queue."""
    there: list[list[str]] = []

    def outcome_of(_: Delivery) -> Outcome:
        there.append(bench.smq.left_in("letters"))
        return ANNOUNCED

    bench = Bench(fate=outcome_of)
    bench.smq.put("letters", BODY, BODY)
    bench.run()
    assert there == [["M-0", "M-1"]] * 2


def test_what_could_not_be_announced_stays_and_its_neighbours_go() -> None:
    bench = Bench(fate=lambda delivery: None if delivery.message_id == "M-1" else ANNOUNCED)
    bench.smq.put("letters", BODY, BODY, BODY)
    assert bench.run() == DrainSummary(2, 1)
    assert bench.smq.left_in("letters") == ["M-1"]


def test_garbage_is_worked_like_any_message() -> None:
    """It is for the core to reject it."""
    bench = Bench(fate=lambda delivery: ANNOUNCED if delivery.flaws else None)
    bench.smq.put("letters", "garbage")
    assert bench.run() == DrainSummary(1, 0)


def test_a_dead_letter_of_a_whole_batch_stays_until_all_of_it_is_announced() -> None:
    """One message, two deliveries; the outcomes of its neighbours are not mistaken for its own."""
    batch = json.dumps([{"messageId": f"B-{number}", "messageBody": BODY} for number in range(2)])
    fates = {"M-0": ANNOUNCED, "B-0": ANNOUNCED, "B-1": None, "M-2": ANNOUNCED}
    bench = Bench(fate=lambda delivery: fates[delivery.message_id])
    bench.smq.put("letters", BODY, batch, BODY)
    assert bench.run() == DrainSummary(2, 1)
    assert bench.worked == [["M-0", "B-0", "B-1", "M-2"]]
    assert bench.smq.left_in("letters") == ["M-1"]


def test_a_message_is_hidden_for_longer_than_the_invocation_can_last() -> None:
    """From now to the end of publishing, and some seconds to spare; the queue's own time does not matter."""
    bench = Bench(seconds=70.0)  # longer than the queue hides it
    bench.smq.put("letters", BODY)
    assert bench.run().finished == 1
    assert bench.smq.of("change_visibility") == [("M-0/1", 118 + SPARE_SECONDS)]
    assert bench.smq.of("delete") == [("M-0/2",)]


def test_a_message_that_cannot_be_hidden_is_not_worked() -> None:
    """Somebody else could work it at the same time; it comes back as it is."""
    bench = Bench()
    bench.smq.put("letters", BODY, BODY)
    bench.smq.fails("change_visibility", BROKEN)
    assert bench.run() == DrainSummary(1, 1)
    assert bench.worked == [["M-1"]]
    assert bench.smq.left_in("letters") == ["M-0"]


def test_a_deletion_that_fails_leaves_the_messages() -> None:
    """They come back, and are announced again under the same ids; the drain ends, for the next batch would fare so."""
    bench = Bench()
    bench.smq.put("letters", *[BODY] * 20)
    bench.smq.fails("delete", BROKEN)
    assert bench.run() == DrainSummary(0, 16)
    assert len(bench.smq.left_in("letters")) == 20


def test_a_batch_of_which_nothing_is_announced_ends_the_drain() -> None:
    """While the topic is away, taking more messages would only hide them."""
    bench = Bench(fate=lambda _: None)
    bench.smq.put("letters", *[BODY] * 20)
    assert bench.run() == DrainSummary(0, 16)
    assert len(bench.worked) == 1
    assert bench.smq.of("delete") == []


def test_a_queue_that_cannot_be_read_ends_the_drain_and_is_reported() -> None:
    """Not raised: what was done before stays done."""
    bench = Bench()
    bench.smq.put("letters", *[BODY] * 20)
    bench.smq.fails("receive", None, SmqError("QueueNotExist", transient=False))
    assert bench.run() == DrainSummary(16, 0, "QueueNotExist")


def test_no_batch_is_taken_that_there_is_no_time_for() -> None:
    """The first batch ends with too little time for another; the others stay visible."""
    bench = Bench(seconds=DEADLINES.create - 1000.0 - MAX_POLL_SECONDS - MIN_PROCESSING_SECONDS)
    bench.smq.put("letters", *[BODY] * 20)
    assert bench.run() == DrainSummary(16, 0, "OutOfTime")
    assert len(bench.smq.visible_in("letters", 0)) == 4


@pytest.mark.parametrize(("moment_more", "worked"), [(0.0, 0), (0.1, 1)])
def test_a_drain_begins_only_with_time_to_end(moment_more: float, worked: int) -> None:
    bench = Bench()
    bench.smq.put("letters", BODY)
    create = 1000.0 + MAX_POLL_SECONDS + MIN_PROCESSING_SECONDS + moment_more
    assert bench.run(Deadlines(create, create + 25, create + 40)).finished == worked
    assert len(bench.worked) == worked
