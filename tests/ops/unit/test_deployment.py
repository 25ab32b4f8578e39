"""The parts of a deployment that ask no service: packages, states of stacks, waiting, what is said of refusals."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from express_sync.ops.deployment.errors import NOT_REACHED, RefusedError, sentence
from express_sync.ops.deployment.location import choose
from express_sync.ops.deployment.oss import Bucket, checked_name
from express_sync.ops.deployment.package_file import check, newest, read
from express_sync.ops.deployment.stack import Event, Stack, standing
from express_sync.ops.deployment.template_file import TEMPLATE, check_together, load, parameters
from express_sync.ops.deployment.wait import LONGEST_PAUSE_SECONDS, Patience, Watch
from express_sync.ops.terminal.errors import CliError
from handler.config import ConfigurationError, settings
from handler.credentials import Credentials

HANDLER = "handler.entry.handle"


def packed(directory: Path, *names: str, name: str = "function.zip") -> Path:
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
def test_the_runtime_of_a_package_is_that_of_its_native_modules(
    native: tuple[str, ...], runtime: str, tmp_path: Path
) -> None:
    """A package without any, or with modules for every Python, runs on all."""
    package = read(packed(tmp_path, "handler/entry.py", *native))
    assert package.runtime == runtime
    check(package, runtime or "python3.10", HANDLER)


@pytest.mark.parametrize(
    ("native", "said"),
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
def test_a_package_that_no_runtime_can_run_is_refused(native: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """It would fail at the first import, in the cloud."""
    with pytest.raises(CliError, match=said):
        read(packed(tmp_path, *native))


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    """Missing, not a zip, or without the handler."""
    with pytest.raises(CliError, match="No such file"):
        read(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("text")
    with pytest.raises(CliError, match="it is not a zip file"):
        read(tmp_path / "text.zip")
    with pytest.raises(CliError, match=r"holds no handler/entry\.py"):
        check(read(packed(tmp_path, "entry.py")), "python3.10", HANDLER)


def test_bytecode_alone_is_a_handler_too(tmp_path: Path) -> None:
    """A package need not bring its sources."""
    check(read(packed(tmp_path, "handler/entry.pyc")), "python3.10", HANDLER)


def test_the_newest_package_of_a_checkout_is_the_local_one(tmp_path: Path) -> None:
    """None where none was built."""
    assert newest(tmp_path) is None
    packed(tmp_path, "a", name="function-1.zip")
    assert newest(tmp_path) == read(tmp_path / "function-1.zip")


def test_the_template_of_the_repository_can_be_deployed() -> None:
    """Its function names the runtime and the handler that a package is checked against."""
    assert load(TEMPLATE).function({})["Handler"] == HANDLER


def test_a_template_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """As it is too large, no YAML, or not there."""
    path = tmp_path / "template.yml"
    for content, said in (("Resources: [", "not YAML"), ("Resources: {}\n" + "#" * 524_288, "ROS takes 524288")):
        path.write_text(content)
        with pytest.raises(CliError, match=said):
            load(path)
    with pytest.raises(CliError, match="cannot be read"):
        load(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("CREATE_IN_PROGRESS", "busy"),
        ("CREATE_ROLLBACK_IN_PROGRESS", "busy"),
        ("UPDATE_COMPLETE", "well"),
        ("ROLLBACK_COMPLETE", "broken"),
        ("CREATE_ROLLBACK_COMPLETE", "dead"),
        ("DELETE_COMPLETE", "gone"),
        ("A_STATE_OF_TOMORROW", "broken"),
    ],
)
def test_every_state_means_something(state: str, means: str) -> None:
    """One that nobody knows yet is not called well."""
    assert standing(state) == means


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (NOT_REACHED, "ROS cannot be reached; check --region and the network."),
        ("NoPermission", "The key may not do ros:GetStack (NoPermission); grant it ros:GetStack; docs/deploy.md has"),
        ("Throttling.User", "ROS cannot do ros:GetStack now (Throttling.User); try again in a minute."),
        (
            "SignatureDoesNotMatch",
            "ROS finds the signature wrong (SignatureDoesNotMatch); check the access key secret.",
        ),
        ("RequestTimeTooSkewed", "ROS finds the time of the call wrong (RequestTimeTooSkewed); set the clock"),
        ("Strange", "ROS refuses ros:GetStack (Strange: the \N{REPLACEMENT CHARACTER}text); correct what it names."),
    ],
)
def test_every_refusal_is_a_sentence_that_says_what_to_do(code: str, said: str) -> None:
    """The service's own text only where there is no better, and never what could move the cursor."""
    assert sentence(RefusedError("ROS", "ros:GetStack", code, "the \x1btext.")).startswith(said)


