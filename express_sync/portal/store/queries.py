"""Reads requests and their history; each query is a lookup in an index, whatever the size of the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, not_, select, true, tuple_

from express_sync.portal.store.tables import counters, events, requests, submissions
from express_sync.portal.values import MAX_KEY, folded, storable

MAX_HISTORY = 100  # events of one request, the latest ones
MAX_COUNTED = 100_000  # requests of a selection
MAX_SAMPLES = 10  # of a selection that is shown
TRANSACTION = 50  # requests of a selection that are changed at once; other writers wait meanwhile
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Criteria:
    """Conditions on requests that must all be met; None accepts everything. `owner` is whose requests may be seen."""

    status: str | None = None
    code: str | None = None
    requester: str | None = None
    owner: str | None = None
    discarded: bool | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition as SQL."""
        wanted = {"status": self.status, "code": self.code, "requester": self.requester}
        conditions = [requests.c[name] == storable(value) for name, value in wanted.items() if value is not None]
        if self.owner is not None:
            conditions.append(requests.c.requester == self.owner)
        if self.discarded is not None:
            conditions.append(requests.c.discarded == self.discarded)
        return and_(true(), *conditions)


@dataclass(frozen=True, slots=True)
class History:
    """A request, its submissions, the event that holds, and its latest events, oldest first; `is_cut` if not all."""

    row: RowMapping
    submissions: Sequence[RowMapping]
    latest: RowMapping | None
    events: Sequence[RowMapping]
    is_cut: bool


def visible_request(connection: Connection, request_id: str, owner: str | None) -> RowMapping | None:
    """Return the row of a request if `owner` may see it; an owner of None sees every request."""
    is_it = requests.c.request_id == storable(request_id)
    return connection.execute(select(requests).where(is_it, Criteria(owner=owner).condition)).mappings().one_or_none()


def history(connection: Connection, request_id: str, owner: str | None) -> History | None:
    """Return everything about a request that `owner` may see, None for nothing.

    An event that names another requester is not shown to the owner of the request.
    """
    row = visible_request(connection, request_id, owner)
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


# The branches of a search, in the order of their results: the column to be searched, and what orders the results.
_BRANCHES = (("id_key", ("id_key", "request_id")), ("name_key", ("name_key", "request_id")), ("code", ("ordinal",)))
Place = tuple[int, tuple[Any, ...]]  # a branch, and the values that order the last result in it


def search(
    connection: Connection, criteria: Criteria, text: str, after: Place | None, limit: int
) -> tuple[Sequence[RowMapping], Place | None]:
    """Return requests whose id or name starts with the text or whose error code is it, and where to continue.

    Letters are compared without case, except in codes. Each request is in the first branch that it matches.
    """
    rows: list[RowMapping] = []
    first, key = after or (0, ())
    for index in range(first, len(_BRANCHES)):
        place = key if index == first else ()
        found = connection.execute(_branch(index, criteria, text, place, limit - len(rows))).mappings().all()
        rows.extend(found)
        if len(rows) == limit:
            return rows, (index, tuple(rows[-1][name] for name in _BRANCHES[index][1]))
    return rows, None


def _branch(index: int, criteria: Criteria, text: str, after: Sequence[Any], limit: int) -> Select[tuple[Any, ...]]:
    """Return the statement of a branch, from after a place on."""
    order = [requests.c[name] for name in _BRANCHES[index][1]]
    start, end = _range(index, text)
    if after:
        # The place replaces the start of a range, so that no page reads those before it; a code stays the same.
        later = tuple_(*order) > tuple_(*after)
        start = and_(start, later) if _BRANCHES[index][0] == "code" else later
    others = [not_(and_(*_range(earlier, text))) for earlier in range(index)]
    return select(requests).where(criteria.condition, start, end, *others).order_by(*order).limit(limit)


def _range(index: int, text: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions at both ends of what a branch finds."""
    column = requests.c[_BRANCHES[index][0]]
    if _BRANCHES[index][0] == "code":
        return column == storable(text[:MAX_KEY]), true()
    prefix = folded(text)
    return column >= prefix, column < prefix + _LAST


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
    """Failures to replay or discard: criteria, or ids if any are named; `up_to` leaves out what changed after it."""

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
    found = select(requests, events.c.body).select_from(joined).where(selection.condition, requests.c.ordinal > after)
    return connection.execute(found.order_by(requests.c.ordinal).limit(limit)).mappings().all()
