"""Profiles describe the cloud that a command acts on; they are read from files and validated against a schema.

A profile file holds the object that `express-sync up --json` prints. A profile with a region and an account, but
without endpoints, describes a stack of template.yml in the real cloud: endpoints and names are then derived.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from express_sync.ops.queues.client import OPTIONAL_QUEUES, PORTAL_QUEUE, RESULT_QUEUE
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.places import is_file
from express_sync.ops.targets.regions import meant_region
from express_sync.ops.targets.schema_errors import first_error, message
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.suggestions import did_you_mean
from handler.credentials import Credentials
from handler.sgw.endpoints import SAFE_URL, public_endpoint

ENVIRONMENT = "env"
_LOCAL = "local"
DEFAULT_PREFIX = "express-sync"
_SETTINGS = {
    "region": "EXPRESS_SYNC_REGION",
    "accountId": "EXPRESS_SYNC_ACCOUNT_ID",
    "namePrefix": "EXPRESS_SYNC_NAME_PREFIX",
}
_TEXT = {"type": "string", "minLength": 1}
_URL = {"type": "string", "pattern": rf"^({SAFE_URL.pattern})$(?!\n)"}
_QUEUES = ("requestQueue", "resultTopic", RESULT_QUEUE, "failureQueue", "deadLetterQueue", PORTAL_QUEUE)
_PARTS = {
    "mns": {
        "endpoint": _URL,
        **dict.fromkeys(_QUEUES, _TEXT),
        **{role: {"type": "string"} for role in OPTIONAL_QUEUES},  # may be empty
    },
    "sgw": {"endpoint": _URL},
    "fc": {"endpoint": _URL, "function": _TEXT},
}
_NEEDED = {"mns": ("endpoint", "requestQueue"), "sgw": (), "fc": ("endpoint", "function")}
DEPLOYING = ("ros", "oss")  # services that only deployment needs
_PROPERTIES = {
    **dict.fromkeys(("accessKeyId", "accessKeySecret", "securityToken"), _TEXT),
    "region": {"type": "string", "pattern": r"^[a-z0-9-]+$(?!\n)"},
    "accountId": {"type": "string", "pattern": r"^[0-9]+$(?!\n)"},
    "namePrefix": {"type": "string", "pattern": r"^[a-z][a-z0-9-]{1,30}$(?!\n)"},
    "console": {"type": ["string", "null"]},
    "portal": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"url": _URL, "token": _TEXT},
    },
    "caFile": _TEXT,
    **{name: {"type": "object", "additionalProperties": False, "properties": {"endpoint": _URL}} for name in DEPLOYING},
}
_EXPECTED = {
    "region": "a region such as cn-hangzhou",
    "accountId": "a string with the digits of the account id",
    "namePrefix": "the NamePrefix of the stack, such as express-sync",
    "endpoint": "an https URL such as https://1234567890123456.mns.cn-hangzhou.aliyuncs.com (http is allowed for"
    " 127.0.0.1, [::1] and localhost only, because a key must not be sent in clear text)",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _schema(needed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    parts = {
        name: {"type": "object", "additionalProperties": False, "properties": _PARTS[name], "required": list(required)}
        for name, required in needed.items()
    }
    return {"type": "object", "additionalProperties": False, "properties": {**_PROPERTIES, **parts}}


_SHAPE = Draft7Validator(_schema(dict.fromkeys(_PARTS, ())))
_WHOLE = Draft7Validator({**_schema(_NEEDED), "required": ["mns"]})


def read(name: str, directories: tuple[Path, ...], environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the profile `name` from the first of `directories` that has it; `env` comes from the environment alone.

    CliError if it is missing or invalid.
    """
    if name == ENVIRONMENT:
        return _of_environment(environment)
    if not _NAME.fullmatch(name):
        raise CliError(
            "The name of a profile consists of letters, digits, dots, hyphens and underscores; correct --profile."
        )
    path, profile = written(name, directories)
    if profile is None:
        raise CliError(_missing(name, path, directories))
    return checked(profile, str(path))


def written(name: str, directories: tuple[Path, ...]) -> tuple[Path, Mapping[str, Any] | None]:
    """Return the file of profile `name` and its content; without a file, where to write it, and None.

    CliError if the file is not JSON or has an unknown key or an invalid value. Missing keys are accepted.
    """
    candidates = [directory / f"{name}.json" for directory in directories]
    path = next((candidate for candidate in candidates if is_file(candidate)), None)
    if path is None:
        return candidates[0], None
    try:
        profile = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise CliError(f"Profile {name!r}: {path} is not readable JSON; correct it.") from None
    _check(_SHAPE, profile, str(path))
    return path, profile


