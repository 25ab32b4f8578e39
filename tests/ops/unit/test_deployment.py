"""The parts of a deployment that call no service: packages, stack states, waiting, error messages."""

import html
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.deployment.clients import checked_bucket_name
from express_sync.ops.deployment.errors import ServiceError, explanation, without_secrets
from express_sync.ops.deployment.location import locate
from express_sync.ops.deployment.oss import Bucket
from express_sync.ops.deployment.package_file import check, newest, read
from express_sync.ops.deployment.stack import Event, Stack, health
from express_sync.ops.deployment.template_file import check_combination, load, parameters
from express_sync.ops.deployment.wait import MAX_PAUSE_SECONDS, PollPolicy, StackWaiter
from express_sync.ops.terminal.errors import CliError
from express_sync.paths import TEMPLATE
from handler.config import ConfigurationError, settings
from handler.credentials import Credentials

HANDLER = "handler.entry.handle"


def write_package(directory: Path, *names: str, name: str = "function.zip") -> Path:
    path = directory / name
    with zipfile.ZipFile(path, "w") as archive:
        for each in names:
            archive.writestr(zipfile.ZipInfo(each), each)
    return path


@pytest.mark.parametrize(
    ("native", "runtime"),
    [
        ((), ""),
        (("rpds/rpds.cpython-310-x86_64-linux-gnu.so",), "python3.10"),
        (("a.cpython-312-x86_64-linux-gnu.so", "b.cpython-312-x86_64-linux-gnu.so", "c.abi3.so"), "python3.12"),
    ],
    ids=["pure", "one", "several"],
)
def test_package_runtime_follows_from_native_modules(native: tuple[str, ...], runtime: str, tmp_path: Path) -> None:
    """A package without native modules, or with modules for every Python, runs on all."""
    package = read(write_package(tmp_path, "handler/entry.py", *native))
    assert package.runtime == runtime
    check(package, runtime or "python3.10", HANDLER)


@pytest.mark.parametrize(
    ("native", "message"),
    [
        (("a.cpython-310-aarch64-linux-gnu.so",), "modules for aarch64-linux-gnu, not x86_64-linux-gnu"),
        (("a.cpython-310-x86_64-linux-musl.so",), "modules for x86_64-linux-musl"),
        (("a.cpython-311-darwin.so",), "modules for darwin"),
        (
            ("a.cpython-310-x86_64-linux-gnu.so", "b.cpython-312-x86_64-linux-gnu.so"),
            "mixes modules for python3.10 and",
        ),
    ],
    ids=["arm", "musl", "mac", "mixed"],
)
def test_package_for_another_platform_is_rejected(native: tuple[str, ...], message: str, tmp_path: Path) -> None:
    """It would fail in the cloud at the first import."""
    with pytest.raises(CliError, match=message):
        read(write_package(tmp_path, *native))


def test_invalid_package_file_is_rejected(tmp_path: Path) -> None:
    """The file is missing, is not a zip file, or lacks the handler."""
    with pytest.raises(CliError, match="No such file"):
        read(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("text")
    with pytest.raises(CliError, match="it is not a zip file"):
        read(tmp_path / "text.zip")
    with pytest.raises(CliError, match=r"does not contain handler/entry\.py"):
        check(read(write_package(tmp_path, "entry.py")), "python3.10", HANDLER)


def test_package_may_contain_bytecode_only(tmp_path: Path) -> None:
    """The sources are optional."""
    check(read(write_package(tmp_path, "handler/entry.pyc")), "python3.10", HANDLER)


def test_newest_package_is_found(tmp_path: Path) -> None:
    """The result is None without a package."""
    assert newest(tmp_path) is None
    write_package(tmp_path, "a", name="function-1.zip")
    assert newest(tmp_path) == read(tmp_path / "function-1.zip")


def test_own_template_can_be_loaded() -> None:
    """Its function has the runtime and the handler that packages are checked against."""
    assert load(TEMPLATE).function({})["Handler"] == HANDLER


def test_unreadable_template_is_an_error(tmp_path: Path) -> None:
    """The file is too large, not YAML, or missing."""
    path = tmp_path / "template.yml"
    for content, message in (("Resources: [", "not YAML"), ("Resources: {}\n" + "#" * 524_288, "ROS accepts 524288")):
        path.write_text(content)
        with pytest.raises(CliError, match=message):
            load(path)
    with pytest.raises(CliError, match="cannot be read"):
        load(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("CREATE_IN_PROGRESS", "in_progress"),
        ("CREATE_ROLLBACK_IN_PROGRESS", "in_progress"),
        ("UPDATE_COMPLETE", "healthy"),
        ("ROLLBACK_COMPLETE", "failed"),
        ("CREATE_ROLLBACK_COMPLETE", "unrecoverable"),
        ("DELETE_COMPLETE", "deleted"),
        ("AN_UNKNOWN_STATE", "failed"),
    ],
)
def test_each_state_has_a_health(state: str, expected: str) -> None:
    """An unknown state does not count as healthy."""
    assert health(state) == expected


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (NOT_REACHED, "ROS cannot be reached; check --region and the network."),
        (
            "NoPermission",
            "The key has no permission for ros:GetStack (NoPermission); grant ros:GetStack to it;",
        ),
        ("Throttling.User", "ROS cannot perform ros:GetStack now (Throttling.User); try again in a minute."),
        (
            "SignatureDoesNotMatch",
            "ROS reports that the signature is wrong (SignatureDoesNotMatch); check the access key secret.",
        ),
        (
            "RequestTimeTooSkewed",
            "ROS reports that the time of the call is wrong (RequestTimeTooSkewed);",
        ),
        ("Strange", "ROS rejects ros:GetStack (Strange: the \N{REPLACEMENT CHARACTER}text); correct the cause."),
    ],
)
def test_service_error_is_explained_with_a_fix(code: str, message: str) -> None:
    """The service's own text is used only without a better one, and without control characters."""
    assert explanation(ServiceError("ROS", "ros:GetStack", code, "the \x1btext.")).startswith(message)


