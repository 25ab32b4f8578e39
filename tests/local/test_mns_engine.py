"""The engine: dead letters, its Python interface, and its cost."""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.mns.engine.message import Message
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.engine.queue import DeadLetterPolicy, QueueAttributes
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.long_polls import LongPolls
from tests.support.clock import FakeClock

ARN = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:/queues/source"


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that the test advances."""
    return FakeClock()


@pytest.fixture
def service(clock: FakeClock) -> MessageService:
    """Return an engine with a queue `source`, from which messages go to `dead` after two receives."""
    service = MessageService(LOCAL_ACCOUNT, clock)
    service.queues.create_queue("source", QueueAttributes(visibility_timeout=10), DeadLetterPolicy("dead", 2))
    service.queues.create_queue("dead")
    return service


def receive(service: MessageService, queue: str, count: int = 1) -> list[Message]:
    """Receive without waiting."""
    return asyncio.run(service.queues.receive(queue, count, 0))


def test_message_is_dead_lettered_at_the_receive_limit(service: MessageService, clock: FakeClock) -> None:
    """Two receives are allowed; the third finds nothing, because the message is in the dead-letter queue."""
    service.queues.send("source", "poison", priority=3)
    for expected in (1, 2):
        (received,) = receive(service, "source")
        assert received.dequeue_count == expected
        clock.advance(10)
    assert receive(service, "source") == []
    assert [message.body for message in receive(service, "dead")] == ["poison"]


def test_dead_letter_names_its_origin(service: MessageService, clock: FakeClock) -> None:
    """It is a new message, never received, with the age and priority of the first; no client has to poll."""
    origin = service.queues.send("source", "poison", priority=3)
    for _ in range(2):
        receive(service, "source")
        clock.advance(10)
    ((letter, state),) = service.queues.messages("dead")
    assert state == "active"
    assert {each.name: each.value for each in letter.system_properties} == {
        "DLQMessageType": "QUEUE",
        "DLQSourceArn": ARN,
        "DLQOriginMessageId": origin.message_id,
    }
    assert letter.message_id != origin.message_id
    assert (letter.dequeue_count, letter.priority) == (0, 3)
    assert letter.enqueue_time_ms == letter.first_dequeue_time_ms == origin.enqueue_time_ms


def test_delete_in_the_last_lease_prevents_a_dead_letter(service: MessageService, clock: FakeClock) -> None:
    """A longer visibility timeout prevents it until that ends."""
    service.queues.send("source", "slow but good")
    receive(service, "source")
    clock.advance(10)
    (last,) = receive(service, "source")
    longer = service.queues.change_visibility("source", last.receipt_handle, 60)
    clock.advance(59)
    assert service.queues.messages("dead") == []
    service.queues.delete("source", longer.receipt_handle)
    clock.advance(60)
    assert service.queues.messages("dead") == []


def test_dead_letter_keeps_its_retention(service: MessageService, clock: FakeClock) -> None:
    """Retention counts from the first enqueueing."""
    service.queues.create_queue("brief", QueueAttributes(visibility_timeout=10), DeadLetterPolicy("short-lived", 1))
    service.queues.create_queue("short-lived", QueueAttributes(message_retention_period=60))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(59)
    assert len(service.queues.messages("short-lived")) == 1
    clock.advance(1)
    assert service.queues.messages("short-lived") == []


def test_dead_letter_older_than_the_retention_is_dropped(service: MessageService, clock: FakeClock) -> None:
    """The retention of the dead-letter queue counts, even for the receive that moves the message."""
    service.queues.create_queue("brief", QueueAttributes(visibility_timeout=100), DeadLetterPolicy("short-lived", 1))
    service.queues.create_queue("short-lived", QueueAttributes(message_retention_period=60))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(100)
    assert receive(service, "short-lived") == []


def test_message_due_before_its_expiry_is_dead_lettered(service: MessageService, clock: FakeClock) -> None:
    """A message that was due before its retention ended is moved, however late a client polls."""
    attributes = QueueAttributes(message_retention_period=60, visibility_timeout=59)
    service.queues.create_queue("brief", attributes, DeadLetterPolicy("dead", 1))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(3600)
    assert [message.body for message, _ in service.queues.messages("dead")] == ["poison"]


def test_message_that_expires_while_leased_is_dropped(service: MessageService, clock: FakeClock) -> None:
    """Its retention ended before it was due for the dead-letter queue."""
    attributes = QueueAttributes(message_retention_period=60, visibility_timeout=61)
    service.queues.create_queue("brief", attributes, DeadLetterPolicy("dead", 1))
    service.queues.send("brief", "forgotten")
    receive(service, "brief")
    clock.advance(61)
    assert service.queues.messages("brief") == service.queues.messages("dead") == []


def test_later_changes_do_not_affect_past_events(service: MessageService, clock: FakeClock) -> None:
    """An attribute changed, or a queue deleted, does not undo what was due before."""
    service.queues.create_queue("brief", QueueAttributes(message_retention_period=60))
    service.queues.send("brief", "expired")
    for _ in range(2):
        service.queues.send("source", "poison")
        clock.advance(10)
        receive(service, "source", 16)
    clock.advance(60)
    service.queues.set_queue_attributes("brief", QueueAttributes(message_retention_period=600))
    service.queues.delete_queue("dead")
    assert service.queues.messages("brief") == []
    assert [message.dequeue_count for message, _ in service.queues.messages("source")] == [1]


def test_message_stays_without_its_dead_letter_queue(service: MessageService, clock: FakeClock) -> None:
    """It is delivered again and not lost."""
    service.queues.delete_queue("dead")
    service.queues.send("source", "homeless")
    for expected in (1, 2, 3):
        (received,) = receive(service, "source")
        assert received.dequeue_count == expected
        clock.advance(10)


@pytest.mark.parametrize(
    "policy", [DeadLetterPolicy("source", 2), DeadLetterPolicy("dead", 0), DeadLetterPolicy("-", 1)]
)
def test_invalid_dead_letter_policy_is_refused(service: MessageService, policy: DeadLetterPolicy) -> None:
    """A queue cannot be its own dead-letter queue, and one receive at least is allowed."""
    service.queues.delete_queue("source")
    with pytest.raises(MnsError):
        service.queues.create_queue("source", dead_letter=policy)


def test_creation_without_a_policy_equals_any(service: MessageService) -> None:
    """The API cannot set a policy; the control plane must not change one."""
    attributes = QueueAttributes(visibility_timeout=10)
    assert service.queues.create_queue("source", attributes) is False
    with pytest.raises(MnsError, match="QueueAlreadyExist"):
        service.queues.create_queue("source", attributes, DeadLetterPolicy("dead", 3))


def test_long_poll_ends_when_a_message_becomes_visible() -> None:
    """Delays, visibility timeouts and dead letters end waits without any call."""

    async def scenario() -> list[tuple[str, str]]:
        service = MessageService(LOCAL_ACCOUNT)
        service.queues.create_queue("source", QueueAttributes(visibility_timeout=1), DeadLetterPolicy("dead", 1))
        service.queues.create_queue("dead")
        waiting = [asyncio.create_task(service.queues.receive(queue, 1, 30)) for queue in ("source", "dead")]
        await asyncio.sleep(0)
        service.queues.send("source", "one", delay_seconds=1)
        done, _ = await asyncio.wait(waiting, timeout=20)
        return [] if len(done) < 2 else [(message.body, str(message.dequeue_count)) for [message] in map(_of, waiting)]

    assert asyncio.run(scenario()) == [("one", "1"), ("one", "1")]


def _of(task: "asyncio.Task[list[Message]]") -> list[Message]:
    return task.result()


class Woken(LongPolls):
    """Counts the waits that are ended before their time."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    async def wait(self, queue: str, seconds: float) -> None:
        await super().wait(queue, seconds)
        self.number += 1


