"""Reads the log lines of the function, which are JSON objects, and shows the parts that people look for."""

import json
from collections.abc import Mapping
from typing import Any

from express_sync.ops.terminal.printable import printable

_SHOWN = ("operation", "attempt", "status", "code", "took_ms", "wait_seconds", "place")
_ACTIVITY = {"announced", "unpublished", "unfinished", "handler fault"}


def fields_of(line: str) -> Mapping[str, Any]:
    """Return the fields of a line; none if it is not one of the function's own."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def is_about(line: str, request_id: str) -> bool:
    """Return whether a line is about the request with this id."""
    return fields_of(line).get("requestId") == request_id


def readable(line: str) -> str:
    """Return a line for people: time, level, request, event, and what else matters; other lines as they are."""
    fields = fields_of(line)
    if "event" not in fields:
        return printable(line)
    clock = str(fields.get("timestamp", ""))[11:19]
    head = (clock, f"{fields.get('level', '')!s:<7}", str(fields.get("requestId") or "-"), str(fields["event"]))
    rest = (f"{name}={fields[name]}" for name in _SHOWN if fields.get(name) not in (None, ""))
    return printable("  ".join((*head, " ".join(rest))).rstrip())


def activity(line: str) -> str:
    """Return a line for people if it tells of an outcome or an error of the function, else an empty text."""
    return readable(line) if fields_of(line).get("event") in _ACTIVITY else ""
