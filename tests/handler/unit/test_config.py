"""Settings have defaults and limits, one error reports everything wrong, and credentials work in both runtimes."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from handler import config
from handler.config import ConfigurationError, Settings
from handler.credentials import Credentials
from handler.provisioning.retry import Backoff

NEEDED = {
    "EXPRESS_SYNC_RESULT_TOPIC": "outcomes",
    "EXPRESS_SYNC_MNS_ENDPOINT": "http://1.mns.cn-hangzhou-internal.aliyuncs.com/",
}
QUEUES = ("REQUEST_QUEUE", "DEAD_LETTER_QUEUE")
DEFAULTS = Settings(
    result_topic="outcomes",
    mns_endpoint="http://1.mns.cn-hangzhou-internal.aliyuncs.com",
    sgw_endpoint="",
    max_attempts=5,
    backoff_base_seconds=0.5,
    backoff_cap_seconds=8.0,
    api_timeout_seconds=10.0,
    late_pause_seconds=10.0,
    look_reserve_seconds=25.0,
    publish_reserve_seconds=15.0,
    request_queue="",
    dead_letter_queue="",
    max_deferrals=18,
    defer_base_seconds=60.0,
    defer_cap_seconds=3600.0,
    request_retention_seconds=604800,
    concurrency=16,
    adoption="identical",
    log_level="INFO",
)


def test_two_settings_are_required() -> None:
    """Every other setting has a default; other variables are ignored."""
    assert config.settings({**NEEDED, "PATH": "/bin", "FC_REGION": "cn-hangzhou"}) == DEFAULTS


VALID: list[tuple[str, str, object]] = [
    ("RESULT_TOPIC", "t" * 120, "t" * 120),
    ("RESULT_TOPIC", "0-Outcomes", "0-Outcomes"),
    ("MNS_ENDPOINT", "https://host", "https://host"),
    *[
        ("MNS_ENDPOINT", f"https://host:{port}", f"https://host:{port}")
        for port in (0, 9999, 59999, 64999, 65499, 65529, 65535)
    ],
    ("SGW_ENDPOINT", "http://127.0.0.1:40017/", "http://127.0.0.1:40017"),
    ("SGW_ENDPOINT", "", ""),
    ("MAX_ATTEMPTS", "1", 1),
    ("MAX_ATTEMPTS", "20", 20),
    ("BACKOFF_BASE_SECONDS", "0.01", 0.01),
    ("BACKOFF_BASE_SECONDS", "60", 60.0),
    ("BACKOFF_CAP_SECONDS", "0.25", 0.25),
    ("BACKOFF_CAP_SECONDS", "120", 120.0),
    ("API_TIMEOUT_SECONDS", "1", 1.0),
    ("API_TIMEOUT_SECONDS", "120", 120.0),
    ("LATE_PAUSE_SECONDS", "0", 0.0),
    ("LATE_PAUSE_SECONDS", "120", 120.0),
    ("LOOK_RESERVE_SECONDS", "250", 250.0),
    ("PUBLISH_RESERVE_SECONDS", "250", 250.0),
    *[(queue, name, name) for queue in QUEUES for name in ("", "q", "0-Requests", "q" * 120)],
    ("MAX_DEFERRALS", "0", 0),
    ("MAX_DEFERRALS", "50", 50),
    ("DEFER_BASE_SECONDS", "1", 1.0),
    ("DEFER_BASE_SECONDS", "86400", 86400.0),
    ("DEFER_CAP_SECONDS", "1", 1.0),
    ("DEFER_CAP_SECONDS", "302400", 302400.0),
    ("REQUEST_RETENTION_SECONDS", "7200", 7200),
    ("REQUEST_RETENTION_SECONDS", "604800", 604800),
    ("BACKOFF_BASE_SECONDS", ".5", 0.5),
    ("BACKOFF_BASE_SECONDS", "1", 1.0),
    ("MAX_ATTEMPTS", "007", 7),
    ("CONCURRENCY", "1", 1),
    ("CONCURRENCY", "64", 64),
    ("ADOPTION", "identical", "identical"),
    ("ADOPTION", "never", "never"),
    ("ADOPTION", "owned", "owned"),
    ("LOG_LEVEL", "DEBUG", "DEBUG"),
    ("LOG_LEVEL", "ERROR", "ERROR"),
]

NOT_PLAIN = (
    "",
    ".",
    "1.",
    "-1",
    "+1",
    " 5 ",
    "5\n",
    "5_0",
    "1e1",
    "1e400",
    "nan",
    "inf",
    "0x5",
    "\u0665",
    "5,0",
    "9" * 5000,
)

INVALID = [
    ("RESULT_TOPIC", ""),
    ("RESULT_TOPIC", "-t"),
    ("RESULT_TOPIC", "has space"),
    ("RESULT_TOPIC", "t\n"),
    ("RESULT_TOPIC", "t" * 121),
    ("MNS_ENDPOINT", ""),
    ("MNS_ENDPOINT", "host"),
    *[
        ("MNS_ENDPOINT", f"https://host:{port}")
        for port in ("65536", "65540", "65600", "66000", "70000", "99999", "000443")
    ],
    ("MNS_ENDPOINT", "ftp://host"),
    ("MNS_ENDPOINT", "http://host/path"),
    ("MNS_ENDPOINT", "http://user:password@host"),
    ("MNS_ENDPOINT", "http://host\n"),
    ("MNS_ENDPOINT", "http://1.mns.cn-hangzhou.aliyuncs.com"),
    ("SGW_ENDPOINT", "sgw.cn-shanghai.aliyuncs.com"),
    ("SGW_ENDPOINT", "http://sgw.cn-shanghai-internal.aliyuncs.com"),
    ("MAX_ATTEMPTS", "0"),
    ("MAX_ATTEMPTS", "21"),
    ("MAX_ATTEMPTS", "2.5"),
    ("MAX_ATTEMPTS", ""),
    ("BACKOFF_BASE_SECONDS", "0"),
    ("BACKOFF_CAP_SECONDS", "0.009"),
    ("BACKOFF_BASE_SECONDS", "61"),
    ("BACKOFF_BASE_SECONDS", "nan"),
    ("BACKOFF_CAP_SECONDS", "inf"),
    ("BACKOFF_CAP_SECONDS", "121"),
    ("API_TIMEOUT_SECONDS", "0.5"),
    ("API_TIMEOUT_SECONDS", "121"),
    ("LATE_PAUSE_SECONDS", "-1"),
    ("LATE_PAUSE_SECONDS", "121"),
    ("LOOK_RESERVE_SECONDS", "-1"),
    ("LOOK_RESERVE_SECONDS", "251"),
    ("PUBLISH_RESERVE_SECONDS", "-1"),
    ("PUBLISH_RESERVE_SECONDS", "251"),
    *[(queue, name) for queue in QUEUES for name in ("-q", "has space", "q\n", "q" * 121)],
    ("MAX_DEFERRALS", "-1"),
    ("MAX_DEFERRALS", "51"),
    ("MAX_DEFERRALS", "1.5"),
    ("DEFER_BASE_SECONDS", "0"),
    ("DEFER_BASE_SECONDS", "86401"),
    ("DEFER_CAP_SECONDS", "0.5"),
    ("DEFER_CAP_SECONDS", "302401"),
    ("DEFER_CAP_SECONDS", "inf"),
    ("REQUEST_RETENTION_SECONDS", "59"),
    ("REQUEST_RETENTION_SECONDS", "604801"),
    ("REQUEST_RETENTION_SECONDS", "86400.5"),
    *[("MAX_ATTEMPTS", text) for text in NOT_PLAIN],
    *[("LATE_PAUSE_SECONDS", text) for text in NOT_PLAIN],
    ("CONCURRENCY", "0"),
    ("CONCURRENCY", "65"),
    ("ADOPTION", "Identical"),
    ("ADOPTION", "identical "),
    ("ADOPTION", "mine"),
    ("LOG_LEVEL", "info"),
    ("LOG_LEVEL", "TRACE"),
]


@pytest.mark.parametrize(("name", "text", "value"), VALID)
def test_setting_is_accepted_up_to_its_limits(name: str, text: str, value: Any) -> None:
    """No other setting changes."""
    expected = dataclasses.replace(DEFAULTS, **{name.lower(): value})
    assert config.settings({**NEEDED, f"EXPRESS_SYNC_{name}": text}) == expected


@pytest.mark.parametrize(("name", "text"), INVALID)
def test_wrong_setting_is_reported_without_its_value(name: str, text: str) -> None:
    """The sentence says which setting is wrong and what is expected."""
    with pytest.raises(ConfigurationError) as caught:
        config.settings({**NEEDED, f"EXPRESS_SYNC_{name}": text})
    message = str(caught.value)
    assert message.count("EXPRESS_SYNC_") == 1
    assert f"EXPRESS_SYNC_{name} is wrong, expected " in message
    assert len(text) < 3 or text not in message.replace("identical, never or owned", "")


def test_default_deferrals_outlast_an_outage_of_six_hours() -> None:
    """A deferral waits for at least half of its ceiling."""
    chosen = config.settings(NEEDED)
    waits = Backoff(chosen.max_deferrals + 1, chosen.defer_base_seconds, chosen.defer_cap_seconds)
    least = sum(waits.ceiling(number) / 2 for number in range(1, chosen.max_deferrals + 1))
    assert least == 23490
    assert least > 6 * 3600


def test_defer_cap_may_be_half_of_the_retention() -> None:
    """The shortest retention needs a cap below the default."""
    environment = {**NEEDED, "EXPRESS_SYNC_REQUEST_RETENTION_SECONDS": "60", "EXPRESS_SYNC_DEFER_CAP_SECONDS": "30"}
    assert config.settings(environment).request_retention_seconds == 60


@pytest.mark.parametrize(("retention", "cap"), [("7199", "3600"), ("60", "30.1"), ("604799", "302400")])
def test_defer_cap_above_half_of_the_retention_is_refused(retention: str, cap: str) -> None:
    """The queue would drop such a deferral."""
    names = ("EXPRESS_SYNC_REQUEST_RETENTION_SECONDS", "EXPRESS_SYNC_DEFER_CAP_SECONDS")
    with pytest.raises(ConfigurationError) as caught:
        config.settings({**NEEDED, **dict(zip(names, (retention, cap), strict=True))})
    assert str(caught.value) == (
        "the function's settings need correction: EXPRESS_SYNC_DEFER_CAP_SECONDS is wrong, "
        "expected at most half of EXPRESS_SYNC_REQUEST_RETENTION_SECONDS"
    )


@pytest.mark.parametrize("tier", ["BACKOFF", "DEFER"])
def test_base_above_its_cap_is_accepted(tier: str) -> None:
    """Every wait then has the cap as its ceiling."""
    chosen = config.settings(
        {**NEEDED, f"EXPRESS_SYNC_{tier}_CAP_SECONDS": "1", f"EXPRESS_SYNC_{tier}_BASE_SECONDS": "2"}
    )
    base, cap = (getattr(chosen, f"{tier.lower()}_{end}_seconds") for end in ("base", "cap"))
    assert Backoff(3, base, cap).ceiling(1) == 1


def test_every_setting_is_read_from_one_variable() -> None:
    """The table of variables is complete, and every default is valid."""
    assert [name.lower() for name in config.VARIABLES] == [field.name for field in dataclasses.fields(Settings)]
    assert all(variable.meaning and not variable.meaning.endswith(".") for variable in config.VARIABLES.values())


def test_all_missing_and_wrong_settings_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        config.settings({"EXPRESS_SYNC_MAX_ATTEMPTS": "many-secret", "EXPRESS_SYNC_MNS_ENDPOINT": "x-secret"})
    assert str(caught.value) == (
        "the function's settings need correction: "
        "EXPRESS_SYNC_RESULT_TOPIC is missing, expected the name of the MNS topic for outcomes; "
        "EXPRESS_SYNC_MNS_ENDPOINT is wrong, expected the https URL of MNS, or the http URL of its internal endpoint; "
        "EXPRESS_SYNC_MAX_ATTEMPTS is wrong, expected a whole number from 1 to 20"
    )


def test_setting_names_do_not_start_with_fc() -> None:
    """The runtime deletes the variables FC_* before it loads the function."""
    assert not config.PREFIX.startswith(("FC_", "_FC_"))


KEYS_310 = SimpleNamespace(access_key_id="STS.ctx", access_key_secret="s-ctx", security_token="t-ctx")
ENVIRONMENT_312 = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.env",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s-env",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "t-env",
}


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT_312])
def test_credentials_of_the_context_are_used(environment: dict[str, str]) -> None:
    """Runtimes up to python3.10 have them."""
    context = SimpleNamespace(credentials=KEYS_310)
    assert config.credentials(context, environment) == Credentials("STS.ctx", "s-ctx", "t-ctx")


@pytest.mark.parametrize("token", [None, ""])
def test_key_without_a_token_has_an_empty_token(token: str | None) -> None:
    """None would break every call of the SDK."""
    keys = SimpleNamespace(access_key_id="LTAI", access_key_secret="s", security_token=token)
    assert config.credentials(SimpleNamespace(credentials=keys), {}) == Credentials("LTAI", "s", "")


@pytest.mark.parametrize(
    "context",
    [
        SimpleNamespace(),
        SimpleNamespace(credentials=None),
        SimpleNamespace(credentials=SimpleNamespace(access_key_id="", access_key_secret="", security_token="")),
        SimpleNamespace(credentials=SimpleNamespace(access_key_id=None, access_key_secret=None, security_token=None)),
    ],
    ids=["no attribute", "none", "empty", "nones"],
)
def test_credentials_of_the_environment_are_the_fallback(context: Any) -> None:
    """Runtimes from python3.12 on have them, with or without a token."""
    assert config.credentials(context, ENVIRONMENT_312) == Credentials("STS.env", "s-env", "t-env")
    without_token = {name: text for name, text in ENVIRONMENT_312.items() if "TOKEN" not in name}
    assert config.credentials(context, without_token) == Credentials("STS.env", "s-env", "")


@pytest.mark.parametrize("missing", [("ID",), ("SECRET",), ("ID", "SECRET")])
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_all_missing_credentials_are_reported_at_once(missing: tuple[str, ...], how: str) -> None:
    """The message says what to do."""
    names = [f"ALIBABA_CLOUD_ACCESS_KEY_{part}" for part in missing]
    kept = {name: text for name, text in ENVIRONMENT_312.items() if name not in names}
    environment = {**kept, **({} if how == "absent" else dict.fromkeys(names, ""))}
    with pytest.raises(ConfigurationError) as caught:
        config.credentials(SimpleNamespace(), environment)
    assert [name for name in ENVIRONMENT_312 if name in str(caught.value)] == names
    assert str(caught.value).count("give the function a role") == len(names)
    assert "env" not in str(caught.value)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("runtime", ["context", "environment"])
def test_unusable_part_of_a_key_is_named_and_not_shown(number: int, runtime: str) -> None:
    """The message says where it is, in both runtimes."""
    key = ["planted"] * 3
    key[number] = "planted\r"
    environment = dict(zip(ENVIRONMENT_312, key, strict=True)) if runtime == "environment" else {}
    keys = SimpleNamespace(access_key_id=key[0], access_key_secret=key[1], security_token=key[2])
    context = SimpleNamespace(credentials=keys if runtime == "context" else None)
    with pytest.raises(ConfigurationError) as caught:
        config.credentials(context, environment)
    part = ("access key id", "access key secret", "security token")[number]
    assert f"the {part} in the " in str(caught.value)
    assert runtime in str(caught.value)
    assert "planted" not in str(caught.value)