@pytest.mark.parametrize("sent", [1, 3])
def test_send_wakes_one_waiter_for_each_message(service: MessageService, sent: int) -> None:
    """The other 200 go on to wait."""

    async def scenario() -> int:
        service.queues.polls = woken = Woken()
        waiting = [asyncio.create_task(service.queues.receive("dead", 1, 30)) for _ in range(200)]
        await asyncio.sleep(0)
        for _ in range(sent):
            service.queues.send("dead", "one")
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(10)))
        assert sum(task.done() for task in waiting) == sent
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return woken.number

    assert asyncio.run(scenario()) == sent


def test_message_of_a_cancelled_waiter_is_for_the_next(service: MessageService) -> None:
    """It was woken, and cancelled before it could receive."""

    async def scenario() -> list[Message]:
        first, second = (asyncio.create_task(service.queues.receive("dead", 1, 30)) for _ in range(2))
        await asyncio.sleep(0)
        service.queues.send("dead", "one")
        first.cancel()
        return await asyncio.wait_for(second, 20)

    assert [message.body for message in asyncio.run(scenario())] == ["one"]


def test_cancelled_wait_leaves_nothing_behind(service: MessageService) -> None:
    """It receives no message, and is not woken later."""

    async def scenario() -> None:
        waiting = asyncio.create_task(service.queues.receive("dead", 1, 30))
        await asyncio.sleep(0)
        assert service.queues.polls.waiting("dead") == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert service.queues.polls.waiting("dead") == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("body", ["", "\x00", "\ufffe", "\ud800", "x" * 65537])
