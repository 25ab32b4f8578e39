"""The errors of the API gateway; a refused call does nothing."""

import hashlib
from dataclasses import replace

import pytest

from express_sync.local.account import Key
from tests.local.sgw_signer import SCHEMES, Ask, acs3_authorization, rpc_signature
from tests.local.sgw_support import GROUP, ROLE, USER, Response, RunningSgw, Scheme

CREATE = Ask("CreateExpressSync", GROUP)
QUARTER_S = 15 * 60


def refused(sgw: RunningSgw, response: Response) -> tuple[int, str, str]:
    """Return the body of the response, after checking that nothing was done."""
    body = response.json()
    assert sgw.names() == []
    assert [call["outcome"] for call in sgw.calls()] == ["not-executed"]
    assert [call["code"] for call in sgw.calls()] == [body["Code"]]
    return response.status, body["Code"], body["Message"]


def test_error_has_the_body_of_the_gateway(sgw: RunningSgw) -> None:
    response = sgw.call(replace(CREATE, key=Key("LTAI-unknown", "secret")))

    body = response.json()
    assert body == {
        "RequestId": response.headers["x-acs-request-id"],
        "HostId": sgw.address,
        "Code": "InvalidAccessKeyId.NotFound",
        "Message": "Specified access key is not found.",
        "Recommend": "https://api.aliyun.com/troubleshoot?q=InvalidAccessKeyId.NotFound&product=sgw"
        f"&requestId={body['RequestId']}",
    }
    assert response.status == 404


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
@pytest.mark.parametrize(
    ("key", "code", "message"),
    [
        pytest.param(
            replace(USER, access_key_secret="wrong"),
            "SignatureDoesNotMatch",
            "Specified signature ",
            id="wrong-secret",
        ),
        pytest.param(
            replace(ROLE, security_token=""),
            "MissingSecurityToken",
            "SecurityToken is mandatory for this action.",
            id="temporary-key-without-its-token",
        ),
        pytest.param(
            replace(ROLE, security_token="made-up"),
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
            id="unknown-token",
        ),
        pytest.param(
            replace(USER, security_token=ROLE.security_token),
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
            id="token-of-another-key",
        ),
    ],
)
def test_invalid_key_is_refused(sgw: RunningSgw, scheme: Scheme, key: Key, code: str, message: str) -> None:
    status, said_code, said_message = refused(sgw, sgw.call(replace(CREATE, key=key), scheme))

    assert (status, said_code) == (400, code)
    assert said_message.startswith(message)


def test_mismatch_shows_the_string_that_the_server_signed(sgw: RunningSgw) -> None:
    """The official core SDK compares it with its own to tell a wrong secret from a wrong algorithm."""
    response = sgw.call(replace(CREATE, key=replace(USER, access_key_secret="wrong")), "rpc")

    _, to_sign = response.json()["Message"].split(" server string to sign is:")
    assert to_sign.startswith("POST&%2F&AccessKeyId%3D")


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
@pytest.mark.parametrize(
    ("shift_s", "is_accepted"),
    [(-QUARTER_S - 2, False), (-QUARTER_S + 5, True), (QUARTER_S - 5, True), (QUARTER_S + 2, False)],
)
def test_signature_is_valid_for_fifteen_minutes_either_way(
    sgw: RunningSgw, scheme: Scheme, shift_s: int, is_accepted: bool
) -> None:
    response = sgw.deliver(SCHEMES[scheme](CREATE, sgw.address, sgw.clock.now() + shift_s))

    code = response.json()["Code"]
    assert (code == "200", code == "InvalidTimeStamp.Expired") == (is_accepted, not is_accepted)


@pytest.mark.parametrize("spelling", ["yesterday", "2026-11-23 08:00:00", "2026-11-23T08:00:00+08:00", "1795420800"])
def test_malformed_time_is_refused(sgw: RunningSgw, spelling: str) -> None:
    response = sgw.deliver(sgw.sign(CREATE, "rpc", Timestamp=spelling))

    assert refused(sgw, response)[1] == "InvalidTimeStamp.Format"


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_repeated_request_is_refused_until_it_expires(sgw: RunningSgw, scheme: Scheme) -> None:
    request = sgw.sign(CREATE, scheme)
    codes = [sgw.deliver(request).json()["Code"] for _ in range(2)]
    sgw.advance(QUARTER_S + 1)
    codes.append(sgw.deliver(request).json()["Code"])

    assert codes == ["200", "SignatureNonceUsed", "InvalidTimeStamp.Expired"]


