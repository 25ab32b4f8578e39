"""Pages of queues, topics and subscriptions.

Reproduces: x-mns-prefix, x-mns-ret-number (1 to 1000, default 1000), x-mns-marker, and no NextMarker on the last page.
Unknown: what a marker looks like; here it is the first name of the next page.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from express_sync.local.mns import xml
from express_sync.local.mns.engine import limits
from express_sync.local.mns.protocol import Request, Response
from express_sync.local.mns.xml import Node

Item = TypeVar("Item")
_NUMBER = re.compile(r"[0-9]{1,9}")


def page(
    request: Request,
    element: str,
    items: Sequence[Item],
    name_of: Callable[[Item], str],
    describe: Callable[[Item], list[Node]],
) -> Response:
    """Return the page of `items` that `request` is for, each as an `element` within its plural."""
    prefix, marker = (request.headers.get(f"x-mns-{name}", "") for name in ("prefix", "marker"))
    matching = [item for item in items if name_of(item).startswith(prefix) and name_of(item) >= marker]
    size = _size(request)
    content: list[Node] = [(element, describe(item)) for item in matching[:size]]
    following: list[Node] = [("NextMarker", name_of(item)) for item in matching[size : size + 1]]
    return Response(200, xml.write((f"{element}s", content + following)))


def with_meta(request: Request) -> bool:
    """Tell whether the attributes are requested together with the addresses."""
    return request.headers.get("x-mns-with-meta", "").lower() == "true"


def _size(request: Request) -> int:
    given = request.headers.get(limits.RET_NUMBER.name, "1000")
    size = int(given) if _NUMBER.fullmatch(given) else 0
    limits.RET_NUMBER.check(size)
    return size
