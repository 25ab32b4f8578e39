"""`express-sync deploy` as people run it, against an OSS and a ROS that check every signature."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions
from express_sync.ops.deployment.package_file import read
from express_sync.ops.terminal.errors import Problem
from tests.ops.cli.cli_support import Stand, stand
from tests.ops.cli.deploy_support import BUCKET, REGION, ROLE, Deploying, deploying

NOWHERE = "http://127.0.0.1:1"
NO_SECONDS = ("0.009", "60.1", "-1", ".5", "1.", "00.5", "1e1", "nan", "inf", "0.5 ", "1_0", "٣", "", "0." + "5" * 5000)
NO_DEFERRALS = ("51", "-1", "2.5", "1e1", "1_0", "+5", " 5", "05", "٣", "", "many", "9" * 5000)
REASON = "The quota of functions is used up"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """What `doctor` looks at after a deployment; nothing here changes it."""
    with stand(tmp_path_factory.mktemp("cloud"), CloudOptions()) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path, cloud: Stand) -> Iterator[Deploying]:
    """Services and a directory of the test's own."""
    with deploying(tmp_path, cloud) as made:
        yield made


def test_one_command_deploys_and_checks(here: Deploying) -> None:
    """Package in OSS, stack in ROS with its parameters, outputs, a profile, and doctor's word for all of it."""
    ended = here.deploy("--yes", "--parameter", "AdoptionPolicy=owned")
    assert ended.code == 0, ended
    key = read(here.package()).key
    assert here.buckets[BUCKET].objects.keys() == {key}
    assert here.done("oss") == ["PutObject"]
    assert here.done("ros") == ["CreateStack"]
    (created,) = [call["parameters"] for call in here.calls("ros") if call["operation"] == "CreateStack"]
    given = {created[f"Parameters.{n}.ParameterKey"]: created[f"Parameters.{n}.ParameterValue"] for n in (1, 2, 3, 4)}
    assert given == {"Runtime": "python3.10", "AdoptionPolicy": "owned", "CodeBucket": BUCKET, "CodeObject": key}
    assert created["RegionId"] == REGION
    outputs = dict(line.split(maxsplit=1) for line in ended.out.splitlines() if line.startswith("RequestQueueUrl"))
    assert outputs["RequestQueueUrl"].startswith("http://1234567890123456.mns.cn-hangzhou")
    assert "✓ queues         Queue express-sync-requests is there." in ended.out
    assert "Function                    CREATE_COMPLETE" in ended.err
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be seen."


def test_the_profile_says_whether_there_is_a_result_queue(here: Deploying) -> None:
    """Its name is neither left there nor derived while there is none, and comes back with it."""

    def named(*more: str) -> object:
        here.deploy("--yes", *more)
        return json.loads(here.profile_path.read_text())["mns"]["resultQueue"]

    assert named("--parameter", "CreateResultQueue=false") == ""
    assert named() == ""
    assert named("--parameter", "CreateResultQueue=true") == "express-sync-results"


@pytest.mark.parametrize("choice", ["Intake=pull", "CreateResultQueue=false"])
def test_doctor_is_content_with_whatever_the_template_lets_one_choose(choice: str, tmp_path: Path) -> None:
    """A stack that was asked for is no fault of itself."""
    (tmp_path / "cloud").mkdir()
    with (
        stand(tmp_path / "cloud", CloudOptions(parameters=dict([choice.split("=")]))) as chosen,
        deploying(tmp_path, chosen) as here,
    ):
        ended = here.deploy("--yes", "--parameter", choice)
    assert ended.code == 0, ended
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be seen."


def test_the_profile_serves_every_other_command_and_holds_no_key(here: Deploying) -> None:
    """What was in it stays, what was learnt is added; a key from elsewhere is not."""
    user = LOCAL_ACCOUNT.user
    before = json.loads(here.profile_path.read_text())
    keyless = {name: value for name, value in before.items() if not name.startswith("accessKey")}
    here.profile_path.write_text(json.dumps(keyless))
    here.environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": user.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": user.access_key_secret,
    }
    assert here.deploy("--yes").code == 0
    known = {"region": REGION, "accountId": LOCAL_ACCOUNT.account_id, "namePrefix": "express-sync"}
    assert json.loads(here.profile_path.read_text()) == {**keyless, **known}
    assert here.profile_path.stat().st_mode & 0o077 == 0
    assert here.run("doctor", "--profile", "express-sync").code == 0


