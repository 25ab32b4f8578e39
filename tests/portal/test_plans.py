"""Each query of the API is a lookup in an index: it neither reads a whole table nor sorts, whatever the size."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from express_sync.portal.store import feed, outbox
from express_sync.portal.store.database import Database
from express_sync.portal.store.queries import (
    Criteria,
    Selection,
    count,
    events_after,
    history,
    newest,
    search,
    selected,
)
from tests.support.portal import migrated, sqlite_url

FAILED = Selection(Criteria(code="RoleNotExist"), ("failed",), (), 10)
QUERIES: dict[str, Callable[[Connection], Any]] = {
    "list": lambda connection: newest(connection, Criteria(), 100, 50),
    "list of a status": lambda connection: newest(connection, Criteria(status="failed"), 100, 50),
    "list of a code": lambda connection: newest(connection, Criteria(code="RoleNotExist"), 100, 50),
    "list of a group": lambda connection: newest(connection, Criteria("failed", "RoleNotExist"), 100, 50),
    "list of failures to handle": lambda connection: newest(
        connection, Criteria("failed", "RoleNotExist", discarded=False), 100, 50
    ),
    "list of a requester": lambda connection: newest(connection, Criteria(owner="alice"), 100, 50),
    "list of a requester's failures": lambda connection: newest(connection, Criteria("failed", owner="alice"), 1, 50),
    "search": lambda connection: search(connection, Criteria(), "req", None, 50),
    "search, second page": lambda connection: search(connection, Criteria(), "req", (0, ("req-1", "REQ-1")), 50),
    "search of a requester": lambda connection: search(connection, Criteria(owner="alice"), "req", None, 50),
    "history": lambda connection: history(connection, "R", "alice"),
    "events": lambda connection: events_after(connection, 10, None, 200),
    "events of a requester": lambda connection: events_after(connection, 10, "alice", 200),
    "failures to replay": lambda connection: selected(connection, FAILED, 10, 50),
    "number of failures": lambda connection: count(connection, FAILED, 1000),
    "outbox": lambda connection: (outbox.next_due_ms(connection), outbox.last_due_ms(connection)),
    "position": feed.position,
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = migrated(sqlite_url(tmp_path_factory.mktemp("plans")))
    yield opened
    opened.close()


def plans(database: Database, query: Callable[[Connection], Any]) -> list[str]:
    """Return the steps of SQLite's plans for the statements of a query."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", record)
    with database.reading() as connection:
        query(connection)
    event.remove(database.engine, "before_cursor_execute", record)
    with database.reading() as connection:
        return [
            row[3]
            for statement, parameters in statements
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_an_index_lookup(database: Database, name: str) -> None:
    steps = plans(database, QUERIES[name])
    assert steps
    # The outer table of a limited count is its own small result.
    assert [step for step in steps if "TEMP B-TREE" in step or ("SCAN" in step and "INDEX" not in step)] in (
        [],
        ["SCAN anon_1"],
    )
