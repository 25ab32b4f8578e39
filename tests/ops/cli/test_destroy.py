"""`express-sync status` and `destroy` against doubles of OSS and ROS that check every signature."""

import json
from pathlib import Path

import pytest

from express_sync.ops.deployment.package_file import read
from tests.ops.cli.deploy_support import BUCKET, REGION, DeploymentBench
from tests.support.cli import CloudShell, Ended

REASON = "The queue is in use"


@pytest.fixture
def cloud(shared_queues: CloudShell) -> CloudShell:
    """Return a cloud without a function, whose queues hold messages."""
    return shared_queues


@pytest.fixture
def deployed(bench: DeploymentBench) -> DeploymentBench:
    """Return a bench with a deployed stack; only doctor reports that the function is missing."""
    assert bench.deploy("--yes").code == 1
    return bench


def test_status_of_a_healthy_stack(deployed: DeploymentBench) -> None:
    """It shows state, package and outputs, and the exit code is 0."""
    ended = deployed.run("status", "--package", str(deployed.package()))
    assert ended.code == 0, ended
    said = ended.out.splitlines()
    assert said[0] == "Stack     express-sync is CREATE_COMPLETE"
    assert said[1].startswith(f"Package   {read(deployed.package()).key} is deployed, the same as ")
    assert ["ResultTopicName", "express-sync-outcomes"] in [line.split() for line in said]


def test_status_as_json_compares_the_packages(deployed: DeploymentBench) -> None:
    """A different local package does not make the stack unhealthy."""
    other = deployed.package("other.zip", content="def handle(): return 1")
    ended = deployed.run("status", "--json", "--package", str(other))
    (line,) = ended.lines()
    assert (ended.code, line["isWell"], line["state"], line["unwell"]) == (0, True, "CREATE_COMPLETE", [])
    deployed_key = read(deployed.package()).key
    assert line["package"] == {"deployed": deployed_key, "local": read(other).key, "isSame": False}


def test_status_names_unhealthy_resources(deployed: DeploymentBench) -> None:
    """The exit code is 1."""
    fault = {"operation": "UpdateStack", "resource": "Function", "reason": REASON, "ends": "UPDATE_FAILED"}
    deployed.script("ros", "failures", **fault)
    deployed.deploy("--yes", "--parameter", "LogLevel=DEBUG")
    ended = deployed.run("status")
    assert ended.code == 1
    assert "Stack     express-sync is UPDATE_FAILED: Resource Function failed" in ended.out
    assert f"Unhealthy Function (ALIYUN::FC3::Function) is UPDATE_FAILED: {REASON}" in ended.out
    (line,) = deployed.run("status", "--json").lines()
    assert [each["resource"] for each in line["unwell"]] == ["Function"]


def test_status_during_an_operation_is_not_healthy(bench: DeploymentBench) -> None:
    """A script can poll until the exit code is 0."""
    bench.script("ros", "pace", steps=0)
    bench.deploy("--yes", "--timeout", "0.1")
    assert bench.run("status", "--region", REGION).code == 1
    bench.script("ros", "pace", steps=100)
    assert bench.run("status", "--region", REGION).code == 0


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_missing_stack_is_an_error(command: str, bench: DeploymentBench) -> None:
    """The exit code is 2."""
    assert (
        "Stack express-sync does not exist in cn-hangzhou" in bench.run(command, "--region", REGION).only_a_sentence()
    )


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_missing_region_is_an_error(command: str, bench: DeploymentBench) -> None:
    """It may come from the option, the profile or the environment."""
    assert "The region of the stack is not known" in bench.run(command).only_a_sentence()
    bench.environment = {"EXPRESS_SYNC_REGION": REGION}
    assert "does not exist in" in bench.run(command).only_a_sentence()


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_status_and_destroy_name_a_missing_permission(command: str, deployed: DeploymentBench) -> None:
    """The message contains the permission to grant."""
    deployed.script("ros", "faults", operation="ListStackResources", faults=["NoPermission"])
    assert "grant ros:ListStackResources to it" in deployed.run(command).only_a_sentence()


