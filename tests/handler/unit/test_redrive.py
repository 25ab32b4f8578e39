"""A replay from inside moves the failures that are meant, each at most once a run, and loses none."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from handler.config import settings
from handler.duties import Duties
from handler.failures import Failure, Filter, read
from handler.orders import DrainOrder, Misunderstood, ReplayOrder
from handler.outcome import Outcome
from handler.provisioning.backoff import Backoff
from handler.provisioning.provisioner import Deadlines
from handler.queue import RequestQueue
from handler.redrive import Redrive, Redriven
from handler.replay import Replay, replay
from handler.smq.client import Smq, SmqError
from handler.smq.senders import Persistence
from tests.handler.unit.fakes import DOCUMENT, MOMENT, FakeClock
from tests.handler.unit.pretended_smq import HIDDEN_SECONDS, PretendedSmq

REFUSED = SmqError("AccessDenied", transient=False)
DEADLINES = Deadlines(create=1078.0, look=1103.0, publish=1118.0)
NOW = MOMENT + timedelta(hours=1)
ALL = Filter()


def failed(number: int = 0, code: str = "AssumeRoleFail", *, retryable: bool = True, **changes: Any) -> str:
    """The announcement of a failure, an hour old."""
    request = {**DOCUMENT, "requestId": f"REQ-{number}", **changes}
    error = {"code": code, "message": "m", "retryable": retryable, "hint": "h"}
    event = {
        "specversion": "1.0",
        "id": f"event-{number}-{code}",
        "source": "function",
        "type": "expresssync.provision.failed.v1",
        "time": "2026-11-23T08:00:00.000Z",
        "correlationid": "C-1",
        "data": {"status": "failed", "error": error, "request": request},
    }
    return json.dumps(event)


def order(**changes: Any) -> ReplayOrder:
    """An order that is meant, but for `changes`."""
    given: dict[str, Any] = {
        "filter": ALL,
        "edits": {},
        "dry_run": False,
        "force": False,
        "most": 100,
        "per_second": 50,
    }
    return ReplayOrder(**{**given, **changes})


@dataclass
class Bench:
    """The queue `failures` with `bodies` in it, and `requests`."""

    bodies: Sequence[str] = ()
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.smq = PretendedSmq(self.clock)
        self.smq.put("failures", *self.bodies)
        self.smq.put("requests")

    def run(self, wanted: ReplayOrder, deadlines: Deadlines = DEADLINES) -> Redriven:
        smq = cast(Smq, self.smq)
        requests = RequestQueue(Persistence(smq, Backoff(1, 1.0, 1.0), self.clock), "requests")
        return Redrive(smq, "failures", requests, self.clock).run(wanted, NOW, deadlines)

    def sent(self) -> list[dict[str, Any]]:
        """The messages in the request queue."""
        return [json.loads(message.body) for message in self.smq.queues["requests"]]

    def all_free(self) -> bool:
        """Whether everything left in the failure queue shows up at once."""
        return self.smq.visible_in("failures", 1.0) == self.smq.left_in("failures")


def test_failures_are_replayed_and_gone() -> None:
    """Each message is the one that a replay of that failure is anywhere, and is not delayed."""
    bench = Bench([failed(number) for number in range(20)])
    assert bench.run(order()) == Redriven(found=20, replayed=20)
    assert bench.smq.left_in("failures") == []
    assert [event["data"]["requestId"] for event in bench.sent()] == [f"REQ-{number}" for number in range(20)]
    failure = read(failed(3))
    assert isinstance(failure, Failure)
    expected = replay(failure, {}, force=False)
    assert isinstance(expected, Replay)
    assert bench.smq.of("send")[3] == ("requests", (expected.body,), 0)


def test_a_dry_run_changes_nothing() -> None:
    """It counts, sends nothing, deletes nothing, and gives back what it looked at."""
    bench = Bench([failed(number) for number in range(20)])
    done = bench.run(order(dry_run=True, most=1))
    assert (done, done.left) == (Redriven(found=20), 20)
    assert (bench.smq.of("send"), bench.smq.of("delete")) == ([], [])
    assert len(bench.smq.left_in("failures")) == 20
    assert bench.all_free()


def test_what_is_not_meant_is_given_back() -> None:
    """Other codes, strangers, and failures of after the order was given, which may be the fate of its own replays."""
    later = failed(9).replace("2026-11-23T08", "2026-11-23T09").replace(":00.000Z", ":00.001Z")
    just = failed(8).replace("2026-11-23T08", "2026-11-23T09")
    bench = Bench([failed(0), failed(1, "InternalError"), "no outcome", later, just])
    assert bench.run(order(filter=Filter(codes=frozenset({"AssumeRoleFail"})))) == Redriven(
        found=2, replayed=2, unreadable=1
    )
    assert bench.smq.left_in("failures") == ["M-1", "M-2", "M-3"]
    assert bench.all_free()


def test_terminal_errors_and_broken_requests_are_refused() -> None:
    """The first unless forced, the second always."""
    bodies = [failed(0, "RoleNotExist", retryable=False), failed(1, name="no name"), failed(2)]
    bench = Bench(bodies)
    done = bench.run(order())
    assert (done, done.left) == (Redriven(found=3, replayed=1, refused=2), 0)
    assert bench.smq.left_in("failures") == ["M-0", "M-1"]
    assert bench.all_free()
    forced = Bench(bodies)
    assert forced.run(order(force=True)) == Redriven(found=3, replayed=2, refused=1)
    assert forced.smq.left_in("failures") == ["M-1"]


@pytest.mark.parametrize(("most", "found"), [(3, 16), (16, 16), (17, 20)])
def test_no_more_than_wanted_is_replayed(most: int, found: int) -> None:
    """The rest of the batch is found, left and given back; no further batch is taken."""
    bench = Bench([failed(number) for number in range(20)])
    done = bench.run(order(most=most))
    assert (done, done.left) == (Redriven(found=found, replayed=most), found - most)
    assert len(bench.smq.left_in("failures")) == 20 - most
    assert bench.all_free()


def test_a_failure_stays_until_its_replay_is_confirmed() -> None:
    """A send that fails ends the run; what went before is gone, everything else is there."""
    bench = Bench([failed(number) for number in range(3)])
    bench.smq.fails("send", None, REFUSED)
    done = bench.run(order())
    assert done == Redriven(found=2, replayed=1, code="AccessDenied")
    assert bench.smq.left_in("failures") == ["M-1", "M-2"]
    assert bench.all_free()


def test_a_failure_that_cannot_be_deleted_is_replayed_with_the_same_message_next_time() -> None:
    """Its verdict then has the same id."""
    bench = Bench([failed(0)])
    bench.smq.fails("delete", REFUSED)
    assert bench.run(order()) == Redriven(found=1, replayed=1, code="AccessDenied")
    bench.clock.instant += 1
    assert bench.run(order()) == Redriven(found=1, replayed=1)
    first, again = bench.sent()
    assert first == again
    assert bench.smq.left_in("failures") == []


def test_a_queue_that_cannot_be_read_is_reported() -> None:
    bench = Bench([failed(number) for number in range(20)])
    bench.smq.fails("receive", None, SmqError("QueueNotExist", transient=False))
    assert bench.run(order()) == Redriven(found=16, replayed=16, code="QueueNotExist")


def test_what_is_no_failure_is_counted_and_left() -> None:
    """What cannot be read apart from the outcomes that nobody needs to replay; the filter does not matter."""
    succeeded = failed(1).replace("failed", "succeeded")
    bench = Bench(["no outcome", succeeded, succeeded, failed(2)])
    done = bench.run(order(filter=Filter(name="nobody's")))
    assert done == Redriven(unreadable=1, no_failures=2)
    assert len(bench.smq.left_in("failures")) == 4
    assert bench.all_free()


def test_a_message_that_shows_up_again_is_counted_once_and_keeps_nothing_from_being_seen() -> None:
    """Where the run takes longer than the queue hides a message, it is hidden anew until the run ends."""
    bench = Bench([failed(number, "InternalError") for number in range(16)] + [failed(n) for n in range(16, 96)])
    wanted = order(filter=Filter(codes=frozenset({"AssumeRoleFail"})), per_second=1)
    long = Deadlines(create=10_000.0, look=20_000.0, publish=20_100.0)
    assert bench.run(wanted, long) == Redriven(found=80, replayed=80)
    hidden = [seconds for _, seconds in cast("list[tuple[str, int]]", bench.smq.of("change_visibility"))]
    assert Counter(seconds > HIDDEN_SECONDS for seconds in hidden) == {True: 16, False: 16}
    assert len(bench.smq.left_in("failures")) == 16
    assert bench.all_free()


def test_no_more_go_in_a_second_than_the_order_allows() -> None:
    """The first at once, the others evenly after it; what only would be sent waits for nothing."""
    bench = Bench([failed(number) for number in range(20)])
    assert bench.run(order(per_second=4)) == Redriven(found=20, replayed=20)
    assert sum(bench.clock.slept) == pytest.approx(19 / 4)
    assert max(bench.clock.slept) == pytest.approx(1 / 4)
    dry = Bench([failed(number) for number in range(20)])
    dry.run(order(per_second=4, dry_run=True))
    assert dry.clock.slept == []


def test_a_slow_pace_ends_in_time_too() -> None:
    """No wait begins that would end too late; what is left is told and given back."""
    bench = Bench([failed(number) for number in range(20)])
    done = bench.run(order(per_second=1), Deadlines(create=1010.0, look=1020.0, publish=1030.0))
    assert done == Redriven(found=16, replayed=8, code="OutOfTime")
    assert bench.clock.now() < 1010.0
    assert bench.all_free()


def test_a_request_is_edited_on_its_way() -> None:
    """It is the message that the same edit gives anywhere; one that an edit cannot mend is refused."""
    bench = Bench([failed(0), failed(1, name="1st")])
    assert bench.run(order(edits={"bucketRegion": "cn-shanghai"})) == Redriven(found=2, replayed=1, refused=1)
    failure = read(failed(0))
    assert isinstance(failure, Failure)
    expected = replay(failure, {"bucketRegion": "cn-shanghai"}, force=False)
    assert isinstance(expected, Replay)
    assert bench.sent() == [json.loads(expected.body)]
    assert bench.sent()[0]["data"]["bucketRegion"] == "cn-shanghai"


def test_a_run_ends_in_time_and_says_so() -> None:
    """What is found when the time is up is left, given back, and neither sent nor deleted."""
    bench = Bench([failed(number) for number in range(60)])
    bench.smq.call_seconds = 1.0
    done = bench.run(order())
    assert (done.code, done.found) == ("OutOfTime", 48)
    assert 0 < done.replayed < 48
    assert len(bench.sent()) == done.replayed == 60 - len(bench.smq.left_in("failures"))
    assert len(bench.smq.of("change_visibility")) == done.left
    assert bench.clock.now() < DEADLINES.look


def test_what_there_is_no_time_to_give_back_comes_back_by_itself() -> None:
    """When the queue's own time is over."""
    bench = Bench([failed(number) for number in range(20)])
    bench.smq.call_seconds = 1.0
    assert bench.run(order(dry_run=True), Deadlines(create=1020.0, look=1010.0, publish=1020.0)) == Redriven(found=20)
    assert 0 < len(bench.smq.of("change_visibility")) < 20
    assert bench.clock.now() == 1010.0
    assert not bench.all_free()
    bench.smq.call_seconds = 0.0
    assert len(bench.smq.visible_in("failures", HIDDEN_SECONDS)) == 20