def test_without_room_for_a_profile_nothing_is_deployed(here: Deploying) -> None:
    """A stack that costs money and that no command finds is worse than none."""
    user = LOCAL_ACCOUNT.user
    here.environment = {
        "EXPRESS_SYNC_ROS_ENDPOINT": here.ros,
        "EXPRESS_SYNC_OSS_ENDPOINT": here.oss,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": user.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": user.access_key_secret,
    }
    shutil.rmtree(here.directory / ".express-sync")
    (here.directory / ".express-sync").touch()
    said = here.deploy("--yes").only_a_sentence()
    assert said.startswith(f"Cannot write {here.profile_path}: ")
    assert said.endswith("; nothing was deployed; choose another directory.")
    assert here.done("oss") == here.done("ros") == []


def test_a_profile_that_no_command_could_use_is_refused_before_the_deployment(here: Deploying) -> None:
    """Also by the dry run, which says what is possible."""
    here.write_profile(fc={"endpoint": here.cloud.ready["fc"]["endpoint"]})
    for leave in ("--dry-run", "--yes"):
        assert str(here.profile_path) in here.deploy(leave).only_a_sentence()
    assert here.done("oss") == here.done("ros") == []


def test_a_stack_whose_profile_is_lost_at_the_last_moment_is_told_with_its_outputs(
    here: Deploying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exists, whatever becomes of the file."""

    def full(path: Path, _text: str) -> None:
        raise Problem(f"Cannot write {path}: No space left on device; choose another place.")

    monkeypatch.setattr("express_sync.ops.deployment.location.write_atomically", full)
    ended = here.deploy("--yes")
    assert (ended.code, "RequestQueueUrl" in ended.out) == (2, True)
    assert "Stack express-sync is created, but has no profile. Cannot write" in _last(ended.err)


def test_deploying_the_same_again_changes_nothing(here: Deploying) -> None:
    """ROS refuses an update without a change; that is what was wanted."""
    assert here.deploy("--yes").code == 0
    ended = here.deploy("--yes", "--json")
    assert (ended.code, ended.lines()[0]["action"]) == (0, "unchanged")
    assert "Nothing was to be changed." in ended.err
    assert here.done("oss") == ["PutObject"]
    assert here.done("ros") == ["CreateStack", "UpdateStack"]


def test_another_package_updates_the_stack_and_leaves_its_parameters(here: Deploying) -> None:
    """Another content is another object, so ROS sees the change."""
    assert here.deploy("--yes", "--parameter", "LogLevel=DEBUG").code == 0
    changed = here.package(content="def handle(): return 1")
    ended = here.deploy("--yes", "--json", package=changed)
    (line,) = ended.lines()
    assert (ended.code, line["action"], line["state"]) == (0, "updated", "UPDATE_COMPLETE")
    assert line["package"]["object"] == f"oss://{BUCKET}/{read(changed).key}"
    assert "wrong" not in {finding["mark"] for finding in line["findings"]}
    assert len(here.buckets[BUCKET].objects) == 2
    same = here.deploy("--yes", "--json", "--parameter", "LogLevel=DEBUG", package=changed)
    assert same.lines()[0]["action"] == "unchanged"


def test_an_object_of_that_name_with_another_content_is_put_right(here: Deploying) -> None:
    """The name is no proof of the content."""
    here.buckets[BUCKET].objects[read(here.package()).key] = b"something else"
    assert here.deploy("--yes").code == 0
    assert here.buckets[BUCKET].objects[read(here.package()).key] == here.package().read_bytes()


def test_a_temporary_key_deploys(here: Deploying) -> None:
    """Its token goes to both services."""
    here.write_profile(
        accessKeyId=ROLE.access_key_id, accessKeySecret=ROLE.access_key_secret, securityToken=ROLE.security_token
    )
    assert here.deploy("--yes").code == 0


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(here: Deploying) -> None:
    """Hash, size, object, action, parameters; both services are asked, neither is changed."""
    before, package = here.profile_path.read_text(), here.package()
    ended = here.deploy("--dry-run")
    assert ended.code == 0
    said = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert read(package).sha256 in said["Package"]
    assert f"{package.stat().st_size} bytes" in said["Package"]
    assert said["Object"] == f"oss://{BUCKET}/{read(package).key}: upload"
    assert said["Stack"] == "express-sync in cn-hangzhou: create"
    assert said["Parameters"] == f"Runtime=python3.10, CodeBucket={BUCKET}, CodeObject={read(package).key}"
    assert said["Template"] == "ROS takes it"
    assert here.done("oss") == here.done("ros") == []
    assert here.profile_path.read_text() == before


def test_a_dry_run_for_scripts_tells_an_update_from_a_creation(here: Deploying) -> None:
    """One object, and null for what nobody could see."""
    assert here.deploy("--yes").code == 0
    (line,) = here.deploy("--dry-run", "--json").lines()
    assert (line["dryRun"], line["action"], line["package"]["isThere"]) == (True, "update", True)


def test_a_dry_run_needs_no_key(here: Deploying) -> None:
    """It says what it could not look at."""
    here.write_profile(accessKeyId="", accessKeySecret="")
    content = json.loads(here.profile_path.read_text())
    here.profile_path.write_text(json.dumps({k: v for k, v in content.items() if not k.startswith("accessKey")}))
    ended = here.deploy("--dry-run", "--json")
    (line,) = ended.lines()
    assert (ended.code, line["action"], line["package"]["isThere"]) == (0, "create or update", None)
    assert "an update leaves all others, and Runtime, as they are" in here.deploy("--dry-run").out
    assert "Neither bucket nor stack is looked at." in ended.err
    assert here.calls("ros") == here.calls("oss") == []
    assert "No access key is found" in here.deploy("--yes").only_a_sentence()


def test_without_leave_nothing_is_changed(here: Deploying) -> None:
    """The plan is shown, and what to add."""
    ended = here.deploy()
    assert (ended.code, "add --yes" in ended.err, "create" in ended.out) == (2, True, True)
    assert here.done("oss") == here.done("ros") == []


def test_a_failed_creation_names_what_failed_and_what_exists(here: Deploying) -> None:
    """And the way out of it works: destroy, then deploy."""
    here.order("ros", "failures", operation="CreateStack", resource="Function", reason=REASON)
    said = _last(here.deploy("--yes").err)
    assert "is now CREATE_ROLLBACK_COMPLETE: Function failed (The quota of functions is used up)." in said
    assert f"The package is at oss://{BUCKET}/express-sync/function-" in said
    assert "run `express-sync destroy --region cn-hangzhou --yes`, and deploy again." in said
    again = here.deploy("--yes")
    assert (again.code, "cannot be updated, so nothing was done" in again.err) == (2, True)
    assert here.run("status", "--region", REGION).code == 1
    assert here.run("destroy", "--region", REGION, "--yes").code == 0
    assert here.deploy("--yes").code == 0


@pytest.mark.parametrize("state", ["CREATE_FAILED", "CREATE_ROLLBACK_FAILED"])
def test_a_creation_that_is_not_even_rolled_back_must_be_destroyed(state: str, here: Deploying) -> None:
    """Half of the resources may be there."""
    here.order("ros", "failures", operation="CreateStack", resource="RequestTrigger", reason=REASON, ends=state)
    assert f"is now {state}: RequestTrigger failed" in _last(here.deploy("--yes").err)
    assert f"is in state {state} and cannot be updated" in here.deploy("--yes").only_a_sentence()


def test_a_failed_update_says_that_the_former_version_is_back(here: Deploying) -> None:
    """So that nobody destroys a stack that works; deploying again mends it."""
    assert here.deploy("--yes").code == 0
    here.order("ros", "failures", operation="UpdateStack", resource="Function", reason=REASON)
    other = here.package(content="def handle(): return 2")
    ended = here.deploy("--yes", package=other)
    assert ended.code == 2
    assert "is now ROLLBACK_COMPLETE: Function failed" in _last(ended.err)
    assert "The former version is back" in _last(ended.err)
    assert here.deploy("--yes", package=other).code == 0


def test_an_update_that_is_not_rolled_back_is_said_to_be_between_two_versions(here: Deploying) -> None:
    """It can still be deployed to."""
    assert here.deploy("--yes").code == 0
    here.order("ros", "failures", operation="UpdateStack", resource="Function", reason=REASON, ends="UPDATE_FAILED")
    other = here.package(content="def handle(): return 3")
    assert "between two versions" in _last(here.deploy("--yes", package=other).err)


def test_when_time_runs_out_the_stack_goes_on(here: Deploying) -> None:
    """Exit code 3, the command to look with, and no second deployment beside the first."""
    here.order("ros", "pace", steps=0)
    ended = here.deploy("--yes", "--timeout", "0.2")
    assert ended.code == 3
    assert "The stack goes on" in _last(ended.err)
    assert "`express-sync status --region cn-hangzhou`" in _last(ended.err)
    assert "is busy (CREATE_IN_PROGRESS), and nothing was done" in here.deploy("--yes").only_a_sentence()


def test_ctrl_c_while_waiting_leaves_the_stack_alone_and_says_how_to_look(here: Deploying) -> None:
    """Exit code 130; nothing is cancelled."""
    here.order("ros", "pace", steps=0)
    for operation in ("GetStack", "ListStackEvents"):  # in this process an interrupted import would be half done
        import_module(f"aliyunsdkros.request.v20190910.{operation}Request")

    def interrupt() -> None:
        while not [call for call in here.calls("ros") if call["operation"] == "GetStack"]:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread = threading.Thread(target=interrupt)
        thread.start()
        ended = here.deploy("--yes")
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ended.code, "The stack goes on" in _last(ended.err)) == (130, True)
    assert here.done("ros") == ["CreateStack"]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("oss-cn-hangzhou", "'oss-cn-hangzhou' is an OSS location; name the region by its id, such as cn-hangzhou."),
        ("Hangzhou", "'Hangzhou' is no region's id; name"),
        ("mars-north-9", "'mars-north-9' is no region's id; name"),
    ],
)
def test_a_region_that_is_none_is_one_sentence(region: str, said: str, here: Deploying) -> None:
    """Before anything is asked."""
    ended = here.run("deploy", "--region", region, "--code-bucket", BUCKET, "--package", str(here.package()), "--yes")
    assert said in ended.only_a_sentence()


def test_the_region_of_another_deployment_of_that_name_is_refused(here: Deploying) -> None:
    """A slip must not make a second stack that nobody knows of."""
    assert here.deploy("--yes").code == 0
    ended = here.run("deploy", "--region", "cn-beijing", "--code-bucket", BUCKET, "--package", str(here.package()))
    assert "The stack of this name is in cn-hangzhou" in ended.only_a_sentence()


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        ("no-such-bucket", "There is no bucket no-such-bucket (NoSuchBucket); create it in cn-hangzhou"),
        ("far-bucket", "Bucket far-bucket is in cn-shanghai, and code for cn-hangzhou must come from a bucket there"),
        ("told-bucket", "Bucket told-bucket is in cn-shanghai, and code for cn-hangzhou must come from a bucket there"),
    ],
)
def test_a_bucket_that_is_missing_or_elsewhere_is_one_sentence(bucket: str, said: str, here: Deploying) -> None:
    """With what to name instead, at the first look."""
    path = str(here.package())
    ended = here.run("deploy", "--region", REGION, "--code-bucket", bucket, "--package", path, "--yes")
    assert said in ended.only_a_sentence()
    assert [call["operation"] for call in here.calls("oss")] == ["GetBucketInfo"]
    assert here.done("ros") == []


@pytest.mark.parametrize(
    "bucket", ["", "a", "ab", "My_Bucket", "oss://my-code", "ü-code", "-code", "code-", "my.code", "c" * 64, "code\n"]
)
@pytest.mark.parametrize("leave", ["--dry-run", "--yes"])
def test_a_name_that_no_bucket_can_have_is_one_sentence(bucket: str, leave: str, here: Deploying) -> None:
    """Before anything is asked, so it needs no key either."""
    path = str(here.package())
    ended = here.run("deploy", "--region", REGION, "--code-bucket", bucket, "--package", path, leave)
    assert ended.only_a_sentence().startswith(f"{bucket!r} is no bucket's name; name one for --code-bucket")
    assert here.calls("oss") == here.calls("ros") == []


def test_the_bucket_of_another_account_is_refused(here: Deploying) -> None:
    """The profile says whose stack it is, the bucket's owner whose it would become."""
    here.write_profile(accountId="42")
    said = here.deploy("--yes").only_a_sentence()
    assert f"Bucket {BUCKET} belongs to account {LOCAL_ACCOUNT.account_id}, but the profile" in said
    assert here.done("oss") == here.done("ros") == []


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
def test_a_missing_permission_is_named_with_what_exists(
    service: str, operation: str, code: str, right: str, here: Deploying
) -> None:
    """At whichever step it is missing."""
    here.order(service, "faults", operation=operation, faults=[code])
    said = _last(here.deploy("--yes").err)
    assert f"The key may not do {right} ({code}); grant it {right}" in said
    state = {"PutObject": "The stack was not touched", "CreateStack": f"The package is at oss://{BUCKET}/"}
    assert state.get(operation, "Nothing was changed.") in said
    assert here.profile_path.read_text().find("accountId") == -1


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("oss", "GetBucketInfo", "SecurityTokenExpired"),
        ("ros", "CreateStack", "InvalidSecurityToken.Expired"),
        ("ros", "GetStack", "InvalidSecurityToken.Expired"),
    ],
)
def test_an_expired_token_asks_for_a_new_one(service: str, operation: str, code: str, here: Deploying) -> None:
    """Also in the middle, where the stack goes on without us."""
    here.order(service, "faults", operation=operation, faults=[code])
    said = _last(here.deploy("--yes").err)
    assert f"finds the token expired ({code}); get a new temporary key." in said
    assert ("The stack goes on" in said) == (operation == "GetStack")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"accessKeySecret": "not-the-secret"}, "finds the signature wrong"),
        ({"accessKeyId": "LTAI5tNobodysKeyAtAll"}, "does not know the access key"),
        ({"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}, "token wrong"),
    ],
    ids=["secret", "id", "token"],
)
@pytest.mark.parametrize("command", ["deploy", "status"])
def test_a_wrong_key_is_one_sentence_from_either_service(
    command: str, key: dict[str, str], said: str, here: Deploying
) -> None:
    """OSS is asked first by deploy, ROS by status."""
    here.write_profile(**key)
    ended = here.deploy("--yes") if command == "deploy" else here.run("status", "--region", REGION)
    assert said in ended.only_a_sentence()


