"""`submit`, `watch` and `invoke` as people run them, through the real function on the local cloud."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.cloud import CloudOptions
from express_sync.ops.demo.local_admin import call
from handler.inbound.envelope import parse
from tests.ops.cli.cli_support import PATIENT, REQUESTS, ROOT, Shell, Stand, stand
from tests.support.patience import PATIENCE_SECONDS

MINIMAL, INVALID = str(REQUESTS / "minimal.json"), str(REQUESTS / "invalid.json")
SAMPLES = sorted((ROOT / "events" / "triggers").iterdir())
ORDERS = {
    "timer-sweep.json": {"finished": 0, "left": 0},
}
TRIGGERS = [path for path in SAMPLES if path.name not in ORDERS]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Stand]:
    """Everything, the function included."""
    with stand(tmp_path, CloudOptions()) as running:
        yield running


@pytest.fixture(scope="module")
def one_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Everything, once for all tests that leave nothing in its queues."""
    with stand(tmp_path_factory.mktemp("one"), CloudOptions()) as running:
        yield running


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Stand]:
    """No function: what is sent stays in the queue."""
    with stand(tmp_path, CloudOptions(with_function=False)) as running:
        yield running


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """No cloud at all."""
    return Shell(tmp_path, {})


def a_request(number: int) -> dict[str, Any]:
    name = f"group-{number:04d}"
    return {"requestId": f"R-{number}", "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou"}


def json_lines(count: int) -> str:
    return "".join(json.dumps(a_request(number)) + "\n" for number in range(count))


def write_profile(stand: Stand, name: str, **changes: Any) -> None:
    directory = stand.shell.directory / ".express-sync" / "profiles"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps({**stand.ready, **changes}))


def test_one_request_is_submitted_and_awaited(cloud: Stand) -> None:
    """The row shows the verdict, standard error the target and the sum."""
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


def test_five_hundred_requests_in_one_go_end_in_as_many_outcomes_and_groups(cloud: Stand) -> None:
    """Nothing is lost and nothing doubled between one pipe in and one pipe out."""
    ended = cloud.run("submit", "--wait", *PATIENT, "--json", stdin=json_lines(500))
    assert ended.code == 0, ended.err
    wanted = {f"R-{number}" for number in range(500)}
    outcomes = ended.lines()
    assert len(outcomes) == 500
    assert {each["data"]["requestId"] for each in outcomes} == wanted
    groups = cloud.groups()
    assert len(groups) == 500
    assert {each["data"]["expressSyncId"] for each in outcomes} == {each["ExpressSyncId"] for each in groups}
    assert (cloud.messages("requestQueue"), cloud.messages("resultQueue")) == (0, 0)


def test_a_request_that_does_not_succeed_ends_a_wait_with_1(cloud: Stand) -> None:
    """A script sees without reading that not all is well."""
    cloud.fault("sgw", faults=["RoleNotExist"])
    ended = cloud.run("submit", MINIMAL, "--wait", *PATIENT, "--json")
    assert ended.code == 1
    assert [each["data"]["status"] for each in ended.lines()] == ["failed"]
    assert "1 sent: 1 failed." in ended.err


def test_base64_arrives_as_the_same_request(cloud: Stand) -> None:
    """--envelope base64 changes the way, not the request."""
    ended = cloud.run("submit", MINIMAL, "--envelope", "base64", "--wait", *PATIENT, "--json")
    assert [each["subject"] for each in ended.lines()] == ["REQ-2026-001001"]


def test_several_files_are_sent_in_order_and_their_messages_named(queues: Stand) -> None:
    """An array, JSON Lines and one object: each message with its id, its request and its place."""
    paths = [str(REQUESTS / name) for name in ("many.json", "many.jsonl", "minimal.json")]
    ended = queues.run("submit", *paths, "--json")
    assert ended.code == 0
    sent = ended.lines()
    assert [each["requestId"][-4:] for each in sent] == ["2001", "2002", "2101", "2102", "2103", "1001"]
    assert [each["place"].rpartition("/")[2] for each in sent[:3]] == ["many.json[0]", "many.json[1]", "many.jsonl:1"]
    assert len({each["messageId"] for each in sent}) == queues.messages("requestQueue") == 6


