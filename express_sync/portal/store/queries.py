"""Reads requests and their history; each query is a lookup in an index, whatever the size of the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, select, true

from express_sync.portal.store.tables import counters, events, requests, submissions
from express_sync.portal.values import MAX_KEY, folded, storable

MAX_HISTORY = 100  # events of one request, the latest ones
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Criteria:
    """Conditions on requests that must all be met; None accepts everything. `owner` is whose requests may be seen."""

    status: str | None = None
    code: str | None = None
    requester: str | None = None
    owner: str | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition as SQL."""
        wanted = {"status": self.status, "code": self.code, "requester": self.requester}
        conditions = [requests.c[name] == storable(value) for name, value in wanted.items() if value is not None]
        if self.owner is not None:
            conditions.append(requests.c.requester == self.owner)
        return and_(true(), *conditions)


@dataclass(frozen=True, slots=True)
class History:
    """A request, its submissions, the event that holds, and its latest events, oldest first; `is_cut` if not all."""

    row: RowMapping
    submissions: Sequence[RowMapping]
    latest: RowMapping | None
    events: Sequence[RowMapping]
    is_cut: bool


def history(connection: Connection, request_id: str, owner: str | None) -> History | None:
    """Return everything about a request that `owner` may see, None for nothing; an owner of None sees everything.

    An event that names another requester is not shown to the owner of the request.
    """
    is_it = requests.c.request_id == storable(request_id)
    row = connection.execute(select(requests).where(is_it, Criteria(owner=owner).condition)).mappings().one_or_none()
    if row is None:
        return None
    shown = true() if owner is None else (events.c.requester.is_(None) | (events.c.requester == owner))
    of_request = events.c.request_id == row["request_id"]
    latest = select(events).where(of_request, shown).order_by(events.c.position.desc()).limit(MAX_HISTORY + 1)
    found = connection.execute(latest).mappings().all()
    by_age = select(submissions).where(submissions.c.request_id == row["request_id"]).order_by(submissions.c.began_at)
    known = connection.execute(by_age.limit(MAX_HISTORY)).mappings().all()
    holding = select(events).where(events.c.position == row["event_position"], shown)
    return History(
        row,
        known,
        connection.execute(holding).mappings().one_or_none(),
        found[MAX_HISTORY - 1 :: -1],
        len(found) > MAX_HISTORY,
    )


def newest(connection: Connection, criteria: Criteria, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Return requests, the latest created first, from below the ordinal `before` on."""
    found = select(requests).where(criteria.condition).order_by(requests.c.ordinal.desc()).limit(limit)
    if before is not None:
        found = found.where(requests.c.ordinal < before)
    return connection.execute(found).mappings().all()


# The branches of a search, in the order of their results: the column that has to start with the text.
_BRANCHES = ("id_key", "name_key", "code")


def search(
    connection: Connection, criteria: Criteria, text: str, after: tuple[int, str, str] | None, limit: int
) -> tuple[Sequence[RowMapping], tuple[int, str, str] | None]:
    """Return requests whose id or name starts with the text or whose error code is it, and where to continue.

    Letters are compared without case, except in codes. Each request is in the first branch that it matches.
    """
    rows: list[RowMapping] = []
    branch, key, request_id = after or (0, "", "")
    for index in range(branch, len(_BRANCHES)):
        place = (key, request_id) if after and index == branch else None
        found = connection.execute(_branch(index, criteria, text, place, limit - len(rows))).mappings().all()
        rows.extend(found)
        if len(rows) == limit:
            last = rows[-1]
            return rows, (index, last[_BRANCHES[index]] or "", last["request_id"])
    return rows, None


def _branch(
    index: int, criteria: Criteria, text: str, after: tuple[str, str] | None, limit: int
) -> Select[tuple[Any, ...]]:
    column = requests.c[_BRANCHES[index]]
    conditions = [_starts(index, text), *(~_starts(earlier, text) for earlier in range(index))]
    if after is not None:
        key, request_id = after
        conditions.append((column > key) | ((column == key) & (requests.c.request_id > request_id)))
    found = select(requests).where(criteria.condition, *conditions)
    return found.order_by(column, requests.c.request_id).limit(limit)


def _starts(index: int, text: str) -> ColumnElement[bool]:
    column = requests.c[_BRANCHES[index]]
    if _BRANCHES[index] == "code":
        return column == storable(text[:MAX_KEY])
    prefix = folded(text)
    return and_(column >= prefix, column < prefix + _LAST)


def failure_groups(connection: Connection, statuses: Sequence[str]) -> Sequence[RowMapping]:
    """Return the groups of requests with these statuses by error code, the largest first."""
    found = select(counters).where(counters.c.status.in_(statuses), counters.c["count"] > 0)
    return connection.execute(found.order_by(counters.c["count"].desc(), counters.c.code)).mappings().all()


def status_counts(connection: Connection) -> Mapping[str, int]:
    """Return how many requests have which status."""
    counts: dict[str, int] = {}
    for row in connection.execute(select(counters)).mappings():
        counts[row["status"]] = counts.get(row["status"], 0) + row["count"]
    return counts


def events_after(connection: Connection, position: int, owner: str | None, limit: int) -> Sequence[RowMapping]:
    """Return the next events of the log after a position, with the present state of their requests."""
    state = (
        requests.c.status.label("request_status"),
        requests.c.terminal.label("request_terminal"),
        requests.c.name.label("request_name"),
    )
    joined = events.join(requests, events.c.request_id == requests.c.request_id)
    found = select(events, *state).select_from(joined).where(events.c.position > position)
    if owner is not None:
        is_shown = events.c.requester.is_(None) | (events.c.requester == owner)
        found = found.where(events.c.owner == owner, is_shown)
    return connection.execute(found.order_by(events.c.position).limit(limit)).mappings().all()


@dataclass(frozen=True, slots=True)
class Selection:
    """Failures to replay: criteria, or ids if any are named; those that changed after `up_to` are left out."""

    criteria: Criteria
    statuses: Sequence[str]
    request_ids: Sequence[str]
    up_to: int

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition as SQL."""
        named = requests.c.request_id.in_([storable(each) for each in self.request_ids]) if self.request_ids else true()
        wanted = requests.c.status.in_(self.statuses)
        return and_(self.criteria.condition, wanted, named, requests.c.position <= self.up_to)


def count(connection: Connection, selection: Selection, maximum: int) -> int:
    """Return how many requests are selected, at most `maximum`."""
    some = select(requests.c.request_id).where(selection.condition).limit(maximum).subquery()
    found: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found


def selected(connection: Connection, selection: Selection, after: int, limit: int) -> Sequence[RowMapping]:
    """Return selected requests with the events that hold, in the order of creation, from above an ordinal on."""
    joined = requests.join(events, events.c.position == requests.c.event_position)
    columns = (requests.c.request_id, requests.c.ordinal, requests.c.code, events.c.body)
    found = select(*columns).select_from(joined).where(selection.condition, requests.c.ordinal > after)
    return connection.execute(found.order_by(requests.c.ordinal).limit(limit)).mappings().all()
