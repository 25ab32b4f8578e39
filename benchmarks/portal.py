"""How the portal's API grows: each lookup at 10,000 and at 1,000,000 events, over HTTP, in one run.

Run it with `python -m benchmarks.portal`. The rows are written directly into SQLite and PostgreSQL: a quarter as many
requests as events, a tenth of them failed. Then it measures submissions, followers, and memory (`portal_load`).
"""

import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import urllib3
from sqlalchemy import insert, text, update

from benchmarks import portal_load
from express_sync.portal.principal import Identity
from express_sync.portal.service import Settings, running
from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.migrating import migrate
from express_sync.portal.store.tables import events, feed, requests, submissions
from tests.support.portal import MemoryQueues, outcome
from tests.support.postgres import Postgres, running_postgres

SIZES = (10_000, 1_000_000)
EVENTS_EACH = 4
CODES = ("RoleNotExist", "AssumeRoleFail", "InvalidBucketName", "DuplicateExpressSyncName")
QUERIES = {
    "newest page": "/v1/requests?limit=50",
    "page of failures": "/v1/requests?status=failed&code=RoleNotExist&limit=50",
    "page of a requester": "/v1/requests?requester=user-7&limit=50",
    "one request": "/v1/requests/REQ-0001234",
    "search by id": "/v1/requests?q=req-00012",
    "search by name": "/v1/requests?q=group-0001234",
    "search without a match": "/v1/requests?q=none",
    "failure groups": "/v1/failures",
}
_BATCH = 5_000
_ROUNDS = 60


@click.command()
def main() -> None:
    """Measure each query at both sizes in turn, print the growth, then what the service carries."""
    over_http, plain = portal_load.throughput()
    median, longest = portal_load.followed()
    print(f"submissions per second: {over_http:,.0f} through HTTP, {plain:,.0f} into the plain queue")
    print(f"{portal_load.FOLLOWERS} followers have an event after {median:.0f} ms, at most {longest:.0f} ms")
    print(f"memory with all of them, clients included: {portal_load.peak_mb():.0f} MB")
    print_growth("SQLite", None)
    with running_postgres() as postgres:
        print_growth("PostgreSQL", postgres)


def print_growth(name: str, postgres: Postgres | None) -> None:
    """Measure the queries on one kind of database, and print them."""
    with ExitStack() as stack:
        small, large = (stack.enter_context(portal(size, postgres)) for size in SIZES)
        print(f"{name:<24} {SIZES[0]:>12,} {SIZES[1]:>12,} events   growth")
        for query, path in QUERIES.items():
            before, after = medians_ms((small, large), path)
            print(f"{query:<24} {before:>9.2f} ms {after:>9.2f} ms {after / before:>14.2f}", flush=True)


@contextmanager
def portal(size: int, postgres: Postgres | None) -> Iterator[str]:
    """Run a portal with so many events, and give its URL."""
    with TemporaryDirectory() as directory:
        url = postgres.new_database() if postgres else f"sqlite:///{Path(directory) / 'portal.sqlite3'}"
        filled(url, size)
        queues = MemoryQueues()
        with running(Settings(url), queues, queues, lambda _headers: Identity("olivia", "operator")) as address:
            yield address


def medians_ms(addresses: Sequence[str], path: str) -> list[float]:
    """Return the median time of a call at each address, called in turn; the first calls do not count."""
    pool = urllib3.PoolManager()
    times: dict[str, list[float]] = {address: [] for address in addresses}
    for _ in range(_ROUNDS):
        for address in addresses:
            start = time.perf_counter()
            answer = pool.request("GET", address + path)
            times[address].append(time.perf_counter() - start)
            assert answer.status == 200, answer.data
    return [statistics.median(times[address][5:]) * 1000 for address in addresses]


def filled(url: str, size: int) -> None:
    """Write so many events, and what is derived from them."""
    database = Database(database_url(url))
    migrate(database)
    for first in range(0, size // EVENTS_EACH, _BATCH):
        numbers = range(first, min(first + _BATCH, size // EVENTS_EACH))
        with database.writing() as connection:
            connection.execute(insert(events), [row for number in numbers for row in event_rows(number)])
            connection.execute(insert(submissions), [submission_row(number) for number in numbers])
            connection.execute(insert(requests), [request_row(number) for number in numbers])
    with database.writing() as connection:
        connection.execute(update(feed).values(position=size + 1))
        groups = "SELECT status, coalesce(code, ''), count(*), max(updated_at) FROM requests GROUP BY 1, 2"
        connection.execute(text(f"INSERT INTO counters {groups}"))
        connection.execute(text("ANALYZE"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if is_sqlite else "VACUUM ANALYZE")
    database.close()


def facts(number: int) -> Mapping[str, Any]:
    """Return what differs between requests."""
    failed = number % 10 == 0
    return {
        "status": "failed" if failed else "succeeded",
        "code": CODES[number // 10 % len(CODES)] if failed else None,
        "requester": f"user-{number % 20}",
    }


_BODIES = {status: json.dumps(outcome(status, "R")) for status in ("failed", "succeeded", "deferred")}


def event_rows(number: int) -> Iterator[dict[str, Any]]:
    """Yield the events of a request: deferrals, and a final verdict."""
    for index in range(EVENTS_EACH):
        is_last = index == EVENTS_EACH - 1
        own = facts(number) if is_last else {**facts(number), "status": "deferred", "code": "AssumeRoleFail"}
        yield {
            **own,
            "position": number * EVENTS_EACH + index + 1,
            "kind": "outcome",
            "source": "bench",
            "event_id": f"{number:024x}{index:08x}",
            "sequence": f"{index:04d}-{int(is_last)}",
            "request_id": f"REQ-{number:07}",
            "submission_id": f"s-{number}",
            "owner": own["requester"],
            "occurred_at": number,
            "received_at": number,
            "body": _BODIES[own["status"]],
        }


def submission_row(number: int) -> dict[str, Any]:
    """Return the submission of a request."""
    return {
        "request_id": f"REQ-{number:07}",
        "submission_id": f"s-{number}",
        "via": "queue",
        "began_at": number,
        "informed": 0,
        "status": facts(number)["status"],
        "sequence": "0003-1",
        "event_id": f"{number:032x}",
        "position": (number + 1) * EVENTS_EACH,
    }


def request_row(number: int) -> dict[str, Any]:
    """Return the row of a request."""
    return {
        **facts(number),
        "request_id": f"REQ-{number:07}",
        "ordinal": number * EVENTS_EACH + 1,
        "position": (number + 1) * EVENTS_EACH,
        "terminal": True,
        "name": f"group-{number:07}",
        "id_key": f"req-{number:07}",
        "name_key": f"group-{number:07}",
        "document": json.dumps({"requestId": f"REQ-{number:07}", "name": f"group-{number:07}"}),
        "created_at": number,
        "updated_at": number,
        "event_position": (number + 1) * EVENTS_EACH,
    }


if __name__ == "__main__":
    main()
