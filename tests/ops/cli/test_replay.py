"""`replay` through the request queue and through both invocation APIs."""

import json
import signal
from operator import itemgetter
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.replay_support import bodies, failure, fill, visible
from tests.support.cli import PATIENT, CloudShell, cloud_shell
from tests.support.patience import PATIENCE_SECONDS


def counts(cloud: CloudShell) -> tuple[int, int]:
    """Return the numbers of failures and of requests."""
    return cloud.messages("failureQueue"), cloud.messages("requestQueue")


def calls(cloud: CloudShell, operation: str) -> int:
    """Return how many times this operation of SMQ was called."""
    return sum(call["operation"] == operation for call in cloud.local("GET", "mns", "calls"))


def test_replay_without_yes_only_shows_what_would_be_sent(queues: CloudShell) -> None:
    """Every message stays and is visible again."""
    fill(queues, "failureQueue", [failure(number) for number in range(20)])
    ended = queues.run("replay")
    assert ended.code == 0
    assert [line.split()[1] for line in ended.out.splitlines()[1:]] == [f"R-{number}" for number in range(20)]
    assert "20 would be replayed to the request queue. Nothing was changed; add --yes to send." in ended.err
    assert counts(queues) == (20, 0)
    assert len(visible(queues, "failureQueue", 20)) == 20


def test_replay_sends_the_request_with_its_correlation(queues: CloudShell) -> None:
    """The function reads it as the same request at generation 0."""
    fill(queues, "failureQueue", [failure(7, requester="lin.wei")])
    ended = queues.run("replay", "--yes", "--json")
    (sent,) = ended.lines()
    (event,) = bodies(queues, "requestQueue")
    assert ended.code == 0
    assert counts(queues) == (0, 1)
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/express-sync/replay",
        "type": "expresssync.provision.requested.v1",
        "datacontenttype": "application/json",
        "generation": 0,
        "replayid": sent["replayId"],
        "correlationid": "order-7",
        "data": json.loads(failure(7, requester="lin.wei"))["data"]["request"],
    }
    assert (sent["requestId"], sent["error"], bool(sent["messageId"])) == ("R-7", "AssumeRoleFail", True)


def test_terminal_errors_stay_in_the_queue_unless_forced(queues: CloudShell) -> None:
    """They are counted by code; indeterminate outcomes are not terminal."""
    unknown = failure(3, retryable=False).replace('"failed"', '"indeterminate"')
    fill(queues, "failureQueue", [failure(1, "RoleNotExist", retryable=False), failure(2)])
    fill(queues, "failureQueue", [unknown.replace("provision.failed", "provision.indeterminate")])
    ended = queues.run("replay", "--yes")
    assert ended.code == 1
    assert (
        "2 replayed to the request queue; 1 with a terminal error (1 RoleNotExist; --force replays them)." in ended.err
    )
    assert counts(queues) == (1, 2)


def test_force_replays_terminal_errors(queues: CloudShell) -> None:
    """It is meant for errors whose cause is fixed."""
    fill(queues, "failureQueue", [failure(1, "RoleNotExist", retryable=False), failure(2)])
    assert queues.run("replay", "--yes", "--force").code == 0
    assert counts(queues) == (0, 2)


def test_edit_is_sent_with_the_request(queues: CloudShell) -> None:
    """The requestId stays the same."""
    fill(queues, "failureQueue", [failure(1, "InvalidRegionId", retryable=False)])
    ended = queues.run("replay", "--set", "bucketRegion=cn-shanghai", "--set", "description=a=b", "--force", "--yes")
    assert ended.code == 0
    (event,) = bodies(queues, "requestQueue")
    changed = {"bucketRegion": "cn-shanghai", "description": "a=b"}
    assert event["data"] == {**json.loads(failure(1))["data"]["request"], **changed}


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        ("bucketRegion=China", "$.bucketRegion must be a region ID"),
        ("bucketReigon=cn-hangzhou", "$.bucketReigon is not a known property"),
        ("requestId=R-2", "$.requestId identifies the request"),
        ("bucketRegion", "--set takes PROPERTY=VALUE"),
        ("=x", "--set takes PROPERTY=VALUE"),
    ],
)
def test_invalid_edit_is_one_sentence(edit: str, part: str, queues: CloudShell) -> None:
    """Nothing is sent."""
    fill(queues, "failureQueue", [failure(1)])
    assert part in queues.run("replay", "--set", edit, "--yes").only_a_sentence()
    assert counts(queues) == (1, 0)


