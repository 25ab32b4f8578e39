"""Runs calls: admission, then the queued fault, then the operation, now, later or never.

Reproduces: admission by the gateway before the operation sees anything. Chosen: the faults, which no service has.

A slow call continues after its client has disconnected. A late one lands even if its connection or the server closes,
unless everything is reset first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Literal, TypedDict

from express_sync.local.api_error import ApiError
from express_sync.local.call_log import CallLog
from express_sync.local.faults import Fault, FaultQueue
from express_sync.local.not_emulated import NotEmulatedReports
from express_sync.local.openapi.admission import Admission
from express_sync.local.openapi.request import Call
from express_sync.local.sgw import responses
from express_sync.local.sgw.faults import KINDS, NO_FAULT, ErrorResponse, Wire
from express_sync.local.sgw.groups import GroupService
from express_sync.local.sgw.operations import OPERATIONS, Fields
from express_sync.local.sgw.responses import Response, ResponseContext

_CREATE = "CreateExpressSync"
MAX_CALLS = 50_000  # a storm of 2,000 requests counts the calls and waits until each has an outcome

Sleep = Callable[[float], Awaitable[object]]
Delivery = Response | Literal["reset", "silence", "trickle"]


class LoggedCall(TypedDict):
    """One entry of the call log, changed as the call goes on.

    `code` is the API's code that the client was sent, if any. `outcome` is the result of the operation, whatever the
    client was told: `pending`, `done`, `not-executed`, or the code of its actual error. `fault` is the fault that
    applied to the call, if any.
    """

    operation: str
    name: str
    code: str | None
    outcome: str
    fault: str | None
    requestId: str
    time: str
    accessKeyId: str


class Dispatcher:
    """Admission and operations, with the faults and the call log that the admin API shows."""

    def __init__(self, groups: GroupService, admission: Admission, sleep: Sleep, reports: NotEmulatedReports) -> None:
        self.groups = groups
        self.calls: CallLog[LoggedCall] = CallLog(MAX_CALLS)
        self.faults: FaultQueue[Wire] = FaultQueue(KINDS, tuple(OPERATIONS), default=_CREATE)
        self._admission = admission
        self._sleep = sleep
        self._reports = reports
        self._late: set[asyncio.Task[None]] = set()

    async def run(self, call: Call, entry: LoggedCall) -> Delivery:
        """Run `call`, complete its `entry`, and return what the client gets."""
        to = ResponseContext(call.action, call.format, entry["requestId"], call.headers.get("host", ""))
        try:
            self._admission.check(call)
        except ApiError as error:
            self._reports.note(error)
            entry["outcome"] = "not-executed"
            delivery: Delivery = responses.failure(to, error)
        else:
            fault = self.faults.take(call.action, _group_name(call)) or NO_FAULT
            entry["fault"] = fault.text or None
            delivery = _delivery(to, fault, await self._execute(call, fault, entry))
        entry["code"] = delivery.code if isinstance(delivery, Response) else None
        return delivery

    def reset(self) -> None:
        """Remove groups, faults and logged calls, and whatever has not landed yet."""
        for task in self._late:
            task.cancel()
        self.groups.reset()
        self.faults.clear()
        self.calls.clear()

    async def _execute(self, call: Call, fault: Fault[Wire], entry: LoggedCall) -> Fields | ApiError:
        parameters = _normalised(call.parameters) if fault.wire == "normalised" else call.parameters
        if fault.execution == "now":
            if fault.seconds:
                await self._sleep(fault.seconds)
            return self._perform(call.action, parameters, entry)
        if fault.execution == "later":
            task = asyncio.create_task(self._land(call, fault.seconds, entry))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            entry["outcome"] = "not-executed"
        return {}

    async def _land(self, call: Call, delay_s: float, entry: LoggedCall) -> None:
        await self._sleep(delay_s)
        self._perform(call.action, call.parameters, entry)

    def _perform(self, action: str, parameters: Mapping[str, str], entry: LoggedCall) -> Fields | ApiError:
        try:
            fields = OPERATIONS[action](self.groups, parameters)
        except ApiError as error:
            entry["outcome"] = error.code
            return error
        entry["outcome"] = "done"
        return fields


def _group_name(call: Call) -> str | None:
    return call.parameters.get("Name", "") if call.action == _CREATE else None


def _normalised(parameters: Mapping[str, str]) -> Mapping[str, str]:
    prefix = parameters.get("BucketPrefix")
    return parameters if prefix is None else {**parameters, "BucketPrefix": prefix.strip("/")}


def _delivery(to: ResponseContext, fault: Fault[Wire], result: Fields | ApiError) -> Delivery:
    match fault.wire:
        case "result" | "normalised" | "early hints":
            response = responses.failure(to, result) if isinstance(result, ApiError) else responses.success(to, result)
            return replace(response, early_hints=fault.wire == "early hints")
        case "reset" | "silence" | "trickle":
            return fault.wire
        case ErrorResponse(_, in_xml, retry_after):
            response = responses.failure(replace(to, format="XML") if in_xml else to, fault.wire.error)
            return responses.with_retry_after(response, retry_after, fault.seconds)
        case _:
            return responses.distorted(to, fault.wire)
