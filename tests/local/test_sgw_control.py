"""The tests' own door of the sgw emulator: what it shows, what it takes, and how it explains what it does not take."""

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.sgw.groups import GroupService
from tests.local.sgw_support import GROUP, ROLE, USER, Cloud

FOREIGN = {"Name": "相册", "BucketName": "somebody-elses", "BucketRegion": "mars-1"}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with Cloud(GroupService(LOCAL_ACCOUNT, group_limit=2)) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.control("POST", "reset")
    return running


def test_a_seeded_group_is_answered_as_stored_and_described_like_any_other(cloud: Cloud) -> None:
    """Somebody else's group may be what this API would not create."""
    stored = cloud.control("POST", "groups", FOREIGN).json()

    assert {name: stored[name] for name in FOREIGN} == FOREIGN
    assert (stored["BucketPrefix"], stored["Description"]) == ("", "")
    assert cloud.control("GET", "groups").json() == [stored]
    assert cloud.describe().json()["ExpressSyncs"]["ExpressSync"] == [stored]


def test_a_seeded_group_keeps_the_id_and_topic_it_brings(cloud: Cloud) -> None:
    given = {**FOREIGN, "ExpressSyncId": "sync-mine", "MnsTopic": "my-topic", "BucketPrefix": "p", "Description": "d"}

    assert cloud.control("POST", "groups", given).json() == given


def test_a_seeded_group_stands_in_the_way_of_a_create(cloud: Cloud) -> None:
    cloud.control("POST", "groups", {**FOREIGN, "Name": GROUP["Name"]})

    assert cloud.create().json()["Code"] == "DuplicateExpressSyncName"


def test_a_client_cannot_choose_id_or_topic(cloud: Cloud) -> None:
    """Only the tests' door reads these fields."""
    cloud.create({**GROUP, "ExpressSyncId": "sync-mine", "MnsTopic": "my-topic"})

    (group,) = cloud.groups.describe()
    assert group.id != "sync-mine"
    assert group.topic == f"sgw-express-sync-{group.id.removeprefix('sync-')}"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "DuplicateExpressSyncName: The specified name of the sync group already exists."),
        ({"Name": "x"}, "ConflictExpressSyncConfig: "),
        ({"Name": "x", "BucketPrefix": "x", "ExpressSyncId": "sync-mine"}, "ExpressSyncId is taken"),
        ({"Name": ""}, "missing: Name"),
        ({"Name": 5}, "every field of a group must be a string"),
        ({"Owner": "me"}, "unknown: Owner; allowed are Name, "),
    ],
)
def test_what_cannot_be_seeded_is_explained(cloud: Cloud, change: dict[str, object], sentence: str) -> None:
    cloud.control("POST", "groups", {**FOREIGN, "ExpressSyncId": "sync-mine"})

    answer = cloud.control("POST", "groups", {**FOREIGN, **change})

    assert answer.status == 400
    assert answer.json()["message"].startswith(sentence)
    assert len(cloud.names()) == 1


def test_the_group_limit_does_not_hold_for_seeds(cloud: Cloud) -> None:
    for name in ("a", "b", "c"):
        assert cloud.control("POST", "groups", {**FOREIGN, "Name": name, "BucketPrefix": name}).status == 200


def test_calls_are_noted_in_order_with_who_what_and_when(cloud: Cloud) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    created = cloud.create(key=ROLE).json()
    cloud.queue_faults("InternalError")
    cloud.create({**GROUP, "Name": "other"}, dialect="rpc")
    cloud.describe()

    calls = cloud.calls()

    keys = ("operation", "name", "code", "outcome", "fault", "accessKeyId")
    assert all(set(call) == {*keys, "requestId", "time"} for call in calls)
    assert [tuple(call[key] for key in keys) for call in calls] == [
        ("CreateExpressSync", "photos", "200", "done", None, ROLE.access_key_id),
        ("CreateExpressSync", "other", "InternalError", "not-executed", "InternalError", USER.access_key_id),
        ("DescribeExpressSyncs", "", "200", "done", None, USER.access_key_id),
    ]
    assert calls[0]["requestId"] == created["RequestId"]
    assert calls[0]["time"].endswith("Z")
    assert before <= datetime.fromisoformat(calls[0]["time"].replace("Z", "+00:00")) <= datetime.now(timezone.utc)


