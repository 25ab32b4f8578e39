"""Where failures come from: the failure queue, the dead-letter queue, or a file of outcomes.

Queues are borrowed from, files read line by line, so that any number of failures fits in memory. It must not know what
is done with a failure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import Protocol

from express_sync.ops.queues.client import Queue
from express_sync.ops.queues.leases import Loan
from express_sync.ops.requests.files import texts
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.signals import defer_interrupt
from handler.failures import Failure, Stranger, dead_letter, read
from handler.inbound.envelope import parse_message
from handler.smq.client import Received

FAILURES, DEAD_LETTERS = "failures", "dead-letters"
QUEUES: Mapping[str, Callable[[Target], Queue]] = {
    FAILURES: lambda target: target.failures,
    DEAD_LETTERS: lambda target: target.dead_letters,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A message or a line, and every failure in it: a dead letter may hold a whole batch."""

    place: str
    key: str
    contents: tuple[Failure | Stranger, ...]


class Source(Protocol):
    """Failures, a few at a time; `settle` takes away for good what need not come again."""

    @property
    def name(self) -> str: ...

    def take(self, count: int) -> Sequence[Found]: ...

    def settle(self, done: Sequence[Found]) -> None: ...


class BorrowedSource:
    """A queue on loan: messages, none of them twice."""

    def __init__(self, name: str, loan: Loan) -> None:
        self.name = name
        self._loan = loan

    def take(self, count: int) -> Sequence[Found]:
        """Up to `count` messages, at most 16; none at the end of the queue."""
        with defer_interrupt():  # else what the queue has just handed out would be in nobody's hand
            received = self._loan.borrow(count)
        return [self._found(message) for message in received]

    def settle(self, done: Sequence[Found]) -> None:
        """Delete these from the queue."""
        if done:
            self._loan.delete([each.key for each in done])

    def _found(self, message: Received) -> Found:
        contents = _outcome(message) if self.name == FAILURES else _dead_letters(message)
        return Found(f"Message {message.message_id}", message.message_id, contents)


class FileSource:
    """The lines of a file; reading them again finds them again, so nothing needs settling."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._texts = texts(path)

    def take(self, count: int) -> Sequence[Found]:
        """The next `count` lines at most; none at the end."""
        return [Found(text.place, text.place, (read(text.text),)) for text in islice(self._texts, count)]

    def settle(self, done: Sequence[Found]) -> None:
        """Leave the file as it is."""


@contextmanager
def opened(target: Target | None, name: str) -> Iterator[Source]:
    """The source of this name, given back in the end whatever happens: a queue's role here, or else a file's path.

    Only a queue is one of a target's.
    """
    if target is None or name not in QUEUES:
        yield FileSource(name)
        return
    with _on_loan(QUEUES[name](target)) as loan:
        yield BorrowedSource(name, loan)


@contextmanager
def _on_loan(queue: Queue) -> Iterator[Loan]:
    loan = Loan(queue)
    try:
        yield loan
    finally:
        with defer_interrupt():
            kept = loan.give_back()
            if kept:
                output.notice(
                    f"Not given back: {output.counted(kept, 'message')}, back when the queue's visibility timeout ends."
                )


def _outcome(message: Received) -> tuple[Failure | Stranger, ...]:
    return (read(message.body),)


def _dead_letters(message: Received) -> tuple[Failure | Stranger, ...]:
    """Every delivery in a dead letter: a request, or an envelope that a trigger has given up."""
    since = datetime.fromtimestamp(message.enqueued_at_ms / 1000, timezone.utc)
    return tuple(
        dead_letter(f"{message.message_id} {each.message_id}", each.document, each.lineage.attributes, since)
        for each in parse_message(message.message_id, message.body)
    )