def test_destroy_without_confirmation_shows_the_loss(deployed: DeploymentBench) -> None:
    """It lists resources and counts messages."""
    submitted = deployed.run("submit", str(_request(deployed)), "--profile", "express-sync", "--yes")
    assert submitted.code == 0
    ended = deployed.run("destroy")
    assert ended.code == 2
    assert "  RequestQueue               ALIYUN::MNS::Queue" in ended.out
    assert "Queue express-sync-requests: about 1 messages will be lost." in ended.err
    assert "add --yes" in _last(ended)
    (line,) = deployed.run("destroy", "--json").lines()
    assert (line["isDeleted"], line["messages"]) == (False, {"express-sync-requests": 1})
    assert "DeleteStack" not in deployed.changes("ros")


@pytest.mark.parametrize("options", [(), ("--yes",), ("--yes", "--with-package")])
def test_destroy_dry_run_shows_the_loss(options: tuple[str, ...], deployed: DeploymentBench) -> None:
    """Nothing is deleted, whatever else is typed, and that is not an error."""
    before = deployed.changes("ros"), deployed.changes("oss")
    ended = deployed.run("destroy", "--dry-run", *options)
    assert ended.code == 0
    assert "resources:" in ended.out
    assert ended.err.endswith("would be deleted. Nothing was changed.\n")
    (line,) = deployed.run("destroy", "--dry-run", "--json", *options).lines()
    assert line["isDeleted"] is False
    assert (deployed.changes("ros"), deployed.changes("oss")) == before


def test_destroy_deletes_and_names_what_remains(deployed: DeploymentBench) -> None:
    """The package, the profile and the groups remain."""
    ended = deployed.run("destroy", "--yes")
    assert ended.code == 0, ended
    assert "RequestQueue                DELETE_COMPLETE" in ended.err
    previous = f"packages of previous versions, if there were any, in oss://{BUCKET}/express-sync/"
    remains = f"oss://{BUCKET}/{read(deployed.package()).key}, {previous}, {deployed.profile_path}, the "
    assert f"What remains: {remains}" in _last(ended)
    assert len(deployed.buckets[BUCKET].objects) == 1
    assert "does not exist in" in deployed.run("status").only_a_sentence()


def test_destroy_with_package_deletes_the_package(deployed: DeploymentBench) -> None:
    """The package is not listed among what remains."""
    ended = deployed.run("destroy", "--yes", "--with-package", "--json")
    (line,) = ended.lines()
    assert (ended.code, line["isDeleted"]) == (0, True)
    assert deployed.buckets[BUCKET].objects == {}
    assert not [each for each in line["remains"] if each.startswith("oss://")]
    assert [each for each in line["remains"] if each.startswith("packages of previous versions")]


def test_undeletable_package_is_named(deployed: DeploymentBench) -> None:
    """The stack has been deleted before."""
    deployed.script("oss", "faults", operation="DeleteObject", faults=["AccessDenied"])
    ended = deployed.run("destroy", "--yes", "--with-package")
    assert (ended.code, "The stack is deleted; oss://code-bucket/" in _last(ended)) == (2, True)


def test_undeletable_resource_is_named_with_its_reason(deployed: DeploymentBench) -> None:
    """Running the command again deletes the rest."""
    deployed.script("ros", "failures", operation="DeleteStack", resource="FailureQueue", reason=REASON)
    said = _last(deployed.run("destroy", "--yes"))
    assert "is now DELETE_FAILED, and these resources remain: " in said
    assert f"FailureQueue ({REASON})" in said
    assert "SweepTrigger" not in said
    assert deployed.run("destroy", "--yes").code == 0


def test_destroy_timeout_leaves_ros_running(deployed: DeploymentBench) -> None:
    """The exit code is 3, and a second deletion is not started."""
    deployed.script("ros", "pace", steps=0)
    ended = deployed.run("destroy", "--yes", "--timeout", "0.1")
    assert (ended.code, "ROS continues" in _last(ended)) == (3, True)
    assert "is already being deleted" in deployed.run("destroy", "--yes").only_a_sentence()


def _request(bench: DeploymentBench) -> Path:
    path = bench.directory / "request.json"
    request = {"requestId": "r-1", "name": "photos", "bucketName": "holiday-bucket", "bucketRegion": "cn-hangzhou"}
    path.write_text(json.dumps(request))
    return path


def _last(ended: Ended) -> str:
    return ended.err.splitlines()[-1]