def test_without_a_profile_the_endpoints_are_the_public_ones_over_https(tmp_path: Path) -> None:
    """And the profile that will be written lies in the checkout, under the stack's name."""
    site = choose("cn-shanghai", "staging", tmp_path, {"HOME": str(tmp_path)})
    assert (site.ros, site.oss) == ("https://ros.aliyuncs.com", "https://oss-cn-shanghai.aliyuncs.com")
    assert site.profile_path == tmp_path / ".express-sync" / "profiles" / "staging.json"
    assert site.options == "--region cn-shanghai --stack staging"


def test_a_profile_with_endpoints_of_its_own_is_not_completed_with_public_ones(tmp_path: Path) -> None:
    """A stack that is reached through a VPC needs all five."""
    path = tmp_path / ".express-sync" / "profiles" / "staging.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"region": "cn-shanghai", "mns": {"endpoint": "https://mns.internal"}}')
    with pytest.raises(CliError, match=r"can be used for ros; set EXPRESS_SYNC_ROS_ENDPOINT or ros\.endpoint"):
        choose(None, "staging", tmp_path, {"HOME": str(tmp_path)})
    named = {"EXPRESS_SYNC_ROS_ENDPOINT": "https://ros.internal/", "EXPRESS_SYNC_OSS_ENDPOINT": "https://oss.internal"}
    site = choose(None, "staging", tmp_path, {"HOME": str(tmp_path), **named})
    assert (site.ros, site.oss) == ("https://ros.internal", "https://oss.internal")


class Told:
    """A source that tells a scripted story, one state for each look."""

    def __init__(self, *states: str | RefusedError | None) -> None:
        self._states = list(states)
        self._events: tuple[Event, ...] = (Event("0", "", "Old", "CREATE_FAILED", "long ago"),)

    def get(self, stack_id: str) -> Stack | None:
        state = self._states.pop(0)
        if isinstance(state, RefusedError):
            raise state
        if state is None:
            return None
        self._events += (Event(state, "", "Function", state, "why"),)
        return Stack(stack_id, "stack", state, "", {}, {})

    def events(self, stack_id: str) -> tuple[Event, ...]:
        return self._events


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    def patience(self, seconds: float) -> Patience:
        return Patience(seconds, lambda: self.now, self.sleep)


AWAY = RefusedError("ROS", "ros:GetStack", "ServiceUnavailable")
DENIED = RefusedError("ROS", "ros:GetStack", "NoPermission")


def test_every_event_is_told_once_and_none_of_before() -> None:
    """Failures are kept, for the sentence at the end."""
    told: list[Event] = []
    watch = Watch.begin(Told("UPDATE_IN_PROGRESS", "UPDATE_FAILED"), "id", told.append)
    stack = watch.until_settled(Clock().patience(60))
    assert stack is not None
    assert [event.state for event in told] == ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]
    assert [event.reason for event in watch.failures] == ["why"]


@pytest.mark.parametrize("end", [None, "DELETE_COMPLETE"])
def test_a_stack_that_is_gone_is_none(end: str | None) -> None:
    """However ROS says it."""
    assert Watch(Told("DELETE_IN_PROGRESS", end), "id", lambda _: None).until_settled(Clock().patience(60)) is None


