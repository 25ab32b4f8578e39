"""How a failure looks: a row, a JSON object, everything known about it. It must not know where it lies."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from rich.text import Text

from express_sync.ops.outcomes.display import STYLES
from express_sync.ops.terminal.output import printable
from handler.failures import Failure
from handler.provisioning.errors import meaning

HEADING = f"{'TIME':<20}  {'STATUS':<13}  {'REQUEST':<24}  {'GROUP':<28}  {'REQUESTER':<16}  ERROR"
_NO_VERDICT = "Nobody could work this message: look for the cause in the function's log, then replay it."


def row(failure: Failure) -> Text:
    """A failure on one line, in the columns of HEADING."""
    request = failure.request
    return Text.assemble(
        f"{_time(failure.occurred_at):<20}  ",
        (f"{failure.status:<13}", STYLES.get(failure.status, "")),
        f"  {_text(failure.request_id):<24}  {_text(request.get('name')):<28}",
        f"  {_text(request.get('requester')):<16}  {_text(failure.code)}",
    )


def document(failure: Failure) -> Mapping[str, Any]:
    """A failure for scripts: the outcome as it was announced, or what is known of a dead letter."""
    if failure.event:
        return failure.event
    return {
        "status": failure.status,
        "time": _time(failure.occurred_at),
        **failure.attributes,
        "request": failure.request,
    }


def hint(failure: Failure) -> str:
    """What a person can do about it, as the table of error codes knows it today."""
    if not failure.event:
        return _NO_VERDICT
    http_status = document(failure)["data"].get("error", {}).get("httpStatus")
    return meaning(failure.code, http_status if isinstance(http_status, int) else None).hint


def details(failure: Failure) -> Iterator[Text]:
    """Everything known about a failure, line by line, the advice first."""
    title = f"{_text(failure.request_id)}: {failure.status} {_text(failure.code)}".rstrip()
    yield Text(title, STYLES.get(failure.status, "bold"))
    yield Text.assemble(("What to do  ", "bold"), hint(failure))
    facts = list(_facts("", document(failure)))
    width = max(len(path) for path, _ in facts)
    for path, value in facts:
        yield Text.assemble((f"  {printable(path):<{width}}  ", "dim"), printable(value))


def _facts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each leaf of a document with its path, in the document's order."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _facts(f"{path}.{name}" if path else str(name), member)
    else:
        yield path, value if isinstance(value, str) else str(value)


def _time(moment: datetime) -> str:
    """A moment in UTC, to the second; `strftime` would write the year 1 as one digit."""
    with suppress(OverflowError):  # UTC may be in a year before the first
        moment = moment.astimezone(timezone.utc)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""
