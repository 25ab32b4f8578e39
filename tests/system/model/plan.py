"""What will happen to the deliveries of a batch, laid down before it begins; data only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from handler.inbound.request_event import Lineage
from tests.system.model.faults import CreateFault, LookFault, SmqFault

F = TypeVar("F")
FIRST = Lineage()


@dataclass(frozen=True, slots=True)
class Step(Generic[F]):
    """How one call goes: its fault if any, seconds until it takes effect, seconds from then to the answer.

    A caller who has less patience than that hears nothing, and what takes effect later is a late commit.
    """

    fault: F | None = None
    there_seconds: float = 0.1
    back_seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How the first calls of one delivery go, in order; the rest goes well."""

    creates: tuple[Step[CreateFault], ...] = ()
    looks: tuple[Step[LookFault], ...] = ()
    publications: tuple[Step[SmqFault], ...] = ()
    sendings: tuple[Step[SmqFault], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the request queue; `deferrals` is how often the request was really sent back to come to it.

    Its lineage names its submissions: itself, where it was not sent back.
    """

    message_id: str
    document: Mapping[str, Any]
    lineage: Lineage = FIRST
    deferrals: int = 0

    @property
    def origin(self) -> Lineage:
        """The lineage with a submission in it."""
        return self.lineage if self.lineage.submission_id else replace(self.lineage, submission_id=self.message_id)

    @property
    def submissions(self) -> tuple[str, ...]:
        """The submissions that the message carries."""
        return tuple(each.submission_id for each in self.origin.submissions)


def then_well(steps: Iterable[Step[F]]) -> Iterator[Step[F]]:
    """The planned steps, and one after another without a fault when they are used up."""
    yield from steps
    while True:
        yield Step()
