"""Runs calls: lets them in or not, bends them by the queued faults, executes them now, later or never.

Knows no HTTP server: what is to go over the wire is returned. A slow call goes on when its client has left,
and a late one lands whatever has become of its connection or of the server, unless everything is reset first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

from express_sync.local.openapi import responses
from express_sync.local.openapi.admission import Gateway
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.responses import Addressee, Reply
from express_sync.local.sgw.call_log import Entry, Journal
from express_sync.local.sgw.errors import Refusal
from express_sync.local.sgw.faults import ComeAgain, Fault, FaultQueue, InXml
from express_sync.local.sgw.groups import GroupService
from express_sync.local.sgw.operations import OPERATIONS, Fields

Sleep = Callable[[float], Awaitable[object]]
Answer = Reply | Literal["reset", "silence", "trickle"]


class Service:
    """The gateway and the operations behind it, with everything that tests can set and see."""

    def __init__(self, groups: GroupService, gateway: Gateway, journal: Journal, sleep: Sleep) -> None:
        self.groups = groups
        self.journal = journal
        self.faults = FaultQueue()
        self._gateway = gateway
        self._sleep = sleep
        self._late: set[asyncio.Task[None]] = set()

    async def answer(self, call: Call, entry: Entry) -> Answer:
        """Run `call`, fill in its `entry`, and say what its client gets."""
        to = Addressee(call.action, call.format, entry.request_id, call.headers.get("host", ""))
        if refused := self._gateway.refusal(call):
            entry.outcome = "not-executed"
            answer: Answer = responses.refusal(to, refused)
        else:
            fault = self.faults.take(call.action, call.parameters.get("Name", ""))
            entry.fault = fault.text or None
            answer = _answer(to, fault, await self._execute(call, fault, entry))
        entry.code = answer.code if isinstance(answer, Reply) else None
        return answer

    def reset(self) -> None:
        """Forget groups, faults and calls, and whatever has not landed yet."""
        for task in self._late:
            task.cancel()
        self.groups.reset()
        self.faults.reset()
        self.journal.reset()

    async def _execute(self, call: Call, fault: Fault, entry: Entry) -> Fields | Refusal:
        if fault.execution in ("now", "normalised"):
            if fault.delay_s:
                await self._sleep(fault.delay_s)
            return self._perform(call, entry, is_normalised=fault.execution == "normalised")
        if fault.execution == "later":
            task = asyncio.create_task(self._land(call, fault.delay_s, entry))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        else:
            entry.outcome = "not-executed"
        return {}

    async def _land(self, call: Call, delay_s: float, entry: Entry) -> None:
        await self._sleep(delay_s)
        self._perform(call, entry)

    def _perform(self, call: Call, entry: Entry, is_normalised: bool = False) -> Fields | Refusal:
        parameters = dict(call.parameters)
        if is_normalised and "BucketPrefix" in parameters:
            parameters["BucketPrefix"] = parameters["BucketPrefix"].strip("/")
        result = OPERATIONS[call.action](self.groups, parameters)
        entry.outcome = result.code if isinstance(result, Refusal) else "done"
        return result


def _answer(to: Addressee, fault: Fault, result: Fields | Refusal) -> Answer:
    match fault.wire:
        case "answer" | "hints":
            reply = responses.refusal(to, result) if isinstance(result, Refusal) else responses.success(to, result)
            return replace(reply, early_hints=fault.wire == "hints")
        case "reset" | "silence" | "trickle":
            return fault.wire
        case Refusal():
            return responses.refusal(to, fault.wire, fault.delay_s if fault.execution == "never" else 0.0)
        case InXml(refusal):
            return responses.refusal(replace(to, format="XML"), refusal)
        case ComeAgain(refusal):
            return responses.throttled(to, refusal, fault.delay_s)
        case _:
            return responses.distorted(to, fault.wire)