def test_messages_that_cannot_be_replayed_stay(queues: CloudShell) -> None:
    """They are reported, and the others are sent."""
    without = json.loads(failure(1))
    del without["data"]["request"]
    fill(queues, "failureQueue", ["not JSON", json.dumps(without), failure(2, name="1st"), failure(3)])
    ended = queues.run("replay", "--yes")
    assert ended.code == 1
    assert counts(queues) == (3, 1)
    assert "is not an outcome; it stays in its queue." in ended.err
    assert "contains no request; it stays in its queue." in ended.err
    assert ": $.name must be English letters" in ended.err
    assert "1 replayed to the request queue; 1 invalid; 2 unreadable." in ended.err


def test_replay_ends_with_1_if_no_failure_matches(queues: CloudShell) -> None:
    """An empty queue ends with 0."""
    assert queues.run("replay", "--yes").code == 0
    idle = queues.run("replay")
    assert (idle.code, idle.err.splitlines()[1:]) == (0, ["Nothing would be replayed to the request queue."])
    missed = queues.run("replay", "--code", "Nope")
    nothing = "The filter matches no failure. Nothing would be replayed to the request queue."
    assert (missed.code, missed.err.splitlines()[1:]) == (0, [nothing])
    fill(queues, "failureQueue", [failure(1)])
    ended = queues.run("replay", "--code", "Nope", "--yes")
    assert ended.code == 1
    assert "The filter matches no failure. 0 replayed to the request queue; 1 not selected." in ended.err
    assert counts(queues) == (1, 0)


def test_replay_sends_selected_failures_only(queues: CloudShell) -> None:
    """The others stay in the queue."""
    fill(queues, "failureQueue", [failure(number, requester=f"user-{number % 2}") for number in range(20)])
    assert queues.run("replay", "--requester", "user-1", "--yes").code == 0
    assert counts(queues) == (10, 10)
    assert {event["data"]["requester"] for event in bodies(queues, "requestQueue")} == {"user-1"}


def test_duplicate_failure_is_replayed_once(queues: CloudShell) -> None:
    """Topics deliver at least once; both copies are deleted."""
    fill(queues, "failureQueue", [failure(1), failure(1), failure(2)])
    ended = queues.run("replay", "--yes")
    assert (ended.code, counts(queues)) == (0, (0, 2))
    assert "2 replayed to the request queue; 1 sent already." in ended.err


@pytest.mark.parametrize("rate", ["0", "-1", "nan"])
def test_invalid_rate_is_refused(rate: str, queues: CloudShell) -> None:
    """A rate of 0 would wait forever."""
    ended = queues.run("replay", "--rate", rate)
    assert ended.code == 2
    assert "for '--rate'" in ended.err


def test_replay_keeps_the_rate(queues: CloudShell) -> None:
    """Nine requests at two per second take four seconds; two are received at once, so none is hidden for long."""
    fill(queues, "failureQueue", [failure(number) for number in range(9)])
    assert queues.run("replay", "--rate", "2", "--yes").code == 0
    queue = queues.ready["mns"]["requestQueue"]
    sent = [message["enqueueTime"] for message in queues.local("GET", "mns", f"queues/{queue}")["messages"]]
    assert sent[8] - sent[0] >= 3_900
    assert all(sent[place + 2] - sent[place] >= 900 for place in range(7))