def test_unless_all_are_valid_nothing_is_sent(queues: Stand) -> None:
    """Every broken rule is said with its place, and the queue stays empty."""
    ended = queues.run("submit", MINIMAL, INVALID)
    assert (ended.code, ended.out) == (1, "")
    complaints = [line for line in ended.err.splitlines() if line.startswith(f"{INVALID}: $.")]
    assert len(complaints) == 7
    assert "Nothing was sent: 1 of 2 requests is invalid." in ended.err
    assert queues.messages("requestQueue") == 0


def test_skip_invalid_sends_the_others_and_still_ends_with_1(queues: Stand) -> None:
    """What was left out is not forgotten."""
    ended = queues.run("submit", MINIMAL, INVALID, "--skip-invalid")
    assert ended.code == 1
    assert len(ended.out.splitlines()) == queues.messages("requestQueue") == 1


def test_a_wait_that_is_too_short_ends_with_3(queues: Stand) -> None:
    """Without a function there is no outcome; the messages are there all the same."""
    ended = queues.run("submit", MINIMAL, "--wait", "--timeout", "0.1")
    assert ended.code == 3
    assert "1 sent: 1 without an outcome yet." in ended.err
    assert queues.messages("requestQueue") == 1


def test_a_batch_that_fails_leaves_a_count_behind(queues: Stand) -> None:
    """It is said how much was sent, and that sending all again is safe."""
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:1", "AccessDenied"])
    ended = queues.run("submit", stdin=json_lines(20))
    assert ended.code == 2
    assert len(ended.out.splitlines()) == 16
    assert "16 of 20 requests were sent; sending all of them again is safe." in ended.err
    assert "AccessDenied" in ended.err
    assert "Traceback" not in ended.err


def test_watch_shows_each_verdict_once_and_takes_it_out(cloud: Stand) -> None:
    """A verdict that was announced twice is one; both messages leave the queue."""
    call(cloud.ready["mns"]["endpoint"], "POST", "faults", {"operation": "PublishMessage", "faults": ["error-after"]})
    cloud.run("submit", MINIMAL, "--json")
    cloud.run("submit", str(REQUESTS / "full.json"))
    ended = cloud.run("watch", "--count", "2", *PATIENT, "--json")
    assert ended.code == 0
    assert sorted(each["subject"] for each in ended.lines()) == ["REQ-2026-001001", "REQ-2026-001002"]


def test_watch_leaves_what_is_no_outcome(queues: Stand) -> None:
    """Nothing is deleted that was not shown."""
    write_profile(queues, "results-in", mns={**queues.ready["mns"], "requestQueue": queues.ready["mns"]["resultQueue"]})
    queues.run("submit", MINIMAL, "--profile", "results-in", "--yes")
    ended = queues.run("watch", "--timeout", "1", "--json")
    assert (ended.code, ended.out) == (0, "")
    assert "is not an outcome; it stays in the queue" in ended.err
    assert queues.messages("resultQueue") == 1


def test_watch_ends_with_3_when_time_runs_out_before_the_count(queues: Stand) -> None:
    """A script can tell too few from enough."""
    ended = queues.run("watch", "--count", "1", "--timeout", "0.1")
    assert ended.code == 3
    assert "Time ran out after 0 of 1 outcomes." in ended.err


def test_ctrl_c_ends_watch_with_130_and_without_a_traceback(queues: Stand) -> None:
    """Interrupting is a normal way to end it."""
    with queues.shell.start("watch") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("TIME")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("event", TRIGGERS, ids=lambda path: path.name)
