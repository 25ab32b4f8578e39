"""`replay` as people run it: shown first, then done, through the queue and through both invocation APIs."""

import json
import signal
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.cli_support import PATIENT, Stand, stand
from tests.ops.cli.replay_support import bodies, failure, fill, visible, write_profile
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Stand]:
    """Everything, the function included."""
    with stand(tmp_path, CloudOptions()) as running:
        yield running


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[Stand]:
    """No function: what is sent stays in its queue."""
    with stand(tmp_path, CloudOptions(with_function=False)) as running:
        yield running


def counts(stand: Stand) -> tuple[int, int]:
    """How many failures and how many requests there are."""
    return stand.messages("failureQueue"), stand.messages("requestQueue")


def calls(stand: Stand, operation: str) -> int:
    """How often SMQ was asked for this."""
    return sum(call["operation"] == operation for call in stand.local("GET", "mns", "calls"))


def test_without_yes_it_is_only_shown(queues: Stand) -> None:
    """The rows and the sum say what would be done; every message stays and is visible again."""
    fill(queues, "failureQueue", [failure(number) for number in range(20)])
    ended = queues.run("replay")
    assert ended.code == 0
    assert [line.split()[1] for line in ended.out.splitlines()[1:]] == [f"R-{number}" for number in range(20)]
    assert "20 would be replayed to the request queue. Nothing was changed; add --yes to send." in ended.err
    assert counts(queues) == (20, 0)
    assert len(visible(queues, "failureQueue", 20)) == 20


def test_a_replay_is_the_request_with_its_identity_and_correlation(queues: Stand) -> None:
    """One CloudEvent for each, which the function reads as the same request from the first generation on."""
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


def test_terminal_errors_stay_unless_forced(queues: Stand) -> None:
    """They are counted by code; indeterminate ones are not terminal."""
    unknown = failure(3, retryable=False).replace('"failed"', '"indeterminate"')
    fill(queues, "failureQueue", [failure(1, "RoleNotExist", retryable=False), failure(2)])
    fill(queues, "failureQueue", [unknown.replace("provision.failed", "provision.indeterminate")])
    ended = queues.run("replay", "--yes")
    assert ended.code == 1
    assert (
        "2 replayed to the request queue; 1 with a terminal error (1 RoleNotExist; --force replays them)." in ended.err
    )
    assert counts(queues) == (1, 2)


def test_force_takes_terminal_errors_along(queues: Stand) -> None:
    """Once their cause is gone."""
    fill(queues, "failureQueue", [failure(1, "RoleNotExist", retryable=False), failure(2)])
    assert queues.run("replay", "--yes", "--force").code == 0
    assert counts(queues) == (0, 2)


def test_an_edit_is_sent_with_the_request(queues: Stand) -> None:
    """Under the same requestId."""
    fill(queues, "failureQueue", [failure(1, "InvalidRegionId", retryable=False)])
    ended = queues.run("replay", "--set", "bucketRegion=cn-shanghai", "--set", "description=a=b", "--force", "--yes")
    assert ended.code == 0
    (event,) = bodies(queues, "requestQueue")
    changed = {"bucketRegion": "cn-shanghai", "description": "a=b"}
    assert event["data"] == {**json.loads(failure(1))["data"]["request"], **changed}


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        ("bucketRegion=China", "$.bucketRegion does not have the form"),
        ("bucketReigon=cn-hangzhou", "$.bucketReigon is not a known property"),
        ("requestId=R-2", "$.requestId identifies the request"),
        ("bucketRegion", "--set takes PROPERTY=VALUE"),
        ("=x", "--set takes PROPERTY=VALUE"),
    ],
)
def test_an_edit_that_no_request_may_have_is_one_sentence(edit: str, part: str, queues: Stand) -> None:
    """Before anything is sent."""
    fill(queues, "failureQueue", [failure(1)])
    assert part in queues.run("replay", "--set", edit, "--yes").only_a_sentence()
    assert counts(queues) == (1, 0)


def test_what_cannot_be_replayed_stays_and_is_said(queues: Stand) -> None:
    """Garbage, an outcome without its request, a request that breaks the contract: the others go."""
    without = json.loads(failure(1))
    del without["data"]["request"]
    fill(queues, "failureQueue", ["not JSON", json.dumps(without), failure(2, name="1st"), failure(3)])
    ended = queues.run("replay", "--yes")
    assert ended.code == 1
    assert counts(queues) == (3, 1)
    assert "is not an outcome; it stays in its queue." in ended.err
    assert "contains no request; it stays in its queue." in ended.err
    assert ": $.name does not have the form" in ended.err
    assert "1 replayed to the request queue; 1 invalid; 2 unreadable." in ended.err


