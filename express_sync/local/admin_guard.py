"""Refuses what a foreign web page could send to an admin API (`/_local/...`), for every server of the local cloud."""

import json
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from express_sync.request_guard import GuardRefusal, guard

_ADMIN_PATH = "/_local"


class AdminGuard:
    """An ASGI application in front of `app`; paths of the emulated APIs pass, because a signature protects them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_admin = scope["type"] == "http" and scope["path"].startswith(_ADMIN_PATH)
        refusal = guard(scope["method"], scope["headers"]) if is_admin else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(refusal, send)


async def _refuse(refusal: GuardRefusal, send: Send) -> None:
    body = json.dumps({"message": refusal.message}).encode()
    headers: Any = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
