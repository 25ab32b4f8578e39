"""The plan of the calls of a batch, made before it begins; data only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from handler.inbound.request_event import Lineage
from tests.system.model.faults import CreateFault, LookupFault, SmqFault

F = TypeVar("F")
FIRST = Lineage()


@dataclass(frozen=True, slots=True)
class Step(Generic[F]):
    """How one call goes: its fault if any, seconds until it takes effect, seconds from then to the answer.

    A caller with a shorter timeout gets no answer, and what takes effect later is a late commit.
    """

    fault: F | None = None
    there_seconds: float = 0.1
    back_seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How the first calls of one delivery go, in order; the rest goes well."""

    creates: tuple[Step[CreateFault], ...] = ()
    lookups: tuple[Step[LookupFault], ...] = ()
    publications: tuple[Step[SmqFault], ...] = ()
    sendings: tuple[Step[SmqFault], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the request queue; `deferrals` is how often the request was really requeued.

    Its lineage names its submissions: itself, if it was not requeued.
    """

    message_id: str
    document: Mapping[str, Any]
    lineage: Lineage = FIRST
    deferrals: int = 0

    @property
    def origin(self) -> Lineage:
        """Return the lineage with a submission in it."""
        return self.lineage if self.lineage.submission_id else replace(self.lineage, submission_id=self.message_id)

    @property
    def submissions(self) -> tuple[str, ...]:
        """Return the submissions of the message."""
        return tuple(each.submission_id for each in self.origin.submissions)


def then_well(steps: Iterable[Step[F]]) -> Iterator[Step[F]]:
    """Yield the planned steps, and then steps without a fault."""
    yield from steps
    while True:
        yield Step()
