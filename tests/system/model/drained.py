"""The request queue as a drain sees it during one delivery: it hands out one batch, hides and deletes, or fails to.

A message that is not deleted is there for the next delivery, as it would be once its visibility timeout has ended.
"""

from collections.abc import Mapping, Sequence

from handler.smq.client import Received, SmqError
from tests.system.model.choices import Choices
from tests.system.model.cloud import ScheduledCloud
from tests.system.model.faults import DELETE_FAULTS, HIDE_FAULTS, Killed, SmqFault
from tests.system.model.state import Copy


class DrainedQueue:
    """What a `QueueDrain` needs of an `Smq`; `copies` and `texts` are the messages of its one batch by their ids."""

    def __init__(
        self, copies: Mapping[str, Copy], texts: Mapping[str, str], cloud: ScheduledCloud, choices: Choices
    ) -> None:
        self.is_disturbed = False
        self._copies = copies
        self._texts = dict(texts)
        self._cloud = cloud
        self._choices = choices

    def receive(self, _queue: str, *, wait_seconds: int) -> tuple[Received, ...]:
        """Return all of the batch, and then nothing more."""
        received = tuple(Received(each, text, each, 0) for each, text in self._texts.items())
        self._texts.clear()
        if not received:
            self._cloud.sleep(wait_seconds)
        return received

    def change_visibility(self, _queue: str, receipt_handle: str, _seconds: int) -> str:
        """Return the handle, or raise the failure that the schedule has for it."""
        self._suffer(self._choices.fault(HIDE_FAULTS))
        return receipt_handle

    def delete(self, _queue: str, receipt_handles: Sequence[str]) -> None:
        """Take messages from the queue, unless the schedule wants it otherwise."""
        fault = self._choices.fault(DELETE_FAULTS)
        if fault is None or fault.accepted:
            self._cloud.delete([self._copies[each] for each in receipt_handles])
        self._suffer(fault)

    def _suffer(self, fault: SmqFault | None) -> None:
        if fault is None:
            return
        self.is_disturbed = True
        if fault.code is None:
            raise Killed
        raise SmqError(fault.code, transient=fault.transient)