def test_what_cannot_be_given_back_is_left_to_come_back() -> None:
    """One that is visible again already does not keep the others."""
    bench = Bench([failed(number) for number in range(3)])
    bench.smq.fails("change_visibility", SmqError("MessageNotExist", transient=False))
    assert bench.run(order(dry_run=True)) == Redriven(found=3)
    assert bench.smq.visible_in("failures", 1.0) == ["M-1", "M-2"]


QUEUES = {
    "EXPRESS_SYNC_RESULT_TOPIC": "outcomes",
    "EXPRESS_SYNC_MNS_ENDPOINT": "https://mns.example",
    "EXPRESS_SYNC_REQUEST_QUEUE": "requests",
    "EXPRESS_SYNC_FAILURE_QUEUE": "failures",
    "EXPRESS_SYNC_DEAD_LETTER_QUEUE": "letters",
}


def duties(bench: Bench, **environment: str) -> Duties:
    """The duties of a function so set up, whose pipeline announces everything."""
    persistence = Persistence(cast(Smq, bench.smq), Backoff(1, 1.0, 1.0), bench.clock)
    announced = Outcome("succeeded", {})
    return Duties(
        settings({**QUEUES, **environment}),
        persistence,
        lambda deliveries, _: [announced] * len(deliveries),
        lambda: NOW,
    )