def test_a_service_that_is_away_while_one_waits_is_waited_for(here: Deploying) -> None:
    """Nobody watches a deployment to see it end over one failed look."""
    here.order("ros", "faults", operation="GetStack", faults=["ServiceUnavailable"])
    assert here.deploy("--yes").code == 0


def test_an_unclear_answer_to_the_creation_is_called_that(here: Deploying) -> None:
    """ROS may have begun."""
    here.order("ros", "faults", operation="CreateStack", faults=["InternalError"])
    said = _last(here.deploy("--yes").err)
    assert "whether ROS began is not known; see `express-sync status" in said


@pytest.mark.parametrize("variable", ["EXPRESS_SYNC_ROS_ENDPOINT", "EXPRESS_SYNC_OSS_ENDPOINT"])
def test_an_endpoint_where_nobody_answers_is_one_sentence(variable: str, here: Deploying) -> None:
    """The environment outweighs the profile."""
    here.environment = {variable: NOWHERE}
    assert f"at {NOWHERE} cannot be reached; check --region" in here.deploy("--yes").only_a_sentence()


def test_one_endpoint_of_its_own_needs_the_other_too(here: Deploying) -> None:
    """A key of one cloud must not go to another because an endpoint was left out."""
    here.write_profile(oss={})
    assert "set EXPRESS_SYNC_OSS_ENDPOINT or oss.endpoint" in here.deploy("--yes").only_a_sentence()


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("Nope=1", "'Nope' is none of NamePrefix"),
        ("NamePrefix", "--parameter takes NAME=VALUE"),
        ("NamePrefix=Upper", "Parameter NamePrefix must match"),
        ("AdoptionPolicy=sometimes", "must be one of identical, never, owned"),
        *((f"MaxDeferrals={value}", "must be a whole number from 0 to 50") for value in NO_DEFERRALS),
        *((f"BackoffBaseSeconds={value}", "must be a number from 0.01 to 60") for value in NO_SECONDS),
        ("LatePauseSeconds=0.5", "must be a whole number from 0 to 120"),
        ("LogRetentionDays=0", "must be a whole number from 1 to 3650"),
        (f"ContactGroup={'x' * 101}", "must have a number of characters from 0 to 100"),
        ("SweepDeadLetters=perhaps", "must be one of true, false"),
        ("CodeObject=x", "leave --parameter CodeObject out"),
    ],
)
def test_a_parameter_that_does_not_suit_is_one_sentence(parameter: str, said: str, here: Deploying) -> None:
    """Before anything is asked."""
    assert said in here.deploy("--yes", "--parameter", parameter).only_a_sentence()
    assert here.calls("ros") == here.calls("oss") == []


