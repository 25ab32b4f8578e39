"""Carries out an order: which queues it means, and what its giver is told. It must not know who gave it, or how."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handler.config import PREFIX, Settings
from handler.drain import Drain, Work
from handler.orders import DrainOrder, Misunderstood, Order, ReplayOrder
from handler.provisioning.provisioner import Deadlines
from handler.queue import RequestQueue
from handler.redrive import Redrive
from handler.replay import wrong_edits
from handler.smq.senders import LONGEST_CALL_SECONDS, Persistence

_DRAINABLE = {"requests": "request_queue", "deadLetters": "dead_letter_queue"}


@dataclass(frozen=True, slots=True)
class Duties:
    """What the function does besides working what it is handed; `work` announces the outcomes of deliveries."""

    settings: Settings
    persistence: Persistence
    work: Work
    utc_now: Callable[[], datetime]

    def carry_out(self, order: Order, deadlines: Deadlines) -> dict[str, Any]:
        """What was done, in numbers, and the `code` of what ended it early; or `refused`, with a sentence."""
        match order:
            case Misunderstood(why):
                return {"refused": why}
            case DrainOrder(queue):
                return self._unset(_DRAINABLE[queue]) or self._drain(_DRAINABLE[queue], deadlines)
            case replay:
                refused = self._unset("failure_queue", "request_queue") or _wrong(replay)
                return refused or self._replay(replay, deadlines)

    def _drain(self, setting: str, deadlines: Deadlines) -> dict[str, Any]:
        smq = self.persistence.smq.within(LONGEST_CALL_SECONDS)
        done = Drain(smq, getattr(self.settings, setting), self.work, self.persistence.clock).run(deadlines)
        return {"finished": done.finished, "left": done.left, **_ended_by(done.code)}

    def _replay(self, order: ReplayOrder, deadlines: Deadlines) -> dict[str, Any]:
        smq = self.persistence.smq.within(LONGEST_CALL_SECONDS)
        requests = RequestQueue(self.persistence, self.settings.request_queue)
        redrive = Redrive(smq, self.settings.failure_queue, requests, self.persistence.clock)
        done = redrive.run(order, self.utc_now(), deadlines)
        counts = {"found": done.found, "replayed": done.replayed, "refused": done.refused, "left": done.left}
        strangers = {"unreadable": done.unreadable, "noFailures": done.no_failures}
        return {**counts, **strangers, "dryRun": order.dry_run, **_ended_by(done.code)}

    def _unset(self, *settings: str) -> dict[str, Any]:
        """The refusal if a queue is not named by its setting, else nothing."""
        missing = [f"{PREFIX}{name.upper()}" for name in settings if not getattr(self.settings, name)]
        return {"refused": f"The function needs the setting {' and '.join(missing)} for that."} if missing else {}


def _wrong(order: ReplayOrder) -> dict[str, Any]:
    """The refusal if no request may have the new values, else nothing."""
    wrong = "; ".join(f"{each.path} {each.message}".rstrip(".") for each in wrong_edits(order.edits))
    return {"refused": f"No request may be changed like that: {wrong}."} if wrong else {}


def _ended_by(code: str) -> dict[str, Any]:
    return {"code": code} if code else {}
