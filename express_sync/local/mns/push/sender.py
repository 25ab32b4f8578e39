"""Sends notifications to HTTP servers on this machine, and repeats them as the subscription's strategy says.

Reproduces: POST with the documented headers (in SIMPLIFIED, message id and tag are headers), a limit of 5 seconds for
the answer, success by any 2xx status, both retry strategies, no redirect followed, interim answers (1xx) skipped.
Chosen: the Content-Type is `text/xml;charset=utf-8` in every format, as in the documented sample; the waits between
attempts are multiplied like those of triggers, the 5 seconds are not. Unknown: whether the service sends several
notifications to one server at a time; here each is sent at once, and none waits for another.
"""

import asyncio
import base64
import hashlib
import random
import re
from collections.abc import Awaitable, Callable
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from express_sync.local.call_log import CallLog
from express_sync.local.mns.engine.endpoint import HttpTarget
from express_sync.local.mns.engine.message_service import HttpNotification
from express_sync.local.mns.protocol import VERSION, XML, new_request_id
from express_sync.local.mns.push.signer import CERTIFICATE_PATH, Signer
from express_sync.local.retry_strategy import waits

LIMIT_SECONDS = 5.0
Pause = Callable[[float], Awaitable[object]]
Attempt = dict[str, str | int]
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})")
_NO_ANSWER = 0


class HttpPush:
    """Sends notifications in tasks of the running loop; `base_url` is the address of the MNS, valid once it serves.

    `attempts` are the last ones; the status of one is 0 without an answer.
    """

    def __init__(
        self, base_url: Callable[[], str], pause: Pause = asyncio.sleep, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self.attempts: CallLog[Attempt] = CallLog()
        self._signer = Signer()
        self._base_url = base_url
        self._pause = pause
        self._limit_seconds = limit_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def push(self, notification: HttpNotification) -> None:
        """Begin to send `notification`."""
        task = asyncio.create_task(self._deliver(notification))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Stop sending, and forget what was sent."""
        for task in self._tasks:
            task.cancel()
        self.attempts.clear()

    def certificate_route(self) -> Route:
        """Return the route of the certificate, at the path that it has in the real service."""

        async def show(_request: Request) -> Response:
            return Response(self._signer.certificate, media_type="application/x-pem-file")

        return Route(CERTIFICATE_PATH, show, methods=["GET"])

    async def _deliver(self, notification: HttpNotification) -> None:
        retries = waits(notification.subscription.notify_strategy, random.SystemRandom().uniform)
        while not await self._attempt(notification):
            wait = next(retries, None)
            if wait is None:
                return
            await self._pause(wait)

    async def _attempt(self, notification: HttpNotification) -> bool:
        request = self._request(notification)
        exchange = asyncio.ensure_future(_exchange(notification.target, request))
        try:  # not asyncio.wait_for, which before Python 3.12 drops a cancellation that comes together with the answer
            answered, _ = await asyncio.wait({exchange}, timeout=self._limit_seconds)
            status = exchange.result() if answered else _NO_ANSWER
        except (OSError, ValueError):  # ValueError: a line that is longer than the reader allows
            status = _NO_ANSWER
        finally:
            exchange.cancel()
        self.attempts.add(
            {
                "endpoint": notification.subscription.endpoint,
                "subscription": notification.notification.subscription,
                "messageId": notification.notification.message_id,
                "status": status,
            }
        )
        return 200 <= status < 300

    def _request(self, notification: HttpNotification) -> bytes:
        content, target = notification.content.encode(), notification.target
        headers = {
            "content-md5": _md5(content),
            "content-type": XML,
            "date": formatdate(usegmt=True),
            "x-mns-request-id": new_request_id(),
            "x-mns-signing-cert-url": base64.b64encode((self._base_url() + CERTIFICATE_PATH).encode()).decode(),
            "x-mns-version": VERSION,
            **_message_headers(notification),
        }
        headers |= {
            "authorization": self._signer.sign("POST", target.target, headers),
            "host": target.authority,
            "user-agent": "Aliyun Notification Service Agent",
            "content-length": str(len(content)),
            "connection": "close",
        }
        lines = [f"POST {target.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + content


def _message_headers(notification: HttpNotification) -> dict[str, str]:
    if notification.subscription.notify_content_format != "SIMPLIFIED":
        return {}
    sent = notification.notification
    tag = {"x-mns-message-tag": sent.tag} if sent.tag else {}
    return {"x-mns-message-id": sent.message_id, **tag}


def _md5(content: bytes) -> str:
    """Return the Content-MD5 as the service's clients have it: base64 of the hex digest."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).hexdigest().encode()).decode()


async def _exchange(target: HttpTarget, request: bytes) -> int:
    """Send `request` and return the status of the answer, 0 for something else than HTTP."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        writer.write(request)
        await writer.drain()
        while 100 <= (status := await _status(reader)) < 200:
            while (await reader.readline()).strip():  # the headers of an interim answer
                pass
        return status
    finally:
        writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    match = _STATUS_LINE.match(await reader.readline())
    return int(match[1]) if match else _NO_ANSWER