def test_deploy_passes_and_keeps_the_limits_of_retries(here: Deploying) -> None:
    """What is given reaches ROS, and an update without it checks what is given against what the stack has."""
    assert (
        here.deploy("--yes", "--parameter", "RequestRetentionSeconds=1200", "--parameter", "DeferCapSeconds=600").code
        == 0
    )
    assert "CreateStack" in here.done("ros")
    said = here.deploy("--yes", "--parameter", "DeferCapSeconds=601").only_a_sentence()
    assert "DeferCapSeconds must be at most half of RequestRetentionSeconds" in said
    assert "the stack would have 601 and 1200; correct one of them" in said
    (plan,) = here.deploy("--dry-run", "--json", "--parameter", "DeferCapSeconds=599").lines()
    assert plan["parameters"]["DeferCapSeconds"] == "599"
    assert "RequestRetentionSeconds" not in plan["parameters"]


def test_deploy_refuses_a_new_stack_whose_settings_contradict(here: Deploying) -> None:
    """The default of the one parameter counts where only the other is given."""
    said = here.deploy("--yes", "--parameter", "RequestRetentionSeconds=7199").only_a_sentence()
    assert "the stack would have 3600 and 7199" in said
    assert here.done("oss") == here.done("ros") == []


def test_another_name_prefix_for_a_stack_is_refused(here: Deploying) -> None:
    """It would replace the queues."""
    assert here.deploy("--yes", "--parameter", "NamePrefix=express-sync").code == 0
    said = here.deploy("--yes", "--parameter", "NamePrefix=other").only_a_sentence()
    assert "NamePrefix of stack express-sync is express-sync, and another would replace its queues" in said


