"""What only the engine knows: dead letters, its Python interface, and being cheap."""

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
    """Time that passes only when told to."""
    return FakeClock()


@pytest.fixture
def service(clock: FakeClock) -> MessageService:
    """A queue `source` whose messages are dead after two receives, and where they go, `dead`."""
    service = MessageService(LOCAL_ACCOUNT, clock)
    service.queues.create_queue("source", QueueAttributes(visibility_timeout=10), DeadLetterPolicy("dead", 2))
    service.queues.create_queue("dead")
    return service


def receive(service: MessageService, queue: str, count: int = 1) -> list[Message]:
    """Receive without waiting."""
    return asyncio.run(service.queues.receive(queue, count, 0))


def test_a_message_is_dead_when_it_would_be_received_once_too_often(service: MessageService, clock: FakeClock) -> None:
    """Two receives are allowed; the third finds nothing, the dead-letter queue has it."""
    service.queues.send("source", "poison", priority=3)
    for expected in (1, 2):
        (received,) = receive(service, "source")
        assert received.dequeue_count == expected
        clock.advance(10)
    assert receive(service, "source") == []
    assert [message.body for message in receive(service, "dead")] == ["poison"]


def test_a_dead_letter_says_where_it_comes_from(service: MessageService, clock: FakeClock) -> None:
    """A new message, never received, as old as the first, of the same priority; moved though nobody looks."""
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


def test_a_delete_in_the_last_visibility_saves_from_death(service: MessageService, clock: FakeClock) -> None:
    """So does a longer hold, until it ends."""
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


def test_dying_does_not_lengthen_a_life(service: MessageService, clock: FakeClock) -> None:
    """Retention goes on counting from the first enqueueing."""
    service.queues.create_queue("brief", QueueAttributes(visibility_timeout=10), DeadLetterPolicy("grave", 1))
    service.queues.create_queue("grave", QueueAttributes(message_retention_period=60))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(59)
    assert len(service.queues.messages("grave")) == 1
    clock.advance(1)
    assert service.queues.messages("grave") == []


def test_a_letter_too_old_for_its_grave_is_never_seen(service: MessageService, clock: FakeClock) -> None:
    """Not even by the receive that finds it dead."""
    service.queues.create_queue("brief", QueueAttributes(visibility_timeout=100), DeadLetterPolicy("grave", 1))
    service.queues.create_queue("grave", QueueAttributes(message_retention_period=60))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(100)
    assert receive(service, "grave") == []


def test_death_before_the_end_counts_though_nobody_was_looking(service: MessageService, clock: FakeClock) -> None:
    """A message due for the dead-letter queue before its retention ended went there, however late one looks."""
    attributes = QueueAttributes(message_retention_period=60, visibility_timeout=59)
    service.queues.create_queue("brief", attributes, DeadLetterPolicy("dead", 1))
    service.queues.send("brief", "poison")
    receive(service, "brief")
    clock.advance(3600)
    assert [message.body for message, _ in service.queues.messages("dead")] == ["poison"]


def test_what_expires_while_held_does_not_die(service: MessageService, clock: FakeClock) -> None:
    """Its retention ended before it would have been due for the dead-letter queue."""
    attributes = QueueAttributes(message_retention_period=60, visibility_timeout=61)
    service.queues.create_queue("brief", attributes, DeadLetterPolicy("dead", 1))
    service.queues.send("brief", "forgotten")
    receive(service, "brief")
    clock.advance(61)
    assert service.queues.messages("brief") == service.queues.messages("dead") == []


def test_what_is_past_stays_past(service: MessageService, clock: FakeClock) -> None:
    """An attribute changed, or a queue deleted, after the fact does not undo what time had done."""
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


def test_without_its_grave_a_message_stays_alive(service: MessageService, clock: FakeClock) -> None:
    """It is delivered again rather than lost."""
    service.queues.delete_queue("dead")
    service.queues.send("source", "homeless")
    for expected in (1, 2, 3):
        (received,) = receive(service, "source")
        assert received.dequeue_count == expected
        clock.advance(10)


@pytest.mark.parametrize(
    "policy", [DeadLetterPolicy("source", 2), DeadLetterPolicy("dead", 0), DeadLetterPolicy("-", 1)]
)
def test_a_policy_that_cannot_be_is_refused(service: MessageService, policy: DeadLetterPolicy) -> None:
    """A queue is not its own grave, and a message may be received once."""
    service.queues.delete_queue("source")
    with pytest.raises(MnsError):
        service.queues.create_queue("source", dead_letter=policy)


def test_a_creation_without_a_policy_agrees_with_any(service: MessageService) -> None:
    """The API cannot speak of it; the control plane must not contradict it."""
    attributes = QueueAttributes(visibility_timeout=10)
    assert service.queues.create_queue("source", attributes) is False
    with pytest.raises(MnsError, match="QueueAlreadyExist"):
        service.queues.create_queue("source", attributes, DeadLetterPolicy("dead", 3))


def test_a_long_poll_wakes_when_time_makes_a_message_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays, visibility and dead letters end waits, without anybody calling."""
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


def test_a_cancelled_wait_leaves_no_trace(service: MessageService) -> None:
    """No message is taken, and nobody is woken for nothing."""

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
def test_the_engine_holds_nothing_that_the_wire_could_not(service: MessageService, body: str) -> None:
    """A body that XML cannot carry is refused at the engine's door too."""
    with pytest.raises(MnsError, match="InvalidArgument"):
        service.queues.send("source", body)
    assert service.queues.messages("source") == []


def test_a_receive_costs_the_same_in_a_long_queue(clock: FakeClock) -> None:
    """Ten times the messages take about ten times the time to drain, not a hundred times."""

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
