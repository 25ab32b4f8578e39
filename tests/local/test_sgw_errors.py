"""Every documented error of CreateExpressSync, word for word: by its cause, where it has one, and by a fault."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.sgw.groups import EventRule, GroupService
from tests.local.sgw_support import GROUP, Response, RunningSgw
from tests.support.checkout import DATA


class Documented(NamedTuple):
    status: int
    code: str
    message: str


DOCUMENTED = {
    row["code"]: Documented(**row) for row in json.loads((DATA / "create_express_sync_errors.json").read_bytes())
}
ONLY_BY_FAULT = {"NoPermission", "AssumeRoleFail", "RoleNotExist", "InternalError"}

CAUSES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("no-name", "EmptyExpressSyncName", {"Name": ""}),
    ("no-bucket", "EmptyBucketName", {"BucketName": ""}),
    ("no-region", "EmptyBucketRegion", {"BucketRegion": ""}),
    ("name-of-129", "InvalidExpressSyncName", {"Name": "a" * 129}),
    ("name-begins-with-a-digit", "InvalidExpressSyncName", {"Name": "1a"}),
    ("name-begins-with-a-dot", "InvalidExpressSyncName", {"Name": ".a"}),
    ("name-with-a-space", "InvalidExpressSyncName", {"Name": "a b"}),
    ("name-with-a-newline-at-its-end", "InvalidExpressSyncName", {"Name": "a\n"}),
    ("name-in-chinese", "InvalidExpressSyncName", {"Name": "照片"}),
    ("description-of-256", "DescriptionOverLimit", {"Description": "字" * 256}),
    ("bucket-of-2", "InvalidBucketName", {"BucketName": "ab"}),
    ("bucket-of-64", "InvalidBucketName", {"BucketName": "a" * 64}),
    ("bucket-with-a-capital", "InvalidBucketName", {"BucketName": "Bucket"}),
    ("bucket-with-a-dot", "InvalidBucketName", {"BucketName": "buck.et"}),
    ("bucket-ends-with-a-hyphen", "InvalidBucketName", {"BucketName": "bucket-"}),
    ("bucket-with-a-newline-at-its-end", "InvalidBucketName", {"BucketName": "bucket\n"}),
    ("region-in-the-form-of-oss", "InvalidRegionId", {"BucketRegion": "oss-cn-hangzhou"}),
    ("unknown-region", "InvalidRegionId", {"BucketRegion": "cn-atlantis"}),
    ("name-taken", "DuplicateExpressSyncName", {"Name": "taken"}),
    ("name-taken-by-the-very-same", "DuplicateExpressSyncName", {"Name": "taken", "BucketName": "taken-bucket"}),
    ("bucket-and-prefix-taken", "ConflictExpressSyncConfig", {"BucketName": "taken-bucket"}),
    ("event-rule-of-the-bucket", "ExpressSyncNotificationEventConflict", {"BucketName": "ruled-bucket"}),
    (
        "event-rule-above-the-prefix",
        "ExpressSyncNotificationEventConflict",
        {"BucketName": "ruled-bucket", "BucketPrefix": "logs/2026"},
    ),
)
IN_ORDER: tuple[tuple[str, dict[str, str]], ...] = (
    ("EmptyExpressSyncName", {}),
    ("EmptyBucketName", {"Name": "1"}),
    ("EmptyBucketRegion", {"BucketName": "B"}),
    ("InvalidExpressSyncName", {"BucketRegion": "x", "Description": "d" * 256}),
    ("DescriptionOverLimit", {"Name": "taken"}),
    ("InvalidBucketName", {"Description": ""}),
    ("InvalidRegionId", {"BucketName": "taken-bucket"}),
    ("DuplicateExpressSyncName", {"BucketRegion": "us-east-1"}),
    ("ConflictExpressSyncConfig", {"Name": "free"}),
)


@pytest.fixture(scope="module")
def running_sgw() -> Iterator[RunningSgw]:
    with RunningSgw(GroupService(LOCAL_ACCOUNT, event_rules=[EventRule("ruled-bucket", "logs/")])) as sgw:
        yield sgw


@pytest.fixture
def sgw(sgw: RunningSgw) -> RunningSgw:
    """Add a group whose name is taken."""
    assert sgw.create({**GROUP, "Name": "taken", "BucketName": "taken-bucket"}).status == 200
    return sgw


def error_of(response: Response) -> Documented:
    body = response.json()
    return Documented(response.status, body["Code"], body["Message"])


@pytest.mark.parametrize(("code", "change"), [pytest.param(*row[1:], id=row[0]) for row in CAUSES])
def test_cause_of_an_error_has_the_documented_message(sgw: RunningSgw, code: str, change: dict[str, str]) -> None:
    """Nothing is created."""
    response = sgw.create({**GROUP, **change})

    assert error_of(response) == DOCUMENTED[code]
    assert sgw.names() == ["taken"]
    assert sgw.calls()[-1]["outcome"] == code


@pytest.mark.parametrize("parameter", ["Name", "BucketName", "BucketRegion"])
def test_absent_parameter_counts_as_an_empty_one(sgw: RunningSgw, parameter: str) -> None:
    absent = sgw.create({name: value for name, value in GROUP.items() if name != parameter})
    empty = sgw.create({**GROUP, parameter: ""})

    assert error_of(absent) == error_of(empty)


def test_group_limit_counts_all_groups_of_the_account() -> None:
    with RunningSgw(GroupService(LOCAL_ACCOUNT, group_limit=1)) as sgw:
        first, second = (sgw.create({**GROUP, "Name": name, "BucketPrefix": name}) for name in ("one", "two"))

        assert first.status == 200
        assert error_of(second) == DOCUMENTED["ExpressSyncNotificationEventLimitExceed"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Name": "a"}, id="name-of-1"),
        pytest.param({"Name": "Z" + "9._-" * 31 + "abc"}, id="name-of-128-with-every-sign"),
        pytest.param({"Description": "字" * 255}, id="description-of-255"),
        pytest.param({"BucketName": "a0z"}, id="bucket-of-3"),
        pytest.param({"BucketName": "0" + "-" * 61 + "9"}, id="bucket-of-63"),
        pytest.param({"BucketName": "taken-bucket", "BucketPrefix": "x"}, id="another-prefix-of-a-taken-bucket"),
        pytest.param({"BucketName": "ruled-bucket", "BucketPrefix": "photos/"}, id="a-prefix-beside-an-event-rule"),
        pytest.param({"BucketRegion": "ap-southeast-1"}, id="a-region-abroad"),
    ],
)
def test_group_within_the_limits_is_created(sgw: RunningSgw, change: dict[str, str]) -> None:
    assert sgw.create({**GROUP, **change}).status == 200


def test_checks_come_in_the_stated_order(sgw: RunningSgw) -> None:
    """Each row corrects the cause of the previous error and leaves all later ones."""
    parameters: dict[str, str] = {}
    for code, corrected in IN_ORDER:
        parameters.update(corrected)
        assert sgw.create(parameters).json()["Code"] == code


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_every_documented_error_is_a_fault(sgw: RunningSgw, code: str) -> None:
    sgw.queue_faults(code)

    failed, next_time = sgw.create(), sgw.create()

    assert error_of(failed) == DOCUMENTED[code]
    assert next_time.status == 200


def test_every_error_of_this_service_has_a_cause() -> None:
    """The cause of the limit has its own test."""
    with_cause = {code for _, code, _ in CAUSES} | {"ExpressSyncNotificationEventLimitExceed"}

    assert with_cause == DOCUMENTED.keys() - ONLY_BY_FAULT
