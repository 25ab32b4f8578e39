"""A client of the MNS protocol made of http.client and hmac only, so that no SDK decides what the protocol is."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from xml.etree import ElementTree

from express_sync.local.account import Key
from tests.support.patience import PATIENCE_SECONDS

NAMESPACE = "{http://mns.aliyuncs.com/doc/v1}"


@dataclass(frozen=True)
class Response:
    """One response; `headers` keeps the spelling of the names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self, path: str) -> str:
        """Return the text of the element at `path` (names without namespace, separated by slashes)."""
        found = self.all(path)
        assert len(found) == 1, (path, self.body)
        return found[0]

    def all(self, path: str) -> list[str]:
        """Return the texts of all elements at `path`."""
        qualified = "/".join(NAMESPACE + name for name in path.split("/"))
        return [element.text or "" for element in ElementTree.XML(self.body).iterfind(qualified)]

    @property
    def code(self) -> str:
        """Return the error code of the response."""
        return self.text("Code")


def signature(key: Key, method: str, target: str, headers: Mapping[str, str]) -> str:
    """Return the Authorization header for these headers, after the service's description of signature V2."""
    lines = [method, headers.get("Content-MD5", ""), headers.get("Content-Type", ""), headers.get("Date", "")]
    lines += sorted(f"{name.lower()}:{value}" for name, value in headers.items() if name.lower().startswith("x-mns-"))
    digest = hmac.new(key.access_key_secret.encode(), "\n".join([*lines, target]).encode(), hashlib.sha1).digest()
    return f"MNS {key.access_key_id}:{base64.b64encode(digest).decode()}"


def md5(text: str) -> "hashlib._Hash":
    """Return the MD5 of text."""
    return hashlib.md5(text.encode(), usedforsecurity=False)


class RawClient:
    """Sends signed requests over one keep-alive connection."""

    def __init__(self, port: int, key: Key) -> None:
        self.port = port
        self._key = key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def call(
        self, method: str, target: str, body: str = "", changes: Mapping[str, str | None] | None = None
    ) -> Response:
        """Send a request; `changes` are applied to the headers before signing, None removes one."""
        return self.send(method, target, body, self.headers(method, target, body, changes))

    def headers(
        self, method: str, target: str, body: str, changes: Mapping[str, str | None] | None = None
    ) -> dict[str, str]:
        """Return signed headers."""
        headers: dict[str, str | None] = {"Date": formatdate(usegmt=True), "x-mns-version": "2015-06-06"}
        if body:
            headers["Content-MD5"] = base64.b64encode(md5(body).hexdigest().encode()).decode()
            headers["Content-Type"] = "text/xml"
        if self._key.security_token:
            headers["security-token"] = self._key.security_token
        kept = {name: value for name, value in (headers | dict(changes or {})).items() if value is not None}
        kept.setdefault("Authorization", signature(self._key, method, target, kept))
        return kept

    def send(self, method: str, target: str, body: str, headers: Mapping[str, str]) -> Response:
        """Send a request with exactly these headers."""
        self.connection.request(method, target, body.encode() if body else None, dict(headers))
        response = self.connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())

    def local(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        """Call the admin API with JSON, unsigned."""
        body = None if document is None else json.dumps(document)
        self.connection.request(method, f"/_local/{path}", body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    # The calls that most tests begin with

    def create_queue(self, name: str, **attributes: object) -> Response:
        """Create a queue with these attributes."""
        return self.call("PUT", f"/queues/{name}", document("Queue", **attributes))

    def send_message(self, queue: str, body: str, **more: object) -> Response:
        """Send a message."""
        return self.call("POST", f"/queues/{queue}/messages", document("Message", MessageBody=body, **more))

    def receive(self, queue: str, query: str = "waitseconds=0") -> Response:
        """Receive one message, or more if `query` says so."""
        return self.call("GET", f"/queues/{queue}/messages?{query}")

    def subscribe(self, name: str = "s", /, **attributes: object) -> Response:
        """Subscribe to topic t."""
        return self.call("PUT", f"/topics/t/subscriptions/{name}", document("Subscription", **attributes))


def document(root: str, **elements: object) -> str:
    """Return a document of flat elements."""
    content = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in elements.items())
    return f'<?xml version="1.0" encoding="utf-8"?><{root} xmlns="http://mns.aliyuncs.com/doc/v1/">{content}</{root}>'


def escape(text: str) -> str:
    """Return text as XML has it, including carriage returns."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
