"""What can be made to go wrong, as a table, and the faults that wait for their calls.

Must not know: sockets. A fault says whether the operation is done and what is sent; others carry that out.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from express_sync.local.mns.errors import ERRORS
from express_sync.local.mns.protocol import Answer

# What goes over the wire: the true answer, a TCP RST, nothing at all, or another answer.
Wire = Literal["answer", "reset", "silence"] | Answer

_HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"
_SLOW = re.compile(r"slow:(\d{1,7})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation: wait, do the operation or not, then send the error `code` if there is one, else `wire`."""

    name: str = ""
    done: bool = True
    wire: Wire = "answer"
    code: str = ""
    delay_s: float = 0


NO_FAULT = Fault()
_KINDS: Mapping[str, Fault] = MappingProxyType(
    {
        **{code: Fault(code, done=False, code=code) for code in ERRORS},
        "reset-before": Fault("reset-before", done=False, wire="reset"),
        "reset-after": Fault("reset-after", wire="reset"),
        "timeout-before": Fault("timeout-before", done=False, wire="silence"),
        "timeout-after": Fault("timeout-after", wire="silence"),
        "error-after": Fault("error-after", code="InternalError"),
        "unavailable": Fault("unavailable", done=False, wire=Answer(503, content_type="text/html")),
        "http-502-html": Fault("http-502-html", done=False, wire=Answer(502, _HTML, content_type="text/html")),
    }
)


def parse(name: str) -> Fault:
    """The fault of that name; ValueError, saying which there are, if there is none."""
    slow = _SLOW.fullmatch(name)
    if slow:
        return replace(NO_FAULT, name=name, delay_s=int(slow[1]) / 1000)
    if name not in _KINDS:
        raise ValueError(f"{name!r} is no fault; there are {', '.join(_KINDS)} and slow:MILLISECONDS")
    return _KINDS[name]


class FaultQueue:
    """Faults by operation, in the order in which they were queued; each strikes one call."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def queue(self, operation: str, faults: Iterable[Fault]) -> None:
        """Let `faults` strike the coming calls of `operation`."""
        self._waiting[operation].extend(faults)

    def take(self, operation: str) -> Fault:
        """The fault that strikes this call, NO_FAULT if none does."""
        waiting = self._waiting.get(operation)
        return waiting.popleft() if waiting else NO_FAULT

    def reset(self) -> None:
        """Forget all faults."""
        self._waiting.clear()
