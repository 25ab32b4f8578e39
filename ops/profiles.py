"""Profiles: the description of a cloud that a command acts on, read from a file and held against a schema.

A profile file holds the object that `express-sync up` prints when it is ready. Credentials may be left out and then
come from the environment. Knows files and settings; must not know what is done with a target.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from handler.signature import Credentials
from ops.problems import Problem

_KEYS = ("accessKeyId", "accessKeySecret", "securityToken")
_KEY_VARIABLES = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)
_QUEUES = ("requestQueue", "resultTopic", "resultQueue", "failureQueue", "deadLetterQueue")
_TEXT = {"type": "string", "minLength": 1}
_URL = {"type": "string", "pattern": r"^https?://[^/\s]+/?$"}
_SCHEMA = {
    "type": "object",
    "required": ["mns"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("region", "accountId", *_KEYS), _TEXT),
        "console": {"type": ["string", "null"]},
        "mns": {
            "type": "object",
            "required": ["endpoint", "requestQueue", "resultQueue"],
            "additionalProperties": False,
            "properties": {
                "endpoint": _URL,
                **dict.fromkeys(
                    ("requestQueue", "resultTopic", "resultQueue", "failureQueue", "deadLetterQueue"), _TEXT
                ),
            },
        },
        "sgw": {"type": "object", "properties": {"endpoint": _URL}},
        "fc": {
            "type": "object",
            "required": ["endpoint", "function"],
            "additionalProperties": False,
            "properties": {"endpoint": _URL, "function": _TEXT},
        },
    },
}
_RULES = {
    "required": " is missing",
    "additionalProperties": " holds a key that no profile has",
    "pattern": " must be a URL such as http://1234567890123456.mns.cn-hangzhou.aliyuncs.com",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VALIDATOR = Draft7Validator(_SCHEMA)


def read(name: str, directories: tuple[Path, ...]) -> Mapping[str, Any]:
    """The profile `name` from the first of `directories` that has it. Problem if none has, or if it is not right."""
    if not _NAME.fullmatch(name):
        raise Problem("A profile's name is letters, digits, dots, hyphens and underscores; choose such a --profile.")
    candidates = [directory / f"{name}.json" for directory in directories]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        places = " or ".join(map(str, candidates))
        raise Problem(f"There is no profile {name!r}; write it to {places}, as `express-sync up --json` prints one.")
    try:
        return checked(json.loads(path.read_bytes()), str(path))
    except (OSError, ValueError):
        raise Problem(f"Profile {name!r}: {path} is not readable JSON; correct it.") from None


def checked(profile: Any, where: str) -> Mapping[str, Any]:
    """The profile itself if it keeps the schema; otherwise a Problem that names the first offending key."""
    error = next(iter(sorted(_VALIDATOR.iter_errors(profile), key=lambda error: error.json_path)), None)
    if error is None:
        return dict(profile)
    raise Problem(f"{where}: {_wrong(error)}; correct it.")


def credentials(profile: Mapping[str, Any], environment: Mapping[str, str]) -> Credentials:
    """The profile's key pair, or else the environment's. Problem if neither has one."""
    in_profile = "accessKeyId" in profile or "accessKeySecret" in profile
    source = profile if in_profile else environment
    key_id, secret, token = (source.get(name, "") for name in (_KEYS if in_profile else _KEY_VARIABLES))
    if not key_id or not secret:
        raise Problem(
            "The profile holds no complete key pair; set ALIBABA_CLOUD_ACCESS_KEY_ID and"
            " ALIBABA_CLOUD_ACCESS_KEY_SECRET."
        )
    return Credentials(key_id, secret, token)


def _wrong(error: ValidationError) -> str:
    rule, path = str(error.validator), error.json_path
    if rule == "required":
        required, instance = cast("list[str]", error.validator_value), cast("Mapping[str, Any]", error.instance)
        path += "." + next(key for key in required if key not in instance)
    return path + _RULES.get(rule, " must be a text that is not empty")