@pytest.mark.parametrize("ahead_s", [0, QUARTER_S - 60])
def test_nonce_is_remembered_while_its_signature_is_valid(sgw: RunningSgw, ahead_s: int) -> None:
    """The signature of a client whose clock is ahead is valid for twice as long."""
    request = SCHEMES["rpc"](CREATE, sgw.address, sgw.clock.now() + ahead_s)

    first = sgw.deliver(request)
    sgw.advance(ahead_s + QUARTER_S - 60)
    second = sgw.deliver(request)

    assert [first.json()["Code"], second.json()["Code"]] == ["200", "SignatureNonceUsed"]


def test_nonce_can_be_used_again_after_its_signature_expired(sgw: RunningSgw) -> None:
    first = sgw.deliver(sgw.sign(CREATE, "rpc", SignatureNonce="only-one"))
    sgw.advance(2 * QUARTER_S + 1)
    second = sgw.deliver(sgw.sign(CREATE, "rpc", SignatureNonce="only-one"))

    assert [first.json()["Code"], second.json()["Code"]] == ["200", "DuplicateExpressSyncName"]


def test_two_keys_can_use_the_same_nonce(sgw: RunningSgw) -> None:
    """Nonces are counted per key."""
    asks = (CREATE, replace(CREATE, key=ROLE))

    codes = [sgw.deliver(sgw.sign(ask, "rpc", SignatureNonce="shared")).json()["Code"] for ask in asks]

    assert codes == ["200", "DuplicateExpressSyncName"]


def test_refused_signature_does_not_use_up_the_nonce(sgw: RunningSgw) -> None:
    forged = replace(CREATE, key=replace(USER, access_key_secret="wrong"))

    codes = [sgw.deliver(sgw.sign(ask, "rpc", SignatureNonce="wanted")).json()["Code"] for ask in (forged, CREATE)]

    assert codes == ["SignatureDoesNotMatch", "200"]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"Action": "DestroyExpressSync"}, "InvalidAction.NotFound"),
        ({"Action": "createexpresssync"}, "InvalidAction.NotFound"),
        ({"Action": ""}, "MissingAction"),
        ({"Version": "2014-05-26"}, "InvalidVersion"),
        ({"Version": ""}, "MissingVersion"),
        ({"Format": "YAML"}, "InvalidParameter.Format"),
        ({"AccessKeyId": ""}, "MissingAccessKeyId"),
        ({"Timestamp": ""}, "MissingTimestamp"),
        ({"SignatureNonce": ""}, "MissingSignatureNonce"),
        ({"SignatureMethod": ""}, "MissingSignatureMethod"),
        ({"SignatureMethod": "HMAC-SHA256"}, "InvalidSignatureMethod"),
        ({"SignatureVersion": ""}, "MissingSignatureVersion"),
        ({"SignatureVersion": "2.0"}, "InvalidSignatureVersion"),
    ],
)
def test_invalid_common_parameter_is_refused(sgw: RunningSgw, other: dict[str, str], code: str) -> None:
    request = sgw.sign(CREATE, "rpc", **other)
    accept = {"accept": "application/json"}

    assert refused(sgw, sgw.send("POST", request.target, headers=accept))[1] == code


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"x_acs_action": "DestroyExpressSync"}, "InvalidAction.NotFound"),
        ({"x_acs_action": ""}, "MissingAction"),
        ({"x_acs_version": "2014-05-26"}, "InvalidVersion"),
        ({"x_acs_version": ""}, "MissingVersion"),
        ({"x_acs_date": ""}, "MissingTimestamp"),
        ({"x_acs_signature_nonce": ""}, "MissingSignatureNonce"),
        ({"x_acs_content_sha256": ""}, "MissingContentSha256"),
    ],
)
def test_invalid_acs3_header_is_refused(sgw: RunningSgw, other: dict[str, str], code: str) -> None:
    assert refused(sgw, sgw.deliver(sgw.sign(CREATE, "acs3", **other)))[1] == code


