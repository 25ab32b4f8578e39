"""Displays failures: as a row, as a JSON object, or in full detail."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from rich.text import Text

from express_sync.ops.outcomes.display import STYLES, status_text
from express_sync.ops.replay.failures import Failure
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Rows
from express_sync.ops.terminal.output import age_text
from express_sync.ops.terminal.printable import printable
from handler.provisioning.error_table import DOCUMENTED
from handler.provisioning.errors import error_info

_COLUMNS = (
    Column("TIME", 20, 20, 0),
    Column("STATUS", 13, 13, 0),
    Column("REQUEST", 24, 15, 15),
    Column("GROUP", 28, 0, 0),
    Column("REQUESTER", 16, 0, 0),
    Column("ERROR", 24, 24, 24),
)
_HINT_WITHOUT_OUTCOME = "This message could not be processed: find the cause in the function's log, then replay it."
_CODE_COLUMNS = (
    Column("ERROR", 24, 24, 24),
    Column("COUNT", 5, 5, 5, is_number=True),
    Column("OLDEST", 7, 7, 7, is_number=True),
    Column("NEWEST", 7, 7, 0, is_number=True),
    Column("WHAT TO DO", 60, 0, 0),
)


class FailureListing:
    """Prints failures one by one as rows or JSON Lines, or at the end one line for each error code."""

    def __init__(self, now: datetime, *, group_by: str | None, as_json: bool) -> None:
        self._now = now
        self._is_grouped = group_by is not None
        self._as_json = as_json
        self._rows = Rows(_CODE_COLUMNS if self._is_grouped else _COLUMNS)
        self._groups: dict[str, _Group] = {}

    def add(self, failure: Failure) -> None:
        """Print a failure, or remember it for its group."""
        if self._is_grouped:
            code = failure.code_or_status
            self._groups.setdefault(code, _Group(code, hint(failure))).add(failure)
        elif self._as_json:
            output.json_line(document(failure))
        else:
            self._rows.add(*_cells(failure))

    def finish(self) -> None:
        """Print the groups, the largest first."""
        for group in sorted(self._groups.values(), key=lambda each: -each.count):
            if self._as_json:
                output.json_line(group.document())
            else:
                self._rows.add(*group.cells(self._now))


@dataclass(slots=True)
class _Group:
    """The failures with one error code."""

    code: str
    hint: str
    times: list[datetime] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return len(self.times)

    def add(self, failure: Failure) -> None:
        self.times.append(failure.occurred_at)
        self.statuses[failure.status] += 1

    def cells(self, now: datetime) -> tuple[str, ...]:
        ages = [age_text(max(0, int((now - each).total_seconds()))) for each in (min(self.times), max(self.times))]
        return printable(self.code), str(self.count), *ages, self.hint

    def document(self) -> dict[str, Any]:
        times = {"oldest": _time(min(self.times)), "newest": _time(max(self.times))}
        return {"code": self.code, "count": self.count, **times, "statuses": dict(self.statuses), "hint": self.hint}


def command_for(failure: Failure, profile: str, *, is_stale: bool) -> str:
    """Return the command to type for a failure, on the profile with this name if it is not empty."""
    at = f" --profile {shlex.quote(profile)}" if profile else ""
    request = shlex.quote(failure.request_id)
    row = DOCUMENTED.get(failure.code)
    if is_stale:
        return f"express-sync failures discard {request}{at} --yes"
    if row is not None and row.impossible:
        return f"express-sync submit corrected.json{at} --wait"
    source = "" if failure.event else " --from dead-letters"
    return f"express-sync replay {request}{source}{' --force' if failure.is_terminal else ''}{at} --yes --wait"


def _cells(failure: Failure) -> tuple[str | Text, ...]:
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


def details(failure: Failure, command: str) -> Iterator[Text]:
    """Yield everything that is known about a failure line by line, the hint first."""
    title = f"{_text(failure.request_id)}: {failure.status} {_text(failure.code)}".rstrip()
    yield Text(title, STYLES.get(failure.status, "bold"))
    yield Text.assemble(("What to do  ", "bold"), hint(failure))
    yield Text.assemble(("Command     ", "bold"), printable(command))
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
