"""`express-sync deploy` against doubles of OSS and ROS that check every signature."""

import json
import os
import shutil
import signal
import threading
from importlib import import_module
from pathlib import Path

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions
from express_sync.ops.deployment.package_file import read
from express_sync.ops.terminal.errors import CliError
from tests.ops.cli.deploy_support import BUCKET, REGION, DeploymentBench, deployment_bench
from tests.support.cli import ROLE, CloudShell, cloud_shell

NOWHERE = "http://127.0.0.1:1"
NO_SECONDS = ("0.009", "60.1", "-1", ".5", "1.", "00.5", "1e1", "nan", "inf", "0.5 ", "1_0", "٣", "", "0." + "5" * 5000)
NO_DEFERRALS = ("51", "-1", "2.5", "1e1", "1_0", "+5", " 5", "05", "٣", "", "many", "9" * 5000)
REASON = "The quota of functions is used up"


@pytest.fixture
def cloud(shared_cloud: CloudShell) -> CloudShell:
    """Return a cloud for `doctor`, which no test changes."""
    return shared_cloud


def test_deploy_creates_and_checks_a_stack(bench: DeploymentBench) -> None:
    """The package is in OSS, the stack in ROS has its parameters, a profile exists, and doctor confirms all of it."""
    ended = bench.deploy("--yes", "--parameter", "AdoptionPolicy=owned")
    assert ended.code == 0, ended
    key = read(bench.package()).key
    assert bench.buckets[BUCKET].objects.keys() == {key}
    assert bench.changes("oss") == ["PutObject"]
    assert bench.changes("ros") == ["CreateStack"]
    (created,) = [call["parameters"] for call in bench.calls("ros") if call["operation"] == "CreateStack"]
    given = {created[f"Parameters.{n}.ParameterKey"]: created[f"Parameters.{n}.ParameterValue"] for n in (1, 2, 3, 4)}
    assert given == {"Runtime": "python3.10", "AdoptionPolicy": "owned", "CodeBucket": BUCKET, "CodeObject": key}
    assert created["RegionId"] == REGION
    outputs = dict(line.split(maxsplit=1) for line in ended.out.splitlines() if line.startswith("RequestQueueUrl"))
    assert outputs["RequestQueueUrl"].startswith("http://1234567890123456.mns.cn-hangzhou")
    assert "✓ queues         Queue express-sync-requests exists." in ended.out
    assert "Function                    CREATE_COMPLETE" in ended.err
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be determined."


def test_profile_tells_whether_there_is_a_result_queue(bench: DeploymentBench) -> None:
    """Its name is removed together with the queue, and returns with it."""

    def named(*more: str) -> object:
        bench.deploy("--yes", *more)
        return json.loads(bench.profile_path.read_text())["mns"]["resultQueue"]

    assert named("--parameter", "CreateResultQueue=false") == ""
    assert named() == ""
    assert named("--parameter", "CreateResultQueue=true") == "express-sync-results"


@pytest.mark.parametrize("choice", ["Intake=pull", "CreateResultQueue=false"])
def test_doctor_accepts_every_choice_of_the_template(choice: str, tmp_path: Path) -> None:
    """A chosen variant of the stack is not a fault."""
    (tmp_path / "cloud").mkdir()
    with (
        cloud_shell(tmp_path / "cloud", CloudOptions(parameters=dict([choice.split("=")]))) as chosen,
        deployment_bench(tmp_path, chosen) as bench,
    ):
        ended = bench.deploy("--yes", "--parameter", choice)
    assert ended.code == 0, ended
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be determined."


def test_profile_serves_other_commands_without_a_key(bench: DeploymentBench) -> None:
    """Its settings are kept and completed; a key from elsewhere is not added."""
    user = LOCAL_ACCOUNT.user
    before = json.loads(bench.profile_path.read_text())
    keyless = {name: value for name, value in before.items() if not name.startswith("accessKey")}
    bench.profile_path.write_text(json.dumps(keyless))
    bench.environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": user.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": user.access_key_secret,
    }
    assert bench.deploy("--yes").code == 0
    known = {"region": REGION, "accountId": LOCAL_ACCOUNT.account_id, "namePrefix": "express-sync"}
    assert json.loads(bench.profile_path.read_text()) == {**keyless, **known}
    assert bench.profile_path.stat().st_mode & 0o077 == 0
    assert bench.run("doctor", "--profile", "express-sync").code == 0