def test_default_endpoints_are_public_and_https(tmp_path: Path) -> None:
    """The profile to be written is in the checkout and has the name of the stack."""
    location = locate("cn-shanghai", "staging", tmp_path, {"HOME": str(tmp_path)})
    assert (location.ros, location.oss) == ("https://ros.aliyuncs.com", "https://oss-cn-shanghai.aliyuncs.com")
    assert location.profile_path == tmp_path / ".express-sync" / "profiles" / "staging.json"
    assert location.options == "--region cn-shanghai --stack staging"


def test_custom_endpoints_are_not_mixed_with_public_ones(tmp_path: Path) -> None:
    """A stack that is reached through a VPC needs all five endpoints."""
    path = tmp_path / ".express-sync" / "profiles" / "staging.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"region": "cn-shanghai", "mns": {"endpoint": "https://mns.internal"}}')
    with pytest.raises(CliError, match=r"not a valid one for ros; set EXPRESS_SYNC_ROS_ENDPOINT or ros\.endpoint"):
        locate(None, "staging", tmp_path, {"HOME": str(tmp_path)})
    named = {"EXPRESS_SYNC_ROS_ENDPOINT": "https://ros.internal/", "EXPRESS_SYNC_OSS_ENDPOINT": "https://oss.internal"}
    location = locate(None, "staging", tmp_path, {"HOME": str(tmp_path), **named})
    assert (location.ros, location.oss) == ("https://ros.internal", "https://oss.internal")


class ScriptedStack:
    """A StackReader that returns one scripted state for each poll."""

    def __init__(self, *states: str | ServiceError | None) -> None:
        self._states = list(states)
        self._events: tuple[Event, ...] = (Event("0", "", "Old", "CREATE_FAILED", "long ago"),)

    def get(self, stack_id: str) -> Stack | None:
        state = self._states.pop(0)
        if isinstance(state, ServiceError):
            raise state
        if state is None:
            return None
        self._events += (Event(state, "", "Function", state, "why"),)
        return Stack(stack_id, "stack", state, "", {}, {})

    def events(self, stack_id: str) -> tuple[Event, ...]:
        return self._events


class Clock:
    """A clock that only `sleep` advances."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    def policy(self, seconds: float) -> PollPolicy:
        return PollPolicy(seconds, lambda: self.now, self.sleep)


UNAVAILABLE = ServiceError("ROS", "ros:GetStack", "ServiceUnavailable")
DENIED = ServiceError("ROS", "ros:GetStack", "NoPermission")


def test_waiter_reports_new_events_once() -> None:
    """Failures are collected for the error message."""
    reported: list[Event] = []
    waiter = StackWaiter.for_existing(ScriptedStack("UPDATE_IN_PROGRESS", "UPDATE_FAILED"), "id", reported.append)
    stack = waiter.wait(Clock().policy(60))
    assert stack is not None
    assert [event.state for event in reported] == ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]
    assert [event.reason for event in waiter.failures] == ["why"]


@pytest.mark.parametrize("end", [None, "DELETE_COMPLETE"])
def test_deleted_stack_is_none(end: str | None) -> None:
    """ROS reports a deleted stack in two ways."""
    assert StackWaiter(ScriptedStack("DELETE_IN_PROGRESS", end), "id", lambda _: None).wait(Clock().policy(60)) is None


def test_waiter_retries_only_transient_errors() -> None:
    """A missing permission does not change by itself."""
    assert StackWaiter(ScriptedStack(UNAVAILABLE, UNAVAILABLE, "CREATE_COMPLETE"), "id", lambda _: None).wait(
        Clock().policy(60)
    )
    with pytest.raises(ServiceError, match="NoPermission"):
        StackWaiter(ScriptedStack(DENIED), "id", lambda _: None).wait(Clock().policy(60))


def test_poll_intervals_grow_until_the_time_limit() -> None:
    """The last poll is never later than the limit."""
    clock = Clock()
    with pytest.raises(TimeoutError):
        StackWaiter(ScriptedStack(*["CREATE_IN_PROGRESS"] * 50), "id", lambda _: None).wait(clock.policy(60))
    assert clock.now == 60
    assert clock.slept[:-1] == sorted(clock.slept[:-1])
    assert max(clock.slept) == MAX_PAUSE_SECONDS


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Return the top-level modules that are loaded with all commands of the command line."""
    code = (
        "import sys; from express_sync.ops.cli import COMMANDS, commands;"
        "[commands.get_command(None, name) for name in COMMANDS]; print(*sys.modules)"
    )
    root = str(TEMPLATE.parent)
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize("sdk", ["alibabacloud_oss_v2", "aliyunsdkcore", "aliyunsdkros", "fc2", "requests"])
def test_sdks_are_imported_lazily(sdk: str, loaded: set[str]) -> None:
    """Commands that do not call a service start without them."""
    assert sdk not in loaded


