"""The history of one request of the demo: its outcomes in order, and how they differ from what is expected."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from express_sync.ops.demo.scenario import Sample
from express_sync.ops.outcomes.reader import Outcome

_COPIED = ("status", "disposition", "expressSyncId", "violations")


@dataclass(slots=True)
class History:
    """A sample, the outage it was sent in, its submission, its outcomes (oldest first), whether its group exists."""

    sample: Sample
    outage: str = ""
    submission_id: str = ""
    outcomes: list[Outcome] = field(default_factory=list)
    is_over: bool = False
    has_group: bool = True

    @property
    def last(self) -> Outcome | None:
        """Return the latest outcome, None before the first one."""
        return self.outcomes[-1] if self.outcomes else None

    @property
    def statuses(self) -> list[str]:
        """Return the status of each outcome."""
        return [outcome.status for outcome in self.outcomes]

    @property
    def deferrals(self) -> int:
        """Return how many times the request was deferred."""
        return self.statuses.count("deferred")

    @property
    def attempts(self) -> int:
        """Return the number of create calls so far."""
        return sum(int(outcome.data["attempts"]) for outcome in self.outcomes)

    @property
    def is_final(self) -> bool:
        """Return whether no further outcome follows automatically."""
        return self.last is not None and self.last.is_final

    @property
    def is_succeeded(self) -> bool:
        """Return whether the latest outcome is a success."""
        return self.last is not None and self.last.status == "succeeded"

    @property
    def group_id(self) -> str:
        """Return the id of the group that the latest outcome names, empty if it names none."""
        return str(self.last.data.get("expressSyncId", "")) if self.last else ""

    @property
    def hint(self) -> str:
        """Return the advice in the latest outcome, or an empty text."""
        return str(self.last.data.get("error", {}).get("hint", "")) if self.last else ""

    @property
    def elapsed_ms(self) -> int:
        """Return the milliseconds from the start of the first attempt to the latest outcome."""
        if len(self.outcomes) < 2:
            return self.last.elapsed_ms if self.last else 0
        started, finished = (
            _moment(outcome.data["timings"][end])
            for outcome, end in ((self.outcomes[0], "startedAt"), (self.outcomes[-1], "finishedAt"))
        )
        return round((finished - started).total_seconds() * 1000)

    def seconds_to_next(self, now: datetime) -> float | None:
        """Return the seconds until a deferred request is tried again, None if the request is not deferred."""
        if self.last is None or self.last.is_final:
            return None
        return (_moment(self.last.data["nextAttemptAt"]) - now).total_seconds()

    def add(self, outcome: Outcome) -> None:
        """Insert an outcome in the order of time; ignore a further copy of the same event."""
        if outcome.identity not in {known.identity for known in self.outcomes}:
            self.outcomes = sorted((*self.outcomes, outcome), key=lambda each: str(each.event["time"]))

    def differences(self) -> list[str]:
        """Return every difference from what is expected, as phrases."""
        if not self.outcomes:
            return ["no outcome came in time" if self.submission_id else "was never sent"]
        observed = self._observed()
        different = [
            f"{key} is {observed.get(key)}, expected {expected}"
            for key, expected in self.sample.expected.items()
            if not _matches(key, observed.get(key), expected)
        ]
        return different if self.has_group else [*different, "succeeded, but the group does not exist"]

    def document(self) -> dict[str, Any]:
        """Return the history as a JSON object."""
        data = self.last.data if self.last else {}
        differences = self.differences()
        facts = {
            "outage": self.outage,
            **{key: data[key] for key in _COPIED if key in data},
            "error": self.last.error_code if self.last else "",
            "replayId": self.last.replay_id if self.last else "",
        }
        return {
            "request": self.sample.name,
            "shows": self.sample.shows,
            "statuses": self.statuses,
            **{key: fact for key, fact in facts.items() if fact},
            **({"attempts": self.attempts, "elapsedMs": self.elapsed_ms} if self.last else {}),
            "deferrals": self.deferrals,
            "asExpected": not differences,
            "surprises": differences,
        }

    def _observed(self) -> dict[str, Any]:
        *before, last = self.outcomes
        return {
            **last.data,
            "error": last.error_code,
            "history": " ".join(self.statuses),
            "errorBefore": ", ".join(sorted({outcome.error_code for outcome in before})),
            "replayed": bool(last.replay_id),
        }


def _matches(key: str, observed: object, expected: str | int) -> bool:
    if key == "history":
        return re.fullmatch(str(expected), str(observed)) is not None
    return observed == expected


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
