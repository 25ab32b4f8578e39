"""Guards in front of every route: Host, Origin, cross-site requests, identity, and security headers.

A page of somebody else can make a browser send requests to this service. On loopback the network does not protect it
either, so the names under which it may be called are fixed there (DNS rebinding). `request_guard.guard` is the narrower
rule for APIs without pages, which are called by the names of this machine only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from express_sync.portal.api.problem import Problem
from express_sync.portal.identity.authenticator import token_in_url
from express_sync.portal.principal import Authenticate, Identity
from express_sync.request_guard import origins_of

_FOREIGN_HOST = Problem(421, "foreign-host", "The service is not called by one of its own names.")
_FOREIGN_ORIGIN = Problem(403, "foreign-origin", "The request comes from another site.")
_MALFORMED = Problem(400, "malformed", "A header or the address is not valid.")
_SINGLE = ("host", "origin", "sec-fetch-site", "authorization", "content-type")  # a second one may be read elsewhere
_CROSS_SITE = frozenset({"cross-site", "same-site"})
_OPEN = ("/v1/openapi.json", "/v1/schemas/")  # as are all addresses outside these prefixes
_GUARDED = ("/v1/", "/metrics")
_PROBES = frozenset({"/healthz", "/readyz"})  # an orchestrator calls them by the address of the machine
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The values of Host under which the service may be called, and of Origin; an empty set allows any Host."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()


class Guard:
    """Lets through what is addressed to this service, and puts the caller into `request.state.identity`.

    `request.state.authenticate_again` tells later who the caller is by then.
    """

    def __init__(self, app: ASGIApp, names: Names, authenticate: Authenticate) -> None:
        self._app = app
        self._names = names
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._addressed(scope) or _token_in_url(scope) or await self._identified(scope)
        app = problem.response() if problem else self._app
        await app(scope, receive, with_headers(send, HEADERS))

    def _addressed(self, scope: Scope) -> Problem | None:
        """Return the problem of a request that is not meant for this service; else let routes see the encoded path."""
        headers = Headers(scope=scope)
        if any(len(headers.getlist(name)) > 1 for name in _SINGLE):
            return _MALFORMED
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        if self._names.hosts and host not in self._names.hosts and scope["path"] not in _PROBES:
            return _FOREIGN_HOST
        if origin is not None and origin not in (self._names.origins or origins_of(host)):
            return _FOREIGN_ORIGIN
        if headers.get("sec-fetch-site") in _CROSS_SITE and not _is_navigation(scope, headers):
            return _FOREIGN_ORIGIN
        # An encoded slash belongs to an id and does not separate parts of the path.
        scope["path"] = scope["raw_path"].decode("ascii", "replace")
        return None

    async def _identified(self, scope: Scope) -> Problem | None:
        path = scope["path"]
        if path.startswith(_OPEN) or not path.startswith(_GUARDED):
            return None
        try:
            headers = _texts(scope)
        except UnicodeDecodeError:
            return _MALFORMED
        found = await run_in_threadpool(self._authenticate, headers)
        if isinstance(found, Identity):
            again = partial(self._authenticate, headers)
            scope.setdefault("state", {}).update(identity=found, authenticate_again=again)
            return None
        return Problem(found.status, "not-authenticated", found.detail, {}, found.headers)


def _token_in_url(scope: Scope) -> Problem | None:
    refusal = token_in_url(scope["query_string"])
    return Problem(refusal.status, "token-in-url", refusal.detail, {}, refusal.headers) if refusal else None


def _texts(scope: Scope) -> Mapping[str, str]:
    return {name.decode("ascii").lower(): value.decode("utf-8") for name, value in scope["headers"]}


def _is_navigation(scope: Scope, headers: Headers) -> bool:
    is_page = not scope["path"].startswith(_GUARDED)
    return is_page and scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"


def with_headers(send: Send, added: Mapping[str, str]) -> Send:
    """Return what sends a response with more headers, unless it has them already."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
