"""The client of MNS (SMQ): the official SDK, with a workaround for each of its defects that can reach the function.

Each operation has its own SDK account, because the SDK is not thread-safe. It calls through the function's own
connections, which outlive it, because the SDK's has no overall deadline, repeats requests by itself, and sends spliced
requests after a local failure. Bodies are sent unencoded, because its base64 codec loses messages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from mns.account import Account
from mns.mns_exception import MNSClientNetworkException, MNSExceptionBase
from mns.queue import Message, Queue
from mns.topic import TopicMessage

from handler.credentials import Credentials
from handler.model import MAX_MESSAGE_BYTES
from handler.transport.connection import CallError, request_bytes
from handler.transport.pool import Connections
from handler.transport.response import Response

TIMEOUT_SECONDS = 10.0
_EMPTY = "MessageNotExist"
_TRANSIENT = frozenset({"InternalError", "InternalServerError", "TooManyRequests", "QpsLimitExceeded", "TimeExpired"})
_SUCCESSES = {"DELETE": (204,), "GET": (200,), "POST": (201,), "PUT": (200, 201, 204)}  # all that MNS documents
_TRANSIENT_STATUSES = (408, 429, *range(500, 600))
_TRANSIENT_CALL_ERRORS = frozenset(
    {"ConnectionLost", "MalformedAnswer", "NameNotResolved", "NotConnected", "ReadTimeout", "TlsFailed"}
)


AnySmq = TypeVar("AnySmq", bound="Smq")


class SmqError(Exception):
    """An operation that is not known to be done; `transient` if a retry may succeed.

    Has only the code: the SDK's own texts may quote bodies and headers.
    """

    def __init__(self, code: str, *, transient: bool) -> None:
        super().__init__(code)
        self.code = code
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Received:
    """A received message with its original body; `receipt_handle` is valid until the message becomes visible again."""

    message_id: str
    body: str
    receipt_handle: str
    enqueued_at_ms: int


@dataclass(frozen=True, slots=True)
class Smq:
    """The queues and topics at `endpoint`. Thread-safe. Every operation raises SmqError for any failure."""

    endpoint: str
    credentials: Credentials
    connections: Connections
    timeout_seconds: float = TIMEOUT_SECONDS
    """The maximum duration of one operation, however slowly the bytes arrive."""

    @classmethod
    def at(
        cls: type[AnySmq], endpoint: str, credentials: Credentials, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AnySmq:
        """Return a client with connections of its own."""
        return cls(endpoint, credentials, Connections(endpoint), timeout_seconds)

    def with_timeout(self, seconds: float) -> "Smq":
        """Return the same client with another timeout."""
        return replace(self, timeout_seconds=seconds)

    def publish(self, topic: str, body: str, tag: str) -> str:
        """Return the id of the message once the topic has accepted it. It may also be accepted if this raises."""
        if len(body.encode(errors="surrogatepass")) > MAX_MESSAGE_BYTES:
            raise SmqError("MessageTooLarge", transient=False)
        message = TopicMessage(body, tag)
        return str(self._do(lambda account: account.get_topic(topic).publish_message(message)).message_id)

    def send(self, queue: str, bodies: Sequence[str], delay_seconds: int = 0) -> tuple[str, ...]:
        """Send up to 16 messages, together at most 64 KiB, delayed by up to 604800 seconds, and return their ids.

        If this raises, any of them may be in the queue.
        """
        messages = [Message(body, delay_seconds=delay_seconds) for body in bodies]
        sent = self._do(lambda account: _raw(account, queue).batch_send_message(messages))
        if len(sent) != len(bodies):
            raise SmqError("MalformedAnswer", transient=True)
        return tuple(str(message.message_id) for message in sent)

    def receive(self, queue: str, count: int = 16, wait_seconds: int = 0) -> tuple[Received, ...]:
        """Return up to 16 messages, hidden for the queue's visibility timeout; none after `wait_seconds`."""
        try:
            messages = self._do(
                lambda account: _raw(account, queue).batch_receive_message(count, wait_seconds), wait_seconds
            )
        except SmqError as error:
            if error.code == _EMPTY:
                return ()
            raise
        return tuple(_received(message) for message in messages)

    def delete(self, queue: str, receipt_handles: Sequence[str]) -> None:
        """Delete up to 16 received messages for good."""
        self._do(lambda account: _raw(account, queue).batch_delete_message(list(receipt_handles)))

    def change_visibility(self, queue: str, receipt_handle: str, seconds: int) -> str:
        """Hide a received message for 1 to 43200 seconds from now, and return its new receipt handle."""
        changed = self._do(lambda account: _raw(account, queue).change_message_visibility(receipt_handle, seconds))
        return str(changed.receipt_handle)

    def _do(self, operation: Callable[[Account], Any], wait_seconds: int = 0) -> Any:
        keys = self.credentials
        transport = _Transport(self.connections, self.timeout_seconds + wait_seconds)
        try:
            # For https the SDK would load all certificates for a connection that is never used.
            host = f"http://{urlsplit(self.endpoint).netloc}"
            account = Account(host, keys.access_key_id, keys.access_key_secret, keys.security_token)
            account.get_client().http.conn = transport
            return operation(account)
        except MNSExceptionBase as error:
            raise transport.error or _smq_error(error, transport.status) from None
        except Exception as error:  # the SDK lets KeyError, ValueError and others out of its parsers
            raise SmqError(type(error).__name__, transient=True) from None


class _Transport:
    """One call, with the part of `http.client.HTTPConnection` that the SDK uses.

    `error` is the error of the call: the SDK turns every exception into one of its own, with a text.
    """

    def __init__(self, connections: Connections, seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds
        self.sock = SimpleNamespace(setsockopt=lambda *_option: None)
        self.request_length = 0
        self.status = 0
        self.error: SmqError | None = None

    def request(self, method: str, target: str, body: str | bytes, headers: Mapping[str, str]) -> None:
        try:
            request = request_bytes(method, target, headers, body.encode() if isinstance(body, str) else body)
            self._response = _checked(method, self._connections.call(request, self._seconds))
            self.status = self._response.status
        except CallError as error:
            self.error = SmqError(error.code, transient=error.code in _TRANSIENT_CALL_ERRORS)
            raise
        except Exception as error:
            self.error = SmqError(type(error).__name__, transient=False)
            raise

    def getresponse(self) -> Any:
        response = self._response
        return SimpleNamespace(status=response.status, getheaders=response.headers.items, read=lambda: response.body)

    def close(self) -> None:
        """Do nothing: the connection is kept, or closed already."""


def _checked(method: str, response: Response) -> Response:
    """Return a response that the SDK handles correctly. It takes any below 400 for a success."""
    if response.status < 400 and response.status not in _SUCCESSES[method]:
        raise CallError("MalformedAnswer", sent=True)
    return response


def _raw(account: Account, name: str) -> Queue:
    queue = account.get_queue(name)
    queue.set_encoding(False)
    return queue


def _received(message: Message) -> Received:
    return Received(message.message_id, message.message_body, message.receipt_handle, message.enqueue_time)


def _smq_error(error: MNSExceptionBase, status: int) -> SmqError:
    # The SDK raises a network exception for any response that is not the service's, such as a gateway's page.
    unanswered = isinstance(error, MNSClientNetworkException)
    transient = unanswered or status in _TRANSIENT_STATUSES or error.type in _TRANSIENT
    return SmqError(str(error.type), transient=transient)
