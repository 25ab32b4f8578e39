"""Runs requests: the checks in order, the queued fault, the operation.

Reproduces: protocol checks before everything else, an unknown address after them, then names, documents and values as
each operation checks them.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.api_error import ApiError
from express_sync.local.faults import Fault, FaultQueue
from express_sync.local.mns import control_plane
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.errors import MnsError
from express_sync.local.mns.faults import KINDS, NO_FAULT, ErrorResponse, Wire
from express_sync.local.mns.operation import Call, Operation
from express_sync.local.mns.operations import account as account_operations
from express_sync.local.mns.operations import messages, queues, topics
from express_sync.local.mns.protocol import Request, error_response
from express_sync.local.mns.signature import authenticate
from express_sync.local.not_emulated import NotEmulatedReports

OPERATIONS: tuple[Operation, ...] = (
    *queues.OPERATIONS,
    *messages.OPERATIONS,
    *topics.OPERATIONS,
    *account_operations.OPERATIONS,
)


@dataclass(frozen=True, slots=True)
class ResolvedOperation:
    """The operation of a request, None if the API has none, and the resources that the request names."""

    operation: Operation | None
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return the operation's name, "" for none."""
        return self.operation.name if self.operation else ""

    def required(self) -> Operation:
        """Return the operation. Raise MnsError if the request does not match any."""
        if self.operation is None:
            raise MnsError("InvalidRequestURL")
        return self.operation

    @property
    def resource(self) -> str:
        """Return the name of the queue or topic, "" for none."""
        return self.names.get("queue") or self.names.get("topic", "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What to send, and the text of the fault that applied, "" if none did."""

    wire: Wire
    fault: str = ""


def resolve(request: Request) -> ResolvedOperation:
    """Return the operation that `request` is for, whether or not it is allowed."""
    for operation in OPERATIONS:
        names = operation.names(request)
        if names is not None:
            return ResolvedOperation(operation, names)
    return ResolvedOperation(None, {})


class Dispatcher:
    """Runs requests to one service; `now`, in seconds since the epoch, is for the skew of signatures only."""

    def __init__(
        self, service: MessageService, account: Account, now: Callable[[], float], reports: NotEmulatedReports
    ) -> None:
        self.service = service
        self.faults: FaultQueue[Wire] = FaultQueue(KINDS, [operation.name for operation in OPERATIONS])
        self._account = account
        self._now = now
        self._reports = reports

    async def run(self, request: Request, resolved: ResolvedOperation, request_id: str) -> Delivery:
        """Check `request`, perform its operation, and return what to send."""
        fault = NO_FAULT
        if action := control_plane.operation_of(request):
            error = control_plane.error_for(action)
            self._reports.note(error)
            return Delivery(control_plane.error_response(error, request_id, request.host))
        try:
            authenticate(request, self._account, self._now())
            operation = resolved.required()
            fault = self.faults.take(resolved.name, resolved.resource) or NO_FAULT
            wire = await _perform(operation, Call(self.service, request, resolved.names), fault)
        except ApiError as error:
            self._reports.note(error)
            wire = error_response(error, request_id, request.url)
        return Delivery(wire, fault.text)


async def _perform(operation: Operation, call: Call, fault: Fault[Wire]) -> Wire:
    await asyncio.sleep(fault.seconds)
    if fault.wire == "result":
        return await operation.perform(call)
    if fault.execution == "now":
        with suppress(MnsError):  # the fault is sent whatever the result is
            await operation.perform(call)
    if isinstance(fault.wire, ErrorResponse):
        raise MnsError(fault.wire.code)
    return fault.wire
