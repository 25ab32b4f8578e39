"""Composes the portal from a profile, for the commands that run it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from express_sync.ops.queues.client import PORTAL_QUEUE, queue
from express_sync.ops.terminal.errors import CliError
from express_sync.portal.identity.authenticator import single_operator
from express_sync.portal.principal import Authenticate
from express_sync.portal.service import Settings, running
from express_sync.portal.store.database import DatabaseUrlError
from express_sync.request_guard import is_loopback
from handler.credentials import Credentials

__all__ = ["is_loopback", "new_token", "portal_of", "settings_of", "single_operator", "sqlite_url", "temporary"]


@contextmanager
def portal_of(
    profile: Mapping[str, Any], credentials: Credentials, settings: Settings, authenticate: Authenticate
) -> Iterator[str]:
    """Run the portal of the cloud in a profile, and give its URL. CliError if it cannot be started."""
    outcomes, requests = (queue(profile, role, credentials) for role in (PORTAL_QUEUE, "requestQueue"))
    with ExitStack() as stack:
        yield _started(stack, running(settings, outcomes, requests, authenticate), settings)


def _started(stack: ExitStack, service: AbstractContextManager[str], settings: Settings) -> str:
    try:
        return stack.enter_context(service)
    except DatabaseUrlError as error:
        raise CliError(f"{str(error).capitalize()}; correct --database.") from None
    except SQLAlchemyError as error:  # its text may contain the URL with its password
        raise CliError(f"The database cannot be used ({type(error).__name__}); check --database.") from None
    except OSError as error:
        raise CliError(f"The portal cannot use port {settings.port}: {error.strerror}; choose another one.") from error


def settings_of(profile: Mapping[str, Any], database: str) -> Settings:
    """Return the settings of a portal on loopback for the cloud in a profile."""
    return Settings(database, source=_source_of(profile))


def sqlite_url(path: Path) -> str:
    """Return the URL of a database in a file."""
    return f"sqlite:///{path.absolute()}"


@contextmanager
def temporary(database: Path) -> Iterator[None]:
    """Delete a database before and after a context, with what SQLite keeps beside it."""
    _delete(database)
    try:
        yield
    finally:
        _delete(database)


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(32)


def _source_of(profile: Mapping[str, Any]) -> str:
    """Return the source of the outcomes of the function in a profile, empty if the profile does not tell."""
    function = profile.get("fc", {}).get("function")
    if not {"region", "accountId"} <= profile.keys() or not function:
        return ""
    return f"acs:fc:{profile['region']}:{profile['accountId']}:functions/{function}"


def _delete(database: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
