"""Displays failures: as a row, as a JSON object, or in full detail."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from rich.text import Text

from express_sync.ops.outcomes.display import STYLES, status_text
from express_sync.ops.replay.failures import Failure
from express_sync.ops.terminal.columns import Column
from express_sync.ops.terminal.output import printable
from handler.provisioning.errors import error_info

COLUMNS = (
    Column("TIME", 20, 20),
    Column("STATUS", 13, 13),
    Column("REQUEST", 24, 15),
    Column("GROUP", 28, 0),
    Column("REQUESTER", 16, 0),
    Column("ERROR", 24, 24),
)
_HINT_WITHOUT_OUTCOME = "This message could not be processed: find the cause in the function's log, then replay it."


def cells(failure: Failure) -> tuple[str | Text, ...]:
    """Return a failure in the columns of COLUMNS."""
    return (
        _time(failure.occurred_at),
        status_text(failure.status),
        _text(failure.request_id),
        _text(failure.request.get("name")),
        _text(failure.request.get("requester")),
        _text(failure.code),
    )


def document(failure: Failure) -> Mapping[str, Any]:
    """Return a failure as JSON: the event of the outcome, or what is known about a dead letter."""
    if failure.event:
        return failure.event
    return {
        "status": failure.status,
        "time": _time(failure.occurred_at),
        **failure.attributes,
        "request": failure.request,
    }


def hint(failure: Failure) -> str:
    """Return what to do about a failure, according to the current table of error codes."""
    if not failure.event:
        return _HINT_WITHOUT_OUTCOME
    http_status = document(failure)["data"].get("error", {}).get("httpStatus")
    return error_info(failure.code, http_status if isinstance(http_status, int) else None).hint


def details(failure: Failure) -> Iterator[Text]:
    """Yield everything that is known about a failure line by line, the hint first."""
    title = f"{_text(failure.request_id)}: {failure.status} {_text(failure.code)}".rstrip()
    yield Text(title, STYLES.get(failure.status, "bold"))
    yield Text.assemble(("What to do  ", "bold"), hint(failure))
    facts = list(_facts("", document(failure)))
    width = max(len(path) for path, _ in facts)
    for path, value in facts:
        yield Text.assemble((f"  {printable(path):<{width}}  ", "dim"), printable(value))


def _facts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each leaf of a document with its path, in order."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _facts(f"{path}.{name}" if path else str(name), member)
    else:
        yield path, value if isinstance(value, str) else str(value)


def _time(moment: datetime) -> str:
    """Return a time in UTC to the second; `strftime` would write the year 1 as one digit."""
    with suppress(OverflowError):  # in UTC it may be before the year 1
        moment = moment.astimezone(timezone.utc)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""
