"""Properties of the local MNS, tested with hypothesis."""

import asyncio
import contextlib
import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.mns import xml
from express_sync.local.mns.engine.message import message_id_of, mint_handle
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.engine.queue import DeadLetterPolicy, QueueAttributes
from express_sync.local.mns.errors import MnsError
from tests.local.mns_client import RawClient, document
from tests.support.clock import FakeClock

XML_TEXT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF)
    | st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD)
    | st.characters(min_codepoint=0x10000)
    | st.sampled_from("\t\n\r")
)
MESSAGE_IDS = st.text("0123456789ABCDEF", min_size=32, max_size=32)
TIMES_MS = st.integers(0, 2**43)


@given(XML_TEXT)
def test_text_survives_writing_and_reading(text: str) -> None:
    """Every character that XML can represent survives in a tree of elements."""
    written = xml.write(("Messages", [("Message", [("MessageBody", text), ("Priority", 8)])]))
    (message,) = xml.read(written.encode()).children
    assert [(child.name, child.text) for child in message.children] == [("MessageBody", text), ("Priority", "8")]


@given(st.binary() | XML_TEXT.map(lambda text: text.encode()) | st.from_regex(r"<[a-z<>&;!\[\]/?= ]*").map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """The reader has no other error for any bytes of a client."""
    with contextlib.suppress(MnsError):
        element = xml.read(body)
        assert element.name
        assert xml.read(xml.write((element.name, element.text)).encode()).text == element.text


@settings(max_examples=50)
@given(body=XML_TEXT.filter(bool))
def test_body_survives_the_wire(shared_client: RawClient, body: str) -> None:
    """The received body and its MD5 are those of the sent text."""
    shared_client.create_queue("wire")
    sent = shared_client.call("POST", "/queues/wire/messages", document("Message", MessageBody=body))
    received = shared_client.receive("wire")
    assert received.text("MessageBody") == body
    assert received.text("MessageBodyMD5") == sent.text("MessageBodyMD5")
    handle = received.text("ReceiptHandle")
    assert shared_client.call("DELETE", f"/queues/wire/messages?ReceiptHandle={handle}").status == 204


@given(MESSAGE_IDS, TIMES_MS, TIMES_MS, st.integers(1, 2**40))
def test_receipt_handle_is_safe_in_a_query(message_id: str, now_ms: int, invisible_ms: int, serial: int) -> None:
    """Clients do not escape it: it has neither a plus nor a slash, and the id of its message."""
    handle = mint_handle(message_id, now_ms, invisible_ms, serial)
    assert re.fullmatch("[A-Za-z0-9=-]+", handle)
    assert message_id_of(handle) == message_id
    assert mint_handle(message_id, now_ms, invisible_ms, serial + 1) != handle


@given(st.text(string.printable) | MESSAGE_IDS | st.tuples(MESSAGE_IDS, st.text(string.printable)).map("-".join))
def test_malformed_receipt_handle_is_refused(text: str) -> None:
    """A malformed handle has another error than an unknown one."""
    with pytest.raises(MnsError, match="ReceiptHandleError"):
        message_id_of(text)


class Model:
    """What the specification says of one message, in the simplest terms; times in milliseconds."""

    def __init__(self, body: str, priority: int, now_ms: int, delay_s: int) -> None:
        self.body = body
        self.priority = priority
        self.enqueued_ms = now_ms
        self.visible_ms = now_ms + delay_s * 1000
        self.received = 0
        self.handle = ""

    def state(self, now_ms: int) -> str:
        """Return active, inactive or delayed."""
        if now_ms >= self.visible_ms:
            return "active"
        return "inactive" if self.received else "delayed"


class QueueLaws(RuleBasedStateMachine):
    """A queue and its dead-letter queue against the model."""

    VISIBILITY_S, RETENTION_S, RECEIVES = 30, 200, 3
    handles = Bundle("handles")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.service = MessageService(LOCAL_ACCOUNT, self.clock)
        attributes = QueueAttributes(visibility_timeout=self.VISIBILITY_S, message_retention_period=self.RETENTION_S)
        self.service.queues.create_queue("q", attributes, DeadLetterPolicy("dead", self.RECEIVES))
        self.service.queues.create_queue("dead", QueueAttributes(message_retention_period=2 * self.RETENTION_S))
        self.alive: dict[str, Model] = {}
        self.dead: dict[str, Model] = {}
        self.number = 0

    @property
    def now_ms(self) -> int:
        """Return the time of the clock."""
        return self.service.queues.now_ms()

    @rule(target=handles, delay_s=st.sampled_from([0, 0, 7, 40, 500]), priority=st.integers(1, 16))
    def send(self, delay_s: int, priority: int) -> str:
        """Send a new message; it has a handle if delayed."""
        self.number += 1
        model = Model(f"message {self.number}", priority, self.now_ms, delay_s)
        sent = self.service.queues.send("q", model.body, delay_seconds=delay_s, priority=priority)
        assert bool(sent.receipt_handle) == (delay_s > 0)
        model.handle = sent.receipt_handle
        self.alive[sent.message_id] = model
        return sent.receipt_handle

    @rule(target=handles, count=st.integers(1, 16))
    def receive(self, count: int) -> str:
        """Receive only active messages, as many as there are up to `count`, the most urgent first."""
        active = [model for model in self.alive.values() if model.state(self.now_ms) == "active"]
        received = asyncio.run(self.service.queues.receive("q", count, 0))
        assert len(received) == min(count, len(active))
        assert [message.priority for message in received] == sorted(model.priority for model in active)[: len(received)]
        for message in received:
            model = self.alive[message.message_id]
            assert model.state(self.now_ms) == "active"
            model.received += 1
            model.visible_ms = self.now_ms + self.VISIBILITY_S * 1000
            model.handle = message.receipt_handle
            assert (message.body, message.dequeue_count) == (model.body, model.received)
            assert message.next_visible_time_ms == model.visible_ms
        return received[0].receipt_handle if received else ""

    @rule(target=handles, handle=handles, seconds=st.integers(1, 90))
    def change_visibility(self, handle: str, seconds: int) -> str:
        """Change visibility, which only the current handle of the message can."""
        model = self.holder(handle)
        if model is None:
            self.refused(lambda: self.service.queues.change_visibility("q", handle, seconds))
            return handle
        changed = self.service.queues.change_visibility("q", handle, seconds)
        model.visible_ms = self.now_ms + seconds * 1000
        model.handle = changed.receipt_handle
        return changed.receipt_handle

    @rule(handle=consumes(handles))
    def delete(self, handle: str) -> None:
        """Delete, which only the current handle of the message can."""
        model = self.holder(handle)
        if model is None:
            self.refused(lambda: self.service.queues.delete("q", handle))
            return
        self.service.queues.delete("q", handle)
        self.alive = {key: each for key, each in self.alive.items() if each is not model}

    @rule()
    def peek(self) -> None:
        """Return active messages, unchanged."""
        active = sum(model.state(self.now_ms) == "active" for model in self.alive.values())
        assert len(self.service.queues.peek("q", 16)) == min(active, 16)

    @precondition(lambda self: self.alive or self.dead)
    @rule(seconds=st.sampled_from([0.5, 7, 29.999, 30, 60, 199.9]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass; the model follows each message."""
        self.clock.advance(seconds)
        for message_id, model in list(self.alive.items()):
            expires_ms = model.enqueued_ms + self.RETENTION_S * 1000
            if model.received >= self.RECEIVES and model.visible_ms <= self.now_ms and model.visible_ms < expires_ms:
                self.dead[message_id] = self.alive.pop(message_id)
            elif expires_ms <= self.now_ms:
                del self.alive[message_id]
        self.dead = {
            key: model
            for key, model in self.dead.items()
            if model.enqueued_ms + 2 * self.RETENTION_S * 1000 > self.now_ms
        }

    @invariant()
    def every_message_is_in_one_place_and_state(self) -> None:
        """Compare all messages of both queues with the model."""
        held = {message.message_id: (message.body, state) for message, state in self.service.queues.messages("q")}
        expected = {key: (model.body, model.state(self.now_ms)) for key, model in self.alive.items()}
        assert held == expected
        letters = [
            {each.name: each.value for each in message.system_properties}["DLQOriginMessageId"]
            for message, _ in self.service.queues.messages("dead")
        ]
        assert sorted(letters) == sorted(self.dead)

    def holder(self, handle: str) -> Model | None:
        """Return the message of which `handle` is the current handle."""
        holding = (m for m in self.alive.values() if m.handle == handle and m.state(self.now_ms) != "active")
        return next(holding, None) if handle else None

    def refused(self, act: Callable[[], object]) -> None:
        """Expect the engine to refuse."""
        with pytest.raises(MnsError, match=r"MessageNotExist|ReceiptHandleError"):
            act()


QueueLaws.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestQueueLaws = QueueLaws.TestCase
