"""Composes the portal from a profile, for the commands that run it."""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from express_sync.ops import file_lock, system
from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.commands import portal_configuration
from express_sync.ops.commands.portal_errors import unusable
from express_sync.ops.queues.client import PORTAL_QUEUE, queue
from express_sync.ops.targets.places import home
from express_sync.ops.targets.registration import state_directory
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal.errors import CliError
from express_sync.portal.identity.authenticator import single_operator
from express_sync.portal.principal import Authenticate
from express_sync.portal.service import Settings, running
from express_sync.portal.store.database import DatabaseUrlError
from express_sync.request_guard import is_loopback
from handler.credentials import Credentials

_ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?/?", re.IGNORECASE | re.ASCII
)
ADMIN_APIS = ("mns", "sgw", "fc")  # the pages of the portal show what these services tell of themselves


def of_profile(
    target: Target, config: Path | None, *, database: str | None, host: str, port: int, public_url: str
) -> AbstractContextManager[str]:
    """Return what runs the portal of a target with these options, and gives its URL. CliError."""
    _check_public_url(public_url)
    state = state_directory(Path.cwd(), system.environment)
    state.mkdir(parents=True, exist_ok=True)
    chosen = portal_configuration.read(config, home(system.environment) or state)
    portal_configuration.check_host(chosen, host)
    token = _operator_token(state / f"portal-{target.name}.token") if is_loopback(host) else None
    settings = replace(
        settings_of(target.profile, database or sqlite_url(state / f"portal-{target.name}.sqlite3")),
        host=host,
        port=port,
        public_url=public_url,
        webhooks=chosen.webhooks,
    )
    return portal_of(target.profile, target.credentials, settings, portal_configuration.authenticator(chosen, token))


def _check_public_url(url: str) -> None:
    """Refuse a URL that cannot be the origin of the portal's pages. CliError."""
    if url and not _ORIGIN.fullmatch(url):
        raise CliError("--public-url takes an origin without a path, such as https://portal.example.com; correct it.")


@contextmanager
def of_local_cloud(ready: Mapping[str, Any], state: Path, port: int) -> Iterator[Mapping[str, str]]:
    """Run the portal of a local cloud, and give its URL and the operator's token.

    Its history lasts as long as that cloud, which starts empty.
    """
    state.mkdir(parents=True, exist_ok=True)
    token, database = _new_token(), state / "portal-local.sqlite3"
    endpoints = {service: ready[service]["endpoint"] for service in ADMIN_APIS}
    settings = replace(settings_of(ready, sqlite_url(database)), port=port, local_cloud=endpoints)
    key = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    fix = f"free space in {state}, or add --no-portal"
    with _temporary(database), portal_of(ready, key, settings, single_operator(token), fix) as url:
        yield {"url": url, "token": token}


@contextmanager
def portal_of(
    profile: Mapping[str, Any],
    credentials: Credentials,
    settings: Settings,
    authenticate: Authenticate,
    fix: str = "check --database",
) -> Iterator[str]:
    """Run the portal of the cloud in a profile, and give its URL. CliError if it cannot be started.

    `fix` says what to do if its database cannot be used.
    """
    outcomes, requests = (queue(profile, role, credentials) for role in (PORTAL_QUEUE, "requestQueue"))
    with ExitStack() as stack:
        yield _started(stack, running(settings, outcomes, requests, authenticate), settings, fix)


def _started(stack: ExitStack, service: AbstractContextManager[str], settings: Settings, fix: str) -> str:
    try:
        return stack.enter_context(service)
    except DatabaseUrlError as error:
        raise CliError(f"--database: {error}; correct it.") from None
    except SQLAlchemyError as error:
        raise unusable(error, fix) from None
    except OSError as error:
        raise CliError(f"The portal cannot use port {settings.port}: {error.strerror}; choose another one.") from error


def settings_of(profile: Mapping[str, Any], database: str) -> Settings:
    """Return the settings of a portal on loopback for the cloud in a profile."""
    return Settings(database, source=_source_of(profile))


def sqlite_url(path: Path) -> str:
    """Return the URL of a database in a file."""
    return f"sqlite:///{path.absolute()}"


@contextmanager
def _temporary(database: Path) -> Iterator[None]:
    """Delete a database before and after a context, with what SQLite keeps beside it."""
    _delete(database)
    try:
        yield
    finally:
        _delete(database)


def _operator_token(path: Path) -> str:
    """Return the token in a file; a missing file gets a new one, also if two portals start at once."""
    try:
        if not path.exists():
            _create_token(path)
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        raise CliError(f"{path} cannot be read; delete it to get a new token.") from None
    if not text:
        raise CliError(f"{path} is empty; delete it to get a new token.")
    return text


def _create_token(path: Path) -> None:
    """Write a new token to a file, unless another process does so."""
    with file_lock.held(path.parent):
        if not path.exists():
            write_atomically(path, _new_token() + "\n")


def _new_token() -> str:
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
