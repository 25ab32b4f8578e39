"""Fixtures of the portal's tests: a portal per module, an empty database per test, and a PostgreSQL per module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.portal.store.database import Database
from tests.support.portal import RunningPortal, migrated, running_portal, sqlite_url
from tests.support.postgres import Postgres, running_postgres


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal with queues in memory."""
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Create an empty database of a portal."""
    opened = migrated(sqlite_url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL."""
    with running_postgres() as running:
        yield running
