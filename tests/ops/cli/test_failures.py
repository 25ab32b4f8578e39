"""`failures list` and `failures show`: all failures are shown, and all stay in their queue."""

import json
import re
import signal
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import (
    FAILED,
    SignalAt,
    bodies,
    failure,
    fill,
    run_with_signal,
    smq_proxy,
    visible,
    with_quick_failures,
)
from tests.support.checkout import REQUESTS
from tests.support.cli import MINIMAL, PATIENT, CloudShell, Shell, cloud_shell
from tests.support.patience import PATIENCE_SECONDS

LIST, SHOW = ("failures", "list"), ("failures", "show")


def test_failed_request_is_listed_and_explained(tmp_path: Path) -> None:
    """The hint of the function's own outcome is shown."""
    with cloud_shell(tmp_path, CloudOptions()) as cloud:
        cloud.fault("sgw", faults=["RoleNotExist"])
        cloud.run("submit", MINIMAL, "--wait", *PATIENT)
        listed = cloud.run(*LIST)
        shown = cloud.run(*SHOW, "REQ-2026-001001")
        assert cloud.messages("failureQueue") == 1
    heading, row = listed.out.splitlines()
    assert (listed.code, shown.code) == (0, 0)
    assert heading.split() == ["TIME", "STATUS", "REQUEST", "GROUP", "REQUESTER", "ERROR"]
    assert row.split()[1:3] == ["failed", "REQ-2026-001001"]
    assert row.endswith("RoleNotExist")
    assert "1 failure: 1 RoleNotExist." in listed.err
    assert "What to do  Authorize Cloud Storage Gateway once in its console" in shown.out
    assert re.search(r"data\.error\.httpStatus +404", shown.out)
    assert re.search(r"data\.request\.bucketName +\S", shown.out)


def test_list_shows_each_of_40_failures_once(queues: CloudShell) -> None:
    """These are more than a peek shows; all are visible again a second later."""
    fill(queues, "failureQueue", [failure(number) for number in range(40)])
    ended = queues.run(*LIST, "--json")
    assert ended.code == 0
    assert sorted(int(each["subject"][2:]) for each in ended.lines()) == list(range(40))
    assert len(visible(queues, "failureQueue", 40)) == 40


def test_list_shows_redelivered_messages_once(queues: CloudShell) -> None:
    """With a visibility timeout of one second, messages return while the last ones are read."""
    with_quick_failures(queues, seconds=1)
    fill(queues, "failureQueue", [failure(number) for number in range(40)])
    queues.fault("mns", operation="BatchReceiveMessage", faults=["slow:1", "slow:1200", "slow:1200"])
    queues.write_profile("quick")
    ended = queues.run(*LIST, "--json", "--profile", "quick")
    assert sorted(int(each["subject"][2:]) for each in ended.lines()) == list(range(40))
    assert len(visible(queues, "failureQueue", 40)) == 40


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "step", [("receive", 1), ("receive", 2), ("give-back", 3)], ids=lambda step: "{} {}".format(*step)
)
def test_interrupted_list_returns_all_messages(step: tuple[str, int], is_after: bool, queues: CloudShell) -> None:
    """Ctrl-C ends it with 130, and no message stays hidden."""
    fill(queues, "failureQueue", [failure(number) for number in range(40)])
    with smq_proxy(queues) as through:
        ended = run_with_signal(queues, through, SignalAt(step[0], is_after, step[1], signal.SIGINT), *LIST)
    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert len(visible(queues, "failureQueue", 40)) == 40


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [("receive", 2), ("give-back", 3)], ids=lambda step: "{} {}".format(*step))
def test_killed_list_loses_no_message(step: tuple[str, int], is_after: bool, queues: CloudShell) -> None:
    """All messages return after their visibility timeout."""
    with_quick_failures(queues)
    fill(queues, "failureQueue", [failure(number) for number in range(40)])
    with smq_proxy(queues) as through:
        ended = run_with_signal(queues, through, SignalAt(step[0], is_after, step[1]), *LIST)
    assert ended.code == -signal.SIGKILL
    assert len(visible(queues, "failureQueue", 40)) == 40


