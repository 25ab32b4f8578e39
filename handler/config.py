"""Read the settings from the environment and the credentials from the runtime, and validate them once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from handler.credentials import Credentials, unsendable_part
from handler.model import Adoption
from handler.sgw.endpoints import INTERNAL_URL, SAFE_URL

PREFIX = "EXPRESS_SYNC_"  # not FC_*: the runtime deletes such variables before it loads the function
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


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
    dead_letter_queue: str
    max_deferrals: int
    defer_base_seconds: float
    defer_cap_seconds: float
    request_retention_seconds: int
    concurrency: int
    adoption: Adoption
    log_level: str


@dataclass(frozen=True, slots=True)
class Variable:
    """How a setting is read: default (None: required), parser, what is expected, what it does, and its range."""

    default: str | None
    parse: Callable[[str], Any]
    expected: str
    meaning: str
    bounds: tuple[float, float] | None = None


def _matching(pattern: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return parse


_SAFE_URL = _matching(SAFE_URL.pattern)
_NAME = _matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,119}")
_WHOLE = _matching(r"[0-9]{1,9}")  # int and float alone would accept 5_0, 1e400, nan and digits of other scripts
_DECIMAL = _matching(r"[0-9]{0,9}\.?[0-9]{1,9}")


def _url(text: str) -> str:
    return _SAFE_URL(text).rstrip("/")


def _url_of_smq(text: str) -> str:
    return text.rstrip("/") if INTERNAL_URL.fullmatch(text) else _url(text)


def _optional(parse: Callable[[str], str], expected: str, meaning: str) -> Variable:
    return Variable("", lambda text: text and parse(text), expected, meaning)


def _number(default: str, low: float, high: float, meaning: str, unit: str = "seconds") -> Variable:
    def parse(text: str) -> float:
        number = float(_DECIMAL(text)) if unit == "seconds" else int(_WHOLE(text))
        if not low <= number <= high:
            raise ValueError
        return number

    return Variable(default, parse, f"{unit} from {low} to {high}", meaning, (low, high))


def _choice(allowed: tuple[str, ...], default: str, meaning: str) -> Variable:
    return Variable(default, _matching("|".join(allowed)), f"{', '.join(allowed[:-1])} or {allowed[-1]}", meaning)


_QUEUE, _COUNT = "the name of an MNS queue, or nothing", "a whole number"
# By name without prefix. template.yml and docs/operations.md are compared with it by tests.
VARIABLES: Mapping[str, Variable] = {
    "RESULT_TOPIC": Variable(None, _NAME, "the name of the MNS topic for outcomes", "the topic for outcomes"),
    "MNS_ENDPOINT": Variable(
        None,
        _url_of_smq,
        "the https URL of MNS, or the http URL of its internal endpoint",
        "the endpoint of the topic and the queues",
    ),
    "SGW_ENDPOINT": _optional(_url, "the https URL of Cloud Storage Gateway", "endpoint, if not the region's own"),
    "MAX_ATTEMPTS": _number("5", 1, 20, "create calls for one request in one invocation, at most", _COUNT),
    "BACKOFF_BASE_SECONDS": _number("0.5", 0.01, 60, "longest wait after the first failed call; doubles each time"),
    "BACKOFF_CAP_SECONDS": _number("8", 0.01, 120, "longest wait between two calls"),
    "API_TIMEOUT_SECONDS": _number("10", 1, 120, "longest duration of one API call"),
    "LATE_PAUSE_SECONDS": _number("10", 0, 120, "pause before the second lookup while a call may still land"),
    "LOOK_RESERVE_SECONDS": _number("25", 0, 250, "time of an invocation that is reserved for lookups"),
    "PUBLISH_RESERVE_SECONDS": _number("15", 0, 250, "time of an invocation that is reserved for publishing"),
    "REQUEST_QUEUE": _optional(_NAME, _QUEUE, "the queue for deferred requests; without it none is deferred"),
    "DEAD_LETTER_QUEUE": _optional(_NAME, _QUEUE, "for requests that cannot be requeued; the sweep drains it"),
    "MAX_DEFERRALS": _number("18", 0, 50, "deferrals of one request, at most; then its verdict is final", _COUNT),
    "DEFER_BASE_SECONDS": _number("60", 1, 86400, "longest wait of the first deferral; doubles each time"),
    "DEFER_CAP_SECONDS": _number("3600", 1, 302400, "longest wait of any deferral, at most half of the retention"),
    "REQUEST_RETENTION_SECONDS": _number("604800", 60, 604800, "how long the request queue keeps a message", _COUNT),
    "CONCURRENCY": _number("16", 1, 64, "messages that are processed at the same time, at most", _COUNT),
    "ADOPTION": _choice(get_args(Adoption), "identical", "when an identical group that exists counts as success"),
    "LOG_LEVEL": _choice(LOG_LEVELS, "INFO", "the least severe log lines that are written"),
}


def settings(environment: Mapping[str, str]) -> Settings:
    """Return all settings; raise ConfigurationError, which names every variable that is missing or wrong."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, variable in VARIABLES.items():
        text = environment.get(PREFIX + name, variable.default)
        try:
            values[name.lower()] = variable.parse(text or "")
        except ValueError:
            state = "is missing" if text is None else "is wrong"
            problems.append(f"{PREFIX}{name} {state}, expected {variable.expected}")
    if not problems and values["defer_cap_seconds"] > values["request_retention_seconds"] / 2:
        half = f"at most half of {PREFIX}REQUEST_RETENTION_SECONDS"
        problems.append(f"{PREFIX}DEFER_CAP_SECONDS is wrong, expected {half}")
    if problems:
        raise ConfigurationError(problems)
    return Settings(**values)


def credentials(context: object, environment: Mapping[str, str]) -> Credentials:
    """Return the temporary key of the function's role: from the context, or in python3.12 from the environment."""
    given = getattr(context, "credentials", None)
    if given is not None and given.access_key_id:
        return _sendable("the runtime's context", given.access_key_id, given.access_key_secret, given.security_token)
    names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    missing = [f"{name} is missing, give the function a role" for name in names if not environment.get(name)]
    if missing:
        raise ConfigurationError(missing)
    key_id, secret = (environment[name] for name in names)
    return _sendable("the environment", key_id, secret, environment.get("ALIBABA_CLOUD_SECURITY_TOKEN"))


def _sendable(place: str, key_id: str, secret: str, token: str | None) -> Credentials:
    wrong = unsendable_part(key_id, secret, token or "")
    if wrong:
        raise ConfigurationError([f"the {wrong} in {place} has a character that keys do not have, or is too long"])
    return Credentials(key_id, secret, token or "")
