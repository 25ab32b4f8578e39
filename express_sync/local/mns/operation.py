"""The definition of an operation of the API: its name, its requests, and what it does."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from express_sync.local.crash_points import Point
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.protocol import Request, Response


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an operation; `names` are the resources that its path names."""

    service: MessageService
    request: Request
    names: Mapping[str, str]


Perform = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`perform` for requests of `method` on `path` (with {placeholders}) for which `when` is true.

    A `long_poll` ends when its client disconnects. The crash points are reported when the request has arrived and when
    it was answered; with `only_of_function` only for calls with the key of the function's role.
    """

    name: str
    method: str
    path: str
    perform: Perform
    when: Callable[[Request], bool] = lambda _request: True
    long_poll: bool = False
    sent_point: Point | None = None
    answered_point: Point | None = None
    only_of_function: bool = False

    def names(self, request: Request) -> Mapping[str, str] | None:
        """Return the resources that `request` names, None if it is not for this operation."""
        if request.method != self.method:
            return None
        match = _pattern(self.path).fullmatch(request.path)
        if match is None or not self.when(request):
            return None
        return {name: unquote(value) for name, value in match.groupdict().items()}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))


def overrides(request: Request) -> bool:
    """Tell whether attributes of something that exists are to be changed."""
    return request.query.get("metaoverride", "").lower() == "true"


def created(location: str, is_new: bool) -> Response:
    """Return the response to a creation: 201, or 204 if an equal one existed; either way with its address."""
    return Response(201 if is_new else 204, location=location)


NO_CONTENT = Response(204)
