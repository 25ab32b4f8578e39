"""The script that runs in each function instance and serves invocations one after the other.

Reproduces FC's Python bootstrap: the code directory first on the path; the dotted walk to the handler's module,
which is imported at the first invocation; bytes in; the context objects of python3.10 and python3.12; str and bytes
out as they are, anything else as JSON; the JSON error shape; log lines around each invocation; the root logger's
format; SIGTERM at a timeout, which dumps the stacks and exits with 143; only `Exception` is caught, so SystemExit ends
the instance. Does not reproduce: initializer and pre-stop hooks, instance concurrency, HTTP functions, /opt layers.
Unknown: the loader of python3.12 (here the same walk) and whether its `function.timeout` is a string (here it is).
It is one file and imports only the standard library, because it runs with the interpreter of an unpacked package,
which must not see the modules of the local cloud.

Protocol: one frame is two lengths (big-endian, 4 bytes each), a JSON object and bytes. The worker sends an empty
frame once it is ready; then each frame received is an invocation, each frame sent its result: `{"ok": bool}`, body.
"""

import datetime
import decimal
import faulthandler
import fcntl
import importlib.machinery
import importlib.util
import json
import logging
import os
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any, BinaryIO, TextIO

Call = Mapping[str, Any]
Handler = Callable[[bytes, Any], object]

LENGTHS = struct.Struct(">II")
MAX_WRITE = 128 * 1024
EXIT_ON_SIGTERM = 143

LOAD_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (ImportError, "ImportModuleError", "Unable to import module '{module}'"),
    (SyntaxError, "UserCodeSyntaxError", "Syntax error in module '{module}'"),
    (ValueError, "InvalidHandleName", "Invalid handler '{module}'"),
    (Exception, "UserCodeError", "Module initialization error: '{error}'"),
)


class LoadError(Exception):
    """The handler cannot be loaded; `error_type` is FC's name for the reason."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Log:
    """stdout or stderr: each write is cut at 128 KiB and flushed, as by the real bootstrap."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._stream.write(text[:MAX_WRITE])
        self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))


class RequestId(logging.Filter):
    """Adds the id of the running invocation to every record."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.fc_request_id = self.current
        return True


class Handlers:
    """Loads handlers from the code directory and caches them."""

    def __init__(self, code: Path) -> None:
        self._code = code
        self._found: dict[str, Handler] = {}

    def get(self, handler: str) -> Handler:
        """Return the callable `package.module.function`. LoadError."""
        if handler not in self._found:
            module, _, function = handler.rpartition(".")
            self._found[handler] = self._function(module or handler, function)
        return self._found[handler]

    def _function(self, module: str, function: str) -> Handler:
        try:
            loaded = self._load(module)
        except Exception as error:
            raise load_error(module, error) from error
        if not hasattr(loaded, function):
            raise LoadError("HandlerNotFound", f"Handler '{function}' is missing on module '{module}'")
        found: Handler = getattr(loaded, function)
        return found

    def _load(self, module: str) -> ModuleType:
        origin = self._origin(module)
        if module in sys.modules:
            return sys.modules[module]
        spec = importlib.util.spec_from_file_location(module, origin)
        if spec is None or spec.loader is None:
            raise ImportError(f"{origin} is not a Python module")
        loaded = sys.modules[module] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(loaded)
        except BaseException:
            del sys.modules[module]
            raise
        return loaded

    def _origin(self, module: str) -> Path:
        folder, _, dotted = module.rpartition("/")
        place = self._code / folder
        for segment in dotted.split("."):
            spec = importlib.machinery.PathFinder.find_spec(segment, [str(place)])
            if spec is None or spec.origin is None:
                raise ImportError(f"No module named {segment!r} in {place}")
            origin = Path(spec.origin)
            place = origin.parent if spec.submodule_search_locations else origin
        return origin


def load_error(module: str, cause: Exception) -> LoadError:
    """Return FC's error for what failed while `module` was loaded."""
    for kind, error_type, message in LOAD_FAILURES:
        if isinstance(cause, kind):
            return LoadError(error_type, message.format(module=module, error=cause))
    raise cause


def context_of_python310(call: Call) -> SimpleNamespace:
    """Return the context of python3.10 and older: with credentials, service and tracing; the timeout is a string."""
    return SimpleNamespace(
        request_id=call["requestId"],
        requestId=call["requestId"],
        credentials=SimpleNamespace(**call["credentials"]),
        function=SimpleNamespace(
            name=call["function"], handler=call["handler"], memory=call["memory"], timeout=str(call["timeout"])
        ),
        service=SimpleNamespace(name="", log_project="", log_store="", qualifier="LATEST", version_id=""),
        region=call["region"],
        account_id=call["accountId"],
        tracing=SimpleNamespace(span_context=None, jaeger_endpoint=None, span_baggages={}),
        logger=None,
        retry_count=call["retryCount"],
    )


def context_of_python312(call: Call) -> SimpleNamespace:
    """Return the context of python3.12: without credentials, which are in the environment, and without service."""
    return SimpleNamespace(
        request_id=call["requestId"],
        account_id=call["accountId"],
        function=SimpleNamespace(
            name=call["function"],
            handler=call["handler"],
            memory=call["memory"],
            timeout=str(call["timeout"]),
            version_id="",
            qualifier="LATEST",
        ),
        logger=None,
        getLogger=logging.getLogger,
        log_project="",
        log_store="",
        region=call["region"],
    )


