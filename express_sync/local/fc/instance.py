"""One function instance: a worker process that serves one invocation at a time over a socket.

Reproduces the end of an instance at a timeout (SIGTERM, and SIGKILL if that is not enough), and that an instance
whose process ended is not used again, and that everything it started ends with it.
Unknown: how long FC waits between the two signals; here one second.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.local.fc.output import Logs, OutputPipe
from express_sync.local.fc.result import InvocationResult, exited, timed_out

_GRACE_SECONDS = 1.0
_WORKER = Path(__file__).with_name("worker.py")
_LENGTHS = struct.Struct(">II")

Frame = tuple[dict[str, Any], bytes]


@dataclass(frozen=True, slots=True)
class Launch:
    """The interpreter, the code directory and the whole environment of a worker."""

    python: str
    code: Path
    environment: Mapping[str, str]


class Instance:
    """A running worker; create it with `start`."""

    def __init__(self, process: asyncio.subprocess.Process, output: OutputPipe, channel: "_Channel") -> None:
        self.pid = process.pid
        self.id = f"c-{uuid.uuid4()}"
        self._process = process
        self._output = output
        self._channel = channel
        self._exit = asyncio.create_task(self._watch())
        self._ready = asyncio.create_task(channel.receive())
        self._is_ending = False

    @classmethod
    async def start(cls, launch: Launch, logs: Logs) -> "Instance":
        """Start a worker process. OSError if the interpreter does not exist."""
        output = OutputPipe(logs.add)
        ours, theirs = socket.socketpair()
        lifeline, our_end = os.pipe()
        inherited = (theirs.fileno(), lifeline)
        try:
            process = await asyncio.create_subprocess_exec(
                launch.python,
                str(_WORKER),
                *map(str, inherited),
                str(launch.code),
                cwd=launch.code,
                env=launch.environment,
                pass_fds=inherited,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writer,
                stderr=output.writer,
                start_new_session=True,
            )
        except BaseException:
            output.close()
            ours.close()
            os.close(our_end)
            raise
        finally:
            output.close_writer()
            theirs.close()
            os.close(lifeline)
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, output, _Channel(reader, writer, our_end))

    @property
    def usable(self) -> bool:
        """Tell whether it can run another invocation."""
        return not self._is_ending and not self._exit.done()

    async def invoke(self, call: Mapping[str, Any], event: bytes, timeout: int) -> InvocationResult:
        """Run one invocation for at most `timeout` seconds, counted from when the interpreter is ready."""
        if await self._unless_gone(self._ready, None) is None:
            return exited(self._output.tail())
        self._output.begin(call["requestId"])
        exchange = asyncio.create_task(self._channel.exchange(call, event))
        try:
            frame = await self._unless_gone(exchange, timeout)
        except asyncio.TimeoutError:
            await self._terminate()
            return timed_out(timeout, self._output.tail())
        finally:
            exchange.cancel()
        if frame is None:
            return exited(self._output.tail())
        head, body = frame
        return InvocationResult("succeeded" if head["ok"] else "failed", body, self._output.tail())

    def kill(self) -> None:
        """Send SIGKILL to the process and everything it started; do nothing if it has ended."""
        self._signal(signal.SIGKILL)

    async def gone(self) -> None:
        """Return once the process has ended and all its output was read."""
        await asyncio.shield(self._exit)

    def when_gone(self, callback: Callable[["Instance"], object]) -> None:
        """Call `callback` once the process has ended."""
        self._exit.add_done_callback(lambda _: callback(self))

    async def _unless_gone(self, wanted: "asyncio.Task[Frame]", timeout: int | None) -> Frame | None:
        """Return the result of `wanted`, None if the process ends before. TimeoutError after `timeout` seconds."""
        first = asyncio.FIRST_COMPLETED
        done, _ = await asyncio.wait({wanted, self._exit}, timeout=timeout, return_when=first)
        if not done:
            raise asyncio.TimeoutError
        if wanted.done() and wanted.exception() is None:
            return wanted.result()
        self.kill()
        await self.gone()
        return None

    async def _terminate(self) -> None:
        self._signal(signal.SIGTERM)
        await asyncio.wait({self._exit}, timeout=_GRACE_SECONDS)
        self.kill()
        await self.gone()

    def _signal(self, number: signal.Signals) -> None:
        self._is_ending = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _watch(self) -> None:
        await self._process.wait()
        self.kill()
        self._channel.close()
        self._output.close()


class _Channel:
    """The parent's ends of the socket and of the pipe that a worker inherits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lifeline: int) -> None:
        self._reader = reader
        self._writer = writer
        self._lifeline = lifeline

    async def exchange(self, head: Mapping[str, Any], body: bytes) -> Frame:
        """Send a frame and wait for the next one. IncompleteReadError or ConnectionError if the worker has ended."""
        encoded = json.dumps(head).encode()
        self._writer.write(_LENGTHS.pack(len(encoded), len(body)) + encoded + body)
        return await self.receive()

    async def receive(self) -> Frame:
        """Return the next frame."""
        head, body = _LENGTHS.unpack(await self._reader.readexactly(_LENGTHS.size))
        return json.loads(await self._reader.readexactly(head)), await self._reader.readexactly(body)

    def close(self) -> None:
        """Close both ends."""
        self._writer.close()
        os.close(self._lifeline)
