"""The engine: dead letters, its Python interface, and its cost."""

import asyncio
import time

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.mns.engine.message import Message
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.engine.queue import DeadLetterPolicy, QueueAttributes
from express_sync.local.mns.errors import MnsError
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


def test_long_poll_ends_when_a_message_becomes_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays, visibility timeouts and dead letters end waits without any call."""
    clock = FakeClock()
    waits: list[float] = []

    async def wait(_: str, seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    async def scenario() -> list[tuple[str, str]]:
        service = MessageService(LOCAL_ACCOUNT, clock)
        monkeypatch.setattr(service.queues.polls, "wait", wait)
        service.queues.create_queue("source", QueueAttributes(visibility_timeout=1), DeadLetterPolicy("dead", 1))
        service.queues.create_queue("dead")
        service.queues.send("source", "one", delay_seconds=1)
        seen = [("source", (await service.queues.receive("source", 1, 10))[0].body)]
        seen.append(("dead", (await service.queues.receive("dead", 1, 10))[0].body))
        return seen

    assert asyncio.run(scenario()) == [("source", "one"), ("dead", "one")]
    assert waits == [1.0, 1.0]


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


def test_receive_costs_the_same_in_a_long_queue(clock: FakeClock) -> None:
    """Draining ten times as many messages takes about ten times the time, not a hundred times."""

    def drain(number: int) -> float:
        service = MessageService(LOCAL_ACCOUNT, clock)
        service.queues.create_queue("q")
        for _ in range(number):
            service.queues.send("q", "x")
        started = time.process_time()
        queue, now_ms = service.queues.queue("q"), service.queues.advance()
        for _ in range(number):
            (received,) = queue.take(1, now_ms)
            service.queues.delete("q", received.receipt_handle)
        return time.process_time() - started

    drain(100)
    few, many = (min(drain(number) for _ in range(3)) for number in (500, 5000))
    assert many < 40 * max(few, 0.001)
