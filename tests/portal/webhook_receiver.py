"""A webhook endpoint for tests, which verifies every delivery with the official library."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response

from express_sync.portal.webhooks.endpoint import Endpoint
from tests.support.patience import wait_for
from tests.support.running import serving

SECRET = "whsec_" + "QUJD" * 8
OTHER_SECRET = "whsec_" + "REVG" * 8


@dataclass
class Receiver:
    """What arrived; `statuses` are the next answers, then 204. With `is_hanging` it answers nothing."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    is_hanging: bool = False
    deliveries: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    at_once: set[str] = field(default_factory=set)  # ids of deliveries that are being answered
    overlapping: set[str] = field(default_factory=set)  # ids that arrived a second time before the first was answered
    hold_seconds: float = 0.0

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """Verify and record a delivery."""
        request = Request(scope, receive)
        body = await request.body()
        document = Webhook(SECRET).verify(body, dict(request.headers))
        webhook_id = request.headers["webhook-id"]
        self.deliveries.append((webhook_id, document))
        if webhook_id in self.at_once:
            self.overlapping.add(webhook_id)
        self.at_once.add(webhook_id)
        if self.is_hanging:
            await receive()  # returns when the sender ends the connection
            self.at_once.discard(webhook_id)
            return
        await asyncio.sleep(self.hold_seconds)
        self.at_once.discard(webhook_id)
        status = self.statuses.pop(0) if self.statuses else 204
        await Response(status_code=status, headers=self.headers)(scope, receive, send)

    def reset(self) -> None:
        """Forget what another test has left."""
        self.__dict__.update(Receiver(self.url).__dict__)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the deliveries in the order of their arrival."""
        return [webhook_id for webhook_id, _ in self.deliveries]

    @property
    def subjects(self) -> set[str]:
        """Return the requests of the deliveries."""
        return {document["subject"] for _, document in self.deliveries}

    def wait(self, count: int) -> list[str]:
        """Return the ids once so many deliveries have arrived."""
        return wait_for(lambda: self.ids if len(self.deliveries) >= count else [])

    def endpoint(self, name: str = "hook", **settings: Any) -> Endpoint:
        """Return this endpoint as it is configured; it is on a private address, which must be allowed."""
        return Endpoint(name, f"{self.url}/hook?a=b", (SECRET,), **{"is_private_allowed": True, **settings})


@contextmanager
def receiving(count: int = 1) -> Iterator[list[Receiver]]:
    """Run endpoints."""
    receivers = [Receiver() for _ in range(count)]
    with serving(*(each.app for each in receivers)) as urls:
        for each, url in zip(receivers, urls, strict=True):
            each.url = url
        yield receivers
