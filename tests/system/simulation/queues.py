"""A queue of messages in virtual time.

Reproduces: delay and visibility timeout, retention that runs from sending on, also while a message is delayed or
hidden, the limit of receptions after which a message moves to the dead letter queue, the size limit. Does not
reproduce: the order of messages beyond that of their visibility, priorities, faults.
"""

from dataclasses import dataclass, field
from itertools import count
from math import inf

from express_sync.local.template import deployment
from tests.system.simulation.virtual_time import Alarm, VirtualTime


@dataclass(slots=True)
class Message:
    """A message in a queue; instants in virtual seconds. `handle` changes with each reception."""

    message_id: str
    body: str
    expires_at: float
    visible_at: float
    received: int = 0
    handle: str = ""


@dataclass(slots=True)
class Queue:
    """The queue that is declared so; `sent` counts its messages ever, `expired` those that were not deleted in time."""

    declared: deployment.Queue
    time: VirtualTime
    dead_letters: "Queue | None" = None
    sent: int = 0
    expired: int = 0
    messages: dict[str, Message] = field(default_factory=dict)
    _ids: "count[int]" = field(default_factory=count)
    _handles: "count[int]" = field(default_factory=count)
    _watchers: list[Alarm] = field(default_factory=list)

    def send(self, body: str, delay_seconds: int = 0) -> str:
        """Return the id of a new message, hidden for the delay."""
        assert len(body.encode()) <= self.declared.maximum_message_size
        assert 0 <= delay_seconds <= 604800
        message_id = f"{self.declared.name}-{next(self._ids)}"
        now = self.time.now
        visible_at = now + delay_seconds
        self.messages[message_id] = Message(message_id, body, now + self.declared.message_retention_period, visible_at)
        self.sent += 1
        for watcher in self._watchers:
            self.time.set(watcher, visible_at)
        return message_id

    def receive(self, most: int, hidden_seconds: float = inf) -> list[Message]:
        """Return up to `most` visible messages and hide them."""
        self._expire()
        found = sorted(
            (each for each in self.messages.values() if self._is_visible(each)), key=lambda each: each.visible_at
        )
        taken: list[Message] = []
        for message in found:
            if len(taken) == most:
                break
            if not self._is_moved(message):
                message.received += 1
                self.hide(message, hidden_seconds)
                taken.append(message)
        return taken

    def held(self, handle: str) -> Message | None:
        """Return the hidden message of this handle, None if the handle is not valid any more."""
        return next(
            (each for each in self.messages.values() if each.handle == handle and not self._is_visible(each)), None
        )

    def hide(self, message: Message, seconds: float) -> str:
        """Hide a message from now on and return its new handle."""
        message.visible_at = self.time.now + seconds
        message.handle = f"handle-{next(self._handles)}"
        return message.handle

    def delete(self, message: Message) -> None:
        """Delete a message, unless it has expired."""
        self.messages.pop(message.message_id, None)

    def await_message(self, most_seconds: float) -> None:
        """Return when a message becomes visible, or after so many seconds."""
        alarm = Alarm()
        instants = [message.visible_at for message in self.messages.values()]
        self.time.set(alarm, min([self.time.now + most_seconds, *instants]))
        self._watchers.append(alarm)
        self.time.wait(alarm)
        self._watchers.remove(alarm)

    def shows_any(self) -> bool:
        """Return whether a message is visible."""
        return any(self._is_visible(each) for each in self.messages.values())

    def _is_visible(self, message: Message) -> bool:
        return message.visible_at <= self.time.now

    def _is_moved(self, message: Message) -> bool:
        policy = self.declared.dead_letters
        if policy is None or self.dead_letters is None or message.received < policy.max_receive_count:
            return False
        self.delete(message)
        self.dead_letters.send(message.body)
        return True

    def _expire(self) -> None:
        for message in [each for each in self.messages.values() if each.expires_at <= self.time.now]:
            self.delete(message)
            self.expired += 1
