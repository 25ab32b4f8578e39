"""A local MNS with the topic and the queues that the function needs."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_server import RunningMns, running_mns
from tests.support.patience import PATIENCE_SECONDS


class PreparedMns:
    """The local MNS with a topic `outcomes` and, behind it, a queue `results`; and a queue `requests`."""

    def __init__(self, running: RunningMns) -> None:
        self.url = running.server.url
        self.service = running.service
        running.run(self._furnish())

    async def _furnish(self) -> None:
        account = LOCAL_ACCOUNT
        self.service.create_queue("requests")
        self.service.create_queue("results")
        self.service.create_topic("outcomes")
        endpoint = f"acs:mns:{account.region}:{account.account_id}:queues/results"
        self.service.subscribe("outcomes", "results", endpoint, notify_content_format="SIMPLIFIED")

    def local(self, path: str, document: object = None) -> Any:
        """Ask the emulator's own door; POST if there is a document."""
        method = "GET" if document is None else "POST"
        return urllib3.request(method, f"{self.url}/_local/{path}", json=document, timeout=PATIENCE_SECONDS).json()

    def queue_faults(self, operation: str, *faults: str) -> None:
        """Let `faults` strike the coming calls of `operation`."""
        self.local("faults", {"operation": operation, "faults": faults})

    def bodies(self, queue: str) -> list[str]:
        """The bodies in a queue, untouched."""
        return [message["body"] for message in self.local(f"queues/{queue}")["messages"]]

    def calls(self, operation: str) -> Sequence[dict[str, Any]]:
        """The calls of an operation so far."""
        return [call for call in self.local("calls") if call["operation"] == operation]

    def reset(self) -> None:
        """Forget messages, faults and calls; queues, topic and subscriptions stay."""
        self.local("reset", {})


@contextlib.contextmanager
def prepared_mns() -> Iterator[PreparedMns]:
    """A local MNS, with what the function needs of it."""
    with running_mns() as running:
        yield PreparedMns(running)
