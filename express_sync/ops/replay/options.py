"""The options by which commands choose failures: where they lie, and which of them are meant."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

import click

from express_sync.ops.queues.sources import FAILURES, QUEUES
from express_sync.ops.replay.failures import STATUSES, UNDECIDED, Filter

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """A source's name and a filter."""

    source: str
    filter: Filter

    @property
    def is_of_queue(self) -> bool:
        """Whether the source is a queue, which may grow meanwhile."""
        return self.source in QUEUES

    def remark(self, place: str, why: str) -> str:
        """What to say of something in the source that is left alone."""
        return f"{place} {why}{'; it stays where it is' if self.is_of_queue else ''}."

    @property
    def is_narrow(self) -> bool:
        """Whether failures may be there that are not meant."""
        return self.filter != Filter()


def is_of_a_file(options: Mapping[str, object]) -> bool:
    """Whether these options of a command name a file as the source, so that no cloud has to be there."""
    return options["source"] not in QUEUES


def age(text: str) -> timedelta:
    """The time span in a text such as 90s, 15m, 2h or 7d; the user's error otherwise."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no age; write 90s, 15m, 2h or 7d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its selection after its other arguments, and the options to make it."""

    @click.option(
        "--from",
        "source",
        default=FAILURES,
        show_default=True,
        metavar="failures|dead-letters|FILE",
        help="Where they lie: a queue of the cloud, or a file of outcomes (- for standard input) as `watch --json`"
        " prints them.",
    )
    @click.option(
        "--status", "statuses", type=click.Choice((*STATUSES, UNDECIDED)), multiple=True, help="Their status."
    )
    @click.option("--code", "codes", multiple=True, help="Their error code, such as RoleNotExist.")
    @click.option("--requester", "requesters", multiple=True, help="Who asked.")
    @click.option("--name", default="*", metavar="PATTERN", help="The group's name, with * ? and [abc].")
    @click.option("--older-than", type=age, metavar="AGE", help="At least so long ago: 90s, 15m, 2h, 7d.")
    @click.option("--newer-than", type=age, metavar="AGE", help="Not so long ago.")
    @wraps(command)
    def with_selection(*args: Any, **options: Any) -> None:
        meant: dict[str, Any] = {name: options.pop(name) for name in ("name", "older_than", "newer_than")}
        for name in ("statuses", "codes", "requesters"):
            meant[name] = frozenset(options.pop(name))
        command(*args, Selection(options.pop("source"), Filter(**meant)), **options)

    return with_selection