def test_an_order_is_answered_with_what_was_done() -> None:
    """Numbers, and a code only where something ended it early."""
    bench = Bench([failed(0), failed(1, "RoleNotExist", retryable=False)])
    bench.smq.put("letters", "garbage")
    bench.smq.put("requests", "garbage", "garbage")
    answers = [
        duties(bench).carry_out(each, DEADLINES)
        for each in (order(dry_run=True), DrainOrder("deadLetters"), DrainOrder("requests"))
    ]
    assert answers == [
        {"found": 2, "replayed": 0, "refused": 1, "left": 1, "unreadable": 0, "noFailures": 0, "dryRun": True},
        {"finished": 1, "left": 0},
        {"finished": 2, "left": 0},
    ]
    assert (bench.smq.left_in("letters"), bench.smq.left_in("requests")) == ([], [])
    bench.clock.instant += 1
    assert duties(bench).carry_out(order(), DEADLINES) == {
        "found": 2,
        "replayed": 1,
        "refused": 1,
        "left": 0,
        "unreadable": 0,
        "noFailures": 0,
        "dryRun": False,
    }


def test_an_order_that_ended_early_is_answered_with_the_code() -> None:
    bench = Bench()
    bench.smq.fails("receive", REFUSED, REFUSED)
    assert duties(bench).carry_out(DrainOrder("requests"), DEADLINES) == {
        "finished": 0,
        "left": 0,
        "code": "AccessDenied",
    }
    assert duties(bench).carry_out(order(), DEADLINES)["code"] == "AccessDenied"


