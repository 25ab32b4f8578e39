"""What a client of the sgw emulator sees when nothing is wrong: requests, answers, what is listed."""

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.local.sgw_signer import Ask
from tests.local.sgw_support import GROUP, ROLE, USER, RunningSgw, Scheme

UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
AWKWARD = {**GROUP, "BucketPrefix": "pre fix/中", "Description": "组 a+b*~/c&d=e%2F <tag> \"quoted\" 'too'"}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSgw]:
    with RunningSgw() as sgw:
        yield sgw


@pytest.fixture
def sgw(running: RunningSgw) -> RunningSgw:
    running.admin("POST", "reset")
    running.points.clear()
    return running


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("key", [USER, ROLE], ids=["user", "role"])
def test_a_group_can_be_created_in_either_scheme_by_either_method_with_either_key(
    sgw: RunningSgw, scheme: Scheme, method: str, key: object
) -> None:
    answer = sgw.create(AWKWARD, scheme=scheme, method=method, key=key)

    assert answer.status == 200
    assert [sgw.groups.describe()[0].description, sgw.groups.describe()[0].prefix] == [
        AWKWARD["Description"],
        AWKWARD["BucketPrefix"],
    ]


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_parameters_may_travel_in_a_form(sgw: RunningSgw, scheme: Scheme) -> None:
    assert sgw.create(AWKWARD, scheme=scheme, in_form=True).status == 200
    assert sgw.names() == ["photos"]


def test_plus_and_percent_20_are_both_a_space(sgw: RunningSgw) -> None:
    """Whatever the query spells, the signature is over the value."""
    request = sgw.sign(Ask("CreateExpressSync", {**GROUP, "Description": "a b"}))

    answer = sgw.deliver(replace(request, target=request.target.replace("%20", "+")))

    assert answer.status == 200
    assert [group.description for group in sgw.groups.describe()] == ["a b"]


def test_the_json_answer_has_exactly_the_documented_fields(sgw: RunningSgw) -> None:
    answer = sgw.create()

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


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_the_xml_answer_has_exactly_the_documented_elements(sgw: RunningSgw, scheme: Scheme) -> None:
    answer = sgw.create(answer_format="XML", scheme=scheme)

    root = ET.XML(answer.body)
    assert answer.headers["content-type"] == "application/xml"
    assert root.tag == "CreateExpressSyncResponse"
    assert [child.tag for child in root] == ["Message", "RequestId", "ExpressSyncId", "Code", "Success"]
    assert [root.findtext(tag) for tag in ("Message", "Code", "Success")] == ["successful", "200", "true"]


def test_xml_is_the_answer_to_who_asks_for_nothing(sgw: RunningSgw) -> None:
    """The RPC documentation's default: a client has to ask for JSON."""
    assert sgw.send("GET", "/?Action=CreateExpressSync").body.startswith(b"<?xml")


def test_a_refusal_in_xml_is_an_error_element(sgw: RunningSgw) -> None:
    root = ET.XML(sgw.create({}, answer_format="XML").body)

    assert root.tag == "Error"
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert root.findtext("Code") == "EmptyExpressSyncName"


def test_xml_says_what_it_can_of_any_text(sgw: RunningSgw) -> None:
    """Markup and carriage returns survive; what XML 1.0 has no place for becomes U+FFFD."""
    sgw.create({**GROUP, "Description": "<&>\r\n\x00"})

    described = ET.XML(sgw.describe(answer_format="XML").body)

    assert described.findtext(".//Description") == "<&>\r\n\ufffd"


def test_describe_lists_a_group_with_the_fields_that_the_official_client_reads(sgw: RunningSgw) -> None:
    group_id = sgw.create(AWKWARD).json()["ExpressSyncId"]

    body = sgw.describe().json()

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


def test_an_absent_prefix_and_description_come_back_empty(sgw: RunningSgw) -> None:
    sgw.create()

    (group,) = sgw.describe().json()["ExpressSyncs"]["ExpressSync"]

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
def test_describe_filters(sgw: RunningSgw, filters: dict[str, str], expected: list[str]) -> None:
    for name, bucket, prefix in (
        ("root", "bucket-a", ""),
        ("deep", "bucket-a", "deep/"),
        ("other", "bucket-b", ""),
    ):
        sgw.create({"Name": name, "BucketName": bucket, "BucketRegion": "cn-beijing", "BucketPrefix": prefix})

    found = sgw.describe(filters).json()["ExpressSyncs"]["ExpressSync"]

    assert [group["Name"] for group in found] == expected


def test_describing_nothing_is_an_empty_list_in_both_formats(sgw: RunningSgw) -> None:
    assert sgw.describe().json()["ExpressSyncs"] == {"ExpressSync": []}
    assert ET.XML(sgw.describe(answer_format="XML").body).find("ExpressSyncs/ExpressSync") is None


def test_overlapping_prefixes_of_one_bucket_are_no_conflict(sgw: RunningSgw) -> None:
    """Hundreds of groups share a bucket in demonstrations."""
    for number in range(100):
        assert sgw.create({**GROUP, "Name": f"g{number}", "BucketPrefix": "x" * number}).status == 200
    assert len(sgw.names()) == 100


def test_traffic_names_the_points_of_a_create_and_of_nothing_else(sgw: RunningSgw) -> None:
    """A refused call has these points too; a describe has none."""
    sgw.create()
    sgw.create({})
    sgw.describe()

    assert sgw.points == ["create-sent", "create-answered"] * 2


def test_groups_survive_a_restart_of_the_server(sgw: RunningSgw) -> None:
    sgw.create()
    url = sgw.url

    sgw.stop()
    sgw.start()

    assert (sgw.url, sgw.names()) == (url, ["photos"])
