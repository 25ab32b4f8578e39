"""The deliveries in the database: stored with the outcome, leased to one replica at a time, deleted once accepted.

A delivery whose sender ends between the lease and the acknowledgement is sent again after the lease, with the same
`webhook-id`. `tries` is counted at the lease and guards the row: a result that comes after the lease changes nothing.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from express_sync.portal.store.projection import upsert
from express_sync.portal.store.tables import events, webhook_deliveries, webhooks_disabled
from express_sync.portal.webhooks.endpoint import Endpoint

LEASE_MS = 60_000  # longer than every attempt
PENDING, EXHAUSTED = "pending", "exhausted"
MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that one replica has to itself for a while."""

    id: int
    webhook_id: str
    body: str
    tries: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Stores the deliveries of an outcome in the transaction that appends it. Is an `OnAppend`."""

    endpoints: Sequence[Endpoint]

    def __call__(self, connection: Connection, event: Mapping[str, Any]) -> None:
        wanted = [each for each in self.endpoints if event["status"] in each.statuses]
        disabled = disabled_names(connection, wanted) if wanted else ()
        for endpoint in wanted:
            if endpoint.name not in disabled:
                connection.execute(insert(webhook_deliveries).values(**_row(endpoint, event)))


def webhook_id(source: str, event_id: str, sequence: str) -> str:
    """Return the id of the message about an event, the same for every endpoint, replica and attempt."""
    return f"msg_{hashlib.sha256(chr(0).join((source, event_id, sequence)).encode()).hexdigest()[:32]}"


def _row(endpoint: Endpoint, event: Mapping[str, Any]) -> dict[str, object]:
    return {
        "endpoint": endpoint.name,
        "webhook_id": webhook_id(event["source"], event["event_id"], event["sequence"]),
        "request_id": event["request_id"],
        "position": event["position"],
        "state": PENDING,
        "due_at": event["received_at"],
        "tries": 0,
        "created_at": event["received_at"],
    }


def next_due_ms(connection: Connection, endpoint: str) -> int | None:
    """Return when the next delivery to an endpoint is due, None without any."""
    pending = _of(endpoint) & (webhook_deliveries.c.state == PENDING)
    found: int | None = connection.execute(select(func.min(webhook_deliveries.c.due_at)).where(pending)).scalar_one()
    return found


def lease(connection: Connection, endpoint: str, limit: int, now_ms: int) -> list[Delivery]:
    """Return deliveries that are due, at most `limit`, and hide them from other replicas for the time of a lease."""
    table = webhook_deliveries
    is_due = _of(endpoint) & (table.c.state == PENDING) & (table.c.due_at <= now_ms)
    due = select(table, events.c.body).join(events, events.c.position == table.c.position).where(is_due)
    due = due.order_by(table.c.due_at, table.c.id).limit(limit).with_for_update(of=table, skip_locked=True)
    rows = connection.execute(due).mappings().all()
    leased = update(table).where(table.c.id.in_([row["id"] for row in rows]))
    connection.execute(leased.values(due_at=now_ms + LEASE_MS, tries=table.c.tries + 1))
    return [Delivery(row["id"], row["webhook_id"], row["body"], row["tries"] + 1) for row in rows]


def accept(connection: Connection, delivery: Delivery) -> None:
    """Delete a delivery that the endpoint has."""
    connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.id == delivery.id))


def postpone(connection: Connection, delivery: Delivery, code: str, due_at_ms: int | None) -> None:
    """Record why a delivery was not accepted, and when it is sent again; None ends it."""
    state = PENDING if due_at_ms is not None else EXHAUSTED
    values = {"code": code, "state": state, **({"due_at": due_at_ms} if due_at_ms is not None else {})}
    is_leased = (webhook_deliveries.c.id == delivery.id) & (webhook_deliveries.c.tries == delivery.tries)
    connection.execute(update(webhook_deliveries).where(is_leased).values(**values))


def disable(connection: Connection, endpoint: Endpoint, code: str, now_ms: int) -> None:
    """Remember that an endpoint wants no more deliveries, and end the ones that it has not accepted."""
    row = {"name": endpoint.name, "digest": endpoint.digest, "disabled_at": now_ms}
    statement = upsert(connection, webhooks_disabled).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
    ended = update(webhook_deliveries).where(_of(endpoint.name), webhook_deliveries.c.state == PENDING)
    connection.execute(ended.values(state=EXHAUSTED, code=code))


def disabled_names(connection: Connection, endpoints: Collection[Endpoint]) -> frozenset[str]:
    """Return the names of the endpoints that are disabled; one with a new URL is not."""
    rows = connection.execute(select(webhooks_disabled.c.name, webhooks_disabled.c.digest)).all()
    digests = {row.name: row.digest for row in rows}
    return frozenset(each.name for each in endpoints if digests.get(each.name) == each.digest)


def retry(connection: Connection, endpoint: str, now_ms: int) -> int:
    """Make the ended deliveries to an endpoint due now, with all their tries, enable it, and return their number."""
    connection.execute(delete(webhooks_disabled).where(webhooks_disabled.c.name == endpoint))
    ended = update(webhook_deliveries).where(_of(endpoint), webhook_deliveries.c.state == EXHAUSTED)
    return connection.execute(ended.values(state=PENDING, due_at=now_ms, tries=0)).rowcount


def listed(connection: Connection, endpoint: str | None = None) -> Sequence[RowMapping]:
    """Return the deliveries that no endpoint has accepted, oldest first, MAX_LISTED at most."""
    wanted = select(webhook_deliveries).order_by(webhook_deliveries.c.id).limit(MAX_LISTED)
    wanted = wanted if endpoint is None else wanted.where(_of(endpoint))
    return connection.execute(wanted).mappings().all()


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the number of deliveries by endpoint and state."""
    table = webhook_deliveries
    grouped = select(table.c.endpoint, table.c.state, func.count()).group_by(table.c.endpoint, table.c.state)
    return {(endpoint, state): count for endpoint, state, count in connection.execute(grouped)}


def _of(endpoint: str) -> ColumnElement[bool]:
    return webhook_deliveries.c.endpoint == endpoint