def test_a_filter_that_matches_nothing_ends_with_1(queues: Stand) -> None:
    """And sends nothing; an empty queue is no surprise, nor is there anything to do about it."""
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


def test_only_what_is_asked_for_goes(queues: Stand) -> None:
    """The others stay in the queue."""
    fill(queues, "failureQueue", [failure(number, requester=f"user-{number % 2}") for number in range(20)])
    assert queues.run("replay", "--requester", "user-1", "--yes").code == 0
    assert counts(queues) == (10, 10)
    assert {event["data"]["requester"] for event in bodies(queues, "requestQueue")} == {"user-1"}


def test_the_same_failure_twice_is_one_replay(queues: Stand) -> None:
    """Topics deliver at least once; both copies leave the queue."""
    fill(queues, "failureQueue", [failure(1), failure(1), failure(2)])
    ended = queues.run("replay", "--yes")
    assert (ended.code, counts(queues)) == (0, (0, 2))
    assert "2 replayed to the request queue; 1 sent already." in ended.err


@pytest.mark.parametrize("rate", ["0", "-1", "nan"])
def test_a_rate_that_is_none_is_refused(rate: str, queues: Stand) -> None:
    """Nobody waits for ever."""
    ended = queues.run("replay", "--rate", rate)
    assert ended.code == 2
    assert "for '--rate'" in ended.err


def test_the_rate_is_kept(queues: Stand) -> None:
    """Nine requests at two a second take four seconds, and are never hidden for long: two are taken at once."""
    fill(queues, "failureQueue", [failure(number) for number in range(9)])
    assert queues.run("replay", "--rate", "2", "--yes").code == 0
    queue = queues.ready["mns"]["requestQueue"]
    sent = [message["enqueueTime"] for message in queues.local("GET", "mns", f"queues/{queue}")["messages"]]
    assert sent[8] - sent[0] >= 3_900
    assert all(sent[place + 2] - sent[place] >= 900 for place in range(7))


def test_replays_are_followed_to_their_new_verdicts(cloud: Stand) -> None:
    """From failed outcomes to groups, in one command."""
    fill(cloud, "failureQueue", [failure(number) for number in range(20)])
    ended = cloud.run("replay", "--yes", "--wait", *PATIENT, "--json")
    assert ended.code == 0, ended.err
    outcomes = ended.lines()
    assert {each["subject"] for each in outcomes} == {f"R-{number}" for number in range(20)}
    assert {each["correlationid"] for each in outcomes} == {f"order-{number}" for number in range(20)}
    assert len(cloud.groups()) == 20
    assert "20 sent: 20 succeeded." in ended.err
    assert counts(cloud) == (0, 0)


def test_a_replay_that_fails_again_is_not_replayed_by_the_same_run(cloud: Stand) -> None:
    """Its failure is newer than the run, which would otherwise never end."""
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
def test_the_function_itself_can_be_asked(via: tuple[str, ...], cloud: Stand) -> None:
    """Invoked asynchronously through either API; nothing goes through the request queue."""
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
def test_a_function_that_does_not_accept_keeps_the_failure(
    via: tuple[str, ...], changes: dict[str, str], part: str, cloud: Stand
) -> None:
    """A sentence, at once, without the headers that the client would log; the failure stays."""
    fill(cloud, "failureQueue", [failure(1)])
    write_profile(cloud, "other", fc={**cloud.ready["fc"], **changes})
    ended = cloud.run("replay", *via, "--yes", "--profile", "other")
    assert ended.code == 2
    assert part in ended.err
    assert "authorization" not in ended.err.lower()
    assert "Traceback" not in ended.err
    assert cloud.messages("failureQueue") == 1
    visible(cloud, "failureQueue", 1)


def test_wrong_keys_for_the_function_are_never_printed(cloud: Stand) -> None:
    """The client writes its signed headers into the log of the process; nothing of it is seen."""
    source = cloud.shell.directory / "failures.jsonl"
    source.write_text(failure(1))
    write_profile(cloud, "wrong", accessKeySecret="not-the-secret")
    arguments = ("replay", "--from", str(source), "--via", "fc2", "--service", "express-sync", "--yes")
    ended = cloud.run(*arguments, "--profile", "wrong")
    assert (ended.code, "SignatureNotMatch" in ended.err) == (2, True)
    assert cloud.ready["accessKeyId"] not in ended.err


@pytest.mark.parametrize(
    "options", [("--via", "fc2"), ("--service", "express-sync"), ("--via", "fc3", "--service", "x")], ids=" ".join
)
def test_a_service_belongs_to_fc2(options: tuple[str, ...], queues: Stand) -> None:
    """It is said which two options belong together."""
    assert "belong together" in queues.run("replay", *options).only_a_sentence()


