"""Finds the access key: in the profile, or where Alibaba Cloud's own tools keep theirs.

The first place that holds a key is used. An incomplete or unsupported key there is an error; it is never completed from
another place. Messages contain no secret.

Sources: `alibabacloud_credentials` 1.0 for the variables, the INI file and its fields; "Configure profiles" of the
Alibaba Cloud CLI for `config.json`.
"""

import configparser
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from express_sync.ops.targets.places import home, is_file
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials, unsendable_part

ID_VARIABLE, SECRET_VARIABLE, TOKEN_VARIABLE = _VARIABLES = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)
FILE_VARIABLE, PROFILE_VARIABLE = "ALIBABA_CLOUD_CREDENTIALS_FILE", "ALIBABA_CLOUD_PROFILE"

Fields = Mapping[str, Any]


class NoKeyError(CliError):
    """Raised if no place holds a key."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and a description of the place it was found in."""

    credentials: Credentials
    where: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """The fields of a place, and their names for id, secret and token."""

    where: str
    fields: Fields
    names: tuple[str, str, str]


def find(profile: Fields, environment: Mapping[str, str]) -> Found:
    """Return the key of the first place that has one. Raise CliError if no place has one or the key cannot be used."""
    for place in _PLACES:
        for entry in place(profile, environment):
            return _complete(entry)
    raise NoKeyError(
        f"No access key is found; set {ID_VARIABLE} and {SECRET_VARIABLE}, or write one to ~/.alibabacloud/credentials."
    )


def _complete(entry: _Entry) -> Found:
    key_id, secret, token = (entry.fields.get(name) or "" for name in entry.names)
    if not (isinstance(key_id, str) and isinstance(secret, str) and isinstance(token, str) and key_id and secret):
        raise CliError(
            f"The key pair in {entry.where} is incomplete; complete it, or remove it"
            f" and set {ID_VARIABLE} and {SECRET_VARIABLE}."
        )
    if wrong := unsendable_part(key_id, secret, token):
        raise CliError(
            f"The {wrong} in {entry.where} cannot be used: it contains a space, a line break or another character that"
            " is not allowed in a key, or it is too long; copy it again."
        )
    return Found(Credentials(key_id, secret, token), entry.where)


def _of_profile(profile: Fields, _environment: Mapping[str, str]) -> Iterator[_Entry]:
    names = ("accessKeyId", "accessKeySecret", "securityToken")
    if any(name in profile for name in names[:2]):
        yield _Entry("the profile", profile, names)


def _of_environment(_profile: Fields, environment: Mapping[str, str]) -> Iterator[_Entry]:
    if any(environment.get(name) for name in _VARIABLES[:2]):
        yield _Entry("the environment", environment, _VARIABLES)


def _of_sdk_file(_profile: Fields, environment: Mapping[str, str]) -> Iterator[_Entry]:
    section = environment.get(PROFILE_VARIABLE) or "default"
    for path in _sdk_files(environment):
        content = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#",))
        try:
            content.read_string(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, configparser.Error):
            raise CliError(f"{path} is not a readable credentials file; correct it, or set {ID_VARIABLE}.") from None
        if content.has_section(section):
            where = f"[{section}] of {path}"
            _check_kind(where, "type", content[section].get("type"), ("access_key", "sts"))
            yield _Entry(where, dict(content[section]), ("access_key_id", "access_key_secret", "security_token"))


def _sdk_files(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get(FILE_VARIABLE):
        yield Path(environment[FILE_VARIABLE])
        return
    base = home(environment)
    candidates = (base / ".alibabacloud" / name for name in ("credentials", "credentials.ini")) if base else ()
    yield from (path for path in candidates if is_file(path))


def _of_cli_file(_profile: Fields, environment: Mapping[str, str]) -> Iterator[_Entry]:
    base = home(environment)
    path = base / ".aliyun" / "config.json" if base else None
    if path is None or not is_file(path):
        return
    try:
        content = json.loads(path.read_bytes())
        name = environment.get(PROFILE_VARIABLE) or content["current"]
        entries = [entry for entry in content["profiles"] if entry["name"] == name]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise CliError(f"{path} is not a readable configuration of the Alibaba Cloud CLI; correct it.") from None
    for entry in entries:
        where = f"profile {name!r} of {path}"
        _check_kind(where, "mode", entry.get("mode"), ("AK", "StsToken"))
        yield _Entry(where, entry, ("access_key_id", "access_key_secret", "sts_token"))


def _check_kind(where: str, field: str, kind: object, supported: tuple[str, str]) -> None:
    if kind not in supported:
        raise CliError(
            f"The {field} of {where} is not supported (only {' and '.join(supported)});"
            f" get a temporary key and set {ID_VARIABLE}, {SECRET_VARIABLE} and {TOKEN_VARIABLE}."
        )


_PLACES: tuple[Callable[[Fields, Mapping[str, str]], Iterator[_Entry]], ...] = (
    _of_profile,
    _of_environment,
    _of_sdk_file,
    _of_cli_file,
)