def test_a_service_that_is_away_is_asked_again_and_one_that_denies_is_not() -> None:
    """Time alone mends the first."""
    assert Watch(Told(AWAY, AWAY, "CREATE_COMPLETE"), "id", lambda _: None).until_settled(Clock().patience(60))
    with pytest.raises(RefusedError, match="NoPermission"):
        Watch(Told(DENIED), "id", lambda _: None).until_settled(Clock().patience(60))


def test_looks_grow_rarer_and_end_with_patience() -> None:
    """Never later than was said."""
    clock = Clock()
    with pytest.raises(TimeoutError):
        Watch(Told(*["CREATE_IN_PROGRESS"] * 50), "id", lambda _: None).until_settled(clock.patience(60))
    assert clock.now == 60
    assert clock.slept[:-1] == sorted(clock.slept[:-1])
    assert max(clock.slept) == LONGEST_PAUSE_SECONDS


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that are loaded once the command line is."""
    code = "import sys, express_sync.ops.cli; print(*sys.modules)"
    root = str(TEMPLATE.parent)
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize("sdk", ["alibabacloud_oss_v2", "aliyunsdkcore", "aliyunsdkros"])
def test_no_other_command_waits_for_the_sdks(sdk: str, loaded: set[str]) -> None:
    """They are imported when a service is first asked."""
    assert sdk not in loaded


@pytest.mark.parametrize(
    "value",
    [
        *("MaxDeferrals=0", "MaxDeferrals=50", "ContactGroup=", f"ContactGroup={'x' * 100}"),
        *("BackoffBaseSeconds=0.01", "BackoffBaseSeconds=60", "BackoffCapSeconds=0.25"),
        *("DeferCapSeconds=302400", "RequestRetentionSeconds=604800"),
    ],
)
def test_a_parameter_at_its_limit_is_taken(value: str) -> None:
    """The limits are those of template.yml."""
    name, _, wanted = value.partition("=")
    assert parameters(load(TEMPLATE), (value,)) == {name: wanted}


@pytest.mark.parametrize(("cap", "retention"), [("30", "60"), ("302400", "604800")])
def test_deploy_accepts_a_cap_of_half_the_retention(cap: str, retention: str) -> None:
    """As the function itself does."""
    given = {"DeferCapSeconds": cap, "RequestRetentionSeconds": retention}
    check_together(load(TEMPLATE), given)
    settings(load(TEMPLATE).function(given)["EnvironmentVariables"])


@pytest.mark.parametrize(("cap", "retention"), [("31", "60"), ("3600", "7199")])
def test_deploy_refuses_a_cap_the_function_would_refuse(cap: str, retention: str) -> None:
    """The function would say so only when it is called, and process nothing."""
    given = {"DeferCapSeconds": cap, "RequestRetentionSeconds": retention}
    with pytest.raises(CliError, match="at most half of RequestRetentionSeconds"):
        check_together(load(TEMPLATE), given)
    with pytest.raises(ConfigurationError, match="at most half of EXPRESS_SYNC_REQUEST_RETENTION_SECONDS"):
        settings(load(TEMPLATE).function(given)["EnvironmentVariables"])


@pytest.mark.parametrize("name", ["abc", "my-code", "0-9", "c" * 63])
def test_a_name_that_a_bucket_can_have_is_taken(name: str) -> None:
    """From the shortest to the longest."""
    assert checked_name(name) == name


def test_what_the_sdk_itself_refuses_is_not_called_an_unreachable_service() -> None:
    """Only a request that was lost is."""
    bucket = Bucket("No_Bucket", "cn-hangzhou", "http://127.0.0.1:1", Credentials("id", "secret"))
    with pytest.raises(RefusedError) as raised:
        bucket.described()
    assert raised.value.code == "BucketNameInvalidError"