def test_a_profile_without_a_function_cannot_be_replayed_to(queues: Stand) -> None:
    """It is said what to add."""
    write_profile(queues, "queues", fc=None)
    assert "fc.endpoint" in queues.run("replay", "--via", "fc3", "--profile", "queues").only_a_sentence()


def test_a_file_of_outcomes_is_replayed(queues: Stand) -> None:
    """Such as `watch --json` prints: successes in it are passed by, and the same line twice is one replay."""
    success = failure(3).replace('"failed"', '"succeeded"').replace("provision.failed", "provision.succeeded")
    ended = queues.run("replay", "--from", "-", "--yes", stdin="\n".join([failure(1), failure(2), success, failure(1)]))
    assert ended.code == 0
    assert "2 replayed to the request queue; 1 sent already; 1 not a failure." in ended.err
    assert counts(queues) == (0, 2)


def test_what_list_prints_can_be_replayed(queues: Stand) -> None:
    """To the same messages as a replay out of the queue would send, in whatever order a look has left it."""
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
def test_a_file_without_failures_says_so(text: str, part: str, queues: Stand) -> None:
    """Nothing goes, and it ends in words."""
    ended = queues.run("replay", "--from", "-", stdin=text)
    assert part in ended.err
    assert "Traceback" not in ended.err
    assert counts(queues) == (0, 0)


def test_dead_letters_are_replayed_however_they_are_wrapped(queues: Stand) -> None:
    """Bare, in base64 and in an envelope; what holds no valid request is left where it is."""
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


def test_a_dead_letter_leaves_when_all_its_requests_are_replayed(queues: Stand) -> None:
    """A batch that holds one request which is not asked for stays, so that nothing of it is lost."""
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


def test_the_dead_letters_of_the_cloud_itself_are_replayed(tmp_path: Path) -> None:
    """A request that no function could work ends as a dead letter, and from there as a group."""
    broken = CloudOptions(environment={"EXPRESS_SYNC_MAX_ATTEMPTS": "none"}, clock_factor=0.0)
    request = json.dumps(json.loads(failure(1))["data"]["request"])
    with stand(tmp_path, broken) as running:
        running.run("submit", stdin=request)
        (letter,) = visible(running, "deadLetterQueue", 1)
        assert letter
        (body,) = bodies(running, "deadLetterQueue")
    with stand(tmp_path, CloudOptions(parameters={"SweepDeadLetters": "false"})) as running:
        fill(running, "deadLetterQueue", [json.dumps(body)])
        ended = running.run("replay", "--from", "dead-letters", "--yes", "--wait", *PATIENT)
        assert (ended.code, len(running.groups())) == (0, 1), ended.err


def test_another_cloud_is_changed_only_with_yes(queues: Stand) -> None:
    """It is the same flag: without it nothing but a look is taken."""
    fill(queues, "failureQueue", [failure(1)])
    write_profile(queues, "prod")
    assert queues.run("replay", "--profile", "prod").code == 0
    assert counts(queues) == (1, 0)
    visible(queues, "failureQueue", 1)


def test_a_queue_that_is_missing_is_all_that_is_said(queues: Stand) -> None:
    """Nothing was sent yet, so there is nothing to finish."""
    write_profile(queues, "other", mns={**queues.ready["mns"], "failureQueue": "no-such-queue"})
    assert "QueueNotExist" in queues.run("replay", "--yes", "--profile", "other").only_a_sentence()


SEND_FAULTS = ["AccessDenied", "InternalError", "reset-before", "reset-after", "error-after"]


@pytest.mark.parametrize("fault", SEND_FAULTS)
def test_a_send_that_is_not_confirmed_keeps_the_failures(fault: str, queues: Stand) -> None:
    """The command ends with a sentence and a count; the next run finishes, with the same messages again."""
    fill(queues, "failureQueue", [failure(number) for number in range(20)])
    queues.fault("mns", operation="BatchSendMessage", faults=["slow:1", fault])
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


def test_a_failed_delete_ends_with_a_sentence_and_loses_nothing(queues: Stand) -> None:
    """What was sent and not deleted is sent once more by the next run, under the same ids."""
    fill(queues, "failureQueue", [failure(number) for number in range(3)])
    queues.fault("mns", operation="BatchDeleteMessage", faults=["AccessDenied"])
    assert queues.run("replay", "--yes").code == 2
    assert counts(queues) == (3, 3)


def test_interrupted_between_requests_it_stops_with_130(queues: Stand) -> None:
    """Whoever waits for a slow rate can leave at any time."""
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
