"""What an operation of the API is: a name, the requests that mean it, and what it does.

Must not know: which operations there are.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.protocol import Answer, Request


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an operation; `names` are the resources that its path names."""

    service: MessageService
    request: Request
    names: Mapping[str, str]


Perform = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`perform` for requests of `method` on `path` (with {placeholders}) that `when` agrees to."""

    name: str
    method: str
    path: str
    perform: Perform
    when: Callable[[Request], bool] = lambda _request: True

    def names(self, request: Request) -> Mapping[str, str] | None:
        """The resources that `request` names, None if it does not mean this operation."""
        if request.method != self.method:
            return None
        match = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path), request.path)
        return match.groupdict() if match and self.when(request) else None


def overrides(request: Request) -> bool:
    """Whether attributes of something that exists are to be changed."""
    return request.query.get("metaoverride", "").lower() == "true"


def created(call: Call, is_new: bool) -> Answer:
    """The answer to a creation: 201, or 204 if there was one just like it; either way with its address."""
    return Answer(201 if is_new else 204, location=call.request.url + call.request.path)


NO_CONTENT = Answer(204)
