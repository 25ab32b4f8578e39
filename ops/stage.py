"""Plays a scenario on a cloud: arms the faults, sends a round's requests at once, brings back the outcomes.

Knows SMQ queues and the fault interface of the local Cloud Storage Gateway; it must not know how anything is shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from ops.outcomes import Outcome
from ops.pending import Pending, settle
from ops.problems import Problem
from ops.queues import Queue
from ops.scenario import Act
from ops.sending import batches


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
        for message_id, outcome in settle(self.results, Pending(positions), seconds_left):
            yield positions[message_id], outcome

    def _arm(self, act: Act) -> None:
        url = f"{self.sgw_endpoint}/_local/faults"
        try:
            answer = urllib3.request("POST", url, json={"name": act.group, "faults": list(act.faults)}, retries=False)
        except HTTPError as error:
            raise Problem(f"The gateway API at {self.sgw_endpoint} cannot be reached; try again.") from error
        if answer.status != 200:
            raise Problem(f"{act.name}: {answer.json()['message']}; correct the scenario.")
