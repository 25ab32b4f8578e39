"""`health`, `doctor`, `failures`, `fault`, `kill` and `logs` on a cloud in trouble."""

import json
import re
from collections.abc import Iterator

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import failure, fill, smq
from tests.support.checkout import OUTCOMES
from tests.support.cli import PATIENT, CloudShell, cloud_shell

SUCCEEDED = json.loads((OUTCOMES / "succeeded.json").read_bytes())


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run one local cloud for all tests of this module."""
    options = CloudOptions(environment={"EXPRESS_SYNC_MAX_ATTEMPTS": "1"})
    with cloud_shell(tmp_path_factory.mktemp("response"), options) as running:
        yield running


@pytest.fixture
def cloud(shared: CloudShell) -> CloudShell:
    """Return the cloud with empty queues and without faults."""
    shared.reset()
    shared.local("POST", "fc", "reset", {})
    return shared


def request(name: str) -> str:
    return json.dumps(
        {"requestId": f"R-{name}", "name": name, "bucketName": f"b-{name}", "bucketRegion": "cn-hangzhou"}
    )


def succeeded(number: int) -> str:
    """Return the outcome of a success that is later than the failure of the same request."""
    data = {**SUCCEEDED["data"], "requestId": f"R-{number}"}
    changes = {"subject": f"R-{number}", "time": "2026-12-01T00:00:00.000Z", "data": data}
    return json.dumps({**SUCCEEDED, **changes})


def test_health_of_an_idle_cloud_is_good(cloud: CloudShell) -> None:
    """The JSON has every count."""
    ended = cloud.run("health", "--json")
    (document,) = ended.lines()
    assert (ended.code, document["status"]) == (0, "ok")
    counts = ("failures", "deadLetters", "waiting", "processing", "deferred")
    assert [document[name] for name in counts] == [0, 0, 0, 0, 0]
    assert cloud.run("health").out.startswith("✓ ")


def test_health_names_failures_dead_letters_and_deferrals(queues: CloudShell) -> None:
    """Doctor says the same first."""
    cloud = queues
    fill(cloud, "failureQueue", [failure(number, "RoleNotExist", retryable=False) for number in range(3)])
    fill(cloud, "deadLetterQueue", [request("dead")])
    smq(cloud).send(cloud.ready["mns"]["requestQueue"], [request("deferred")], 3600)
    ended = cloud.run("health", "--json")
    (document,) = ended.lines()
    assert ended.code == 1
    assert (document["failures"], document["deadLetters"], document["deferred"]) == (3, 1, 1)
    assert document["codes"] == {"RoleNotExist": 3}
    assert "`express-sync replay --code RoleNotExist --force`" in document["next"][0]
    doctor = cloud.run("doctor")
    assert doctor.code == 1
    assert [line.split()[1:3] for line in doctor.out.splitlines()[:3]] == [
        ["health", "3"],
        ["health", "1"],
        ["health", "1"],
    ]


def test_deferred_request_is_listed(cloud: CloudShell) -> None:
    """It needs no operator, and is not counted as a failure."""
    cloud.run("fault", "AssumeRoleFail", "--name", "waits")
    cloud.run("submit", stdin=request("waits"))
    cloud.run("watch", "--status", "deferred", "--count", "1", *PATIENT)
    listed = cloud.run("failures", "list")
    assert listed.code == 0
    assert listed.out.splitlines()[1].split()[1:3] == ["deferred", "R-waits"]
    assert "1 deferred, retried automatically" in listed.err


def test_success_since_a_failure_is_named(cloud: CloudShell) -> None:
    """The failure is left out of the list, and can be discarded."""
    fill(cloud, "failureQueue", [failure(1), failure(2)])
    fill(cloud, "resultQueue", [succeeded(1)])
    listed = cloud.run("failures", "list")
    assert [row.split()[2] for row in listed.out.splitlines()[1:]] == ["R-2"]
    assert "1 left out because the request has succeeded since" in listed.err
    assert len(cloud.run("failures", "list", "--all").out.splitlines()) == 3
    shown = cloud.run("failures", "show", "R-1")
    assert "Command     express-sync failures discard R-1 --yes" in shown.out
    assert "This failure is out of date" in shown.err
    assert cloud.run("failures", "discard", "--stale").code == 0
    assert cloud.messages("failureQueue") == 2
    assert "1 failure deleted" in cloud.run("failures", "discard", "--stale", "--yes").err
    assert [each["subject"] for each in cloud.bodies("failureQueue")] == ["R-2"]


def test_discard_needs_a_selection_and_a_confirmation(cloud: CloudShell) -> None:
    """What is not selected stays."""
    fill(cloud, "failureQueue", [failure(number) for number in range(3)])
    assert "Name REQUEST-IDs" in cloud.run("failures", "discard", "--yes").only_a_sentence()
    preview = cloud.run("failures", "discard", "R-1", "--yes", "--dry-run")
    assert "1 failure would be deleted from the failure queue. Nothing was changed" in preview.err
    assert cloud.messages("failureQueue") == 3
    cloud.run("failures", "discard", "R-1", "--yes")
    assert {each["subject"] for each in cloud.bodies("failureQueue")} == {"R-0", "R-2"}


def test_failures_held_by_another_reader_are_counted(cloud: CloudShell) -> None:
    """They are not called missing."""
    fill(cloud, "failureQueue", [failure(number) for number in range(3)])
    assert len(smq(cloud).receive(cloud.ready["mns"]["failureQueue"])) == 3
    listed = cloud.run("failures", "list")
    assert "No other failures in the failure queue; 3 held by another reader." in listed.err


def test_failures_are_grouped_by_code_in_80_columns(cloud: CloudShell) -> None:
    """The largest group is first; JSON has the hint, too."""
    fill(cloud, "failureQueue", [failure(1, "NoPermission"), failure(2), failure(3)])
    ended = cloud.shell.run_on_terminal("failures", "list", "--by", "code", is_piped=True)
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [["AssumeRoleFail", "2"], ["NoPermission", "1"]]
    documents = cloud.run("failures", "list", "--by", "code", "--json").lines()
    assert [(each["code"], each["count"]) for each in documents] == [("AssumeRoleFail", 2), ("NoPermission", 1)]


def test_unknown_code_names_the_known_ones(cloud: CloudShell) -> None:
    """A similar one is suggested."""
    fill(cloud, "failureQueue", [failure(1, "RoleNotExist")])
    listed = cloud.run("failures", "list", "--code", "RolenotExists")
    assert listed.code == 1
    assert "did you mean RoleNotExist? their codes are RoleNotExist" in listed.err


def test_replay_by_request_id_shows_the_changes(cloud: CloudShell) -> None:
    """Nothing is sent without --yes, or with --dry-run."""
    fill(cloud, "failureQueue", [failure(number) for number in range(3)])
    shown = cloud.run("replay", "R-1", "--set", "bucketRegion=cn-beijing", "--yes", "--dry-run")
    assert "  bucketRegion: cn-hangzhou → cn-beijing" in shown.out.splitlines()
    assert len(shown.out.splitlines()) == 3
    (document,) = cloud.run("replay", "R-1", "--set", "bucketRegion=cn-beijing", "--json").lines()
    assert document["changes"] == {"bucketRegion": {"from": "cn-hangzhou", "to": "cn-beijing"}}
    assert cloud.messages("failureQueue") == 3
    assert "gives several requests the same group name" in cloud.run("replay", "--set", "name=one").err


def test_submit_dry_run_sends_nothing(cloud: CloudShell) -> None:
    """It needs no confirmation either."""
    ended = cloud.run("submit", "--dry-run", "--json", stdin=request("dry"))
    assert ended.lines() == [{"requestId": "R-dry", "place": "standard input:1"}]
    assert "1 request would be sent" in ended.err
    assert cloud.bodies("requestQueue") == []


def test_fault_applies_by_name_and_ends_in_time(cloud: CloudShell) -> None:
    """`fault list` shows what is left, `fault clear` removes it."""
    assert cloud.run("fault", "RoleNotExist", "--name", "x-*", "--count", "2", "--for", "1h").code == 0
    assert cloud.run("fault", "QpsLimitExceeded", "--operation", "PublishMessage").code == 0
    gateway, queues = cloud.run("fault", "list", "--json").lines()
    assert (gateway["service"], gateway["left"], queues["service"]) == ("sgw", 2, "mns")
    assert 0 < gateway["secondsLeft"] <= 3600
    cloud.run("submit", "--wait", *PATIENT, stdin=request("x-1"))
    cloud.run("submit", "--wait", *PATIENT, stdin=request("y-1"))
    assert [each["Name"] for each in cloud.groups()] == ["y-1"]
    assert re.search(r"CreateExpressSync x-\*: RoleNotExist; 1 left, ends in", cloud.run("fault", "list").out)
    cloud.run("fault", "clear")
    assert cloud.run("fault", "list", "--json").out == ""


def test_unknown_fault_names_a_similar_one(cloud: CloudShell) -> None:
    """Nothing is queued."""
    assert "did you mean InternalError?" in cloud.run("fault", "Internalerror").only_a_sentence()
    assert cloud.run("fault", "late-commit").only_a_sentence() == "late-commit takes a number: late-commit:SECONDS."
    assert cloud.run("fault", "slow:x").only_a_sentence() == "slow takes a number: slow:MILLISECONDS."
    assert "omit it" in cloud.run("fault", "reset-after:3").only_a_sentence()
    assert "takes no other argument" in cloud.run("fault", "list", "InternalError").only_a_sentence()
    assert "reset-before, reset-after" in cloud.run("fault", "wxyz").only_a_sentence()


def test_killed_function_leads_to_the_same_outcome(cloud: CloudShell) -> None:
    """The log shows the work of both processes."""
    assert "create-sent" in cloud.run("kill", "--after", "create-sent").err
    assert cloud.run("submit", "--wait", *PATIENT, stdin=request("killed")).code == 0
    logged = cloud.run("logs", "--request", "R-killed")
    assert "announced  status=succeeded" in logged.out
    assert all("R-killed" in line for line in logged.out.splitlines())
    assert {line["requestId"] for line in cloud.run("logs", "--request", "R-killed", "--json").lines()} == {"R-killed"}


@pytest.mark.parametrize("command", [("fault", "list"), ("kill",), ("logs",)], ids=lambda command: command[0])
def test_real_cloud_has_no_admin_api(command: tuple[str, ...], cloud: CloudShell) -> None:
    """The command does not call it."""
    cloud.write_profile("real", sgw={"endpoint": "https://sgw.example.invalid"})
    assert "is not local" in cloud.run(*command, "--profile", "real").only_a_sentence()
