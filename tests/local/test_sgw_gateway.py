"""Who is turned away at the gateway's door, with which words, and that nothing is done for them."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from express_sync.local.account import Key
from tests.local.sgw_signer import SCHEMES, Ask, acs3_authorization, rpc_signature
from tests.local.sgw_support import GROUP, ROLE, USER, Response, RunningSgw, Scheme

CREATE = Ask("CreateExpressSync", GROUP)
QUARTER_S = 15 * 60


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSgw]:
    with RunningSgw() as sgw:
        yield sgw


@pytest.fixture
def sgw(running: RunningSgw) -> RunningSgw:
    running.admin("POST", "reset")
    return running


def refused(sgw: RunningSgw, answer: Response) -> tuple[int, str, str]:
    """What was said, after looking that nothing was done."""
    body = answer.json()
    assert sgw.names() == []
    assert [call["outcome"] for call in sgw.calls()] == ["not-executed"]
    assert [call["code"] for call in sgw.calls()] == [body["Code"]]
    return answer.status, body["Code"], body["Message"]


def test_a_refusal_has_the_body_of_the_gateway(sgw: RunningSgw) -> None:
    answer = sgw.call(replace(CREATE, key=Key("LTAI-nobody", "secret")))

    body = answer.json()
    assert body == {
        "RequestId": answer.headers["x-acs-request-id"],
        "HostId": sgw.address,
        "Code": "InvalidAccessKeyId.NotFound",
        "Message": "Specified access key is not found.",
        "Recommend": "https://api.aliyun.com/troubleshoot?q=InvalidAccessKeyId.NotFound&product=sgw"
        f"&requestId={body['RequestId']}",
    }
    assert answer.status == 404


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
def test_a_key_that_is_not_right_is_refused(sgw: RunningSgw, scheme: Scheme, key: Key, code: str, message: str) -> None:
    status, said_code, said_message = refused(sgw, sgw.call(replace(CREATE, key=key), scheme))

    assert (status, said_code) == (400, code)
    assert said_message.startswith(message)


def test_a_mismatch_shows_the_string_that_the_server_signed(sgw: RunningSgw) -> None:
    """The official core SDK compares it with its own to tell a wrong secret from a wrong algorithm."""
    answer = sgw.call(replace(CREATE, key=replace(USER, access_key_secret="wrong")), "rpc")

    _, to_sign = answer.json()["Message"].split(" server string to sign is:")
    assert to_sign.startswith("POST&%2F&AccessKeyId%3D")


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
@pytest.mark.parametrize(
    ("shift_s", "is_accepted"),
    [(-QUARTER_S - 2, False), (-QUARTER_S + 5, True), (QUARTER_S - 5, True), (QUARTER_S + 2, False)],
)
def test_a_signature_holds_for_a_quarter_of_an_hour_either_way(
    sgw: RunningSgw, scheme: Scheme, shift_s: int, is_accepted: bool
) -> None:
    answer = sgw.deliver(SCHEMES[scheme](CREATE, sgw.address, sgw.clock.now() + shift_s))

    code = answer.json()["Code"]
    assert (code == "200", code == "InvalidTimeStamp.Expired") == (is_accepted, not is_accepted)


@pytest.mark.parametrize("spelling", ["yesterday", "2026-11-23 08:00:00", "2026-11-23T08:00:00+08:00", "1795420800"])
def test_a_time_in_another_form_is_refused(sgw: RunningSgw, spelling: str) -> None:
    answer = sgw.deliver(sgw.sign(CREATE, "rpc", Timestamp=spelling))

    assert refused(sgw, answer)[1] == "InvalidTimeStamp.Format"


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_a_request_sent_again_as_it_is_is_refused_until_it_is_too_old_anyway(sgw: RunningSgw, scheme: Scheme) -> None:
    request = sgw.sign(CREATE, scheme)
    codes = [sgw.deliver(request).json()["Code"] for _ in range(2)]
    sgw.advance(QUARTER_S + 1)
    codes.append(sgw.deliver(request).json()["Code"])

    assert codes == ["200", "SignatureNonceUsed", "InvalidTimeStamp.Expired"]


@pytest.mark.parametrize("ahead_s", [0, QUARTER_S - 60])
def test_a_nonce_is_remembered_as_long_as_its_signature_holds(sgw: RunningSgw, ahead_s: int) -> None:
    """A client whose clock is ahead signs what holds for twice as long."""
    request = SCHEMES["rpc"](CREATE, sgw.address, sgw.clock.now() + ahead_s)

    first = sgw.deliver(request)
    sgw.advance(ahead_s + QUARTER_S - 60)
    second = sgw.deliver(request)

    assert [first.json()["Code"], second.json()["Code"]] == ["200", "SignatureNonceUsed"]


def test_a_nonce_can_be_used_again_after_all_signatures_with_it_have_expired(sgw: RunningSgw) -> None:
    first = sgw.deliver(sgw.sign(CREATE, "rpc", SignatureNonce="only-one"))
    sgw.advance(2 * QUARTER_S + 1)
    second = sgw.deliver(sgw.sign(CREATE, "rpc", SignatureNonce="only-one"))

    assert [first.json()["Code"], second.json()["Code"]] == ["200", "DuplicateExpressSyncName"]


def test_two_keys_may_use_the_same_nonce(sgw: RunningSgw) -> None:
    """Nonces are counted per key."""
    asks = (CREATE, replace(CREATE, key=ROLE))

    codes = [sgw.deliver(sgw.sign(ask, "rpc", SignatureNonce="shared")).json()["Code"] for ask in asks]

    assert codes == ["200", "DuplicateExpressSyncName"]


def test_a_refused_signature_does_not_use_up_the_nonce(sgw: RunningSgw) -> None:
    forged = replace(CREATE, key=replace(USER, access_key_secret="wrong"))

    codes = [sgw.deliver(sgw.sign(ask, "rpc", SignatureNonce="wanted")).json()["Code"] for ask in (forged, CREATE)]

    assert codes == ["SignatureDoesNotMatch", "200"]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"Action": "DeleteExpressSync"}, "InvalidAction.NotFound"),
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
def test_a_common_parameter_that_is_not_right_is_refused(sgw: RunningSgw, other: dict[str, str], code: str) -> None:
    request = sgw.sign(CREATE, "rpc", **other)
    accept = {"accept": "application/json"}

    assert refused(sgw, sgw.send("POST", request.target, headers=accept))[1] == code


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"x_acs_action": "DeleteExpressSync"}, "InvalidAction.NotFound"),
        ({"x_acs_action": ""}, "MissingAction"),
        ({"x_acs_version": "2014-05-26"}, "InvalidVersion"),
        ({"x_acs_version": ""}, "MissingVersion"),
        ({"x_acs_date": ""}, "MissingTimestamp"),
        ({"x_acs_signature_nonce": ""}, "MissingSignatureNonce"),
        ({"x_acs_content_sha256": ""}, "MissingContentSha256"),
    ],
)
def test_an_acs3_header_that_is_not_right_is_refused(sgw: RunningSgw, other: dict[str, str], code: str) -> None:
    assert refused(sgw, sgw.deliver(sgw.sign(CREATE, "acs3", **other)))[1] == code


def test_the_hash_of_the_body_is_not_taken_from_the_client(sgw: RunningSgw) -> None:
    """Claim and signature agree about a body that was not sent."""
    request = sgw.sign(CREATE, "acs3", x_acs_content_sha256=hashlib.sha256(b"another body").hexdigest())
    authorization = acs3_authorization(CREATE, GROUP, request.headers, b"another body")
    headers = {**request.headers, "authorization": authorization}

    assert refused(sgw, sgw.deliver(replace(request, headers=headers)))[1] == "SignatureDoesNotMatch"


def test_the_older_signature_is_asked_of_who_signs_nothing(sgw: RunningSgw) -> None:
    target = "/?Action=CreateExpressSync&Version=2018-05-11&Format=JSON"

    assert refused(sgw, sgw.send("POST", target)) == (
        400,
        "MissingAccessKeyId",
        "AccessKeyId is mandatory for this action.",
    )


@pytest.mark.parametrize("unsigned", ["host", "x-acs-date", "x-acs-action"])
def test_acs3_insists_on_what_must_be_signed(sgw: RunningSgw, unsigned: str) -> None:
    """A signature that is right in itself, over too few headers."""
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
def test_an_authorization_header_of_another_form_is_refused(sgw: RunningSgw, authorization: str) -> None:
    request = sgw.sign(CREATE)
    headers = {**request.headers, "authorization": authorization}

    assert refused(sgw, sgw.deliver(replace(request, headers=headers)))[1] == "IncompleteSignature"


@pytest.mark.parametrize("scheme", ["rpc", "acs3"])
def test_another_body_than_the_signed_one_is_refused(sgw: RunningSgw, scheme: Scheme) -> None:
    request = sgw.sign(replace(CREATE, in_form=True), scheme)
    altered = replace(request, body=request.body.replace(b"photos", b"videos"))

    assert refused(sgw, sgw.deliver(altered))[1] == "SignatureDoesNotMatch"


def test_a_parameter_cannot_be_slipped_in_a_second_time(sgw: RunningSgw) -> None:
    """What is signed is every parameter as often as it was sent, so the added one breaks the signature."""
    request = sgw.sign(CREATE, "rpc")

    answer = sgw.deliver(replace(request, target=request.target + "&Name=other"))

    assert refused(sgw, answer)[1] == "SignatureDoesNotMatch"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(sgw: RunningSgw, method: str) -> None:
    answer = sgw.call(replace(CREATE, method=method))

    assert refused(sgw, answer)[:2] == (405, "UnsupportedHTTPMethod")


def test_other_paths_are_refused(sgw: RunningSgw) -> None:
    request = sgw.sign(CREATE)

    answer = sgw.deliver(replace(request, target="/v1" + request.target))

    assert refused(sgw, answer)[1] == "InvalidAction.NotFound"


def test_no_secret_and_no_token_is_ever_shown(sgw: RunningSgw) -> None:
    sgw.create(key=ROLE)
    sgw.call(replace(CREATE, key=replace(ROLE, security_token="made-up")))

    shown = sgw.admin("GET", "calls").body.decode()

    assert [call["accessKeyId"] for call in sgw.calls()] == [ROLE.access_key_id] * 2
    assert not any(secret in shown for secret in (ROLE.access_key_secret, ROLE.security_token, "made-up"))


def test_the_signer_of_these_tests_signs_as_the_documentation_shows() -> None:
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
