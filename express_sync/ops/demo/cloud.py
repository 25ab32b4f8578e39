"""The local cloud of the demo: faults and outages, requests in, outcomes and facts out.

Outcomes are read from a queue of its own that subscribes to the result topic, as a portal's would. So commands that the
demo runs can take outcomes from the result queue, and the demo still sees all of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mns.queue import QueueMeta

from express_sync.ops.demo.scenario import Sample
from express_sync.ops.outcomes.reader import Outcome, arrivals
from express_sync.ops.queues.batching import batches
from express_sync.ops.queues.client import Queue
from express_sync.ops.targets import local_admin
from express_sync.ops.targets.local_admin import AdminError
from express_sync.ops.targets.target import LOCAL, Target
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from handler.smq.client import SmqError

TAP_QUEUE = "demo-tap"
MANY_CALLS = 10_000  # the maximum number of faults in one call, and more create calls than any demo makes


@dataclass(frozen=True, slots=True)
class DemoCloud:
    """A running local cloud and the queue that taps its result topic."""

    target: Target
    tap: Queue

    def begin_outage(self, code: str) -> None:
        """Make every create call fail with `code` from now on."""
        self._fault("*", [code], count=MANY_CALLS)

    def end_outage(self) -> None:
        """Remove all faults."""
        local_admin.call(self._sgw, "DELETE", "faults")

    def arm(self, sample: Sample) -> None:
        """Queue the faults of a sample. CliError if one of them is unknown."""
        try:
            self._fault(sample.group, list(sample.faults))
        except AdminError as error:
            raise CliError(f"{sample.name}: {error}; correct the scenario.") from error

    def send(self, samples: Sequence[Sample]) -> list[str]:
        """Send the samples to the request queue and return their message ids, in order."""
        message_ids: list[str] = []
        for batch in batches((sample, sample.body) for sample in samples):
            message_ids.extend(self.target.requests.send([body for _, body in batch]))
        return message_ids

    def outcomes(self, seconds_left: Callable[[], float]) -> Iterator[Sequence[Outcome]]:
        """Yield the outcomes of each poll until no seconds are left."""
        for arrived in arrivals(self.tap, seconds_left):
            yield [arrival.outcome for arrival in arrived if arrival.outcome]
            if arrived:
                self.tap.delete([arrival.message.receipt_handle for arrival in arrived])

    def groups(self) -> dict[str, str]:
        """Return the name of every existing group by its id."""
        return {group["ExpressSyncId"]: group["Name"] for group in local_admin.call(self._sgw, "GET", "groups")}

    def failure_count(self) -> int:
        """Return the number of messages in the failure queue, hidden ones included."""
        mns = self.target.profile["mns"]
        return len(local_admin.call(mns["endpoint"], "GET", f"queues/{mns['failureQueue']}")["messages"])

    def _fault(self, name: str, faults: list[str], **options: int) -> None:
        local_admin.call(self._sgw, "POST", "faults", {"name": name, "faults": faults, **options})

    @property
    def _sgw(self) -> str:
        return str(self.target.profile["sgw"]["endpoint"])


def connect(ready: Mapping[str, Any]) -> DemoCloud:
    """Return the demo's cloud for this ready object, after creating the tap. CliError if that fails."""
    keys = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    target = Target(LOCAL, "the demo's cloud", ready, keys)
    admin = target.queue_admin
    try:
        admin.create(TAP_QUEUE, QueueMeta())
        endpoint = f"acs:mns:{ready['region']}:{ready['accountId']}:queues/{TAP_QUEUE}"
        admin.subscribe(ready["mns"]["resultTopic"], TAP_QUEUE, endpoint)
    except SmqError as error:
        raise CliError(f"SMQ of the demo's cloud cannot be used ({error.code}); try again.") from error
    return DemoCloud(target, Queue(admin, TAP_QUEUE))
