"""The admin API of the local gateway: groups, call log, faults, reset."""

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.sgw.groups import GroupService
from tests.local.sgw_support import GROUP, ROLE, USER, RunningSgw

FOREIGN = {"Name": "相册", "BucketName": "somebody-elses", "BucketRegion": "mars-1"}


@pytest.fixture(scope="module")
def running_sgw() -> Iterator[RunningSgw]:
    with RunningSgw(GroupService(LOCAL_ACCOUNT, group_limit=2)) as sgw:
        yield sgw


def test_seeded_group_is_described_like_any_other(sgw: RunningSgw) -> None:
    """It may be one that the API would not create."""
    stored = sgw.admin("POST", "groups", FOREIGN).json()

    assert {name: stored[name] for name in FOREIGN} == FOREIGN
    assert (stored["BucketPrefix"], stored["Description"]) == ("", "")
    assert sgw.admin("GET", "groups").json() == [stored]
    assert sgw.describe().json()["ExpressSyncs"]["ExpressSync"] == [stored]


def test_seeded_group_keeps_its_id_and_topic(sgw: RunningSgw) -> None:
    given = {**FOREIGN, "ExpressSyncId": "sync-mine", "MnsTopic": "my-topic", "BucketPrefix": "p", "Description": "d"}

    assert sgw.admin("POST", "groups", given).json() == given


def test_seeded_group_prevents_a_create_of_its_name(sgw: RunningSgw) -> None:
    sgw.admin("POST", "groups", {**FOREIGN, "Name": GROUP["Name"]})

    assert sgw.create().json()["Code"] == "DuplicateExpressSyncName"


def test_client_cannot_choose_id_or_topic(sgw: RunningSgw) -> None:
    """Only the admin API reads these fields."""
    sgw.create({**GROUP, "ExpressSyncId": "sync-mine", "MnsTopic": "my-topic"})

    (group,) = sgw.groups.describe()
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
def test_invalid_seed_is_explained(sgw: RunningSgw, change: dict[str, object], sentence: str) -> None:
    sgw.admin("POST", "groups", {**FOREIGN, "ExpressSyncId": "sync-mine"})

    response = sgw.admin("POST", "groups", {**FOREIGN, **change})

    assert response.status == 400
    assert response.json()["message"].startswith(sentence)
    assert len(sgw.names()) == 1


def test_group_limit_does_not_apply_to_seeds(sgw: RunningSgw) -> None:
    for name in ("a", "b", "c"):
        assert sgw.admin("POST", "groups", {**FOREIGN, "Name": name, "BucketPrefix": name}).status == 200


def test_call_log_has_calls_in_order_with_key_and_time(sgw: RunningSgw) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    created = sgw.create(key=ROLE).json()
    sgw.queue_faults("InternalError")
    sgw.create({**GROUP, "Name": "other"}, scheme="rpc")
    sgw.describe()

    calls = sgw.calls()

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


def test_reset_removes_groups_calls_and_faults(sgw: RunningSgw) -> None:
    sgw.create()
    sgw.queue_faults("InternalError")

    sgw.admin("POST", "reset")

    assert (sgw.names(), sgw.calls()) == ([], [])
    assert sgw.create().status == 200


def test_queueing_returns_the_number_of_faults(sgw: RunningSgw) -> None:
    body = {"name": "*", "faults": ["slow:1", "throttling"], "count": 3}

    assert sgw.admin("POST", "faults", body).json() == {"queued": 6}


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
def test_unknown_fault_is_explained_with_all_known_ones(sgw: RunningSgw, fault: str) -> None:
    response = sgw.admin("POST", "faults", {"faults": ["InternalError", fault]})

    message = response.json()["message"]
    assert response.status == 400
    assert message.startswith(f"{fault!r} is not a fault; allowed are ")
    named = message.removesuffix(".").split("allowed are ")[1].split(", ")
    assert {"EmptyBucketName", "throttling[:MILLISECONDS]", "late-commit:SECONDS", "reset-after"} <= set(named)
    assert sgw.create().status == 200


@pytest.mark.parametrize(("method", "path", "status"), [("PUT", "faults", 405), ("POST", "fault", 404)])
def test_unknown_admin_path_is_not_a_call_of_the_api(sgw: RunningSgw, method: str, path: str, status: int) -> None:
    assert sgw.admin(method, path).status == status
    assert sgw.calls() == []


def test_deleted_faults_end_an_outage_and_change_nothing(sgw: RunningSgw) -> None:
    """Groups that were created stay."""
    sgw.create({**GROUP, "Name": "made-before", "BucketPrefix": "before/"})
    sgw.queue_faults("RoleNotExist", count=3)
    assert sgw.create().json()["Code"] == "RoleNotExist"

    assert sgw.admin("DELETE", "faults").status == 200

    assert sgw.create().status == 200
    assert sgw.names() == ["made-before", GROUP["Name"]]
