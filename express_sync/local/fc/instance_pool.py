"""The instances of one function: reused when idle, added when all are busy, up to a limit.

Reproduces scaling out by concurrent invocations and reuse of idle instances. Does not reproduce throttling: above the
limit an invocation waits, where FC would respond with 429; nor the freezing and reclaiming of idle instances.
"""

import asyncio
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from express_sync.local.account import Account
from express_sync.local.fc.environment import environment_of
from express_sync.local.fc.instance import Instance, Launch
from express_sync.local.fc.invocation_log import InvocationLog, Kind
from express_sync.local.fc.output import Logs
from express_sync.local.fc.result import InvocationResult, exited
from express_sync.local.template.deployment import Function


@dataclass(frozen=True, slots=True)
class Code:
    """The interpreter that runs the function, and the directory that stands for `/code`."""

    python: str
    directory: Path


def memory_mb(pid: int) -> int:
    """Return the peak of the resident memory of a process, rounded up; 0 where the kernel does not tell it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return -(-int(peak[1]) // 1024) if peak else 0


def new_request_id() -> str:
    """Return a request id as FC gives one to an invocation."""
    return str(uuid.uuid4())


class InstancePool:
    """Runs invocations of `function` in at most `limit` processes, which `stop` ends."""

    def __init__(self, function: Function, account: Account, code: Code, limit: int = 4) -> None:
        self.function = function
        self.invocation_log = InvocationLog()
        self.logs = Logs()
        self._account = account
        self._launch = Launch(code.python, code.directory, environment_of(function, account, code.directory))
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Instance] = []
        self._instances: set[Instance] = set()
        self._stopped = False

    async def invoke(self, event: bytes, request_id: str, kind: Kind, retry_count: int = 0) -> InvocationResult:
        """Run one invocation and return its result. OSError if the interpreter cannot be started."""
        async with self._slots:
            if self._stopped:
                return exited(b"")
            instance = await self._take()
            logged = self.invocation_log.begin(request_id, kind)
            try:
                result = await instance.invoke(self._call(request_id, retry_count), event, self.function.timeout)
            except asyncio.CancelledError:
                instance.kill()
                raise
            finally:
                self._give_back(instance)
            self.invocation_log.end(logged, result)
            return replace(result, instance_id=instance.id, memory_mb=memory_mb(instance.pid))

    async def kill(self) -> list[int]:
        """Kill every instance, busy or idle, and return their process ids once they have ended."""
        killed = [instance for instance in self._instances if instance.usable]
        for instance in killed:
            instance.kill()
        for instance in killed:
            await instance.gone()
        return [instance.pid for instance in killed]

    async def stop(self) -> None:
        """End every instance; the result of what still runs, and of later invocations, is `exited`."""
        self._stopped = True
        for instance in list(self._instances):
            instance.kill()
            await instance.gone()

    async def _take(self) -> Instance:
        while self._idle:
            instance = self._idle.pop()
            if instance.usable:
                return instance
        instance = await Instance.start(self._launch, self.logs)
        self._instances.add(instance)
        instance.when_gone(self._instances.discard)
        return instance

    def _give_back(self, instance: Instance) -> None:
        if instance.usable:
            self._idle.append(instance)

    def _call(self, request_id: str, retry_count: int) -> dict[str, Any]:
        role = self._account.role
        return {
            "requestId": request_id,
            "retryCount": str(retry_count) if retry_count else None,
            "handler": self.function.handler,
            "runtime": self.function.runtime,
            "function": self.function.name,
            "memory": self.function.memory,
            "timeout": self.function.timeout,
            "region": self._account.region,
            "accountId": self._account.account_id,
            "credentials": {
                "access_key_id": role.access_key_id,
                "access_key_secret": role.access_key_secret,
                "security_token": role.security_token,
            },
        }