def test_a_package_for_another_python_is_refused(here: Deploying) -> None:
    """Its native modules could not be imported there."""
    said = here.deploy("--yes", package=here.package(minor=12)).only_a_sentence()
    assert "is for python3.12, but the stack is to run on python3.10" in said
    assert said.endswith("or add --parameter Runtime=python3.12.")
    assert here.done("oss") == here.done("ros") == []


def test_an_update_leaves_the_runtime_as_it_is(here: Deploying) -> None:
    """Its package is for that Python, and a package for another is refused unless the runtime is given too."""
    first, second = here.package(minor=12), here.package("next.zip", minor=12, content="def handle(): return 4")
    assert here.deploy("--yes", "--parameter", "Runtime=python3.12", package=first).code == 0
    (plan,) = here.deploy("--dry-run", "--json", package=second).lines()
    assert plan["parameters"]["Runtime"] == "python3.12"
    assert here.deploy("--yes", package=second).code == 0
    third = here.package("third.zip", minor=10, content="def handle(): return 5")
    assert "the stack is to run on python3.12" in here.deploy("--yes", package=third).only_a_sentence()
    (line,) = here.deploy("--yes", "--json", "--parameter", "Runtime=python3.10", package=third).lines()
    assert (line["action"], line["parameters"]["Runtime"]) == ("updated", "python3.10")


@pytest.mark.parametrize("name", ["local", "env", "no/name", ""])
def test_a_stack_whose_name_no_profile_can_have_is_refused(name: str, here: Deploying) -> None:
    """Its name is its profile's."""
    assert "choose such a --stack" in here.deploy("--yes", "--stack", name).only_a_sentence()


def _last(said: str) -> str:
    return said.splitlines()[-1]
