"""Plays a scenario on a cloud: arms the faults, sends a round's requests at once, brings back the outcomes.

Knows SMQ queues and the fault interface of the local Cloud Storage Gateway; it must not know how anything is shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from express_sync.ops.demo.local_admin import AdminError, call
from express_sync.ops.demo.scenario import Act
from express_sync.ops.outcomes.pending import Pending, settle
from express_sync.ops.outcomes.reader import Outcome
from express_sync.ops.queues.batching import batches
from express_sync.ops.queues.client import Queue
from express_sync.ops.terminal.errors import CliError


@dataclass(frozen=True, slots=True)
class Stage:
    """A cloud to play on; `sgw_endpoint` is that of the local Cloud Storage Gateway."""

    requests: Queue
    results: Queue
    sgw_endpoint: str

    def play(self, acts: Sequence[Act], seconds_left: Callable[[], float]) -> Iterator[tuple[int, Outcome]]:
        """The outcomes of a round's acts as they come, each with its act's position, until no seconds are left."""
        for act in acts:
            if act.faults:
                self._arm(act)
        positions: dict[str, int] = {}
        for batch in batches((position, act.body) for position, act in enumerate(acts)):
            message_ids = self.requests.send([body for _, body in batch])
            positions.update(zip(message_ids, (position for position, _ in batch), strict=True))
        for outcome in settle(self.results, Pending(positions), seconds_left):
            yield positions[outcome.submission_id], outcome

    def _arm(self, act: Act) -> None:
        try:
            call(self.sgw_endpoint, "POST", "faults", {"name": act.group, "faults": list(act.faults)})
        except AdminError as refused:
            raise CliError(f"{act.name}: {refused}; correct the scenario.") from refused
