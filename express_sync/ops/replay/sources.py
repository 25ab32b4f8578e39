"""Sources of failures: the failure queue, the dead-letter queue, or a file of outcomes.

Queues are read in batches and files line by line, so that memory does not limit the number of failures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Protocol

from express_sync.ops.queues.client import Queue
from express_sync.ops.queues.leases import LeasedMessages
from express_sync.ops.replay.failures import Failure, NotAFailure, dead_letter, read
from express_sync.ops.requests.files import texts
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.signals import defer_interrupt
from express_sync.ops.terminal.suggestions import closest
from handler.inbound.envelope import parse_message
from handler.smq.client import Received, SmqError

FAILURES, DEAD_LETTERS = "failures", "dead-letters"
_MIN_SIMILARITY = 0.8
Contents = tuple[Failure | NotAFailure, ...]
Reader = Callable[[Received], Contents]


def _outcome(message: Received) -> Contents:
    return (read(message.body),)


def _dead_letters(message: Received) -> Contents:
    """Return every delivery in a dead letter: a request, or an envelope that a trigger has abandoned."""
    since = datetime.fromtimestamp(message.enqueued_at_ms / 1000, timezone.utc)
    return tuple(
        dead_letter(f"{message.message_id} {each.message_id}", each.document, each.lineage.attributes, since)
        for each in parse_message(message.message_id, message.body)
    )


# The queues that can be a source, and what reads their messages.
QUEUES: Mapping[str, tuple[Callable[[Target], Queue], Reader]] = {
    FAILURES: (lambda target: target.failures, _outcome),
    DEAD_LETTERS: (lambda target: target.dead_letters, _dead_letters),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A message or a line, and every failure in it: a dead letter may contain a whole batch."""

    place: str
    key: str
    contents: Contents


class Source(Protocol):
    """Returns failures a few at a time; `settle` deletes those that are done.

    `held` is the number of messages that other readers held, as far as it is known when all have been taken.
    """

    @property
    def held(self) -> int: ...

    def take(self, count: int) -> Sequence[Found]: ...

    def settle(self, done: Sequence[Found]) -> None: ...


class QueueSource:
    """Reads a queue through leases, each message once."""

    def __init__(self, messages: LeasedMessages, read_message: Reader, expected: int) -> None:
        self._messages = messages
        self._read = read_message
        self._expected = expected
        self._taken = 0

    @property
    def held(self) -> int:
        """Return how many of the messages that were there at the start were not received."""
        return max(0, self._expected - self._taken)

    def take(self, count: int) -> Sequence[Found]:
        """Return up to `count` messages, at most 16; none at the end of the queue."""
        with defer_interrupt():  # else messages just received would not be returned
            received = self._messages.receive_new(count)
        self._taken += len(received)
        return [self._found(message) for message in received]

    def settle(self, done: Sequence[Found]) -> None:
        """Delete these messages from the queue."""
        if done:
            self._messages.delete([each.key for each in done])

    def _found(self, message: Received) -> Found:
        return Found(f"Message {message.message_id}", message.message_id, self._read(message))


class FileSource:
    """Reads the lines of a file, which is never changed."""

    held = 0

    def __init__(self, path: str) -> None:
        self._texts = texts(path)

    def take(self, count: int) -> Sequence[Found]:
        """Return up to `count` lines; none at the end."""
        return [Found(text.place, text.place, (read(text.text),)) for text in islice(self._texts, count)]

    def settle(self, done: Sequence[Found]) -> None:
        """Do nothing."""


def description(source: str) -> str:
    """Return what to call a source in a sentence."""
    names = {FAILURES: "the failure queue", DEAD_LETTERS: "the dead-letter queue", "-": "standard input"}
    return names.get(source, source)


@contextmanager
def opened(target: Target | None, name: str) -> Iterator[Source]:
    """Open a source by the name of a queue in QUEUES, or by the path of a file, for which no target is needed.

    Messages that were received and not settled are returned to their queue at the end in any case.
    """
    if target is None or name not in QUEUES:
        _check_spelling(name)
        yield FileSource(name)
        return
    queue_of, read_message = QUEUES[name]
    queue = queue_of(target)
    expected = _count(target, queue.name)
    with _leased(queue) as messages:
        yield QueueSource(messages, read_message, expected)


def _check_spelling(name: str) -> None:
    """Refuse a name that is not a file, and probably a misspelt queue. CliError."""
    similar = "" if Path(name).exists() else closest(name, QUEUES, _MIN_SIMILARITY)
    if similar:
        raise CliError(f"The file {name} does not exist; did you mean --from {similar}? Correct it.")


def _count(target: Target, queue: str) -> int:
    """Return how many messages a queue has, those that other readers hold included; 0 if it cannot be seen."""
    try:
        state = target.queue_admin.state(queue)
    except SmqError:
        return 0
    return state.visible + state.hidden


@contextmanager
def _leased(queue: Queue) -> Iterator[LeasedMessages]:
    messages = LeasedMessages(queue)
    try:
        yield messages
    finally:
        with defer_interrupt():
            hidden = messages.return_all()
            if hidden:
                count = output.counted(hidden, "message")
                output.notice(
                    f"{count} could not be returned, and will be visible after the queue's visibility timeout."
                )