def test_replay_waits_for_the_new_outcomes(cloud: CloudShell) -> None:
    """One command leads from failed outcomes to groups."""
    fill(cloud, "failureQueue", [failure(number) for number in range(20)])
    ended = cloud.run("replay", "--yes", "--wait", *PATIENT, "--json")
    assert ended.code == 0, ended.err
    outcomes = ended.lines()
    assert {each["subject"] for each in outcomes} == {f"R-{number}" for number in range(20)}
    assert {each["correlationid"] for each in outcomes} == {f"order-{number}" for number in range(20)}
    assert len(cloud.groups()) == 20
    assert "20 sent: 20 succeeded." in ended.err
    assert counts(cloud) == (0, 0)


def test_replay_does_not_repeat_its_own_failures(cloud: CloudShell) -> None:
    """Failures newer than the run stay; otherwise it would never end."""
    fill(cloud, "failureQueue", [failure(number) for number in range(40)])
    cloud.fault("sgw", faults=["RoleNotExist"] * 200)
    ended = cloud.run("replay", "--yes", "--wait", *PATIENT, "--force", "--rate", "40", "--json")
    assert ended.code == 1
    assert len(ended.lines()) == 40
    assert "40 sent: 40 failed." in ended.err
    assert cloud.messages("failureQueue") == 40


@pytest.mark.parametrize(
    "via", [("--via", "fc2", "--service", "express-sync"), ("--via", "fc3")], ids=lambda via: via[1]
)
def test_replay_can_invoke_the_function(via: tuple[str, ...], cloud: CloudShell) -> None:
    """Both invocation APIs work, and the request queue is not used."""
    fill(cloud, "failureQueue", [failure(number) for number in range(5)])
    ended = cloud.run("replay", *via, "--yes", "--wait", *PATIENT, "--json")
    assert ended.code == 0, ended.err
    assert {each["subject"] for each in ended.lines()} == {f"R-{number}" for number in range(5)}
    assert len(cloud.groups()) == 5
    assert counts(cloud) == (0, 0)
    assert all(each["data"]["messageId"].startswith("rp-") for each in ended.lines())


FC_PROBLEMS = [
    pytest.param(("--via", "fc2", "--service", "nope"), {}, "ServiceNotFound; check --service", id="service"),
    pytest.param(("--via", "fc2", "--service", "express-sync"), {"function": "nope"}, "FunctionNotFound", id="fc2"),
    pytest.param(("--via", "fc3"), {"function": "nope"}, "FunctionNotFound", id="fc3"),
    pytest.param(
        ("--via", "fc2", "--service", "express-sync"),
        {"endpoint": "http://127.0.0.1:1"},
        "cannot be reached",
        id="refused",
    ),
]


@pytest.mark.parametrize(("via", "changes", "part"), FC_PROBLEMS)
def test_failure_stays_if_the_function_does_not_accept(
    via: tuple[str, ...], changes: dict[str, str], part: str, cloud: CloudShell
) -> None:
    """The sentence contains no headers of the client, which would log them."""
    fill(cloud, "failureQueue", [failure(1)])
    cloud.write_profile("other", fc={**cloud.ready["fc"], **changes})
    ended = cloud.run("replay", *via, "--yes", "--profile", "other")
    assert ended.code == 2
    assert part in ended.err
    assert "authorization" not in ended.err.lower()
    assert "Traceback" not in ended.err
    assert cloud.messages("failureQueue") == 1
    visible(cloud, "failureQueue", 1)


def test_rejected_keys_of_the_function_are_not_printed(cloud: CloudShell) -> None:
    """The FC 2.0 client logs its signed headers."""
    source = cloud.shell.directory / "failures.jsonl"
    source.write_text(failure(1))
    cloud.write_profile("wrong", accessKeySecret="not-the-secret")
    arguments = ("replay", "--from", str(source), "--via", "fc2", "--service", "express-sync", "--yes")
    ended = cloud.run(*arguments, "--profile", "wrong")
    assert (ended.code, "SignatureNotMatch" in ended.err) == (2, True)
    assert cloud.ready["accessKeyId"] not in ended.err


