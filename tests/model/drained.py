"""The request queue as a drain sees it during one delivery: it hands out one batch, hides and deletes, or fails to.

A message that is not deleted is there for the next delivery, as it would be once its visibility timeout has ended.
"""

import json
from collections.abc import Sequence
from typing import Any

from handler.lineage import Lineage, sent_again
from handler.smq import Received, SmqError
from tests.model.choices import Choices
from tests.model.cloud import ScheduledCloud
from tests.model.faults import DELETE_FAULTS, HIDE_FAULTS, Killed, SmqFault
from tests.model.state import Copy


class DrainedQueue:
    """What a `Drain` needs of an `Smq`; `copies` are the messages of its one batch by their ids."""

    def __init__(
        self, document: dict[str, Any], copies: Sequence[Copy], cloud: ScheduledCloud, choices: Choices
    ) -> None:
        self.copies = {f"message-{place}": copy for place, copy in enumerate(copies)}
        self._document = document
        self._cloud = cloud
        self._choices = choices
        self._visible = list(self.copies)

    def receive(self, _queue: str, *, wait_seconds: int) -> tuple[Received, ...]:
        """All of the batch, and then nothing more."""
        received = tuple(Received(each, self._body(self.copies[each]), each, 1, 0) for each in self._visible)
        self._visible.clear()
        if not received:
            self._cloud.sleep(wait_seconds)
        return received

    def change_visibility(self, _queue: str, receipt_handle: str, _seconds: int) -> str:
        """The handle, or the failure that the schedule has for it."""
        self._suffer(self._choices.fault(HIDE_FAULTS))
        return receipt_handle

    def delete(self, _queue: str, receipt_handles: Sequence[str]) -> None:
        """Take messages from the queue, unless the schedule wants it otherwise."""
        fault = self._choices.fault(DELETE_FAULTS)
        if fault is None or fault.accepted:
            self._cloud.delete([self.copies[each] for each in receipt_handles])
        self._suffer(fault)

    def _suffer(self, fault: SmqFault | None) -> None:
        if fault is None:
            return
        if fault.code is None:
            raise Killed
        raise SmqError(fault.code, transient=fault.transient)

    def _body(self, copy: Copy) -> str:
        if not copy.generation:
            return json.dumps(self._document)
        return sent_again(self._document, Lineage(generation=copy.generation), "model", "deferral")
