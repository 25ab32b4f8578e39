"""The local gateway without faults: requests, responses, and the list of groups."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from tests.local.sgw_signer import Ask
from tests.local.sgw_support import GROUP, ROLE, USER, RunningSgw, Scheme

UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
AWKWARD = {**GROUP, "BucketPrefix": "pre fix/中", "Description": "组 a+b*~/c&d=e%2F <tag> \"quoted\" 'too'"}


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("key", [USER, ROLE], ids=["user", "role"])
def test_group_is_created_with_every_scheme_method_and_key(
    sgw: RunningSgw, scheme: Scheme, method: str, key: object
) -> None:
    response = sgw.create(AWKWARD, scheme=scheme, method=method, key=key)

    assert response.status == 200
    assert [sgw.groups.describe()[0].description, sgw.groups.describe()[0].prefix] == [
        AWKWARD["Description"],
        AWKWARD["BucketPrefix"],
    ]


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_parameters_can_be_in_a_form(sgw: RunningSgw, scheme: Scheme) -> None:
    assert sgw.create(AWKWARD, scheme=scheme, in_form=True).status == 200
    assert sgw.names() == ["photos"]


def test_plus_and_percent_20_are_both_a_space(sgw: RunningSgw) -> None:
    """The signature covers the value, however the query encodes it."""
    request = sgw.sign(Ask("CreateExpressSync", {**GROUP, "Description": "a b"}))

    response = sgw.deliver(replace(request, target=request.target.replace("%20", "+")))

    assert response.status == 200
    assert [group.description for group in sgw.groups.describe()] == ["a b"]


def test_json_response_has_exactly_the_documented_fields(sgw: RunningSgw) -> None:
    response = sgw.create()

    body = response.json()
    assert response.headers["content-type"] == "application/json"
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
    assert response.headers["x-acs-request-id"] == body["RequestId"]


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_xml_response_has_exactly_the_documented_elements(sgw: RunningSgw, scheme: Scheme) -> None:
    response = sgw.create(answer_format="XML", scheme=scheme)

    root = ET.XML(response.body)
    assert response.headers["content-type"] == "application/xml"
    assert root.tag == "CreateExpressSyncResponse"
    assert [child.tag for child in root] == ["Message", "RequestId", "ExpressSyncId", "Code", "Success"]
    assert [root.findtext(tag) for tag in ("Message", "Code", "Success")] == ["successful", "200", "true"]


def test_xml_is_the_default_format(sgw: RunningSgw) -> None:
    """The RPC documentation says so: a client has to request JSON."""
    assert sgw.send("GET", "/?Action=CreateExpressSync").body.startswith(b"<?xml")


def test_xml_error_is_an_error_element(sgw: RunningSgw) -> None:
    root = ET.XML(sgw.create({}, answer_format="XML").body)

    assert root.tag == "Error"
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert root.findtext("Code") == "EmptyExpressSyncName"


def test_xml_represents_text_as_far_as_possible(sgw: RunningSgw) -> None:
    """Markup and carriage returns survive; what XML 1.0 cannot represent becomes U+FFFD."""
    sgw.create({**GROUP, "Description": "<&>\r\n\x00"})

    described = ET.XML(sgw.describe(answer_format="XML").body)

    assert described.findtext(".//Description") == "<&>\r\n\ufffd"


def test_describe_has_the_fields_of_the_official_client(sgw: RunningSgw) -> None:
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


def test_absent_prefix_and_description_are_empty(sgw: RunningSgw) -> None:
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
def test_describe_filters_by_bucket_and_prefix(sgw: RunningSgw, filters: dict[str, str], expected: list[str]) -> None:
    for name, bucket, prefix in (
        ("root", "bucket-a", ""),
        ("deep", "bucket-a", "deep/"),
        ("other", "bucket-b", ""),
    ):
        sgw.create({"Name": name, "BucketName": bucket, "BucketRegion": "cn-beijing", "BucketPrefix": prefix})

    found = sgw.describe(filters).json()["ExpressSyncs"]["ExpressSync"]

    assert [group["Name"] for group in found] == expected


def test_describe_without_groups_is_an_empty_list(sgw: RunningSgw) -> None:
    assert sgw.describe().json()["ExpressSyncs"] == {"ExpressSync": []}
    assert ET.XML(sgw.describe(answer_format="XML").body).find("ExpressSyncs/ExpressSync") is None


def test_overlapping_prefixes_of_one_bucket_are_allowed(sgw: RunningSgw) -> None:
    """Hundreds of groups share a bucket in demonstrations."""
    for number in range(100):
        assert sgw.create({**GROUP, "Name": f"g{number}", "BucketPrefix": "x" * number}).status == 200
    assert len(sgw.names()) == 100


def test_only_creates_report_crash_points(sgw: RunningSgw) -> None:
    """A refused create reports them, too."""
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