FILTERS = [
    pytest.param(["--code", "Throttling"], [1, 3], id="code"),
    pytest.param(["--code", "Throttling", "--code", "RoleNotExist"], [1, 2, 3], id="codes"),
    pytest.param(["--requester", "lin.wei"], [3], id="requester"),
    pytest.param(["--name", "group-000[12]"], [1, 2], id="name"),
    pytest.param(["--status", "indeterminate"], [4], id="status"),
    pytest.param(["--older-than", "1h"], [0], id="older"),
    pytest.param(["--newer-than", "1h", "--code", "AssumeRoleFail"], [4, 5], id="newer and code"),
]


@pytest.mark.parametrize(("options", "wanted"), FILTERS)
def test_list_shows_failures_that_match_all_filters(options: list[str], wanted: list[int], queues: CloudShell) -> None:
    """Several values of one filter are alternatives."""
    future = "2099-01-01T00:00:00.000Z"
    events = [
        failure(0),
        failure(1, "Throttling"),
        failure(2, "RoleNotExist", retryable=False),
        failure(3, "Throttling", requester="lin.wei"),
        failure(4).replace('"failed"', '"indeterminate"').replace("provision.failed", "provision.indeterminate"),
        failure(5),
    ]
    old = FAILED["time"]
    fill(queues, "failureQueue", [events[0].replace(old, "2001-01-01T00:00:00.000Z")])
    fill(queues, "failureQueue", [event.replace(old, future) for event in events[1:]])
    ended = queues.run(*LIST, "--json", *options)
    assert ended.code == 0, ended.err
    assert sorted(int(each["subject"][2:]) for each in ended.lines()) == wanted


def test_list_ends_with_1_if_no_failure_matches(queues: CloudShell) -> None:
    """A queue without failures ends with 0."""
    assert "No failures in the failure queue." in queues.run(*LIST, "--code", "Nope").err
    fill(queues, "failureQueue", [failure(0)])
    ended = queues.run(*LIST, "--code", "Nope")
    assert (ended.code, ended.out) == (1, "")
    assert "The filter matches none of 1 failure in the failure queue" in ended.err


def test_unreadable_messages_are_reported_and_stay(queues: CloudShell) -> None:
    """They do not hide other messages."""
    without = json.loads(failure(1))
    del without["data"]["request"]
    fill(queues, "failureQueue", ["not JSON", json.dumps(without), failure(2)])
    ended = queues.run(*LIST)
    assert ended.code == 1
    assert len(ended.out.splitlines()) == 2
    assert "1 failure: 1 AssumeRoleFail; 2 unreadable." in ended.err
    assert re.search(r"Message \w+ is not an outcome; it stays in its queue\.", ended.err)
    assert re.search(r"Message \w+ contains no request; it stays in its queue\.", ended.err)
    assert queues.messages("failureQueue") == 3


def test_failures_in_a_file_need_no_cloud(tmp_path: Path) -> None:
    """Messages that are not failures are reported; unreadable ones end with 1, as for `replay`."""
    source = tmp_path / "failures.jsonl"
    source.write_text(failure(1) + "\n" + failure(2).replace(FAILED["time"], "0001-01-01T00:00:00Z"))
    shell = Shell(tmp_path, {})
    listed = shell.run(*LIST, "--from", str(source))
    assert (listed.code, listed.err) == (0, "2 failures: 2 AssumeRoleFail.\n")
    assert [len(row.split()[0]) for row in listed.out.splitlines()[1:]] == [len("0001-01-01T00:00:00Z")] * 2
    assert shell.run(*SHOW, "R-1", "--from", str(source)).code == 0
    full, succeeded = str(REQUESTS / "full.json"), str(REQUESTS.parent / "outcomes" / "succeeded.json")
    request = shell.run(*LIST, "--from", full)
    assert (request.code, request.out) == (1, "")
    assert request.err.splitlines() == [f"{full} is not an outcome.", f"No failures in {full}; 1 unreadable."]
    outcome = shell.run(*LIST, "--from", succeeded)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.splitlines()[0] == f"{succeeded} contains a succeeded outcome."