CONTEXTS: Mapping[str, Callable[[Call], SimpleNamespace]] = {
    "python3.10": context_of_python310,
    "python3.12": context_of_python312,
}


def invoke(handlers: Handlers, call: Call, event: bytes) -> tuple[bool, bytes]:
    """Run one invocation; return True and the bytes of the result, or False and those of the JSON error."""
    try:
        handler = handlers.get(call["handler"])
    except LoadError as error:
        return False, described(error.error_type, error, trace_of(error.__cause__, 0))
    try:
        return True, encoded(handler(event, CONTEXTS[call["runtime"]](call)))
    except Exception as error:
        return False, described(type(error).__name__, error, trace_of(error, 1))


def encoded(result: object) -> bytes:
    """Return a result as bytes; TypeError if it is neither text nor bytes nor JSON."""
    if isinstance(result, bytes):
        return result
    if not isinstance(result, str):
        result = json.dumps(result, default=jsonable, indent=4, sort_keys=True)
    return result.encode()


def jsonable(value: Any) -> Any:
    """Return the JSON value that FC uses for an object that `json` cannot encode."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if hasattr(value, "to_json"):
        return value.to_json()
    raise TypeError(f"{value!r} is not JSON serializable")


def described(error_type: str, error: Exception, trace: list[list[str]]) -> bytes:
    """Return FC's JSON error; it has a `stackTrace` only if there is one."""
    shape: dict[str, Any] = {"errorMessage": str(error), "errorType": error_type}
    if trace:
        shape["stackTrace"] = trace
    return json.dumps(shape, indent=4, sort_keys=True).encode()


def trace_of(error: BaseException | None, skip: int) -> list[list[str]]:
    """Return one list per frame: file, line, function and source line, without the `skip` frames of the bootstrap."""
    if error is None:
        return []
    return [frame_items(text) for text in traceback.format_tb(error.__traceback__)[skip:]]


def frame_items(text: str) -> list[str]:
    """Return `File "x"`, `line n`, `in f` and the source of one formatted frame."""
    place, source, *_ = [*text.split("\n"), ""]
    return [*(item.strip() for item in place.split(",")), source.strip()]


def serve(handlers: Handlers, request_id: RequestId, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Run invocations until the other end of the channel closes."""
    send(outgoing, {}, b"")
    while (frame := receive(incoming)) is not None:
        call, event = frame
        request_id.current = call["requestId"]
        sys.stdout.write(f"FC Invoke Start RequestId: {request_id.current}\n")
        ok, body = invoke(handlers, call, event)
        if not ok:
            logging.getLogger().error(body.decode())
        ending = "" if ok else ", Error: Unhandled function error"
        sys.stdout.write(f"FC Invoke End RequestId: {request_id.current}{ending}\n")
        send(outgoing, {"ok": ok}, body)


def receive(channel: BinaryIO) -> tuple[Call, bytes] | None:
    """Return the next frame, or None at the end of the channel."""
    lengths = channel.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return json.loads(channel.read(head)), channel.read(body)


def send(channel: BinaryIO, head: Mapping[str, Any], body: bytes) -> None:
    """Write one frame."""
    encoded_head = json.dumps(head).encode()
    channel.write(LENGTHS.pack(len(encoded_head), len(body)) + encoded_head + body)
    channel.flush()


def start_logging(request_id: RequestId) -> None:
    """Let print flush at once, and the root logger write FC's line format to stdout."""
    sys.stdout = Log(sys.stdout)
    sys.stderr = Log(sys.stderr)
    line = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(fc_request_id)s [%(levelname)s] %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    line.converter = time.gmtime
    to_stdout = logging.StreamHandler(sys.stdout)
    to_stdout.setFormatter(line)
    to_stdout.addFilter(request_id)
    logging.getLogger().handlers = [to_stdout]
    logging.getLogger().setLevel(logging.INFO)


def exit_with_stacks(_signal: int, _frame: FrameType | None) -> None:
    """End an invocation that took too long."""
    logging.getLogger().error("Dumping stack trace after function timeout")
    faulthandler.dump_traceback()
    sys.exit(EXIT_ON_SIGTERM)


def die_with(lifeline: int) -> None:
    """Let the kernel end this process when the parent's end of `lifeline` closes, even while the process is busy.

    Linux ends a process at an unhandled SIGIO; on other systems the worker ends when it next reads its channel.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def main(channel: int, lifeline: int, code: str) -> None:
    """Serve the handlers in the directory `code` on the inherited descriptors `channel` and `lifeline`."""
    for descriptor in (channel, lifeline):
        os.set_inheritable(descriptor, False)
    die_with(lifeline)
    sys.path[0] = code
    request_id = RequestId()
    start_logging(request_id)
    signal.signal(signal.SIGTERM, exit_with_stacks)
    with os.fdopen(channel, "rb", closefd=False) as incoming, os.fdopen(channel, "wb", closefd=False) as outgoing:
        serve(Handlers(Path(code)), request_id, incoming, outgoing)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
