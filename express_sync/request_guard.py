"""Decides from the headers of a request whether a web page of somebody else may have sent it.

A browser adds these headers itself, and a page cannot change them: `Host` is the name under which the page reached this
server, which shows DNS rebinding; `Origin` and `Sec-Fetch-Site` say where the page came from (Fetch standard and W3C
Fetch Metadata). `application/json` is not among the content types that a page may send without asking first (CORS).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

JSON = "application/json"
Headers = Iterable[tuple[bytes, bytes]]  # as ASGI has them: names in lower case, repeated headers repeated
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_NOT_FOREIGN_SITES = ("", "none", "same-origin", "same-site")
_GUARDED = ("host", "origin", "sec-fetch-site", "content-type", "content-length")


@dataclass(frozen=True, slots=True)
class GuardRefusal:
    """Why a request is refused: an HTTP status, and a sentence that says what to do and quotes nothing."""

    status: int
    message: str


HOST = GuardRefusal(403, "the Host header must name this machine: use http://127.0.0.1 or http://localhost")
ORIGIN = GuardRefusal(403, "a page of another origin may not call this API: call it from outside a browser")
SITE = GuardRefusal(403, "a page of another site may not call this API: call it from outside a browser")
REPEATED = GuardRefusal(400, "the headers Host, Origin, Content-Type and Sec-Fetch-Site may be sent once only")
CONTENT = GuardRefusal(415, f"a body must be JSON and say so: send the header Content-Type: {JSON}")


def guard(method: str, headers: Headers) -> GuardRefusal | None:
    """Return why a request to a server on loopback is refused, or None."""
    found = _single(headers)
    if found is None:
        return REPEATED
    if not _is_own_host(found["host"]):
        return HOST
    if found["origin"] and found["origin"].lower() not in origins_of(found["host"].lower()):
        return ORIGIN
    if found["sec-fetch-site"] not in _NOT_FOREIGN_SITES:
        return SITE
    return None if method in _SAFE_METHODS or _is_json_or_empty(found) else CONTENT


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address, without a port, is one of this machine."""
    name = host.lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 6.3 reserves them for loopback
        return True
    try:
        return ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def origins_of(host: str) -> frozenset[str]:
    """Return the origins of the pages of a server with this Host; a proxy in front of it may speak TLS."""
    return frozenset(f"{scheme}://{host}" for scheme in ("http", "https"))


def _single(headers: Headers) -> dict[str, str] | None:
    """Return the headers that matter, "" for those not sent; None if one was sent twice."""
    found = dict.fromkeys((*_GUARDED, "transfer-encoding"), "")
    seen: set[str] = set()
    for raw_name, value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in _GUARDED and name in seen:
            return None
        if name in found:
            seen.add(name)
            found[name] = value.decode("latin-1").strip()
    return found


def _is_own_host(host: str) -> bool:
    name = _host_name(host)
    return name is not None and is_loopback(name)


def _host_name(host: str) -> str | None:
    """Return the name in a Host header, in lower case; None if the header is not HOST or HOST:PORT."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts.hostname if is_plain and parts.netloc == host and "@" not in host else None


def _is_json_or_empty(found: dict[str, str]) -> bool:
    has_body = found["content-length"] not in ("", "0") or found["transfer-encoding"] != ""
    if not (has_body or found["content-type"]):
        return True
    return found["content-type"].partition(";")[0].strip().lower() == JSON
