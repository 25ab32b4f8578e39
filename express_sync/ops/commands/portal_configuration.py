"""Reads the configuration file of the portal: who may call it, and which webhook endpoints it notifies."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from express_sync.ops import system
from express_sync.ops.targets.schema_errors import first_error, message
from express_sync.ops.terminal.errors import CliError
from express_sync.portal.identity import settings as identity
from express_sync.portal.identity.authenticator import Authenticator, why_not_listen
from express_sync.portal.identity.settings import IdentitySettings
from express_sync.portal.identity.token_file import TokenFile
from express_sync.portal.identity.tokens import operator_token
from express_sync.portal.webhooks import endpoint
from express_sync.portal.webhooks.endpoint import Endpoint, InvalidSecretError

_VALIDATOR = Draft7Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {"identity": identity.SCHEMA, "webhooks": endpoint.SCHEMA},
    }
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of a configuration file."""

    identity: IdentitySettings
    webhooks: tuple[Endpoint, ...] = ()


def read(path: Path | None, home: Path) -> Configuration:
    """Return the configuration in a file, or the default one without a file. CliError that says what is wrong."""
    if path is None:
        return Configuration(IdentitySettings.of({}, home, home))
    document = _document(path)
    try:
        return _configuration(document, path, home)
    except RuntimeError:  # of pathlib, for ~ without a home directory or ~NAME of an unknown user
        raise CliError(f"{path}: the home directory in a path with ~ is not known; write the whole path.") from None


def _configuration(document: dict[str, Any], path: Path, home: Path) -> Configuration:
    directory = path.absolute().parent
    endpoints = tuple(_endpoint(each, directory, path) for each in document.get("webhooks", ()))
    if len({each.name for each in endpoints}) < len(endpoints):
        raise CliError(f"{path}: two webhooks have the same name; rename one.")
    return Configuration(IdentitySettings.of(document.get("identity", {}), directory, home), endpoints)


def check_host(configuration: Configuration, host: str) -> None:
    """Refuse an address beyond this machine if no caller could authenticate there. CliError."""
    has_tokens = bool(TokenFile(configuration.identity.token_file).tokens())
    has_provider = configuration.identity.provider is not None
    why = why_not_listen(host, has_tokens=has_tokens, has_provider=has_provider)
    if why is not None:
        raise CliError(why)


def authenticator(configuration: Configuration, text: str | None) -> Authenticator:
    """Return what authenticates callers; the operator's token `text` is accepted beside the configured identities."""
    chosen = configuration.identity.authenticator(system.epoch)
    if text is None:
        return chosen
    operator = operator_token(text)
    return Authenticator(lambda: (*chosen.tokens(), operator), chosen.verifier, system.epoch)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}; choose another --config.") from None
    except (ValueError, RecursionError):
        raise CliError(f"{path} is not readable JSON; correct it.") from None
    violation = first_error(_VALIDATOR, document)
    if violation is not None:
        raise CliError(f"{path}: {message(violation)}; correct it.")
    return dict(document)


def _endpoint(document: dict[str, Any], directory: Path, path: Path) -> Endpoint:
    try:
        return Endpoint.of(document, directory)
    except (OSError, InvalidSecretError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CliError(f"{path}: the secretFile of webhook {document['name']}: {why}; correct it.") from None