@pytest.mark.parametrize(
    "value",
    [
        *("MaxDeferrals=0", "MaxDeferrals=50", "ContactGroup=", f"ContactGroup={'x' * 100}"),
        *("BackoffBaseSeconds=0.01", "BackoffBaseSeconds=60", "BackoffCapSeconds=0.25"),
        *("DeferCapSeconds=302400", "RequestRetentionSeconds=604800"),
    ],
)
def test_parameter_at_its_limit_is_accepted(value: str) -> None:
    """The limits are those of template.yml."""
    name, _, wanted = value.partition("=")
    assert parameters(load(TEMPLATE), (value,)) == {name: wanted}


@pytest.mark.parametrize(("cap", "retention"), [("30", "60"), ("302400", "604800")])
def test_deploy_accepts_a_cap_of_half_the_retention(cap: str, retention: str) -> None:
    """The function accepts it, too."""
    given = {"DeferCapSeconds": cap, "RequestRetentionSeconds": retention}
    check_combination(load(TEMPLATE), given)
    settings(load(TEMPLATE).function(given)["EnvironmentVariables"])


@pytest.mark.parametrize(("cap", "retention"), [("31", "60"), ("3600", "7199")])
def test_deploy_rejects_a_cap_that_the_function_rejects(cap: str, retention: str) -> None:
    """The function would report it only when invoked, and process nothing."""
    given = {"DeferCapSeconds": cap, "RequestRetentionSeconds": retention}
    with pytest.raises(CliError, match="at most half of RequestRetentionSeconds"):
        check_combination(load(TEMPLATE), given)
    with pytest.raises(ConfigurationError, match="at most half of EXPRESS_SYNC_REQUEST_RETENTION_SECONDS"):
        settings(load(TEMPLATE).function(given)["EnvironmentVariables"])


@pytest.mark.parametrize("name", ["abc", "my-code", "0-9", "c" * 63])
def test_valid_bucket_name_is_accepted(name: str) -> None:
    """The lengths range from the minimum to the maximum."""
    assert checked_bucket_name(name) == name


def test_sdk_validation_error_keeps_its_code() -> None:
    """Only a request that was sent can fail as unreachable."""
    bucket = Bucket("No_Bucket", "cn-hangzhou", "http://127.0.0.1:1", Credentials("id", "secret"))
    with pytest.raises(ServiceError) as raised:
        bucket.describe()
    assert raised.value.code == "BucketNameInvalidError"


KEY = Credentials("LTAI-id", "Plan'ted\"secret\\of+30/characters", "CAIS'token\"+/of=many\\characters==")


@pytest.mark.parametrize("secret", [KEY.access_key_secret, KEY.security_token], ids=["secret", "token"])
@pytest.mark.parametrize(
    "shown",
    [
        lambda text: text,
        lambda text: text[:16],
        lambda text: text[-16:],
        lambda text: quote(quote(text, safe=""), safe="")[:40],
        quote_plus,
        html.escape,
        lambda text: html.escape(quote(html.escape(text))),
        lambda text: json.dumps(text)[1:-1],
        lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
        lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    ],
    ids=["plain", "begin", "end", "percent", "form", "HTML", "mixed", "JSON", "code points", "references"],
)
def test_message_with_a_part_of_a_secret_is_dropped(secret: str, shown: Callable[[str], str]) -> None:
    """A service escapes the string to sign in its own way, or cuts it off."""
    assert without_secrets(f"server string to sign is: POST&{shown(secret)}", KEY) == ""


def test_message_without_secrets_is_kept() -> None:
    """The id of a key is not secret, and nor are the few characters that its parts share with other texts."""
    text = "server string to sign is: POST&AccessKeyId=LTAI-id&token=CAIS&of=many"
    assert without_secrets(text, KEY) == text
    assert without_secrets(text, Credentials("LTAI-id", "short")) == text
    assert without_secrets(text, Credentials("LTAI-id", "POST")) == ""
