"""From a request to what goes back over the wire: the checks in order, the fault that strikes, the operation.

Reproduces: protocol checks before everything else, an address that means nothing after them, then names, documents
and values as each operation finds them.
Must not know: sockets, and what operations do.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.errors import ServiceError
from express_sync.local.mns.faults import NO_FAULT, Fault, FaultQueue, Wire
from express_sync.local.mns.operation import Call, Operation
from express_sync.local.mns.operations import messages, queues, topics
from express_sync.local.mns.protocol import Request, error_answer
from express_sync.local.mns.signature import authenticate

OPERATIONS: tuple[Operation, ...] = (
    *queues.OPERATIONS,
    *messages.OPERATIONS,
    *topics.OPERATIONS,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a request asks for: `operation` of what `names` tell; None if the API has nothing of the kind."""

    operation: Operation | None
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        """The operation's name, "" for none."""
        return self.operation.name if self.operation else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send, and the fault that made it so."""

    wire: Wire
    fault: Fault = NO_FAULT


def meaning_of(request: Request) -> Meaning:
    """What `request` asks for, whether or not it may."""
    for operation in OPERATIONS:
        names = operation.names(request)
        if names is not None:
            return Meaning(operation, names)
    return Meaning(None, {})


class Gateway:
    """Answers requests to one service; `now` is in seconds since the epoch, for the skew of signatures only."""

    def __init__(self, service: MessageService, account: Account, faults: FaultQueue, now: Callable[[], float]) -> None:
        self._service = service
        self._account = account
        self._faults = faults
        self._now = now

    async def reply(self, request: Request, meaning: Meaning, request_id: str) -> Reply:
        """Check `request`, do what it means, and say what to send back."""
        try:
            authenticate(request, self._account, self._now())
        except ServiceError as refusal:
            return Reply(error_answer(refusal, request_id, request.url))
        if meaning.operation is None:
            return Reply(error_answer(ServiceError("InvalidRequestURL"), request_id, request.url))
        fault = self._faults.take(meaning.name)
        await asyncio.sleep(fault.delay_s)
        call = Call(self._service, request, meaning.names)
        wire = await _perform(meaning.operation, call, request_id) if fault.done else fault.wire
        if fault.code:
            return Reply(error_answer(ServiceError(fault.code), request_id, request.url), fault)
        return Reply(wire if fault.wire == "answer" else fault.wire, fault)


async def _perform(operation: Operation, call: Call, request_id: str) -> Wire:
    try:
        return await operation.perform(call)
    except ServiceError as error:
        return error_answer(error, request_id, call.request.url)
