"""What the function meets in place of its cloud: an API that answers anything, strict queues and topic, strict readers.

Whatever these find wrong is kept as a sentence in `problems`, for the function would catch an exception.
"""

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handler.inbound import envelope, validation
from handler.model import MAX_MESSAGE_BYTES
from handler.smq.client import SmqError
from handler.transport.connection import CallError
from handler.transport.response import Response
from tests.support.contract import OUTCOME_VALIDATOR
from tests.support.fake_smq import FakeSmq

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


@dataclass
class Pool:
    """Fake connections whose answer depends on the request alone, so that every input is repeatable."""

    problems: list[str]
    url = "https://cloud.invalid"

    def prepare(self, count: int) -> None:
        """Open nothing."""

    def call(self, request: bytes, seconds: float) -> Response:
        line, *fields = request.decode().partition("\r\n\r\n")[0].split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        if not all(text.isascii() and text.isprintable() for text in (line, *fields)) or line.count(" ") != 2:
            self.problems.append("what is sent to the API cannot go over a wire")
        if not seconds > 0:
            self.problems.append("a call has no time")
        replies = _REPLIES[headers["x-acs-action"]]
        reply = replies[zlib.crc32(line.encode()) % len(replies)]
        if isinstance(reply, str):
            raise CallError("ReadTimeout", sent=True) if reply == "silent" else CallError("NotConnected", sent=False)
        status, body = reply
        return Response(status, {}, body, keeps_open=False)


DEAD_LETTERS = "dead-letters"


@dataclass
class StrictSmq(FakeSmq):
    """Queues as they are pretended for unit tests, and a topic that takes nothing but outcomes by contract.

    It refuses one publication in 16, chosen by its id. `problems` is what is wrong with anything it is given. Bodies of
    submissions in `rejected` go back as they came, because it has refused their rejection.
    """

    problems: list[str] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0
    rejected: set[str] = field(default_factory=set)

    def with_timeout(self, _seconds: float) -> "StrictSmq":
        return self

    def publish(self, _topic: str, body: str, tag: str) -> str:
        event = json.loads(body)
        self.problems += [error.message for error in OUTCOME_VALIDATOR.iter_errors(event)]
        if len(body.encode()) > MAX_MESSAGE_BYTES or tag != event["data"]["status"]:
            self.problems.append("an outcome is too long, or is not tagged as what it is")
        if int(event["id"], 16) % 16 == 0:
            self.refused += 1
            if event["data"]["status"] == "rejected":
                self.rejected.add(event["data"]["submissionId"])
            raise SmqError("Refused", transient=False)
        self.published.append(event)
        return "published"

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        for body in bodies if queue != DEAD_LETTERS else ():
            (delivery,) = envelope.parse_message("sent", body)
            is_rejected = delivery.lineage.submission_id in self.rejected
            if validation.violations(delivery.document) and not is_rejected:
                self.problems.append("a request is sent again that breaks the contract")
            if (delivery.lineage.generation > 0) != (delay_seconds > 0):
                self.problems.append("what is put off comes later, and what is replayed at once")
        return super().send(queue, bodies, delay_seconds)


class Lines(io.TextIOBase):
    """Standard output of the function: JSON lines; none may report an internal error."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__()
        self._problems = problems

    def write(self, text: str) -> int:
        for line in text.splitlines():
            if json.loads(line)["event"] in ("handler fault", "left for redelivery"):
                self._problems.append(line)
        return len(text)
