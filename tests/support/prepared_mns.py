"""A local MNS with the topic and the queues that the function needs."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_server import RunningMns, running_mns
from tests.support.patience import PATIENCE_SECONDS


class PreparedMns:
    """A local MNS with a topic `outcomes`, a queue `results` that subscribes to it, and a queue `requests`."""

    def __init__(self, running: RunningMns) -> None:
        self.url = running.server.url
        self.service = running.service
        running.run(self._prepare())

    async def _prepare(self) -> None:
        account = LOCAL_ACCOUNT
        self.service.queues.create_queue("requests")
        self.service.queues.create_queue("results")
        self.service.topics.create_topic("outcomes")
        endpoint = f"acs:mns:{account.region}:{account.account_id}:queues/results"
        self.service.topics.subscribe("outcomes", "results", endpoint, notify_content_format="SIMPLIFIED")

    def local(self, path: str, document: object = None) -> Any:
        """Call the admin API of the local MNS; POST if there is a document."""
        method = "GET" if document is None else "POST"
        return urllib3.request(method, f"{self.url}/_local/{path}", json=document, timeout=PATIENCE_SECONDS).json()

    def queue_faults(self, operation: str, *faults: str) -> None:
        """Apply `faults` to the next calls of `operation`."""
        self.local("faults", {"operation": operation, "faults": faults})

    def bodies(self, queue: str) -> list[str]:
        """Return the bodies in a queue, without receiving them."""
        return [message["body"] for message in self.local(f"queues/{queue}")["messages"]]

    def calls(self, operation: str) -> Sequence[dict[str, Any]]:
        """Return the calls of an operation so far."""
        return [call for call in self.local("calls") if call["operation"] == operation]

    def reset(self) -> None:
        """Forget messages, faults and calls; queues, topic and subscriptions stay."""
        self.local("reset", {})


@contextlib.contextmanager
def prepared_mns() -> Iterator[PreparedMns]:
    """Run a local MNS with what the function needs."""
    with running_mns() as running:
        yield PreparedMns(running)