def test_every_trigger_sample_goes_through_the_function(event: Path, one_cloud: Stand) -> None:
    """Each envelope shape ends in as many succeeded outcomes as it holds requests; a direct call gets its own."""
    intake = parse(event.read_bytes())
    ended = one_cloud.run("invoke", str(event), "--json")
    assert ended.code == 0
    (answer,) = ended.lines()
    watched = one_cloud.run("watch", "--count", str(len(intake.deliveries)), *PATIENT, "--json").lines()
    assert [each["data"]["status"] for each in watched] == ["succeeded"] * len(intake.deliveries)
    assert answer["result"] == (watched[0] if intake.direct else {"settled": len(watched)})


@pytest.mark.parametrize("name", ORDERS)
def test_every_sample_of_an_order_is_carried_out(name: str, one_cloud: Stand) -> None:
    """Where there is nothing to do, the answer says so in numbers."""
    ended = one_cloud.run("invoke", str(ROOT / "events" / "triggers" / name), "--json")
    assert ended.code == 0
    (answer,) = ended.lines()
    assert answer["result"] == ORDERS[name]


def test_invoke_prints_the_result_as_it_is(cloud: Stand) -> None:
    """Standard input is an event too, and the result is ready for the next pipe."""
    ended = cloud.run("invoke", "-", stdin=json.dumps(a_request(1)))
    assert ended.code == 0
    assert json.loads(ended.out)["data"]["status"] == "succeeded"


def test_a_function_error_ends_invoke_with_1(tmp_path: Path) -> None:
    """Its type and message are said; standard output stays empty."""
    broken = CloudOptions(environment={"EXPRESS_SYNC_MAX_ATTEMPTS": "none"})
    with stand(tmp_path, broken) as running:
        ended = running.run("invoke", MINIMAL)
        documented = running.run("invoke", MINIMAL, "--json")
    assert (ended.code, ended.out, documented.code) == (1, "", 1)
    assert "EXPRESS_SYNC_MAX_ATTEMPTS" in ended.err
    (answer,) = documented.lines()
    assert "EXPRESS_SYNC_MAX_ATTEMPTS" in answer["error"]["message"]


@pytest.mark.parametrize(
    "command", [("submit", MINIMAL), ("watch", "--json"), ("invoke", MINIMAL)], ids=lambda command: command[0]
)
def test_a_cloud_that_is_not_local_is_changed_only_with_leave(command: tuple[str, ...], queues: Stand) -> None:
    """Every command that changes something asks, names the profile, and has done nothing."""
    write_profile(queues, "prod")
    said = queues.run(*command, "--profile", "prod").only_a_sentence()
    assert "'prod' is not local" in said
    assert "--yes" in said
    assert queues.messages("requestQueue") == 0


def test_the_profile_comes_from_the_environment_too(queues: Stand) -> None:
    """EXPRESS_SYNC_PROFILE names it, --yes gives leave, and standard error says which cloud it is."""
    write_profile(queues, "staging")
    shell = Shell(queues.shell.directory, {"EXPRESS_SYNC_PROFILE": "staging"})
    ended = shell.run("submit", MINIMAL, "--yes")
    assert ended.code == 0
    assert "Acting on profile 'staging' (http://127.0.0.1:" in ended.err
    assert queues.messages("requestQueue") == 1


@pytest.mark.parametrize(
    "command", [("submit", MINIMAL), ("watch", "--json"), ("invoke", MINIMAL)], ids=lambda command: command[0]
)
def test_an_unreachable_service_is_one_sentence(command: tuple[str, ...], queues: Stand) -> None:
    """Refused connections end in words and exit code 2, never in a traceback."""
    nowhere = "http://127.0.0.1:1"
    fc = {**queues.ready["fc"], "endpoint": nowhere}
    write_profile(queues, "gone", mns={**queues.ready["mns"], "endpoint": nowhere}, fc=fc)
    said = queues.run(*command, "--profile", "gone", "--yes").only_a_sentence()
    assert nowhere in said


