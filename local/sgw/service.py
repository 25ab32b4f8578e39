"""Runs calls: lets them in or not, bends them by the queued faults, executes them now, later or never.

Knows no HTTP server: what is to go over the wire is returned. A slow call goes on when its client has left,
and a late one lands whatever has become of its connection or of the server, unless everything is reset first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from local.sgw import replies
from local.sgw.call import Call
from local.sgw.faults import Fault, FaultQueue
from local.sgw.gateway import Gateway
from local.sgw.groups import GroupService
from local.sgw.journal import Entry, Journal
from local.sgw.operations import OPERATIONS, Fields
from local.sgw.refusals import Refusal
from local.sgw.replies import Addressee, Reply

Sleep = Callable[[float], Awaitable[object]]
Answer = Reply | Literal["reset", "silence"]


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
            answer: Answer = replies.refusal(to, refused)
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
        if fault.execution == "now":
            if fault.delay_s:
                await self._sleep(fault.delay_s)
            return self._perform(call, entry)
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

    def _perform(self, call: Call, entry: Entry) -> Fields | Refusal:
        result = OPERATIONS[call.action](self.groups, call.parameters)
        entry.outcome = result.code if isinstance(result, Refusal) else "done"
        return result


def _answer(to: Addressee, fault: Fault, result: Fields | Refusal) -> Answer:
    match fault.wire:
        case "answer":
            return replies.refusal(to, result) if isinstance(result, Refusal) else replies.success(to, result)
        case "reset" | "silence":
            return fault.wire
        case Refusal():
            return replies.refusal(to, fault.wire, retry_after_s=fault.delay_s)
        case _:
            return replies.distorted(to, fault.wire)
