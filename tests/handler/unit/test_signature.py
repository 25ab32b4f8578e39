"""The signature is the official SDK's, for any parameters, headers and keys; and secrets are never shown."""

import re
from collections.abc import Callable, Mapping

import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from hypothesis import given
from hypothesis import strategies as st

from handler.credentials import Credentials, unsendable
from handler.sgw.signing import ALGORITHM, canonical_query, signed_headers

COMMON = {
    "accept": "application/json",
    "x-acs-action": "CreateExpressSync",
    "x-acs-version": "2018-05-11",
    "x-acs-date": "2026-11-23T06:13:43Z",
    "x-acs-signature-nonce": "3757",
}
KEYS = Credentials("ak-test", "secret-test")
texts = st.text(st.characters(exclude_categories=["Cs"]))
awkward = texts | st.sampled_from(["", " ", "+", "*", "~", "%", "/", "&", "=", "a b+c*d~e%f/g&h=i", "组", "\U0001f600"])
names = st.from_regex(r"\A[A-Za-z0-9_.~-]{1,12}\Z")  # the SDK leaves names as they are, and the API's are plain
tokens = st.text("abcXYZ019+/=", min_size=1)


def official(keys: Credentials, parameters: Mapping[str, str], headers: Mapping[str, str], body_digest: str) -> str:
    """What the official SDK puts into the Authorization header of the same request."""
    request = DaraRequest()
    request.method = "POST"
    request.pathname = "/"
    request.query = dict(parameters)
    # The SDK signs `accept` and `user-agent` as well; which headers are signed is the caller's choice.
    request.headers = {name: text for name, text in headers.items() if name not in ("accept", "authorization")}
    authorization: str = Utils.get_authorization(
        request, ALGORITHM, body_digest, keys.access_key_id, keys.access_key_secret
    )
    return authorization


@given(
    parameters=st.dictionaries(names, awkward, max_size=6),
    key_id=tokens,
    secret=tokens,
    security_token=tokens | st.just(""),
    body=st.binary(max_size=50),
)
def test_the_signature_is_the_official_sdks(
    parameters: dict[str, str], key_id: str, secret: str, security_token: str, body: bytes
) -> None:
    """Any text in the values, with a temporary key or without, any body."""
    keys = Credentials(key_id, secret, security_token)
    headers = signed_headers(
        keys,
        method="POST",
        host="sgw.cn-shanghai.aliyuncs.com",
        path="/",
        query=canonical_query(parameters),
        body=body,
        common=COMMON,
    )
    expected = official(keys, parameters, headers, headers["x-acs-content-sha256"])
    assert headers["authorization"] == expected
    assert headers.get("x-acs-security-token", "") == security_token


def test_a_known_request_has_its_known_signature() -> None:
    """Worked out with openssl by the documented algorithm, so that no library can drag it along."""
    headers = signed_headers(
        KEYS,
        method="POST",
        host="sgw.cn-shanghai.aliyuncs.com",
        path="/",
        query="Name=alex-tb",
        body=b"",
        common={**COMMON, "content-type": " text/plain "},
    )
    assert headers["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=ak-test,SignedHeaders=content-type;host;x-acs-action;x-acs-content-sha256;"
        "x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=18ec1b7a7adda9fdd83932ed6ffae6880279720971c0d1280aaefd4315d3200e"
    )


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, ""),
        ({"b": "2", "a": "1"}, "a=1&b=2"),
        ({"a": "b c+d*e~f%g/h&i=j"}, "a=b%20c%2Bd%2Ae~f%25g%2Fh%26i%3Dj"),
        ({"组": "é"}, "%E7%BB%84=%C3%A9"),
        ({"a": ""}, "a="),
        ({"-_.~": "-_.~"}, "-_.~=-_.~"),
    ],
)
def test_the_query_is_sorted_and_percent_encoded(parameters: dict[str, str], query: str) -> None:
    """By RFC 3986: a blank is %20, an asterisk is encoded, a tilde is not."""
    assert canonical_query(parameters) == query


@given(
    parameters=st.dictionaries(awkward, awkward, max_size=3),
    changed=st.sampled_from(["method", "host", "path", "body", "x-acs-date", "x-acs-signature-nonce", "query"]),
)
def test_every_part_of_the_request_is_signed(parameters: dict[str, str], changed: str) -> None:
    """Another method, host, path, query, body, date or nonce is another signature."""

    def signature(**other: str) -> str:
        common = {**COMMON, **{name: text for name, text in other.items() if name in COMMON}}
        authorization = signed_headers(
            KEYS,
            method=other.get("method", "POST"),
            host=other.get("host", "host"),
            path=other.get("path", "/"),
            query=other.get("query", canonical_query(parameters)),
            body=other.get("body", "").encode(),
            common=common,
        )["authorization"]
        return re.split("Signature=", authorization)[1]

    assert signature() != signature(**{changed: "other"})
    assert signature() == signature()


@pytest.mark.parametrize("shown", [repr, str, "{}".format])
def test_credentials_do_not_show_their_secrets(shown: Callable[[Credentials], str]) -> None:
    """Neither in a traceback nor in a log line."""
    text = shown(Credentials("ak-test", "hidden-secret", "hidden-token"))
    assert "ak-test" in text
    assert "hidden" not in text


@pytest.mark.parametrize("part", [" ", "a b", "a\r", "\na", "a\0", "é", "\x7f", "\udcff", "a" * 8193, None, b"a", 1])
def test_the_part_of_a_key_that_cannot_be_sent_is_named(part: object) -> None:
    """The first of them, by what people call it."""
    assert unsendable(part, part, part) == "access key id"
    assert unsendable("id", part, part) == "access key secret"
    assert unsendable("id", "secret", part) == "security token"
    assert unsendable("id", part) == "access key secret"


@pytest.mark.parametrize("part", ["", "!", "~", "CAIS+/==", "'\"\\", "a" * 8192])
def test_whatever_a_header_can_carry_can_be_sent(part: str) -> None:
    """A token may be absent; that a pair is whole is seen to by who reads it."""
    assert unsendable(part, part, part) == ""
