"""What the function meets in place of its cloud: an API that answers anything, strict queues and topic, strict readers.

Whatever these find wrong is kept as a sentence in `problems`, for the function would catch an exception.
"""

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3
from jsonschema import Draft7Validator
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from handler import envelope, validation
from handler.smq import MOST_BYTES, SmqError
from handler.validation import SCHEMAS
from tests.unit.pretended_smq import PretendedSmq

_VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
_DONE = {"Success": True, "Code": "200", "RequestId": "API-1"}
_THERE = {
    "ExpressSyncId": "sync-there",
    "Name": "photos",
    "BucketName": "holiday-bucket",
    "BucketRegion": "cn-hangzhou",
    "BucketPrefix": "teams/a",
    "Description": "of summer",
}
_REPLIES: Mapping[str, Sequence[tuple[int, bytes] | str]] = {
    "CreateExpressSync": (
        (200, json.dumps({**_DONE, "ExpressSyncId": "sync-new"}).encode()),
        (404, b'{"Code": "RoleNotExist", "RequestId": "API-2"}'),
        (403, b'{"Code": "AssumeRoleFail"}'),
        (400, b'{"Code": "DuplicateExpressSyncName"}'),
        (200, b'{"Success": true, "ExpressSyncId": null'),
        (502, b"<html>"),
        "silent",
        "unreachable",
    ),
    "DescribeExpressSyncs": (
        (200, json.dumps({**_DONE, "ExpressSyncs": {"ExpressSync": []}}).encode()),
        (200, json.dumps({**_DONE, "ExpressSyncs": {"ExpressSync": [_THERE]}}).encode()),
        (403, b'{"Code": "NoPermission"}'),
    ),
}
_NOBODY: Any = None  # urllib3's exceptions want a pool or a connection, which nobody looks at


@dataclass
class Pool:
    """A pool of connections to nowhere; answers by the name or the bucket alone, so that every input repeats itself."""

    problems: list[str]

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout: Any, **_: object
    ) -> urllib3.HTTPResponse:
        for text in (method, url, *headers, *headers.values()):
            if not text.isascii() or not text.isprintable() or " " in url:
                self.problems.append("what is sent to the API cannot go over a wire")
        if not timeout.total > 0:
            self.problems.append("a call has no time")
        query = parse_qs(urlsplit(url).query)
        asked = "".join(query.get("Name", query.get("BucketName", [])))
        replies = _REPLIES[headers["x-acs-action"]]
        reply = replies[zlib.crc32(asked.encode()) % len(replies)]
        if isinstance(reply, str):
            raise ReadTimeoutError(_NOBODY, "", "") if reply == "silent" else NewConnectionError(_NOBODY, "")
        status, body = reply
        return urllib3.HTTPResponse(io.BytesIO(body), status=status, preload_content=False)


@dataclass
class StrictSmq(PretendedSmq):
    """Queues as they are pretended for unit tests, and a topic that takes nothing but outcomes by contract.

    It refuses one publication in 16, chosen by its id. `problems` is what is wrong with anything it is given.
    """

    problems: list[str] = field(default_factory=list)
    announced: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0

    def within(self, _seconds: float) -> "StrictSmq":
        return self

    def publish(self, _topic: str, body: str, tag: str) -> str:
        event = json.loads(body)
        self.problems += [error.message for error in _VALIDATOR.iter_errors(event)]
        if len(body.encode()) > MOST_BYTES or tag != event["data"]["status"]:
            self.problems.append("an outcome is too long, or is not tagged as what it is")
        if int(event["id"], 16) % 16 == 0:
            self.refused += 1
            raise SmqError("Refused", transient=False)
        self.announced.append(event)
        return "published"

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        for body in bodies:
            (delivery,) = envelope.parse_message("sent", body)
            if validation.violations(delivery.document):
                self.problems.append("a request is sent again that breaks the contract")
            if (delivery.lineage.generation > 0) != (delay_seconds > 0):
                self.problems.append("what is put off comes later, and what is replayed at once")
        return super().send(queue, bodies, delay_seconds)


class Lines(io.TextIOBase):
    """Standard output of the function: JSON lines, of which none tells of a fault of its own."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__()
        self._problems = problems

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if json.loads(line)["event"] in ("handler fault", "left for redelivery"):
                self._problems.append(line)
        return len(text)
