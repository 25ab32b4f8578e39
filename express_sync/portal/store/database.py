"""Connects to the database: SQLite in a file, or PostgreSQL; both are used through the same SQL.

Writers take the lock of the log first, so that positions become visible in their order also with several replicas.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

BUSY_TIMEOUT_SECONDS = 10
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class DatabaseUrlError(ValueError):
    """A URL of a database that cannot be used; the message does not quote the URL, which may contain a password."""


def database_url(text_: str) -> URL:
    """Return the URL with the driver that is used here. DatabaseUrlError for another kind of database."""
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError("the URL of the database cannot be read") from None
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise DatabaseUrlError("the database must be sqlite or postgresql")
    is_in_memory = url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory"
    if url.get_backend_name() == "sqlite" and is_in_memory:
        raise DatabaseUrlError("the database must be in a file, because several threads use it")
    return url.set(drivername=driver)


class Database:
    """Connections to one database; reads and writes are transactions, and errors are SQLAlchemy's. Thread-safe.

    DatabaseUrlError for a URL with parts or options that its driver does not take.
    """

    def __init__(self, url: URL) -> None:
        try:
            self.engine = _engine(url)
        except (ArgumentError, ValueError, TypeError):
            raise DatabaseUrlError("the URL of the database has parts that cannot be used") from None
        self._writing = self.engine.execution_options(express_sync_writes=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end of the context."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the idle connections."""
        self.engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8, pool_timeout=BUSY_TIMEOUT_SECONDS)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}, pool_size=8, max_overflow=8
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later may fail with SQLITE_BUSY at once, so writers lock at the start.
    is_writing = connection.get_execution_options().get("express_sync_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
