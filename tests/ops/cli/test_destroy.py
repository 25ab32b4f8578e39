"""`express-sync status` and `destroy` as people run them, against an OSS and a ROS that check every signature."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from express_sync.ops.deployment.package_file import read
from tests.ops.cli.cli_support import Ended, Stand, stand
from tests.ops.cli.deploy_support import BUCKET, REGION, Deploying, deploying

REASON = "The queue is in use"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Queues to count messages in."""
    with stand(tmp_path_factory.mktemp("cloud"), CloudOptions(with_function=False)) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path, cloud: Stand) -> Iterator[Deploying]:
    """Services and a directory of the test's own."""
    with deploying(tmp_path, cloud) as made:
        yield made


@pytest.fixture
def deployed(here: Deploying) -> Deploying:
    """The same with a stack; the function is not there, which only doctor minds."""
    assert here.deploy("--yes").code == 1
    return here


def test_status_of_a_stack_that_is_well(deployed: Deploying) -> None:
    """State, package and outputs; exit code 0."""
    ended = deployed.run("status", "--package", str(deployed.package()))
    assert ended.code == 0, ended
    said = ended.out.splitlines()
    assert said[0] == "Stack     express-sync is CREATE_COMPLETE"
    assert said[1].startswith(f"Package   {read(deployed.package()).key} is deployed, the same as ")
    assert ["ResultTopicName", "express-sync-outcomes"] in [line.split() for line in said]


def test_status_for_scripts_tells_the_deployed_package_from_the_local_one(deployed: Deploying) -> None:
    """Another package here is no illness of the stack."""
    other = deployed.package("other.zip", content="def handle(): return 1")
    ended = deployed.run("status", "--json", "--package", str(other))
    (line,) = ended.lines()
    assert (ended.code, line["isWell"], line["state"], line["unwell"]) == (0, True, "CREATE_COMPLETE", [])
    deployed_key = read(deployed.package()).key
    assert line["package"] == {"deployed": deployed_key, "local": read(other).key, "isSame": False}


def test_status_names_what_is_not_well_and_why(deployed: Deploying) -> None:
    """Exit code 1."""
    fault = {"operation": "UpdateStack", "resource": "Function", "reason": REASON, "ends": "UPDATE_FAILED"}
    deployed.order("ros", "failures", **fault)
    deployed.deploy("--yes", "--parameter", "LogLevel=DEBUG")
    ended = deployed.run("status")
    assert ended.code == 1
    assert "Stack     express-sync is UPDATE_FAILED: Resource Function failed" in ended.out
    assert f"Unwell    Function (ALIYUN::FC3::Function) is UPDATE_FAILED: {REASON}" in ended.out
    (line,) = deployed.run("status", "--json").lines()
    assert [each["resource"] for each in line["unwell"]] == ["Function"]


def test_status_of_a_stack_under_way_is_not_well_yet(here: Deploying) -> None:
    """A script can wait for 0."""
    here.order("ros", "pace", steps=0)
    here.deploy("--yes", "--timeout", "0.1")
    assert here.run("status", "--region", REGION).code == 1
    here.order("ros", "pace", steps=100)
    assert here.run("status", "--region", REGION).code == 0


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_no_stack_is_one_sentence(command: str, here: Deploying) -> None:
    """Exit code 2."""
    assert "There is no stack express-sync in cn-hangzhou" in here.run(command, "--region", REGION).only_a_sentence()


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_no_region_is_one_sentence(command: str, here: Deploying) -> None:
    """Neither option, nor profile, nor environment."""
    assert "Name the region of the stack" in here.run(command).only_a_sentence()
    here.environment = {"EXPRESS_SYNC_REGION": REGION}
    assert "There is no stack" in here.run(command).only_a_sentence()


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_a_missing_permission_is_one_sentence(command: str, deployed: Deploying) -> None:
    """With the right to grant."""
    deployed.order("ros", "faults", operation="ListStackResources", faults=["NoPermission"])
    assert "grant it ros:ListStackResources" in deployed.run(command).only_a_sentence()


def test_destroy_says_what_goes_and_asks_for_leave(deployed: Deploying) -> None:
    """Resources, and messages that would be lost."""
    submitted = deployed.run("submit", str(_request(deployed)), "--profile", "express-sync", "--yes")
    assert submitted.code == 0
    ended = deployed.run("destroy")
    assert ended.code == 2
    assert "  RequestQueue               ALIYUN::MNS::Queue" in ended.out
    assert "Queue express-sync-requests: about 1 messages are lost." in ended.err
    assert "add --yes" in _last(ended)
    (line,) = deployed.run("destroy", "--json").lines()
    assert (line["isDeleted"], line["messages"]) == (False, {"express-sync-requests": 1})
    assert "DeleteStack" not in deployed.done("ros")


def test_destroy_deletes_and_names_what_remains(deployed: Deploying) -> None:
    """The package, the profile, and what is never touched."""
    ended = deployed.run("destroy", "--yes")
    assert ended.code == 0, ended
    assert "RequestQueue                DELETE_COMPLETE" in ended.err
    former = f"packages of former versions, if there were any, in oss://{BUCKET}/express-sync/"
    remains = f"oss://{BUCKET}/{read(deployed.package()).key}, {former}, {deployed.profile_path}, the "
    assert f"What remains: {remains}" in _last(ended)
    assert len(deployed.buckets[BUCKET].objects) == 1
    assert "There is no stack" in deployed.run("status").only_a_sentence()


def test_destroy_with_package_leaves_none(deployed: Deploying) -> None:
    """And does not name it as remaining."""
    ended = deployed.run("destroy", "--yes", "--with-package", "--json")
    (line,) = ended.lines()
    assert (ended.code, line["isDeleted"]) == (0, True)
    assert deployed.buckets[BUCKET].objects == {}
    assert not [each for each in line["remains"] if each.startswith("oss://")]
    assert [each for each in line["remains"] if each.startswith("packages of former versions")]


def test_a_package_that_cannot_be_deleted_is_named(deployed: Deploying) -> None:
    """The stack is gone by then."""
    deployed.order("oss", "faults", operation="DeleteObject", faults=["AccessDenied"])
    ended = deployed.run("destroy", "--yes", "--with-package")
    assert (ended.code, "The stack is deleted; oss://code-bucket/" in _last(ended)) == (2, True)


def test_a_resource_that_stays_is_named_with_its_reason(deployed: Deploying) -> None:
    """Running the same again goes on with the rest."""
    deployed.order("ros", "failures", operation="DeleteStack", resource="FailureQueue", reason=REASON)
    said = _last(deployed.run("destroy", "--yes"))
    assert "is now DELETE_FAILED, and these remain: " in said
    assert f"FailureQueue ({REASON})" in said
    assert "SweepTrigger" not in said
    assert deployed.run("destroy", "--yes").code == 0


def test_when_time_runs_out_the_deletion_goes_on(deployed: Deploying) -> None:
    """Exit code 3; a second one is not begun."""
    deployed.order("ros", "pace", steps=0)
    ended = deployed.run("destroy", "--yes", "--timeout", "0.1")
    assert (ended.code, "The stack goes on" in _last(ended)) == (3, True)
    assert "is being deleted already" in deployed.run("destroy", "--yes").only_a_sentence()


def _request(here: Deploying) -> Path:
    path = here.directory / "request.json"
    request = {"requestId": "r-1", "name": "photos", "bucketName": "holiday-bucket", "bucketRegion": "cn-hangzhou"}
    path.write_text(json.dumps(request))
    return path


def _last(ended: Ended) -> str:
    return ended.err.splitlines()[-1]