def test_an_edit_that_no_request_may_have_is_refused_before_anything_is_touched() -> None:
    """Every one at once, in the words that the command line has for it."""
    bench = Bench([failed(0)])
    answer = duties(bench).carry_out(order(edits={"bucketRegion": "China", "nmae": "x"}), DEADLINES)
    assert answer["refused"].startswith("No request may be changed like that: $.bucketRegion does not have the form ")
    assert answer["refused"].endswith("; $.nmae is not a known property.")
    identity = duties(bench).carry_out(order(edits={"requestId": "R-2"}), DEADLINES)
    assert "$.requestId is the identity of the request" in identity["refused"]
    assert bench.smq.calls == []


def test_a_misunderstood_order_is_refused_in_its_own_words() -> None:
    assert duties(Bench()).carry_out(Misunderstood("It is none."), DEADLINES) == {"refused": "It is none."}


@pytest.mark.parametrize(
    ("wanted", "missing", "named"),
    [
        (DrainOrder("requests"), ["REQUEST_QUEUE"], "EXPRESS_SYNC_REQUEST_QUEUE"),
        (DrainOrder("deadLetters"), ["DEAD_LETTER_QUEUE"], "EXPRESS_SYNC_DEAD_LETTER_QUEUE"),
        (order(), ["FAILURE_QUEUE"], "EXPRESS_SYNC_FAILURE_QUEUE"),
        (
            order(),
            ["REQUEST_QUEUE", "FAILURE_QUEUE"],
            "EXPRESS_SYNC_FAILURE_QUEUE and EXPRESS_SYNC_REQUEST_QUEUE",
        ),
    ],
)
def test_an_order_for_a_queue_that_no_setting_names_is_refused(wanted: Any, missing: list[str], named: str) -> None:
    """In a sentence that says what to set; nothing is touched."""
    bench = Bench([failed(0)])
    unset = {f"EXPRESS_SYNC_{name}": "" for name in missing}
    answer = duties(bench, **unset).carry_out(wanted, DEADLINES)
    assert answer == {"refused": f"The function needs the setting {named} for that."}
    assert bench.smq.calls == []
