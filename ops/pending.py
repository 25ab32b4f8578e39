"""Messages that were sent and have no outcome yet, and the outcomes that settle them.

An outcome belongs to the message whose id it bears. A request that was deferred travels on in a new message, so after
that the outcome of an unknown message with the same requestId is its own. Somebody else's outcomes stay in the queue.
"""

from collections.abc import Callable, Iterable, Iterator

from ops.outcomes import Mailbox, Outcome, arrivals


class Pending:
    """The ids of the messages that wait for their outcome."""

    def __init__(self, message_ids: Iterable[str]) -> None:
        self._messages = set(message_ids)
        self._deferred: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def take(self, outcome: Outcome) -> str | None:
        """The message that this outcome settles, which then waits no longer; None if it settles none."""
        of_message = outcome.message_id in self._messages
        if not outcome.is_final:
            if of_message:
                self._deferred[outcome.subject] = outcome.message_id
            return None
        message_id = outcome.message_id if of_message else self._deferred.pop(outcome.subject, None)
        self._messages.discard(message_id or "")
        return message_id


def settle(results: Mailbox, pending: Pending, seconds_left: Callable[[], float]) -> Iterator[tuple[str, Outcome]]:
    """The final outcome of each pending message as it comes, until all have theirs or no seconds are left.

    What was yielded is deleted from the queue once the whole poll has been looked at.
    """
    for arrived in arrivals(results, lambda: seconds_left() if len(pending) else 0.0):
        done = []
        for arrival in arrived:
            message_id = pending.take(arrival.outcome) if arrival.outcome else None
            if arrival.outcome and message_id:
                yield message_id, arrival.outcome
                done.append(arrival.message.receipt_handle)
        if done:
            results.delete(done)