@pytest.mark.parametrize(
    "options", [("--via", "fc2"), ("--service", "express-sync"), ("--via", "fc3", "--service", "x")], ids=" ".join
)
def test_service_option_requires_fc2(options: tuple[str, ...], queues: CloudShell) -> None:
    """The sentence names both options."""
    assert "belong together" in queues.run("replay", *options).only_a_sentence()


def test_replay_needs_a_function_in_the_profile(queues: CloudShell) -> None:
    """The sentence says what to add."""
    queues.write_profile("queues", fc=None)
    assert "fc.endpoint" in queues.run("replay", "--via", "fc3", "--profile", "queues").only_a_sentence()


def test_file_of_outcomes_is_replayed(queues: CloudShell) -> None:
    """Successes are skipped, and a repeated line is replayed once."""
    success = failure(3).replace('"failed"', '"succeeded"').replace("provision.failed", "provision.succeeded")
    ended = queues.run("replay", "--from", "-", "--yes", stdin="\n".join([failure(1), failure(2), success, failure(1)]))
    assert ended.code == 0
    assert "2 replayed to the request queue; 1 sent already; 1 not a failure." in ended.err
    assert counts(queues) == (0, 2)


def test_output_of_list_can_be_replayed(queues: CloudShell) -> None:
    """The messages are the same as those of a replay from the queue, in any order."""
    fill(queues, "failureQueue", [failure(number) for number in range(3)])
    listed = queues.run("failures", "list", "--json").out
    queues.run("replay", "--from", "-", "--yes", stdin=listed)
    from_file = bodies(queues, "requestQueue")
    queues.run("replay", "--yes")
    from_queue = bodies(queues, "requestQueue")[len(from_file) :]
    assert sorted(from_queue, key=itemgetter("id")) == sorted(from_file, key=itemgetter("id"))


@pytest.mark.parametrize(
    ("text", "part"),
    [("", "would be replayed to"), ("nonsense", "is not JSON"), ('{"a": 1}', "is not an outcome")],
    ids=["empty", "text", "other"],
)
def test_file_without_failures_is_reported(text: str, part: str, queues: CloudShell) -> None:
    """Nothing is sent."""
    ended = queues.run("replay", "--from", "-", stdin=text)
    assert part in ended.err
    assert "Traceback" not in ended.err
    assert counts(queues) == (0, 0)


def test_dead_letters_are_replayed_from_any_envelope(queues: CloudShell) -> None:
    """A dead letter without a valid request stays."""
    request = {number: json.loads(failure(number))["data"]["request"] for number in range(4)}
    event = {"specversion": "1.0", "id": "x", "data": {"messageId": "M-1", "messageBody": json.dumps(request[1])}}
    own = {"specversion": "1.0", "id": "e-2", "source": "/portal", "correlationid": "order-2", "data": request[2]}
    fill(queues, "deadLetterQueue", [json.dumps(request[0]), json.dumps(event), json.dumps(own), "garbage", "{}"])
    ended = queues.run("replay", "--from", "dead-letters", "--yes")
    assert ended.code == 1
    assert "3 replayed to the request queue; 1 invalid; 1 unreadable." in ended.err
    assert queues.messages("deadLetterQueue") == 2
    sent = bodies(queues, "requestQueue")
    assert [each["data"] for each in sent] == [request[0], request[1], request[2]]
    assert sent[2]["correlationid"] == "order-2"


def test_dead_letter_stays_until_all_its_requests_are_sent(queues: CloudShell) -> None:
    """A batch with one request that is not selected stays in the queue."""
    letters = [
        [
            {"messageId": f"M-{number}", "messageBody": json.dumps(json.loads(failure(number))["data"]["request"])}
            for number in batch
        ]
        for batch in ([1, 2], [3, 4])
    ]
    fill(queues, "deadLetterQueue", [json.dumps(letter) for letter in letters])
    ended = queues.run("replay", "--from", "dead-letters", "--name", "group-000[123]", "--yes")
    assert ended.code == 0
    assert [event["data"]["requestId"] for event in bodies(queues, "requestQueue")] == ["R-1", "R-2", "R-3"]
    assert queues.messages("deadLetterQueue") == 1