def test_unwritable_profile_prevents_the_deployment(bench: DeploymentBench) -> None:
    """A stack costs money, and no command would find it."""
    user = LOCAL_ACCOUNT.user
    bench.environment = {
        "EXPRESS_SYNC_ROS_ENDPOINT": bench.ros,
        "EXPRESS_SYNC_OSS_ENDPOINT": bench.oss,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": user.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": user.access_key_secret,
    }
    shutil.rmtree(bench.directory / ".express-sync")
    (bench.directory / ".express-sync").touch()
    said = bench.deploy("--yes").only_a_sentence()
    assert said.startswith(f"Cannot write {bench.profile_path}: ")
    assert said.endswith("; nothing was deployed; choose another directory.")
    assert bench.changes("oss") == bench.changes("ros") == []


def test_invalid_profile_prevents_the_deployment(bench: DeploymentBench) -> None:
    """The dry run reports it, too."""
    bench.write_profile(fc={"endpoint": bench.cloud.ready["fc"]["endpoint"]})
    for option in ("--dry-run", "--yes"):
        assert str(bench.profile_path) in bench.deploy(option).only_a_sentence()
    assert bench.changes("oss") == bench.changes("ros") == []


def test_outputs_are_shown_if_the_profile_cannot_be_written(
    bench: DeploymentBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack exists anyway."""

    def full(path: Path, _text: str) -> None:
        raise CliError(f"Cannot write {path}: No space left on device; choose another place.")

    monkeypatch.setattr("express_sync.ops.deployment.location.write_atomically", full)
    ended = bench.deploy("--yes")
    assert (ended.code, "RequestQueueUrl" in ended.out) == (2, True)
    assert "Stack express-sync is created, but has no profile. Cannot write" in _last(ended.err)


def test_deploying_the_same_again_changes_nothing(bench: DeploymentBench) -> None:
    """ROS rejects an update without changes, which counts as success."""
    assert bench.deploy("--yes").code == 0
    ended = bench.deploy("--yes", "--json")
    assert (ended.code, ended.lines()[0]["action"]) == (0, "unchanged")
    assert "The stack is up to date." in ended.err
    assert bench.changes("oss") == ["PutObject"]
    assert bench.changes("ros") == ["CreateStack", "UpdateStack"]


def test_new_package_updates_the_stack_and_keeps_parameters(bench: DeploymentBench) -> None:
    """Its key differs, so ROS sees a change."""
    assert bench.deploy("--yes", "--parameter", "LogLevel=DEBUG").code == 0
    changed = bench.package(content="def handle(): return 1")
    ended = bench.deploy("--yes", "--json", package=changed)
    (line,) = ended.lines()
    assert (ended.code, line["action"], line["state"]) == (0, "updated", "UPDATE_COMPLETE")
    assert line["package"]["object"] == f"oss://{BUCKET}/{read(changed).key}"
    assert "wrong" not in {finding["mark"] for finding in line["findings"]}
    assert len(bench.buckets[BUCKET].objects) == 2
    same = bench.deploy("--yes", "--json", "--parameter", "LogLevel=DEBUG", package=changed)
    assert same.lines()[0]["action"] == "unchanged"


def test_object_with_other_content_is_overwritten(bench: DeploymentBench) -> None:
    """The key does not prove the content."""
    bench.buckets[BUCKET].objects[read(bench.package()).key] = b"something else"
    assert bench.deploy("--yes").code == 0
    assert bench.buckets[BUCKET].objects[read(bench.package()).key] == bench.package().read_bytes()


def test_temporary_key_can_deploy(bench: DeploymentBench) -> None:
    """Its token is sent to both services."""
    bench.write_profile(
        accessKeyId=ROLE.access_key_id, accessKeySecret=ROLE.access_key_secret, securityToken=ROLE.security_token
    )
    assert bench.deploy("--yes").code == 0


def test_dry_run_shows_the_plan_and_changes_nothing(bench: DeploymentBench) -> None:
    """Both services are called read-only."""
    before, package = bench.profile_path.read_text(), bench.package()
    ended = bench.deploy("--dry-run")
    assert ended.code == 0
    said = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert read(package).sha256 in said["Package"]
    assert f"{package.stat().st_size} bytes" in said["Package"]
    assert said["Object"] == f"oss://{BUCKET}/{read(package).key}: upload"
    assert said["Stack"] == "express-sync in cn-hangzhou: create"
    assert said["Parameters"] == f"Runtime=python3.10, CodeBucket={BUCKET}, CodeObject={read(package).key}"
    assert said["Template"] == "accepted by ROS"
    assert bench.changes("oss") == bench.changes("ros") == []
    assert bench.profile_path.read_text() == before


def test_dry_run_as_json_distinguishes_updates(bench: DeploymentBench) -> None:
    """The plan is one JSON object, with null for unknown values."""
    assert bench.deploy("--yes").code == 0
    (line,) = bench.deploy("--dry-run", "--json").lines()
    assert (line["dryRun"], line["action"], line["package"]["isThere"]) == (True, "update", True)


def test_dry_run_works_without_a_key(bench: DeploymentBench) -> None:
    """The plan tells what could not be looked up."""
    bench.write_profile(accessKeyId="", accessKeySecret="")
    content = json.loads(bench.profile_path.read_text())
    bench.profile_path.write_text(json.dumps({k: v for k, v in content.items() if not k.startswith("accessKey")}))
    ended = bench.deploy("--dry-run", "--json")
    (line,) = ended.lines()
    assert (ended.code, line["action"], line["package"]["isThere"]) == (0, "create or update", None)
    assert "an update keeps all others, and Runtime" in bench.deploy("--dry-run").out
    assert "The bucket and the stack are not looked up." in ended.err
    assert bench.calls("ros") == bench.calls("oss") == []
    assert "No access key is found" in bench.deploy("--yes").only_a_sentence()


def test_deploy_without_confirmation_changes_nothing(bench: DeploymentBench) -> None:
    """The plan is shown, and the option to add."""
    ended = bench.deploy()
    assert (ended.code, "add --yes" in ended.err, "create" in ended.out) == (2, True, True)
    assert bench.changes("oss") == bench.changes("ros") == []


def test_failed_creation_names_cause_and_remains(bench: DeploymentBench) -> None:
    """The suggested fix works: destroy, then deploy."""
    bench.script("ros", "failures", operation="CreateStack", resource="Function", reason=REASON)
    said = _last(bench.deploy("--yes").err)
    assert "is now CREATE_ROLLBACK_COMPLETE: Function failed (The quota of functions is used up)." in said
    assert f"The package is at oss://{BUCKET}/express-sync/function-" in said
    assert "run `express-sync destroy --region cn-hangzhou --yes`, and deploy again." in said
    again = bench.deploy("--yes")
    assert (again.code, "cannot be updated, so nothing was done" in again.err) == (2, True)
    assert bench.run("status", "--region", REGION).code == 1
    assert bench.run("destroy", "--region", REGION, "--yes").code == 0
    assert bench.deploy("--yes").code == 0


@pytest.mark.parametrize("state", ["CREATE_FAILED", "CREATE_ROLLBACK_FAILED"])
def test_creation_without_rollback_must_be_destroyed(state: str, bench: DeploymentBench) -> None:
    """Some of the resources may exist."""
    bench.script("ros", "failures", operation="CreateStack", resource="RequestTrigger", reason=REASON, ends=state)
    assert f"is now {state}: RequestTrigger failed" in _last(bench.deploy("--yes").err)
    assert f"is in state {state} and cannot be updated" in bench.deploy("--yes").only_a_sentence()


def test_failed_update_restores_the_previous_version(bench: DeploymentBench) -> None:
    """The stack still works, and another deployment fixes it."""
    assert bench.deploy("--yes").code == 0
    bench.script("ros", "failures", operation="UpdateStack", resource="Function", reason=REASON)
    other = bench.package(content="def handle(): return 2")
    ended = bench.deploy("--yes", package=other)
    assert ended.code == 2
    assert "is now ROLLBACK_COMPLETE: Function failed" in _last(ended.err)
    assert "The previous version was restored" in _last(ended.err)
    assert bench.deploy("--yes", package=other).code == 0


def test_update_without_rollback_is_between_two_versions(bench: DeploymentBench) -> None:
    """The stack can still be updated."""
    assert bench.deploy("--yes").code == 0
    bench.script("ros", "failures", operation="UpdateStack", resource="Function", reason=REASON, ends="UPDATE_FAILED")
    other = bench.package(content="def handle(): return 3")
    assert "between two versions" in _last(bench.deploy("--yes", package=other).err)


def test_deploy_timeout_leaves_ros_running(bench: DeploymentBench) -> None:
    """The exit code is 3, and a second deployment is not started."""
    bench.script("ros", "pace", steps=0)
    ended = bench.deploy("--yes", "--timeout", "0.2")
    assert ended.code == 3
    assert "ROS continues" in _last(ended.err)
    assert "`express-sync status --region cn-hangzhou`" in _last(ended.err)
    assert "is in progress (CREATE_IN_PROGRESS), so nothing was done" in bench.deploy("--yes").only_a_sentence()


def test_interrupted_deploy_leaves_ros_running(bench: DeploymentBench) -> None:
    """The exit code is 130, and nothing is cancelled."""
    bench.script("ros", "pace", steps=0)
    for operation in ("GetStack", "ListStackEvents"):  # in this process an interrupted import would be half done
        import_module(f"aliyunsdkros.request.v20190910.{operation}Request")

    def interrupt() -> None:
        while not [call for call in bench.calls("ros") if call["operation"] == "GetStack"]:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread = threading.Thread(target=interrupt)
        thread.start()
        ended = bench.deploy("--yes")
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ended.code, "ROS continues" in _last(ended.err)) == (130, True)
    assert bench.changes("ros") == ["CreateStack"]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("oss-cn-hangzhou", "'oss-cn-hangzhou' is an OSS location; name the region by its id, such as cn-hangzhou."),
        ("Hangzhou", "'Hangzhou' is not a valid region id; name"),
        ("mars-north-9", "'mars-north-9' is not a valid region id; name"),
    ],
)
def test_invalid_region_is_an_error(region: str, message: str, bench: DeploymentBench) -> None:
    """No service is called."""
    ended = bench.run("deploy", "--region", region, "--code-bucket", BUCKET, "--package", str(bench.package()), "--yes")
    assert message in ended.only_a_sentence()


def test_region_must_match_the_profile(bench: DeploymentBench) -> None:
    """A typo must not create a second stack."""
    assert bench.deploy("--yes").code == 0
    ended = bench.run("deploy", "--region", "cn-beijing", "--code-bucket", BUCKET, "--package", str(bench.package()))
    assert "the stack of this name is in cn-hangzhou" in ended.only_a_sentence()


@pytest.mark.parametrize(
    ("bucket", "message"),
    [
        ("no-such-bucket", "Bucket no-such-bucket does not exist (NoSuchBucket); create it in cn-hangzhou"),
        ("far-bucket", "Bucket far-bucket is in cn-shanghai, but the code for cn-hangzhou must be"),
        (
            "hinted-bucket",
            "Bucket hinted-bucket is in cn-shanghai, but the code for cn-hangzhou must be",
        ),
    ],
)
def test_missing_or_remote_bucket_is_an_error(bucket: str, message: str, bench: DeploymentBench) -> None:
    """The first call finds it, and the message names the alternatives."""
    path = str(bench.package())
    ended = bench.run("deploy", "--region", REGION, "--code-bucket", bucket, "--package", path, "--yes")
    assert message in ended.only_a_sentence()
    assert [call["operation"] for call in bench.calls("oss")] == ["GetBucketInfo"]
    assert bench.changes("ros") == []


@pytest.mark.parametrize(
    "bucket", ["", "a", "ab", "My_Bucket", "oss://my-code", "ü-code", "-code", "code-", "my.code", "c" * 64, "code\n"]
)
@pytest.mark.parametrize("option", ["--dry-run", "--yes"])
def test_invalid_bucket_name_is_an_error(bucket: str, option: str, bench: DeploymentBench) -> None:
    """No service is called, so no key is needed."""
    path = str(bench.package())
    ended = bench.run("deploy", "--region", REGION, "--code-bucket", bucket, "--package", path, option)
    assert ended.only_a_sentence().startswith(f"{bucket!r} is not a valid bucket name; --code-bucket takes")
    assert bench.calls("oss") == bench.calls("ros") == []


def test_bucket_of_another_account_is_rejected(bench: DeploymentBench) -> None:
    """The profile has the account of the stack, and the owner of the bucket differs."""
    bench.write_profile(accountId="42")
    said = bench.deploy("--yes").only_a_sentence()
    assert f"Bucket {BUCKET} belongs to account {LOCAL_ACCOUNT.account_id}, but the profile" in said
    assert bench.changes("oss") == bench.changes("ros") == []


@pytest.mark.parametrize(
    ("service", "operation", "code", "right"),
    [
        ("oss", "GetBucketInfo", "AccessDenied", "oss:GetBucketInfo"),
        ("oss", "HeadObject", "AccessDenied", "oss:GetObject"),
        ("oss", "PutObject", "AccessDenied", "oss:PutObject"),
        ("ros", "ValidateTemplate", "NoPermission", "ros:ValidateTemplate"),
        ("ros", "ListStacks", "Forbidden.RAM", "ros:ListStacks"),
        ("ros", "CreateStack", "NoPermission", "ros:CreateStack"),
    ],
)
def test_deploy_names_a_missing_permission(
    service: str, operation: str, code: str, right: str, bench: DeploymentBench
) -> None:
    """The message tells what exists after each step."""
    bench.script(service, "faults", operation=operation, faults=[code])
    said = _last(bench.deploy("--yes").err)
    assert f"The key has no permission for {right} ({code}); grant {right} to it" in said
    state = {"PutObject": "The stack was not changed", "CreateStack": f"The package is at oss://{BUCKET}/"}
    assert state.get(operation, "Nothing was changed.") in said
    assert bench.profile_path.read_text().find("accountId") == -1


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("oss", "GetBucketInfo", "SecurityTokenExpired"),
        ("ros", "CreateStack", "InvalidSecurityToken.Expired"),
        ("ros", "GetStack", "InvalidSecurityToken.Expired"),
    ],
)
def test_expired_token_is_reported_at_every_step(
    service: str, operation: str, code: str, bench: DeploymentBench
) -> None:
    """ROS continues if the token expires while the command waits."""
    bench.script(service, "faults", operation=operation, faults=[code])
    said = _last(bench.deploy("--yes").err)
    assert f"reports that the security token has expired ({code}); get a new temporary key." in said
    assert ("ROS continues" in said) == (operation == "GetStack")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"accessKeySecret": "not-the-secret"}, "reports that the signature is wrong"),
        ({"accessKeyId": "LTAI5tUnknownKeyId"}, "does not know the access key"),
        ({"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}, "token is wrong or missing"),
    ],
    ids=["secret", "id", "token"],
)
@pytest.mark.parametrize("command", ["deploy", "status"])
def test_wrong_key_is_an_error_of_either_service(
    command: str, key: dict[str, str], message: str, bench: DeploymentBench
) -> None:
    """`deploy` calls OSS first, `status` calls ROS."""
    bench.write_profile(**key)
    ended = bench.deploy("--yes") if command == "deploy" else bench.run("status", "--region", REGION)
    assert message in ended.only_a_sentence()


def test_deploy_waits_through_a_transient_error(bench: DeploymentBench) -> None:
    """One failed poll does not end the command."""
    bench.script("ros", "faults", operation="GetStack", faults=["ServiceUnavailable"])
    assert bench.deploy("--yes").code == 0


def test_unclear_result_of_the_creation_is_reported(bench: DeploymentBench) -> None:
    """ROS may have started."""
    bench.script("ros", "faults", operation="CreateStack", faults=["InternalError"])
    said = _last(bench.deploy("--yes").err)
    assert "it is not known whether ROS started; check with `express-sync status" in said


@pytest.mark.parametrize("variable", ["EXPRESS_SYNC_ROS_ENDPOINT", "EXPRESS_SYNC_OSS_ENDPOINT"])
def test_deploy_to_an_unreachable_endpoint_is_an_error(variable: str, bench: DeploymentBench) -> None:
    """The environment takes precedence over the profile."""
    bench.environment = {variable: NOWHERE}
    assert f"at {NOWHERE} cannot be reached; check --region" in bench.deploy("--yes").only_a_sentence()


def test_custom_endpoint_requires_the_other_one(bench: DeploymentBench) -> None:
    """The key of one cloud must not be sent to another because of a missing endpoint."""
    bench.write_profile(oss={})
    assert "set EXPRESS_SYNC_OSS_ENDPOINT or oss.endpoint" in bench.deploy("--yes").only_a_sentence()


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("Nope=1", "'Nope' is not one of NamePrefix"),
        ("NamePrefix", "--parameter takes NAME=VALUE"),
        ("NamePrefix=Upper", "Parameter NamePrefix must match"),
        ("AdoptionPolicy=sometimes", "must be one of identical, never, owned"),
        *((f"MaxDeferrals={value}", "must be a whole number from 0 to 50") for value in NO_DEFERRALS),
        *((f"BackoffBaseSeconds={value}", "must be a number from 0.01 to 60") for value in NO_SECONDS),
        ("LatePauseSeconds=0.5", "must be a whole number from 0 to 120"),
        ("LogRetentionDays=0", "must be a whole number from 1 to 3650"),
        (f"ContactGroup={'x' * 101}", "must have a number of characters from 0 to 100"),
        ("SweepDeadLetters=perhaps", "must be one of true, false"),
        ("CodeObject=x", "omit --parameter CodeObject"),
    ],
)
def test_invalid_parameter_is_an_error(parameter: str, message: str, bench: DeploymentBench) -> None:
    """No service is called."""
    assert message in bench.deploy("--yes", "--parameter", parameter).only_a_sentence()
    assert bench.calls("ros") == bench.calls("oss") == []


def test_retry_parameters_are_sent_and_kept(bench: DeploymentBench) -> None:
    """An update is checked together with the parameters of the stack."""
    assert (
        bench.deploy("--yes", "--parameter", "RequestRetentionSeconds=1200", "--parameter", "DeferCapSeconds=600").code
        == 0
    )
    assert "CreateStack" in bench.changes("ros")
    said = bench.deploy("--yes", "--parameter", "DeferCapSeconds=601").only_a_sentence()
    assert "DeferCapSeconds must be at most half of RequestRetentionSeconds" in said
    assert "the stack would have 601 and 1200; correct one of them" in said
    (plan,) = bench.deploy("--dry-run", "--json", "--parameter", "DeferCapSeconds=599").lines()
    assert plan["parameters"]["DeferCapSeconds"] == "599"
    assert "RequestRetentionSeconds" not in plan["parameters"]


def test_contradicting_parameters_are_rejected(bench: DeploymentBench) -> None:
    """A default counts for a parameter that is not given."""
    said = bench.deploy("--yes", "--parameter", "RequestRetentionSeconds=7199").only_a_sentence()
    assert "the stack would have 3600 and 7199" in said
    assert bench.changes("oss") == bench.changes("ros") == []


def test_name_prefix_of_a_stack_cannot_be_changed(bench: DeploymentBench) -> None:
    """The queues would be replaced."""
    assert bench.deploy("--yes", "--parameter", "NamePrefix=express-sync").code == 0
    said = bench.deploy("--yes", "--parameter", "NamePrefix=other").only_a_sentence()
    assert "NamePrefix of stack express-sync is express-sync, and a change would replace its queues" in said


def test_package_for_another_python_is_rejected(bench: DeploymentBench) -> None:
    """Its native modules could not be imported."""
    said = bench.deploy("--yes", package=bench.package(minor=12)).only_a_sentence()
    assert "is for python3.12, but the runtime of the stack is python3.10" in said
    assert said.endswith("or add --parameter Runtime=python3.12.")
    assert bench.changes("oss") == bench.changes("ros") == []


def test_update_keeps_the_runtime(bench: DeploymentBench) -> None:
    """A package for another Python requires the parameter Runtime."""
    first, second = bench.package(minor=12), bench.package("next.zip", minor=12, content="def handle(): return 4")
    assert bench.deploy("--yes", "--parameter", "Runtime=python3.12", package=first).code == 0
    (plan,) = bench.deploy("--dry-run", "--json", package=second).lines()
    assert plan["parameters"]["Runtime"] == "python3.12"
    assert bench.deploy("--yes", package=second).code == 0
    third = bench.package("third.zip", minor=10, content="def handle(): return 5")
    assert "the runtime of the stack is python3.12" in bench.deploy("--yes", package=third).only_a_sentence()
    (line,) = bench.deploy("--yes", "--json", "--parameter", "Runtime=python3.10", package=third).lines()
    assert (line["action"], line["parameters"]["Runtime"]) == ("updated", "python3.10")


@pytest.mark.parametrize("name", ["local", "env", "no/name", ""])
def test_stack_name_must_be_a_profile_name(name: str, bench: DeploymentBench) -> None:
    """The stack and its profile have the same name."""
    assert "choose another --stack" in bench.deploy("--yes", "--stack", name).only_a_sentence()


def _last(stderr: str) -> str:
    return stderr.splitlines()[-1]