def test_hash_of_the_body_is_not_taken_from_the_client(sgw: RunningSgw) -> None:
    """The client's hash and signature are for a body that was not sent."""
    request = sgw.sign(CREATE, "acs3", x_acs_content_sha256=hashlib.sha256(b"another body").hexdigest())
    authorization = acs3_authorization(CREATE, GROUP, request.headers, b"another body")
    headers = {**request.headers, "authorization": authorization}

    assert refused(sgw, sgw.deliver(replace(request, headers=headers)))[1] == "SignatureDoesNotMatch"


def test_unsigned_call_is_checked_as_the_older_signature(sgw: RunningSgw) -> None:
    target = "/?Action=CreateExpressSync&Version=2018-05-11&Format=JSON"

    assert refused(sgw, sgw.send("POST", target)) == (
        400,
        "MissingAccessKeyId",
        "AccessKeyId is mandatory for this action.",
    )


@pytest.mark.parametrize("unsigned", ["host", "x-acs-date", "x-acs-action"])
def test_acs3_signature_over_too_few_headers_is_refused(sgw: RunningSgw, unsigned: str) -> None:
    """The signature itself is correct."""
    request = sgw.sign(CREATE)
    fewer = {name: value for name, value in request.headers.items() if name not in (unsigned, "authorization")}
    authorization = acs3_authorization(CREATE, GROUP, fewer, b"")
    headers = {**request.headers, "authorization": authorization}

    assert refused(sgw, sgw.deliver(replace(request, headers=headers)))[1] == "IncompleteSignature"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer token",
        "ACS3-HMAC-SHA256",
        f"ACS3-HMAC-SHA256 Credential={USER.access_key_id}",
        f"ACS3-HMAC-SHA256 Credential={USER.access_key_id},SignedHeaders=host;x-acs-absent,Signature=00",
        f"ACS3-HMAC-SHA1 Credential={USER.access_key_id},SignedHeaders=host,Signature=00",
    ],
)
def test_malformed_authorization_header_is_refused(sgw: RunningSgw, authorization: str) -> None:
    request = sgw.sign(CREATE)
    headers = {**request.headers, "authorization": authorization}

    assert refused(sgw, sgw.deliver(replace(request, headers=headers)))[1] == "IncompleteSignature"


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_body_other_than_the_signed_one_is_refused(sgw: RunningSgw, scheme: Scheme) -> None:
    request = sgw.sign(replace(CREATE, in_form=True), scheme)
    altered = replace(request, body=request.body.replace(b"photos", b"videos"))

    assert refused(sgw, sgw.deliver(altered))[1] == "SignatureDoesNotMatch"


def test_added_second_value_of_a_parameter_is_refused(sgw: RunningSgw) -> None:
    """Each value of a repeated parameter is signed, so an added one breaks the signature."""
    request = sgw.sign(CREATE, "rpc")

    response = sgw.deliver(replace(request, target=request.target + "&Name=other"))

    assert refused(sgw, response)[1] == "SignatureDoesNotMatch"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(sgw: RunningSgw, method: str) -> None:
    response = sgw.call(replace(CREATE, method=method))

    assert refused(sgw, response)[:2] == (405, "UnsupportedHTTPMethod")


def test_other_paths_are_refused(sgw: RunningSgw) -> None:
    request = sgw.sign(CREATE)

    response = sgw.deliver(replace(request, target="/v1" + request.target))

    assert refused(sgw, response)[1] == "InvalidAction.NotFound"


def test_no_response_shows_a_secret_or_a_token(sgw: RunningSgw) -> None:
    sgw.create(key=ROLE)
    sgw.call(replace(CREATE, key=replace(ROLE, security_token="made-up")))

    shown = sgw.admin("GET", "calls").body.decode()

    assert [call["accessKeyId"] for call in sgw.calls()] == [ROLE.access_key_id] * 2
    assert not any(secret in shown for secret in (ROLE.access_key_secret, ROLE.security_token, "made-up"))


def test_signer_of_the_tests_signs_as_documented() -> None:
    """The published example of RPC signature 1.0: DescribeRegions, signed with the secret `testsecret`."""
    parameters = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }

    assert rpc_signature("GET", parameters, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
