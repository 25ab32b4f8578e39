"""Reads the messages that wait in a queue, and leaves them there for its other readers."""

import time
from dataclasses import dataclass, field

from express_sync.ops.queues.admin import QueueAdmin
from express_sync.ops.queues.client import Queue
from express_sync.ops.queues.leases import LeasedMessages
from express_sync.ops.terminal.signals import defer_interrupt

MAX_WAITING = 2000
PATIENCE_SECONDS = 5.0  # for messages that another command has received and is about to return
_BATCH = 16


@dataclass(slots=True)
class Waiting:
    """The bodies of messages, and how many could not be read: more than MAX_WAITING, or held by another reader."""

    bodies: list[str] = field(default_factory=list)
    unread: int = 0
    held: int = 0


def read_waiting(queue: Queue, admin: QueueAdmin) -> Waiting:
    """Receive the messages of a queue and return them to it. SmqError."""
    found = Waiting()
    state = admin.state(queue.name)
    expected = state.visible + state.hidden
    if not expected:
        return found
    messages = LeasedMessages(queue)
    try:
        _read(messages, min(expected, MAX_WAITING), found)
    finally:
        with defer_interrupt():
            messages.return_all()
    missing = max(0, expected - len(found.bodies))
    found.unread = missing if expected > MAX_WAITING else 0
    found.held = missing - found.unread
    return found


def _read(messages: LeasedMessages, expected: int, found: Waiting) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while len(found.bodies) < expected:
        with defer_interrupt():
            received = messages.receive_new(_BATCH)
        found.bodies += [message.body for message in received]
        if received:
            until = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > until:
            return
