"""Brings the schema of a database to the current revision. Several replicas may do so at once."""

import secrets as chance
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, insert, select, text

from express_sync.portal.store.database import Database
from express_sync.portal.store.tables import feed, secrets

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x45585053  # the key of the advisory lock in PostgreSQL; any number that nothing else in the database uses
_CURSOR_KEY = "cursor"


def migrate(database: Database) -> None:
    """Create or upgrade the schema, and the rows that everything else expects."""
    with database.writing() as connection:
        _lock(connection)
        command.upgrade(configuration(connection), "head")
        _create_rows(connection)


def configuration(connection: Connection) -> Config:
    """Return the settings of Alembic for the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def cursor_key(connection: Connection) -> bytes:
    """Return the key that cursors are signed with, the same in all replicas."""
    found: str = connection.execute(select(secrets.c.value).where(secrets.c.name == _CURSOR_KEY)).scalar_one()
    return bytes.fromhex(found)


def _lock(connection: Connection) -> None:
    # SQLite is locked by the transaction itself.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _create_rows(connection: Connection) -> None:
    if connection.execute(select(func.count()).select_from(feed)).scalar_one() == 0:
        connection.execute(insert(feed).values(id=1, position=0))
        connection.execute(insert(secrets).values(name=_CURSOR_KEY, value=chance.token_hex(32)))
