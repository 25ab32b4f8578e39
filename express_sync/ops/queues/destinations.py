"""Where replays go: the request queue, or the function itself, invoked asynchronously. Sent means confirmed.

It must not know where a replay comes from.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from express_sync.ops.fc import invocation
from express_sync.ops.queues.batching import MAX_MESSAGES
from express_sync.ops.queues.client import Queue
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal.errors import CliError
from handler.replay import Replay

VIAS = ("queue", "fc2", "fc3")


class Destination(Protocol):
    """`at_once` replays at most go in one call; each gets the message id by which its outcome will name it."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int: ...

    def send(self, replays: Sequence[Replay]) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ToQueue:
    """The request queue; what was sent is kept there as any other request."""

    queue: Queue
    name: str = "the request queue"
    at_once: int = MAX_MESSAGES

    def send(self, replays: Sequence[Replay]) -> Sequence[str]:
        """Send all; SmqError if any of them may not be in the queue."""
        return self.queue.send([each.body for each in replays])


@dataclass(frozen=True, slots=True)
class ToFunction:
    """The function, in the form of a queue message that bears the replay's id."""

    name: str
    accept: Callable[[bytes], None]
    at_once: int = 1

    def send(self, replays: Sequence[Replay]) -> Sequence[str]:
        """Have each accepted; CliError if one is not."""
        for each in replays:
            self.accept(json.dumps({"messageId": each.replay_id, "messageBody": each.body}).encode())
        return [each.replay_id for each in replays]


def destination(target: Target, via: str, service: str | None) -> Destination:
    """The destination of that kind. CliError if the profile or the options do not name all it needs."""
    if (via == "fc2") != (service is not None):
        raise CliError("--via fc2 and --service NAME belong together: only functions of FC 2.0 are in a service.")
    if via == "queue":
        return ToQueue(target.requests)
    fc = _function(target)
    if via == "fc3":
        return ToFunction(
            f"the function {fc['function']}",
            partial(invocation.invoke_later, fc["endpoint"], fc["function"], target.credentials),
        )
    from express_sync.ops.fc import invoke_fc2  # noqa: PLC0415 - its client takes 90 ms to import; only who asks shall wait

    return ToFunction(
        f"the function {fc['function']} of the service {service}",
        partial(invoke_fc2.invoke_later, fc["endpoint"], str(service), fc["function"], target.credentials),
    )


def _function(target: Target) -> dict[str, Any]:
    if "fc" not in target.profile:
        raise CliError("The profile names no function; add fc.endpoint and fc.function to it.")
    return dict(target.profile["fc"])
