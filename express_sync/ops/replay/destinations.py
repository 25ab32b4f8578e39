"""Destinations of replays: the request queue, or the function itself, invoked asynchronously."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from express_sync.ops.queues.batching import MAX_MESSAGES
from express_sync.ops.queues.client import Queue
from express_sync.ops.replay.message import Replay
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal.errors import CliError

VIAS = ("queue", "fc2", "fc3")


class Destination(Protocol):
    """Sends at most `max_batch` replays in one call, and returns the message ids that their outcomes will contain."""

    @property
    def name(self) -> str: ...

    @property
    def max_batch(self) -> int: ...

    def send(self, replays: Sequence[Replay]) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ToQueue:
    """Sends replays to the request queue."""

    queue: Queue
    name: str = "the request queue"
    max_batch: int = MAX_MESSAGES

    def send(self, replays: Sequence[Replay]) -> Sequence[str]:
        """Send all replays. SmqError unless all of them are confirmed."""
        return self.queue.send([each.body for each in replays])


@dataclass(frozen=True, slots=True)
class ToFunction:
    """Invokes the function with an event in the form of a queue message whose id is the replay id."""

    name: str
    accept: Callable[[bytes], None]
    max_batch: int = 1

    def send(self, replays: Sequence[Replay]) -> Sequence[str]:
        """Invoke the function for each replay. CliError unless each is accepted."""
        for each in replays:
            self.accept(json.dumps({"messageId": each.replay_id, "messageBody": each.body}).encode())
        return [each.replay_id for each in replays]


def destination(target: Target, via: str, service: str | None) -> Destination:
    """Return the destination. CliError if the profile or the options lack something that it needs."""
    if (via == "fc2") != (service is not None):
        raise CliError("--via fc2 and --service NAME belong together: only FC 2.0 has services.")
    if via == "queue":
        return ToQueue(target.requests)
    endpoint, function = target.function
    if via == "fc3":
        from express_sync.ops.fc import invocation

        return ToFunction(
            f"the function {function}",
            partial(invocation.invoke_async, endpoint, function, target.credentials),
        )
    from express_sync.ops.fc import invoke_fc2

    return ToFunction(
        f"the function {function} of the service {service}",
        partial(invoke_fc2.invoke_async, endpoint, str(service), function, target.credentials),
    )