def _missing(name: str, path: Path, directories: tuple[Path, ...]) -> str:
    known = sorted({found.stem for directory in directories for found in directory.glob("*.json")})
    places = " or ".join(str(directory / path.name) for directory in directories)
    here = f" Known profiles are {', '.join((*known, ENVIRONMENT))}." if known else ""
    hint = did_you_mean(name, (*known, ENVIRONMENT, _LOCAL))
    return (
        f"Profile {name!r} does not exist; {hint}write it to {places} in the form that `express-sync up --json`"
        f" prints.{here}"
    )


def checked(profile: Any, where: str) -> Mapping[str, Any]:
    """Return the completed profile. CliError that names the first invalid key if it violates the schema."""
    _check(_SHAPE, profile, where)
    if not names_an_endpoint(profile) and (meant := meant_region(profile.get("region", ""))):
        raise CliError(f"{where}: the region {profile['region']!r} does not exist; did you mean {meant}? Correct it.")
    whole = completed(profile)
    _check(_WHOLE, whole, where)
    return whole


def completed(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the profile with the endpoints and names of the real cloud, or as it is if it names any endpoint.

    The two are never mixed: a key of one cloud must not be sent to another because an endpoint was left out.
    """
    if names_an_endpoint(profile) or not {"region", "accountId"} <= profile.keys():
        return dict(profile)
    derived = _of_stack(profile["region"], profile["accountId"], profile.get("namePrefix", DEFAULT_PREFIX))
    return {**profile, **{part: {**fields, **profile.get(part, {})} for part, fields in derived.items()}}


def names_an_endpoint(profile: Mapping[str, Any]) -> bool:
    """Return whether the profile itself names an endpoint."""
    return any("endpoint" in profile.get(part, {}) for part in (*_PARTS, *DEPLOYING))


def credentials(profile: Mapping[str, Any], environment: Mapping[str, str]) -> Credentials:
    """Return the key of the profile, or of the first other place that has one. CliError if no key can be used."""
    return find(profile, environment).credentials


def _of_stack(region: str, account: str, prefix: str) -> dict[str, dict[str, str]]:
    """Return the documented public endpoints and the names that template.yml gives a stack."""
    return {
        "mns": {
            "endpoint": f"https://{account}.mns.{region}.aliyuncs.com",
            "requestQueue": f"{prefix}-requests",
            "resultTopic": f"{prefix}-outcomes",
            RESULT_QUEUE: f"{prefix}-results",
            PORTAL_QUEUE: f"{prefix}-portal",
            "failureQueue": f"{prefix}-failures",
            "deadLetterQueue": f"{prefix}-dead-letters",
        },
        "sgw": {"endpoint": public_endpoint(region)},
        "fc": {"endpoint": f"https://{account}.{region}.fc.aliyuncs.com", "function": f"{prefix}-provision"},
    }


def _of_environment(environment: Mapping[str, str]) -> Mapping[str, Any]:
    profile = {key: environment[variable] for key, variable in _SETTINGS.items() if environment.get(variable)}
    missing = [_SETTINGS[key] for key in ("region", "accountId") if key not in profile]
    if missing:
        raise CliError(f"Profile {ENVIRONMENT!r} is read from environment variables; set {' and '.join(missing)}.")
    return checked(profile, "The environment")


def _check(validator: Draft7Validator, profile: Any, where: str) -> None:
    error = first_error(validator, profile)
    if error is not None:
        raise CliError(f"{where}: {_message(error)}; correct it.")


def _message(error: ValidationError) -> str:
    path = error.json_path
    if error.validator == "pattern":
        return f"{path} must be {_EXPECTED[path.rpartition('.')[2]]}"
    if error.validator == "required" and path == "$":
        return _without_queues(cast("Mapping[str, Any]", error.instance))
    return message(error)


def _without_queues(profile: Mapping[str, Any]) -> str:
    """Return what is missing in a profile without the key `mns`: SMQ's endpoint, or what it is derived from."""
    stack = ("region", "accountId")
    if any("endpoint" in profile.get(part, {}) for part in _PARTS):
        return "$.mns is missing; a profile that names an endpoint must also name those of SMQ"
    missing = " and ".join(f"$.{key}" for key in stack if key not in profile)
    return f"{missing} {'are' if 'and' in missing else 'is'} missing, from which the endpoints are derived"