def test_dead_letters_are_listed_and_shown(queues: CloudShell) -> None:
    """A bare request and one in a trigger's envelope are readable; neither has a verdict."""
    wanted = json.loads(failure(7))["data"]["request"]
    other = json.loads(failure(8))["data"]["request"]
    enveloped = {"specversion": "1.0", "id": "x", "data": {"messageId": "M-8", "messageBody": json.dumps(other)}}
    fill(queues, "deadLetterQueue", [json.dumps(wanted), json.dumps([enveloped])])
    listed = queues.run(*LIST, "--from", "dead-letters", "--json")
    shown = queues.run(*SHOW, "R-8", "--from", "dead-letters")
    assert [(each["status"], each["request"]) for each in listed.lines()] == [
        ("undecided", wanted),
        ("undecided", other),
    ]
    assert "This message could not be processed" in shown.out
    assert shown.out.startswith("R-8: undecided\n")


def test_unknown_request_cannot_be_shown(queues: CloudShell) -> None:
    """It is one sentence and exit code 1."""
    fill(queues, "failureQueue", [failure(1)])
    ended = queues.run(*SHOW, "R-2")
    assert (ended.code, ended.out) == (1, "")
    assert "No matching failure of 'R-2' was found in the failure queue." in ended.err


def test_show_prints_the_complete_event_as_json(queues: CloudShell) -> None:
    """No attribute is left out."""
    fill(queues, "failureQueue", [failure(1), failure(2)])
    assert queues.run(*SHOW, "R-2", "--json").lines() == [json.loads(failure(2))] == bodies(queues, "failureQueue")[1:]


def test_remote_failures_are_listed_without_confirmation(queues: CloudShell) -> None:
    """Nothing is changed, so --yes is neither required nor accepted."""
    fill(queues, "failureQueue", [failure(1)])
    queues.write_profile("prod")
    assert queues.run(*LIST, "--profile", "prod").code == 0
    assert queues.run(*LIST, "--profile", "prod", "--yes").code == 2


def test_missing_failure_queue_is_one_sentence(queues: CloudShell) -> None:
    """A queue that the profile does not name is told from one that does not exist."""
    names = {key: name for key, name in queues.ready["mns"].items() if key != "failureQueue"}
    queues.write_profile("old", mns=names)
    queues.write_profile("wrong", mns={**names, "failureQueue": "no-such-queue"})
    assert "mns.failureQueue" in queues.run(*LIST, "--profile", "old").only_a_sentence()
    assert "QueueNotExist" in queues.run(*LIST, "--profile", "wrong").only_a_sentence()


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"accessKeySecret": "wrong"}, "SignatureDoesNotMatch"), ({"securityToken": "expired"}, "AccessDenied")],
    ids=["secret", "token"],
)
def test_rejected_keys_are_one_sentence(changes: dict[str, str], code: str, queues: CloudShell) -> None:
    """It contains the error code and advice, but not the key."""
    queues.write_profile("bad", **changes)
    said = queues.run(*LIST, "--profile", "bad").only_a_sentence()
    assert code in said
    assert changes.popitem()[1] not in said.replace("wrong key", "")


def test_closed_output_returns_all_messages(queues: CloudShell) -> None:
    """`failures list | head` ends without a traceback."""
    fill(queues, "failureQueue", [failure(number) for number in range(40)])
    with queues.shell.start(*LIST, "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(PATIENCE_SECONDS)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert len(visible(queues, "failureQueue", 40)) == 40