def test_engine_refuses_bodies_that_xml_cannot_represent(service: MessageService, body: str) -> None:
    """The Python interface refuses them as the API does."""
    with pytest.raises(MnsError, match="InvalidArgument"):
        service.queues.send("source", body)
    assert service.queues.messages("source") == []


Operation = Callable[[MessageService], object]


def _received(service: MessageService) -> Message:
    [message] = service.queues.queue("q").take(1, service.queues.advance())
    return message


OPERATIONS: dict[str, Operation] = {
    "send": lambda service: service.queues.send("q", "x"),
    "send with a delay": lambda service: service.queues.send("q", "x", delay_seconds=60),
    "publish": lambda service: service.publish("t", "x"),
    "receive": _received,
    "receive and delete": lambda service: service.queues.delete("q", _received(service).receipt_handle),
    "hide": lambda service: service.queues.change_visibility("q", _received(service).receipt_handle, 60),
    "peek": lambda service: service.queues.peek("q", 16),
    "counts": lambda service: service.queues.counts("q"),
}


def _steps(work: Callable[[], object]) -> int:
    """Return how many calls of Python and C functions `work` makes, those of the garbage collector excluded."""
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return made


def _filled(messages: int) -> MessageService:
    """Return a service with as many messages in each state, and many that came and went."""
    service = MessageService(LOCAL_ACCOUNT, FakeClock())
    service.queues.create_queue("q")
    service.topics.create_topic("t")
    service.topics.subscribe("t", "s", f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:queues/q")
    for _ in range(messages):
        for _ in range(3):
            service.queues.send("q", "x")
        service.queues.send("q", "x", delay_seconds=600)
        _received(service)
        service.queues.delete("q", _received(service).receipt_handle)
    return service


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_steps_do_not_depend_on_what_is_queued(operation: Operation) -> None:
    """A hundred times as many messages in every state take the same number of calls."""
    few, many = (_steps(partial(operation, _filled(number))) for number in (10, 1000))
    assert many <= 1.5 * few


def test_counts_follow_every_change_of_state(service: MessageService, clock: FakeClock) -> None:
    queues = service.queues
    seen = []

    def look() -> None:
        counts = queues.counts("source")
        listed = Counter(state for _, state in queues.messages("source"))
        assert {state: counts[state] for state in listed} == listed
        seen.append((counts["active"], counts["inactive"], counts["delayed"]))

    for delay in (0, 0, 5):
        queues.send("source", "x", delay_seconds=delay)
    look()
    first, second = queues.queue("source").take(2, queues.advance())
    look()
    queues.delete("source", first.receipt_handle)
    look()
    clock.advance(5)
    look()
    clock.advance(queues.queue("source").attributes.visibility_timeout)
    look()
    assert seen[:4] == [(2, 0, 1), (0, 2, 1), (0, 1, 1), (1, 1, 0)]
    queues.reset()
    look()
    assert seen[-1] == (0, 0, 0)
    assert second.receipt_handle


def test_nothing_is_left_of_messages_that_are_gone(clock: FakeClock) -> None:
    """One message stays; each of the others is hidden for hours before it is deleted."""
    service = MessageService(LOCAL_ACCOUNT, clock)
    service.queues.create_queue("q", QueueAttributes(visibility_timeout=43200))
    service.queues.send("q", "stays", delay_seconds=43200)
    for _ in range(5000):
        service.queues.send("q", "x")
        service.queues.delete("q", _received(service).receipt_handle)
    assert service.queues.queue("q").residue < 500
