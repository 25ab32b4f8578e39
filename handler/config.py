"""Settings from the environment and credentials from the runtime, validated once. It must not know what they are for.

No setting is named FC_*: the runtime deletes such variables before it loads the function.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from handler.model import Adoption
from handler.signature import Credentials

PREFIX = "EXPRESS_SYNC_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,119}")


class ConfigurationError(Exception):
    """Settings that are missing or wrong: one sentence each, all at once, never quoting a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the function's settings need correction: " + "; ".join(problems))


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, under the name of its variable in lower case and without the prefix."""

    result_topic: str
    mns_endpoint: str
    sgw_endpoint: str
    max_attempts: int
    backoff_base_seconds: float
    backoff_cap_seconds: float
    api_timeout_seconds: float
    late_pause_seconds: float
    look_reserve_seconds: float
    publish_reserve_seconds: float
    request_queue: str
    failure_queue: str
    dead_letter_queue: str
    max_deferrals: int
    defer_base_seconds: float
    defer_cap_seconds: float
    concurrency: int
    adoption: Adoption
    log_level: str


def _url(text: str) -> str:
    return _matching(_URL, text).rstrip("/")


def _name(text: str) -> str:
    return _matching(_NAME, text)


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError
    return text


def _number(parse: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    def parsed(text: str) -> Any:
        number = parse(text)
        if not low <= number <= high:
            raise ValueError
        return number

    return parsed


def _one_of(*allowed: str) -> Callable[[str], str]:
    return lambda text: _matching(re.compile("|".join(allowed)), text)


_QUEUE = ("", lambda text: _name(text) if text else "", "the name of an MNS queue, or nothing")

# variable without prefix: default (None: required), parser, what is expected
_RULES: Mapping[str, tuple[str | None, Callable[[str], Any], str]] = {
    "RESULT_TOPIC": (None, _name, "the name of the MNS topic for outcomes"),
    "MNS_ENDPOINT": (None, _url, "the http(s) URL of MNS"),
    "SGW_ENDPOINT": ("", lambda text: _url(text) if text else "", "the http(s) URL of Cloud Storage Gateway"),
    "MAX_ATTEMPTS": ("5", _number(int, 1, 20), "a whole number from 1 to 20"),
    "BACKOFF_BASE_SECONDS": ("0.5", _number(float, 0.01, 60), "seconds from 0.01 to 60"),
    "BACKOFF_CAP_SECONDS": ("8", _number(float, 0.01, 120), "seconds from 0.01 to 120"),
    "API_TIMEOUT_SECONDS": ("10", _number(float, 1, 120), "seconds from 1 to 120"),
    "LATE_PAUSE_SECONDS": ("10", _number(float, 0, 120), "seconds from 0 to 120"),
    "LOOK_RESERVE_SECONDS": ("25", _number(float, 0, 250), "seconds from 0 to 250"),
    "PUBLISH_RESERVE_SECONDS": ("15", _number(float, 0, 250), "seconds from 0 to 250"),
    "REQUEST_QUEUE": _QUEUE,
    "FAILURE_QUEUE": _QUEUE,
    "DEAD_LETTER_QUEUE": _QUEUE,
    "MAX_DEFERRALS": ("6", _number(int, 0, 50), "a whole number from 0 to 50"),
    "DEFER_BASE_SECONDS": ("60", _number(float, 1, 86400), "seconds from 1 to 86400"),
    "DEFER_CAP_SECONDS": ("3600", _number(float, 1, 604800), "seconds from 1 to 604800"),
    "CONCURRENCY": ("16", _number(int, 1, 64), "a whole number from 1 to 64"),
    "ADOPTION": ("identical", _one_of(*get_args(Adoption)), "identical, never or owned"),
    "LOG_LEVEL": ("INFO", _one_of(*LOG_LEVELS), "DEBUG, INFO, WARNING or ERROR"),
}


def settings(environment: Mapping[str, str]) -> Settings:
    """All settings from the environment; ConfigurationError names every variable that is missing or wrong."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, (default, parse, expected) in _RULES.items():
        text = environment.get(PREFIX + name, default)
        try:
            values[name.lower()] = parse(text or "")
        except ValueError:
            state = "is missing" if text is None else "is wrong"
            problems.append(f"{PREFIX}{name} {state}, expected {expected}")
    if problems:
        raise ConfigurationError(problems)
    return Settings(**values)


def credentials(context: object, environment: Mapping[str, str]) -> Credentials:
    """The execution role's temporary key: from the context, or since runtime python3.12 from the environment."""
    given = getattr(context, "credentials", None)
    if given is not None and given.access_key_id:
        return Credentials(given.access_key_id, given.access_key_secret, given.security_token or "")
    names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    missing = [f"{name} is missing, give the function a role" for name in names if not environment.get(name)]
    if missing:
        raise ConfigurationError(missing)
    key_id, secret = (environment[name] for name in names)
    return Credentials(key_id, secret, environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""))