def test_wrong_keys_are_one_sentence(queues: Stand) -> None:
    """The service's refusal comes with its cure."""
    write_profile(queues, "wrong", accessKeySecret="not-the-secret")
    smq = queues.run("submit", MINIMAL, "--profile", "wrong", "--yes").only_a_sentence()
    fc = queues.run("invoke", MINIMAL, "--profile", "wrong", "--yes").only_a_sentence()
    assert "SignatureDoesNotMatch" in smq
    assert "SignatureNotMatch" in fc
    assert "not-the-secret" not in smq + fc


def test_a_queue_that_is_not_there_is_one_sentence(queues: Stand) -> None:
    """A profile with a wrong queue name is told so."""
    write_profile(queues, "other", mns={**queues.ready["mns"], "requestQueue": "no-such-queue"})
    assert "QueueNotExist" in queues.run("submit", MINIMAL, "--profile", "other", "--yes").only_a_sentence()


@pytest.mark.parametrize(
    "command", [("submit", MINIMAL, "--wait"), ("watch",), ("replay", "--wait")], ids=lambda command: command[0]
)
def test_where_there_is_no_result_queue_nobody_waits_for_outcomes(command: tuple[str, ...], queues: Stand) -> None:
    """Nothing is sent, and it is said which parameter of the template makes one."""
    write_profile(queues, "silent", mns={**queues.ready["mns"], "resultQueue": ""})
    said = queues.run(*command, "--profile", "silent", "--yes").only_a_sentence()
    assert said.startswith("There is no result queue to take outcomes from; ")
    assert "--parameter CreateResultQueue=true" in said
    assert queues.messages("requestQueue") == 0


def test_requests_go_without_a_result_queue(tmp_path: Path) -> None:
    """The local cloud runs a stack that has none."""
    with stand(tmp_path, CloudOptions(with_function=False, parameters={"CreateResultQueue": "false"})) as running:
        assert running.run("submit", MINIMAL).code == 0
        assert running.messages("requestQueue") == 1


def test_a_profile_without_a_function_cannot_invoke(queues: Stand) -> None:
    """It is said what to add."""
    profile = {key: value for key, value in queues.ready.items() if key != "fc"}
    directory = queues.shell.directory / ".express-sync" / "profiles"
    directory.mkdir(parents=True)
    (directory / "queues.json").write_text(json.dumps(profile))
    said = queues.run("invoke", MINIMAL, "--profile", "queues", "--yes").only_a_sentence()
    assert "fc.endpoint" in said


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("submit", "missing.json"), "express-sync up"),
        (("watch", "--profile", "nope"), "no profile 'nope'"),
        (("invoke", MINIMAL, "--profile", "../up"), "--profile"),
    ],
)
def test_without_a_cloud_every_command_says_what_to_do(arguments: tuple[str, ...], part: str, alone: Shell) -> None:
    """One sentence, exit code 2."""
    assert part in alone.run(*arguments).only_a_sentence()


@pytest.mark.parametrize("name", ["missing.json", "."])
@pytest.mark.parametrize("command", ["submit", "invoke"])
def test_a_file_that_is_none_is_one_sentence(command: str, name: str, queues: Stand) -> None:
    """Missing files and directories are said by name."""
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
def test_every_help_teaches_with_examples_and_lists_exit_codes(command: str, codes: list[str], alone: Shell) -> None:
    """Nobody has to read the source to use a command in a script."""
    ended = alone.run(command, "--help")
    assert ended.code == 0
    examples, _, rest = ended.out.partition("Examples:")[2].partition("Exit codes:")
    assert f"express-sync {command}" in examples
    assert [line.split()[0] for line in rest.partition("Options:")[0].splitlines() if line] == codes
    assert "--json" in ended.out
