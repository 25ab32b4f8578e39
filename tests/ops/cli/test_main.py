"""`submit`, `watch` and `invoke` with the real function on the local cloud."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.cloud import CloudOptions
from handler.inbound.envelope import parse
from tests.support.checkout import EVENTS, REQUESTS
from tests.support.cli import MINIMAL, PATIENT, CloudShell, Shell, cloud_shell
from tests.support.patience import PATIENCE_SECONDS, wait_for

INVALID = str(REQUESTS / "invalid.json")
SAMPLES = sorted((EVENTS / "triggers").iterdir())
COMMAND_RESULTS = {
    "timer-sweep.json": {"finished": 0, "left": 0},
}
TRIGGERS = [path for path in SAMPLES if path.name not in COMMAND_RESULTS]


REMOTE = {name: {"endpoint": f"https://{name}.example.invalid"} for name in ("sgw",)}


def a_request(number: int) -> dict[str, Any]:
    name = f"group-{number:04d}"
    return {"requestId": f"R-{number}", "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou"}


def json_lines(count: int) -> str:
    return "".join(json.dumps(a_request(number)) + "\n" for number in range(count))


def test_submit_waits_for_the_outcome(cloud: CloudShell) -> None:
    """Standard error shows the target and the counts."""
    ended = cloud.run("submit", MINIMAL, "--wait", *PATIENT)
    assert ended.code == 0
    (group,) = cloud.groups()
    heading, row = ended.out.splitlines()
    assert heading.split()[:3] == ["TIME", "STATUS", "REQUEST"]
    assert row.split()[1:3] == ["succeeded", "REQ-2026-001001"]
    assert row.endswith(group["ExpressSyncId"])
    acting, total = ended.err.splitlines()
    assert acting.startswith("Acting on the local cloud (process ")
    assert total == "1 sent: 1 succeeded."


def test_submit_of_500_requests_creates_500_groups(cloud: CloudShell) -> None:
    """No outcome is lost or doubled."""
    ended = cloud.run("submit", "--wait", *PATIENT, "--json", stdin=json_lines(500))
    assert ended.code == 0, ended.err
    wanted = {f"R-{number}" for number in range(500)}
    outcomes = ended.lines()
    assert len(outcomes) == 500
    assert {each["data"]["requestId"] for each in outcomes} == wanted
    groups = cloud.groups()
    assert len(groups) == 500
    assert {each["data"]["expressSyncId"] for each in outcomes} == {each["ExpressSyncId"] for each in groups}
    assert (cloud.messages("requestQueue"), cloud.messages("resultQueue")) == (0, 500)


def test_submit_ends_with_1_if_a_request_fails(cloud: CloudShell) -> None:
    """A script need not read the output."""
    cloud.fault("sgw", faults=["RoleNotExist"])
    ended = cloud.run("submit", MINIMAL, "--wait", *PATIENT, "--json")
    assert ended.code == 1
    assert [each["data"]["status"] for each in ended.lines()] == ["failed"]
    assert "1 sent: 1 failed." in ended.err


def test_base64_body_arrives_as_the_same_request(cloud: CloudShell) -> None:
    """The encoding does not change the request."""
    ended = cloud.run("submit", MINIMAL, "--envelope", "base64", "--wait", *PATIENT, "--json")
    assert [each["subject"] for each in ended.lines()] == ["REQ-2026-001001"]


def test_submit_sends_several_files_in_order(queues: CloudShell) -> None:
    """Each message is reported with its id, its request and its place."""
    paths = [str(REQUESTS / name) for name in ("many.json", "many.jsonl", "minimal.json")]
    ended = queues.run("submit", *paths, "--json")
    assert ended.code == 0
    sent = ended.lines()
    assert [each["requestId"][-4:] for each in sent] == ["2001", "2002", "2101", "2102", "2103", "1001"]
    assert [each["place"].rpartition("/")[2] for each in sent[:3]] == ["many.json[0]", "many.json[1]", "many.jsonl:1"]
    assert len({each["messageId"] for each in sent}) == queues.messages("requestQueue") == 6


def test_submit_sends_nothing_unless_all_are_valid(queues: CloudShell) -> None:
    """Every violation is reported with its place."""
    ended = queues.run("submit", MINIMAL, INVALID)
    assert (ended.code, ended.out) == (1, "")
    complaints = [line for line in ended.err.splitlines() if line.startswith(f"{INVALID}: $.")]
    assert len(complaints) == 7
    assert "Nothing was sent: 1 of 2 requests is invalid." in ended.err
    assert queues.messages("requestQueue") == 0


def test_skip_invalid_sends_the_valid_requests(queues: CloudShell) -> None:
    """The exit code is still 1."""
    ended = queues.run("submit", MINIMAL, INVALID, "--skip-invalid")
    assert ended.code == 1
    assert len(ended.out.splitlines()) == queues.messages("requestQueue") == 1


def test_submit_ends_with_3_if_the_time_runs_out(queues: CloudShell) -> None:
    """Without a function no outcome arrives, but the message was sent."""
    ended = queues.run("submit", MINIMAL, "--wait", "--timeout", "0.1")
    assert ended.code == 3
    assert "1 sent: 1 without an outcome yet." in ended.err
    assert queues.messages("requestQueue") == 1


def test_submit_counts_what_was_sent_before_an_error(queues: CloudShell) -> None:
    """Sending all requests again is safe."""
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:1", "AccessDenied"])
    ended = queues.run("submit", stdin=json_lines(20))
    assert ended.code == 2
    assert len(ended.out.splitlines()) == 16
    assert "16 of 20 requests were sent; sending all of them again is safe." in ended.err
    assert "AccessDenied" in ended.err
    assert "Traceback" not in ended.err


def test_watch_shows_each_waiting_outcome_once(cloud: CloudShell) -> None:
    """An outcome that was published twice is shown once; the messages stay for other readers."""
    cloud.fault("mns", operation="PublishMessage", faults=["error-after"])
    cloud.run("submit", MINIMAL, "--json")
    cloud.run("submit", str(REQUESTS / "full.json"))
    ended = cloud.run("watch", "--count", "2", *PATIENT, "--json")
    assert ended.code == 0
    assert sorted(each["subject"] for each in ended.lines()) == ["REQ-2026-001001", "REQ-2026-001002"]
    wait_for(lambda: cloud.messages("resultQueue") == 3)


def test_watch_ignores_messages_that_are_not_outcomes(queues: CloudShell) -> None:
    """They stay in the result queue."""
    queues.write_profile("results-in", mns={**queues.ready["mns"], "requestQueue": queues.ready["mns"]["resultQueue"]})
    queues.run("submit", MINIMAL, "--profile", "results-in")
    ended = queues.run("watch", "--timeout", "1", "--json")
    assert (ended.code, ended.out) == (0, "")
    assert queues.messages("resultQueue") == 1


def test_watch_ends_with_3_before_the_count_is_reached(queues: CloudShell) -> None:
    """A script can tell too few outcomes from enough."""
    ended = queues.run("watch", "--count", "1", "--timeout", "0.1")
    assert ended.code == 3
    assert "Time ran out after 0 of 1 outcomes." in ended.err


def test_ctrl_c_ends_watch_with_130(queues: CloudShell) -> None:
    """No traceback is printed."""
    with queues.shell.start("watch") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("TIME")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("event", TRIGGERS, ids=lambda path: path.name)
def test_invoke_accepts_every_trigger_sample(event: Path, shared_cloud: CloudShell) -> None:
    """Each request in it succeeds; a direct invocation returns the outcome."""
    intake = parse(event.read_bytes())
    before = len(shared_cloud.bodies("resultQueue"))
    ended = shared_cloud.run("invoke", str(event), "--json")
    assert ended.code == 0
    (answer,) = ended.lines()
    published = shared_cloud.bodies("resultQueue")[before:]
    assert [each["data"]["status"] for each in published] == ["succeeded"] * len(intake.deliveries)
    assert answer["result"] == (published[0] if intake.direct else {"settled": len(published)})


@pytest.mark.parametrize("name", COMMAND_RESULTS)
def test_invoke_runs_every_sample_of_a_command(name: str, shared_cloud: CloudShell) -> None:
    """The result contains counts, also for an empty queue."""
    ended = shared_cloud.run("invoke", str(EVENTS / "triggers" / name), "--json")
    assert ended.code == 0
    (answer,) = ended.lines()
    assert answer["result"] == COMMAND_RESULTS[name]


def test_invoke_prints_the_result_unchanged(cloud: CloudShell) -> None:
    """The event may come from standard input."""
    ended = cloud.run("invoke", "-", stdin=json.dumps(a_request(1)))
    assert ended.code == 0
    assert json.loads(ended.out)["data"]["status"] == "succeeded"


def test_function_error_ends_invoke_with_1(tmp_path: Path) -> None:
    """Its type and message are printed; standard output stays empty."""
    broken = CloudOptions(environment={"EXPRESS_SYNC_MAX_ATTEMPTS": "none"})
    with cloud_shell(tmp_path, broken) as running:
        ended = running.run("invoke", MINIMAL)
        documented = running.run("invoke", MINIMAL, "--json")
    assert (ended.code, ended.out, documented.code) == (1, "", 1)
    assert "EXPRESS_SYNC_MAX_ATTEMPTS" in ended.err
    (answer,) = documented.lines()
    assert "EXPRESS_SYNC_MAX_ATTEMPTS" in answer["error"]["message"]


@pytest.mark.parametrize(
    "command", [("submit", MINIMAL), ("watch", "--json"), ("invoke", MINIMAL)], ids=lambda command: command[0]
)
def test_remote_cloud_is_changed_only_with_confirmation(command: tuple[str, ...], queues: CloudShell) -> None:
    """Without --yes the command names the profile and does nothing."""
    queues.write_profile("prod", **REMOTE)
    said = queues.run(*command, "--profile", "prod").only_a_sentence()
    assert "'prod' is not local" in said
    assert "--yes" in said
    assert queues.messages("requestQueue") == 0


def test_profile_can_come_from_the_environment(queues: CloudShell) -> None:
    """Standard error shows which cloud it is."""
    queues.write_profile("staging")
    shell = Shell(queues.shell.directory, {"EXPRESS_SYNC_PROFILE": "staging"})
    ended = shell.run("submit", MINIMAL, "--yes")
    assert ended.code == 0
    assert "Acting on profile 'staging' (http://127.0.0.1:" in ended.err
    assert queues.messages("requestQueue") == 1


@pytest.mark.parametrize(
    "command", [("submit", MINIMAL), ("watch", "--json"), ("invoke", MINIMAL)], ids=lambda command: command[0]
)
def test_unreachable_service_is_one_sentence(command: tuple[str, ...], queues: CloudShell) -> None:
    """The exit code is 2, and no traceback is printed."""
    nowhere = "http://127.0.0.1:1"
    fc = {**queues.ready["fc"], "endpoint": nowhere}
    queues.write_profile("gone", mns={**queues.ready["mns"], "endpoint": nowhere}, fc=fc)
    said = queues.run(*command, "--profile", "gone").only_a_sentence()
    assert nowhere in said


def test_wrong_keys_are_one_sentence(queues: CloudShell) -> None:
    """It contains the error of the service and advice."""
    queues.write_profile("wrong", accessKeySecret="not-the-secret")
    smq = queues.run("submit", MINIMAL, "--profile", "wrong", "--yes").only_a_sentence()
    fc = queues.run("invoke", MINIMAL, "--profile", "wrong", "--yes").only_a_sentence()
    assert "SignatureDoesNotMatch" in smq
    assert "SignatureNotMatch" in fc
    assert "not-the-secret" not in smq + fc


def test_missing_request_queue_is_one_sentence(queues: CloudShell) -> None:
    """The name in the profile is wrong."""
    queues.write_profile("other", mns={**queues.ready["mns"], "requestQueue": "no-such-queue"})
    assert "QueueNotExist" in queues.run("submit", MINIMAL, "--profile", "other", "--yes").only_a_sentence()


@pytest.mark.parametrize(
    "command",
    [("submit", MINIMAL, "--wait"), ("watch",), ("replay", "--yes", "--wait")],
    ids=lambda command: command[0],
)
def test_waiting_needs_a_topic_or_a_result_queue(command: tuple[str, ...], queues: CloudShell) -> None:
    """Nothing is sent; the sentence names the parameter that creates the queue."""
    mns = {name: queues.ready["mns"][name] for name in ("endpoint", "requestQueue", "failureQueue")}
    queues.write_profile("silent", mns=mns)
    said = queues.run(*command, "--profile", "silent").only_a_sentence()
    assert said.startswith("No result queue is configured; ")
    assert "--parameter CreateResultQueue=true" in said
    assert queues.messages("requestQueue") == 0


def test_submit_works_without_a_result_queue(tmp_path: Path) -> None:
    """The local cloud can run a stack without it."""
    with cloud_shell(tmp_path, CloudOptions(with_function=False, parameters={"CreateResultQueue": "false"})) as running:
        assert running.run("submit", MINIMAL).code == 0
        assert running.messages("requestQueue") == 1


def test_invoke_needs_a_function_in_the_profile(queues: CloudShell) -> None:
    """The sentence says what to add."""
    queues.write_profile("queues", fc=None)
    said = queues.run("invoke", MINIMAL, "--profile", "queues", "--yes").only_a_sentence()
    assert "fc.endpoint" in said


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("submit", "missing.json"), "express-sync up"),
        (("watch", "--profile", "nope"), "Profile 'nope' does not exist"),
        (("invoke", MINIMAL, "--profile", "../up"), "--profile"),
    ],
)
def test_command_without_a_cloud_says_what_to_do(arguments: tuple[str, ...], part: str, shell: Shell) -> None:
    """It is one sentence and exit code 2."""
    assert part in shell.run(*arguments).only_a_sentence()


@pytest.mark.parametrize("name", ["missing.json", "."])
@pytest.mark.parametrize("command", ["submit", "invoke"])
def test_path_that_is_not_a_file_is_one_sentence(command: str, name: str, queues: CloudShell) -> None:
    """Missing files and directories are named."""
    assert queues.run(command, name).only_a_sentence().startswith(f"{name} ")


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("up", ["0", "2", "130"]),
        ("demo", ["0", "1", "2", "3", "130"]),
        ("failures", ["0", "1", "2", "130"]),
        ("submit", ["0", "1", "2", "3", "130"]),
        ("watch", ["0", "2", "3", "130"]),
        ("invoke", ["0", "1", "2", "130"]),
        ("deploy", ["0", "1", "2", "3", "130"]),
        ("status", ["0", "1", "2"]),
        ("destroy", ["0", "2", "3", "130"]),
    ],
)
def test_help_has_examples_and_exit_codes(command: str, codes: list[str], shell: Shell) -> None:
    """A command can be used in scripts without reading the source."""
    ended = shell.run(command, "--help")
    assert ended.code == 0
    examples, _, rest = ended.out.partition("Examples:")[2].partition("Exit codes:")
    assert f"express-sync {command}" in examples
    assert [line.split()[0] for line in rest.partition("Options:")[0].splitlines() if line] == codes
    assert "--json" in ended.out
