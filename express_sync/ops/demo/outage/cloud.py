"""The cloud that the drill is held on: outages begin and end, requests are sent, every outcome is heard.

Its ear is a queue of its own that subscribes to the result topic, as a portal's would: whatever the operator's commands
take out of other queues, nothing of the story is missed. It must not know the story.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSExceptionBase
from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta

from express_sync.ops.demo.local_admin import call
from express_sync.ops.outcomes.reader import Outcome, arrivals
from express_sync.ops.queues.batching import MOST_MESSAGES
from express_sync.ops.queues.client import Queue, queue
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal.errors import CliError

EAR = "outage-drill"
ENOUGH = 10_000  # faults that the door takes at once, and more than any drill makes calls


@dataclass(frozen=True, slots=True)
class Ground:
    """A local cloud, with the ear already there."""

    target: Target
    ear: Queue

    def begin(self, code: str) -> None:
        """From now on every create call is refused with `code`."""
        call(self._sgw, "POST", "faults", {"name": "*", "faults": [code], "count": ENOUGH})

    def end(self) -> None:
        """From now on no create call is refused without a reason."""
        call(self._sgw, "DELETE", "faults")

    def send(self, requests: Sequence[Mapping[str, str]]) -> None:
        """Put requests into the request queue."""
        bodies = [json.dumps(request) for request in requests]
        for start in range(0, len(bodies), MOST_MESSAGES):
            self.target.requests.send(bodies[start : start + MOST_MESSAGES])

    def hear(self, seconds_left: Callable[[], float]) -> Iterator[Sequence[Outcome]]:
        """Every outcome as it comes, poll by poll, until no seconds are left."""
        for arrived in arrivals(self.ear, seconds_left):
            yield [arrival.outcome for arrival in arrived if arrival.outcome]
            if arrived:
                self.ear.delete([arrival.message.receipt_handle for arrival in arrived])

    def groups(self) -> frozenset[str]:
        """The names of all groups that exist."""
        return frozenset(group["Name"] for group in call(self._sgw, "GET", "groups"))

    def failures(self) -> int:
        """How many messages are in the failure queue, in whatever state."""
        mns = self.target.profile["mns"]
        return len(call(mns["endpoint"], "GET", f"queues/{mns['failureQueue']}")["messages"])

    @property
    def _sgw(self) -> str:
        return str(self.target.profile["sgw"]["endpoint"])


def ground(target: Target) -> Ground:
    """The local cloud of `target` with an ear put up there. CliError if that cannot be done."""
    profile, keys = target.profile, target.credentials
    mns = profile["mns"]
    account = Account(mns["endpoint"], keys.access_key_id, keys.access_key_secret)
    try:
        account.get_queue(EAR).create(QueueMeta())
        account.get_topic(mns["resultTopic"]).get_subscription(EAR).subscribe(_subscription(profile))
    except MNSExceptionBase as error:
        raise CliError(f"The drill's own SMQ cannot be used ({error.type}); try again.") from error
    finally:
        account.get_client().close_connection()
    return Ground(target, queue({"mns": {**mns, "earQueue": EAR}}, "earQueue", keys))


def _subscription(profile: Mapping[str, Any]) -> SubscriptionMeta:
    endpoint = f"acs:mns:{profile['region']}:{profile['accountId']}:queues/{EAR}"
    return SubscriptionMeta(endpoint, notify_content_format="SIMPLIFIED", notify_strategy="BACKOFF_RETRY")