def test_dead_letter_of_a_broken_function_becomes_a_group(tmp_path: Path) -> None:
    """The function of the first cloud fails; the second one works."""
    broken = CloudOptions(environment={"EXPRESS_SYNC_MAX_ATTEMPTS": "none"}, clock_factor=0.0)
    request = json.dumps(json.loads(failure(1))["data"]["request"])
    with cloud_shell(tmp_path, broken) as running:
        running.run("submit", stdin=request)
        (letter,) = visible(running, "deadLetterQueue", 1)
        assert letter
        (body,) = bodies(running, "deadLetterQueue")
    with cloud_shell(tmp_path, CloudOptions(parameters={"SweepDeadLetters": "false"})) as running:
        fill(running, "deadLetterQueue", [json.dumps(body)])
        ended = running.run("replay", "--from", "dead-letters", "--yes", "--wait", *PATIENT)
        assert (ended.code, len(running.groups())) == (0, 1), ended.err


def test_remote_failures_are_replayed_only_with_yes(queues: CloudShell) -> None:
    """Without --yes they are only shown."""
    fill(queues, "failureQueue", [failure(1)])
    queues.write_profile("prod")
    assert queues.run("replay", "--profile", "prod").code == 0
    assert counts(queues) == (1, 0)
    visible(queues, "failureQueue", 1)


def test_missing_queue_is_one_sentence(queues: CloudShell) -> None:
    """No progress is reported, as nothing was sent."""
    queues.write_profile("other", mns={**queues.ready["mns"], "failureQueue": "no-such-queue"})
    assert "QueueNotExist" in queues.run("replay", "--yes", "--profile", "other").only_a_sentence()


def test_refused_send_keeps_the_failures(queues: CloudShell) -> None:
    """The next run sends the same messages again."""
    fill(queues, "failureQueue", [failure(number) for number in range(20)])
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:1", "AccessDenied"])
    first = queues.run("replay", "--yes")
    assert first.code == 2
    assert "So far: 16 replayed to the request queue. Run the same command to continue." in first.err
    assert queues.messages("failureQueue") == 4
    visible_again = queues.run("replay", "--yes", "--wait", "--timeout", "0.1")
    assert visible_again.code == 3
    sent = bodies(queues, "requestQueue")
    assert queues.messages("failureQueue") == 0
    assert len({event["replayid"] for event in sent}) == 20
    assert len({event["id"] for event in sent}) == 20


@pytest.mark.parametrize("fault", ["InternalError", "reset-before", "reset-after", "error-after"])
def test_unconfirmed_send_is_repeated_with_the_same_ids(fault: str, queues: CloudShell) -> None:
    """After some of these faults the messages were accepted, and are in the queue twice."""
    fill(queues, "failureQueue", [failure(number) for number in range(20)])
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:1", fault])
    assert queues.run("replay", "--yes").code == 0
    sent = bodies(queues, "requestQueue")
    assert queues.messages("failureQueue") == 0
    assert len({event["replayid"] for event in sent}) == 20
    assert len({event["id"] for event in sent}) == 20


def test_failed_delete_loses_nothing(queues: CloudShell) -> None:
    """The next run sends the same messages again, with the same ids."""
    fill(queues, "failureQueue", [failure(number) for number in range(3)])
    queues.fault("mns", operation="BatchDeleteMessage", faults=["AccessDenied"])
    assert queues.run("replay", "--yes").code == 2
    assert counts(queues) == (3, 3)


def test_interrupt_between_requests_ends_replay_with_130(queues: CloudShell) -> None:
    """A slow replay can be interrupted at any time."""
    fill(queues, "failureQueue", [failure(number) for number in range(3)])
    with queues.shell.start("replay", "--rate", "0.01", "--yes", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["requestId"] == "R-0"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "So far: 1 replayed to the request queue." in err
    assert "Traceback" not in err
    assert counts(queues) == (2, 1)
    assert calls(queues, "BatchSendMessage") == 2