def test_a_reset_forgets_groups_calls_and_faults(cloud: Cloud) -> None:
    cloud.create()
    cloud.queue_faults("InternalError")

    cloud.control("POST", "reset")

    assert (cloud.names(), cloud.calls()) == ([], [])
    assert cloud.create().status == 200


def test_queueing_says_how_many_faults_it_queued(cloud: Cloud) -> None:
    body = {"name": "*", "faults": ["slow:1", "throttling"], "count": 3}

    assert cloud.control("POST", "faults", body).json() == {"queued": 6}


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "timeout",
        "internalerror",
        "throttling:",
        "throttling:soon",
        "slow",
        "late-commit",
        "unavailable:5",
        "slow:-1",
        "xml-error",
        "xml-error:",
        "xml-error:5",
        "xml-error:Unheard",
        "retry-after",
        "retry-after:soon",
        "trickle:5",
    ],
)
def test_an_unknown_fault_is_explained_by_all_known_ones(cloud: Cloud, fault: str) -> None:
    answer = cloud.control("POST", "faults", {"faults": ["InternalError", fault]})

    message = answer.json()["message"]
    assert answer.status == 400
    assert message.startswith(f"{fault!r} is no fault; allowed are ")
    named = message.removesuffix(".").split("allowed are ")[1].split(", ")
    assert {"EmptyBucketName", "throttling[:MILLISECONDS]", "late-commit:SECONDS", "reset-after"} <= set(named)
    assert cloud.create().status == 200


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "faults must be a list of strings, and not empty"),
        ({"faults": []}, "faults must be a list of strings, and not empty"),
        ({"faults": "InternalError"}, "faults must be a list of strings, and not empty"),
        ({"faults": [1]}, "faults must be a list of strings, and not empty"),
        ({"faults": ["throttling"], "name": 1}, "name must be a string, a glob for the names of groups"),
        ({"faults": ["throttling"], "operation": "Create"}, "operation must be one of CreateExpressSync, "),
        ({"faults": ["throttling"], "operation": []}, "operation must be one of CreateExpressSync, "),
        ({"faults": ["throttling"], "count": 0}, "count must be a whole number from 1 to 10000"),
        ({"faults": ["throttling"], "count": True}, "count must be a whole number from 1 to 10000"),
        ({"faults": ["throttling"], "times": 2}, "unknown: times; allowed are name, operation, faults, count"),
        (["throttling"], "the body must be a JSON object"),
    ],
)
def test_an_order_that_cannot_be_used_is_explained(cloud: Cloud, body: object, sentence: str) -> None:
    answer = cloud.control("POST", "faults", body)

    assert answer.status == 400
    assert answer.json()["message"].startswith(sentence)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"null"])
def test_a_body_that_is_no_json_object_is_explained(cloud: Cloud, body: bytes) -> None:
    answer = cloud.send("POST", "/_local/faults", body)

    assert (answer.status, answer.json()) == (400, {"message": "the body must be a JSON object"})


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "faults", 405), ("POST", "fault", 404)])
def test_what_is_no_door_is_not_mistaken_for_the_api(cloud: Cloud, method: str, path: str, status: int) -> None:
    assert cloud.control(method, path).status == status
    assert cloud.calls() == []


def test_faults_that_are_forgotten_strike_nobody_and_what_was_made_stays(cloud: Cloud) -> None:
    """An outage ends without anything else changing."""
    cloud.create({**GROUP, "Name": "made-before", "BucketPrefix": "before/"})
    cloud.queue_faults("RoleNotExist", count=3)
    assert cloud.create().json()["Code"] == "RoleNotExist"

    assert cloud.control("DELETE", "faults").status == 200

    assert cloud.create().status == 200
    assert cloud.names() == ["made-before", GROUP["Name"]]
