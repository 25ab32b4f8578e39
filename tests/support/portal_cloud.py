"""A portal beside a local cloud, in the process of the test: submissions go through the queues and the function."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.portal.identity.authenticator import single_operator
from express_sync.portal.service import Settings, running
from handler.credentials import Credentials
from handler.smq.client import Received, Smq
from tests.support.patience import wait_for

TOKEN = "operator-token"
SERVICES = ("mns", "sgw", "fc")
_TIMEOUT_SECONDS = 60  # longer than any long poll


@dataclass(frozen=True)
class CloudQueue:
    """A queue of the local cloud, as the portal uses it."""

    smq: Smq
    name: str

    def receive(self, wait_seconds: int) -> Sequence[Received]:
        """Receive messages; the poll is short, so that the portal stops soon."""
        return self.smq.receive(self.name, 16, min(wait_seconds, 1))

    def delete(self, receipt_handles: Sequence[str]) -> None:
        """Delete received messages."""
        self.smq.delete(self.name, receipt_handles)

    def send(self, bodies: Sequence[str]) -> Sequence[str]:
        """Send messages."""
        return self.smq.send(self.name, bodies)


@dataclass(frozen=True)
class PortalCloud:
    """The URL of the portal, and the cloud behind it."""

    url: str
    cloud: RunningCloud
    outcomes: CloudQueue

    def deliver(self, outcome: str) -> None:
        """Send an outcome to the portal's queue, as the result topic does."""
        self.outcomes.send([outcome])

    def wait_for_request(self, request_id: str) -> None:
        """Wait until the portal knows a request."""
        wait_for(lambda: request_id in str(self.call("GET", f"/v1/requests?q={request_id}")))

    def wait_for_status(self, request_id: str, status: str) -> None:
        """Wait until a request has a status."""
        wait_for(lambda: self.call("GET", f"/v1/requests/{request_id}")["status"] == status)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API as the operator, and return the body of a success."""
        answer = urllib3.request(
            method, self.url + path, json=body, headers={"Authorization": f"Bearer {TOKEN}"}, retries=False
        )
        assert answer.status < 300, (answer.status, answer.data)
        return answer.json()

    def add_fault(self, *faults: str, **rule: Any) -> None:
        """Queue faults for calls of CreateExpressSync."""
        create = {"service": "sgw", "operation": "CreateExpressSync", "count": 10_000}
        self.call("POST", "/v1/local/faults", {**create, "faults": faults, **rule})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.call("DELETE", "/v1/local/faults")

    def submit(self, request_id: str, name: str, **properties: str) -> None:
        """Submit a request."""
        own = {"bucketName": "design-assets", "bucketRegion": "cn-hangzhou", "bucketPrefix": name}
        self.call("POST", "/v1/requests", {"requestId": request_id, "name": name, **own, **properties})


@contextmanager
def portal_cloud(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[PortalCloud]:
    """Run a local cloud, whose function has these settings, and a portal that an operator may use."""
    with background(CloudOptions(environment=environment or {})) as cloud, portal_of(cloud, directory) as portal:
        yield portal


@contextmanager
def portal_of(cloud: RunningCloud, directory: Path, port: int = 0) -> Iterator[PortalCloud]:
    """Run a portal for a cloud, with its database in the directory."""
    ready = cloud.ready
    keys = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    smq = Smq.at(ready["mns"]["endpoint"], keys, _TIMEOUT_SECONDS)
    settings = Settings(
        database=f"sqlite:///{directory}/portal.sqlite3",
        port=port,
        local_cloud={service: ready[service]["endpoint"] for service in SERVICES},
    )
    outcomes, requests = (CloudQueue(smq, ready["mns"][name]) for name in ("portalQueue", "requestQueue"))
    with running(settings, outcomes, requests, single_operator(TOKEN)) as url:
        yield PortalCloud(url, cloud, outcomes)
