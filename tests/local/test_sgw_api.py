"""What a client of the sgw emulator sees when nothing is wrong: requests, answers, what is listed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.local.sgw_signer import Ask
from tests.local.sgw_support import GROUP, ROLE, USER, Cloud, Dialect

UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
AWKWARD = {**GROUP, "BucketPrefix": "pre fix/中", "Description": "组 a+b*~/c&d=e%2F <tag> \"quoted\" 'too'"}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.control("POST", "reset")
    running.points.clear()
    return running


@pytest.mark.parametrize("dialect", ["rpc", "acs3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("key", [USER, ROLE], ids=["user", "role"])
def test_a_group_can_be_created_in_either_dialect_by_either_method_with_either_key(
    cloud: Cloud, dialect: Dialect, method: str, key: object
) -> None:
    answer = cloud.create(AWKWARD, dialect=dialect, method=method, key=key)

    assert answer.status == 200
    assert [cloud.groups.describe()[0].description, cloud.groups.describe()[0].prefix] == [
        AWKWARD["Description"],
        AWKWARD["BucketPrefix"],
    ]


@pytest.mark.parametrize("dialect", ["rpc", "acs3"])
def test_parameters_may_travel_in_a_form(cloud: Cloud, dialect: Dialect) -> None:
    assert cloud.create(AWKWARD, dialect=dialect, in_form=True).status == 200
    assert cloud.names() == ["photos"]


def test_plus_and_percent_20_are_both_a_space(cloud: Cloud) -> None:
    """Whatever the query spells, the signature is over the value."""
    request = cloud.sign(Ask("CreateExpressSync", {**GROUP, "Description": "a b"}))

    answer = cloud.deliver(replace(request, target=request.target.replace("%20", "+")))

    assert answer.status == 200
    assert [group.description for group in cloud.groups.describe()] == ["a b"]


def test_the_json_answer_has_exactly_the_documented_fields(cloud: Cloud) -> None:
    answer = cloud.create()

    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["Message", "RequestId", "ExpressSyncId", "Code", "Success"]
    assert {**body, "RequestId": "", "ExpressSyncId": ""} == {
        "Message": "successful",
        "RequestId": "",
        "ExpressSyncId": "",
        "Code": "200",
        "Success": True,
    }
    assert UUID.fullmatch(body["RequestId"])
    assert re.fullmatch(r"sync-000[0-9a-z]{17}", body["ExpressSyncId"])
    assert answer.headers["x-acs-request-id"] == body["RequestId"]


@pytest.mark.parametrize("dialect", ["rpc", "acs3"])
def test_the_xml_answer_has_exactly_the_documented_elements(cloud: Cloud, dialect: Dialect) -> None:
    answer = cloud.create(answer_format="XML", dialect=dialect)

    root = ET.XML(answer.body)
    assert answer.headers["content-type"] == "application/xml"
    assert root.tag == "CreateExpressSyncResponse"
    assert [child.tag for child in root] == ["Message", "RequestId", "ExpressSyncId", "Code", "Success"]
    assert [root.findtext(tag) for tag in ("Message", "Code", "Success")] == ["successful", "200", "true"]


def test_xml_is_the_answer_to_who_asks_for_nothing(cloud: Cloud) -> None:
    """The RPC documentation's default: a client has to ask for JSON."""
    assert cloud.send("GET", "/?Action=CreateExpressSync").body.startswith(b"<?xml")


def test_a_refusal_in_xml_is_an_error_element(cloud: Cloud) -> None:
    root = ET.XML(cloud.create({}, answer_format="XML").body)

    assert root.tag == "Error"
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert root.findtext("Code") == "EmptyExpressSyncName"


def test_xml_says_what_it_can_of_any_text(cloud: Cloud) -> None:
    """Markup and carriage returns survive; what XML 1.0 has no place for becomes U+FFFD."""
    cloud.create({**GROUP, "Description": "<&>\r\n\x00"})

    described = ET.XML(cloud.describe(answer_format="XML").body)

    assert described.findtext(".//Description") == "<&>\r\n\ufffd"


def test_describe_lists_a_group_with_the_fields_that_the_official_client_reads(cloud: Cloud) -> None:
    group_id = cloud.create(AWKWARD).json()["ExpressSyncId"]

    body = cloud.describe().json()

    assert {**body, "RequestId": ""} == {
        "Message": "successful",
        "RequestId": "",
        "ExpressSyncs": {
            "ExpressSync": [
                {**AWKWARD, "ExpressSyncId": group_id, "MnsTopic": f"sgw-express-sync-{group_id[5:]}"},
            ]
        },
        "Code": "200",
        "Success": True,
    }


def test_an_absent_prefix_and_description_come_back_empty(cloud: Cloud) -> None:
    cloud.create()

    (group,) = cloud.describe().json()["ExpressSyncs"]["ExpressSync"]

    assert (group["BucketPrefix"], group["Description"]) == ("", "")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({}, ["root", "deep", "other"], id="none-means-all"),
        pytest.param({"BucketName": ""}, ["root", "deep", "other"], id="an-empty-bucket-means-all"),
        pytest.param({"BucketName": "bucket-a"}, ["root", "deep"], id="bucket"),
        pytest.param({"BucketName": "bucket-a", "BucketPrefix": ""}, ["root"], id="the-empty-prefix-is-the-root"),
        pytest.param({"BucketName": "bucket-a", "BucketPrefix": "deep/"}, ["deep"], id="prefix"),
        pytest.param({"BucketName": "bucket-a", "BucketPrefix": "de"}, [], id="a-prefix-is-no-pattern"),
        pytest.param({"BucketName": "nowhere"}, [], id="unknown-bucket"),
        pytest.param({"BucketPrefix": "deep/"}, ["root", "deep", "other"], id="a-prefix-alone-is-ignored"),
    ],
)
def test_describe_filters(cloud: Cloud, filters: dict[str, str], expected: list[str]) -> None:
    for name, bucket, prefix in (
        ("root", "bucket-a", ""),
        ("deep", "bucket-a", "deep/"),
        ("other", "bucket-b", ""),
    ):
        cloud.create({"Name": name, "BucketName": bucket, "BucketRegion": "cn-beijing", "BucketPrefix": prefix})

    found = cloud.describe(filters).json()["ExpressSyncs"]["ExpressSync"]

    assert [group["Name"] for group in found] == expected


def test_describing_nothing_is_an_empty_list_in_both_formats(cloud: Cloud) -> None:
    assert cloud.describe().json()["ExpressSyncs"] == {"ExpressSync": []}
    assert ET.XML(cloud.describe(answer_format="XML").body).find("ExpressSyncs/ExpressSync") is None


def test_overlapping_prefixes_of_one_bucket_are_no_conflict(cloud: Cloud) -> None:
    """Hundreds of groups share a bucket in demonstrations."""
    for number in range(100):
        assert cloud.create({**GROUP, "Name": f"g{number}", "BucketPrefix": "x" * number}).status == 200
    assert len(cloud.names()) == 100


def test_traffic_names_the_points_of_a_create_and_of_nothing_else(cloud: Cloud) -> None:
    """A refused call has these points too; a describe has none."""
    cloud.create()
    cloud.create({})
    cloud.describe()

    assert cloud.points == ["create-sent", "create-answered"] * 2


def test_groups_survive_a_restart_of_the_server(cloud: Cloud) -> None:
    cloud.create()
    url = cloud.url

    cloud.stop()
    cloud.start()

    assert (cloud.url, cloud.names()) == (url, ["photos"])
