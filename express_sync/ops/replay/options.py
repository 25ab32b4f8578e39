"""The options that select failures: their source, and a filter."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import wraps
from typing import Any

import click

from express_sync.ops.replay.failures import DEFERRED, STATUSES, UNDECIDED, Filter
from express_sync.ops.replay.sources import FAILURES, QUEUES
from express_sync.ops.targets.target import Target

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """The name of a source, and a filter."""

    source: str
    filter: Filter

    @property
    def is_from_queue(self) -> bool:
        """Return whether the source is a queue, which may grow in the meantime."""
        return self.source in QUEUES

    def now(self, target: Target | None) -> datetime:
        """Return the time by the clock that dates the failures: that of the target's SMQ, if it has the source."""
        own = datetime.now(timezone.utc)
        return target.time(own) if target and self.is_from_queue else own

    @property
    def has_filter(self) -> bool:
        """Return whether the filter may exclude failures."""
        return self.filter != Filter()

    def of(self, request_ids: Collection[str]) -> "Selection":
        """Return the same for the failures of these requests only, or for all if none is named."""
        return replace(self, filter=replace(self.filter, requests=frozenset(request_ids)))

    def skipped(self, place: str, why: str) -> str:
        """Return what to tell the user about a message that is skipped."""
        return f"{place} {why}{'; it stays in its queue' if self.is_from_queue else ''}."


def is_from_file(options: Mapping[str, object]) -> bool:
    """Return whether the options of a command name a file as the source, so that no cloud is needed."""
    return options["source"] not in QUEUES


def age(text: str) -> timedelta:
    """Return the duration in a text such as 90s, 15m, 2h or 7d, or fail with a usage error."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a valid time span; write 90s, 15m, 2h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select failures, and pass their Selection after the other positional arguments."""

    @click.option(
        "--from",
        "source",
        default=FAILURES,
        show_default=True,
        metavar="failures|dead-letters|FILE",
        help="The source: a queue of the cloud, or a file of outcomes (- for standard input) as `watch --json`"
        " prints them.",
    )
    @click.option(
        "--status",
        "statuses",
        type=click.Choice((*STATUSES, UNDECIDED, DEFERRED)),
        multiple=True,
        help="Only failures with this status.",
    )
    @click.option("--code", "codes", multiple=True, help="Only failures with this error code, such as RoleNotExist.")
    @click.option("--requester", "requesters", multiple=True, help="Only requests of this requester.")
    @click.option("--name", default="*", metavar="PATTERN", help="Only groups whose name matches, with * ? and [abc].")
    @click.option("--older-than", type=age, metavar="AGE", help="Only failures of at least this age: 90s, 15m, 2h, 7d.")
    @click.option("--newer-than", type=age, metavar="AGE", help="Only failures below this age.")
    @wraps(command)
    def with_selection(*args: Any, **options: Any) -> None:
        chosen: dict[str, Any] = {name: options.pop(name) for name in ("name", "older_than", "newer_than")}
        for name in ("statuses", "codes", "requesters"):
            chosen[name] = frozenset(options.pop(name))
        command(*args, Selection(options.pop("source"), Filter(**chosen)), **options)

    return with_selection
