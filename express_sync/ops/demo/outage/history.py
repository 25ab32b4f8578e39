"""What one request of the drill goes through: its outcomes in their order, and how they differ from what is expected.

Pure; it must not know clouds, queues or where it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from express_sync.ops.demo.outage.plan import Outage
from express_sync.ops.outcomes.reader import Outcome


@dataclass(slots=True)
class Course:
    """A request, every verdict it was told, oldest first, and whether its group was there in the end."""

    request: Mapping[str, str]
    outage: Outage
    is_sent: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    is_there: bool = False

    @property
    def last(self) -> Outcome | None:
        """The verdict that holds, None before the first one."""
        return self.outcomes[-1] if self.outcomes else None

    @property
    def statuses(self) -> list[str]:
        """What it was told, one status after the other."""
        return [outcome.status for outcome in self.outcomes]

    @property
    def deferrals(self) -> int:
        """How often it was put off."""
        return self.statuses.count("deferred")

    @property
    def is_final(self) -> bool:
        """Whether nothing more comes by itself."""
        return self.last is not None and self.last.is_final

    @property
    def is_done(self) -> bool:
        """Whether it has its group, as far as it was told."""
        return self.last is not None and self.last.status == "succeeded"

    @property
    def replay_id(self) -> str:
        """The id of the replay that the last verdict came by, empty if it was none."""
        return str(self.last.data.get("replayId", "")) if self.last else ""

    @property
    def hint(self) -> str:
        """What the last verdict advises a person to do, empty if nothing."""
        return str(self.last.data.get("error", {}).get("hint", "")) if self.last else ""

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds from the start of the first work on it to the last verdict; 0 before any."""
        if not self.outcomes:
            return 0
        started, finished = (
            _moment(outcome.data["timings"][end])
            for outcome, end in ((self.outcomes[0], "startedAt"), (self.outcomes[-1], "finishedAt"))
        )
        return round((finished - started).total_seconds() * 1000)

    def seconds_to_next(self, now: datetime) -> float | None:
        """Seconds until a deferred request is tried again, None for any other."""
        if self.last is None or self.last.is_final:
            return None
        return (_moment(self.last.data["nextAttemptAt"]) - now).total_seconds()

    def take(self, outcome: Outcome) -> None:
        """Put an outcome in its place; a repeated announcement of a verdict says nothing new."""
        if outcome.identity not in {known.identity for known in self.outcomes}:
            self.outcomes = sorted((*self.outcomes, outcome), key=lambda each: str(each.event["time"]))

    def surprises(self) -> list[str]:
        """How it went otherwise than expected, a phrase for each difference."""
        if not self.outcomes:
            return ["no outcome came in time" if self.is_sent else "was never sent"]
        return list(self._differences())

    def document(self) -> dict[str, Any]:
        """The course for scripts."""
        last = {"status": self.last.status, "elapsedMs": self.elapsed_ms} if self.last else {}
        group = {"expressSyncId": self.last.data["expressSyncId"]} if self.last and self.is_done else {}
        replay = {"replayId": self.replay_id} if self.replay_id else {}
        surprises = self.surprises()
        return {
            "request": self.request["requestId"],
            "outage": self.outage.code,
            "statuses": self.statuses,
            **last,
            "deferrals": self.deferrals,
            **replay,
            **group,
            "asExpected": not surprises,
            "surprises": surprises,
        }

    def _differences(self) -> Iterator[str]:
        told, outage = self.statuses, self.outage
        if not outage.statuses.fullmatch(" ".join(told)):
            yield f"was told {', '.join(told)}; expected {outage.expected}"
        if codes := {outcome.error_code for outcome in self.outcomes} - {"", outage.code}:
            yield f"met {', '.join(sorted(codes))}; expected {outage.code}"
        if self.is_done and bool(self.replay_id) != outage.needs_replay:
            yield f"succeeded {'without a' if outage.needs_replay else 'by a'} replay"
        if self.is_done and not self.is_there:
            yield "succeeded, but there is no such group"


def courses(outage: Outage) -> list[Course]:
    """The course of each request of an outage, before it begins."""
    return [Course(request, outage) for request in outage.requests]


def distribute(outcomes: Iterable[Outcome], among: Sequence[Course]) -> None:
    """Give each outcome to the course of its request; what belongs to none is somebody else's."""
    by_request = {course.request["requestId"]: course for course in among}
    for outcome in outcomes:
        course = by_request.get(outcome.subject)
        if course:
            course.take(outcome)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
