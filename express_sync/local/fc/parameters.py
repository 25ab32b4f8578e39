"""What an invocation asks for, in the path, the query and the headers of its request.

Reproduces, from the pages of InvokeFunction of both versions: the invocation types with their limits, the log tail, and
the header and the form of a task id. Chosen: the service of 2016-08-15, which the template does not name.
"""

import re

from starlette.requests import Request

from express_sync.local.fc.errors import FcError

SERVICE = "express-sync"
MAX_BYTES = {"Sync": 32 * 1024 * 1024, "Async": 128 * 1024}
_TASK_ID_HEADERS = ("x-fc-async-task-id", "x-fc-stateful-async-invocation-id")
_TASK_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")


def check_service(request: Request) -> str:
    """Return the qualifier in the path, "" without one. FcError for another service than that of the template."""
    service, _, qualifier = request.path_params.get("service", SERVICE).partition(".")
    if service != SERVICE:
        raise FcError("ServiceNotFound", service)
    return str(qualifier)


def task_id(request: Request) -> str:
    """Return the id that the client gave to the invocation, "" without one. FcError."""
    given = (request.headers.get(name, "") for name in _TASK_ID_HEADERS)
    found = next(filter(None, given), "")
    if found and not _TASK_ID.fullmatch(found):
        raise FcError("InvalidArgument", f"invalid task ID '{found}'")
    return found


def task_headers(request: Request, task: str) -> dict[str, str]:
    """Return the header that tells the client its own `task` id again (documented for 2016-08-15)."""
    return {name: task for name in _TASK_ID_HEADERS if request.headers.get(name)}


def invocation_type(request: Request) -> str:
    """Return Sync or Async. FcError."""
    kind = request.headers.get("x-fc-invocation-type") or "Sync"
    if kind not in MAX_BYTES:
        raise FcError("InvalidArgument", f"invalid invocation type '{kind}'")
    return kind


def check_size(event: bytes, kind: str) -> None:
    """Return if an event of that size may be sent. FcError."""
    if len(event) > MAX_BYTES[kind]:
        raise FcError("EntityTooLarge", MAX_BYTES[kind])


def wants_log(request: Request) -> bool:
    """Tell whether the end of the log is requested."""
    return request.headers.get("x-fc-log-type") == "Tail"
