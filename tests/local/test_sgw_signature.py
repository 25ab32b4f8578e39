"""The gateway admits exactly what an independent signer signs, and refuses every changed byte."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT, Key
from express_sync.local.api_error import ApiError
from express_sync.local.openapi.admission import Admission
from express_sync.local.openapi.request import Call
from express_sync.local.sgw.app import VERSION
from express_sync.local.sgw.operations import OPERATIONS
from tests.local.sgw_signer import SCHEMES, Ask, Request

NOW = 1_795_420_800.0
HOST = "sgw.cn-shanghai.aliyuncs.com"
VISIBLE = range(0x21, 0x7F)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parameter_names = st.sampled_from(["Name", "BucketName", "BucketRegion", "BucketPrefix", "Description", "Überraschung"])
asks = st.builds(
    Ask,
    st.sampled_from(sorted(OPERATIONS)),
    st.dictionaries(parameter_names, texts),
    st.sampled_from(["GET", "POST"]),
    st.booleans(),
    st.sampled_from([LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role]),
    st.sampled_from(["JSON", "XML"]),
)
schemes = st.sampled_from(sorted(SCHEMES))


@dataclass(frozen=True)
class Change:
    """Put `byte` at `position` (modulo the length) of the changed part."""

    position: int
    byte: int

    def of(self, original: bytes) -> bytes:
        at = self.position % len(original)
        return original[:at] + bytes([self.byte]) + original[at + 1 :]


changes = st.builds(Change, st.integers(0, 10_000), st.sampled_from(VISIBLE))


def code_for(method: str, request: Request) -> str | None:
    """Return the error code of a fresh gateway, None if it admits the call."""
    path, _, query = request.target.partition("?")
    call = Call.of(method, path, query.encode(), request.headers, request.body)
    try:
        Admission(LOCAL_ACCOUNT.keys(), OPERATIONS, VERSION, lambda: NOW).check(call)
    except ApiError as error:
        return error.code
    return None


def sign(ask: Ask, scheme: str) -> Request:
    return SCHEMES[scheme](ask, HOST, NOW)


def meaning(encoded: bytes) -> list[tuple[str, str]]:
    return parse_qsl(encoded.decode(), keep_blank_values=True)


@given(asks, schemes)
def test_signed_call_is_admitted(ask: Ask, scheme: str) -> None:
    assert code_for(ask.method, sign(ask, scheme)) is None


@given(asks, schemes, changes)
def test_changed_byte_of_the_query_is_refused(ask: Ask, scheme: str, change: Change) -> None:
    request = sign(ask, scheme)
    path, _, query = request.target.partition("?")
    assume(query)
    changed = change.of(query.encode())
    assume(meaning(changed) != meaning(query.encode()))

    assert code_for(ask.method, replace(request, target=f"{path}?{changed.decode()}")) is not None


@given(asks, schemes, changes)
def test_changed_byte_of_the_form_is_refused(ask: Ask, scheme: str, change: Change) -> None:
    request = sign(replace(ask, in_form=True), scheme)
    assume(request.body)
    changed = change.of(request.body)
    assume(changed != request.body if scheme == "acs3" else meaning(changed) != meaning(request.body))

    assert code_for(ask.method, replace(request, body=changed)) is not None


@given(asks, changes, st.data())
def test_changed_byte_of_a_signed_header_is_refused(ask: Ask, change: Change, data: st.DataObject) -> None:
    request = sign(ask, "acs3")
    name = data.draw(st.sampled_from(sorted(request.headers.keys() - {"accept"})))
    headers = with_changed(request.headers, name, change)
    assume(headers != request.headers)

    assert code_for(ask.method, replace(request, headers=headers)) is not None


def with_changed(headers: Mapping[str, str], name: str, change: Change) -> dict[str, str]:
    return {**headers, name: change.of(headers[name].encode()).decode()}


@given(asks, schemes)
def test_method_other_than_the_signed_one_is_refused(ask: Ask, scheme: str) -> None:
    other = {"GET": "POST", "POST": "GET"}[ask.method]

    assert code_for(other, sign(ask, scheme)) == "SignatureDoesNotMatch"


@given(asks, schemes, st.text(st.sampled_from("abcABC123"), min_size=1))
def test_signature_with_another_secret_is_refused(ask: Ask, scheme: str, secret: str) -> None:
    stranger = replace(ask.key, access_key_secret=secret)

    assert code_for(ask.method, sign(replace(ask, key=stranger), scheme)) == "SignatureDoesNotMatch"


@given(st.sampled_from(["query", "body", "authorization", "path", "content-type"]), st.binary(max_size=60))
def test_arbitrary_request_is_refused_without_an_exception(part: str, noise: bytes) -> None:
    """No bytes a stranger sends make the gateway stumble."""
    parts: dict[str, Any] = {"query": b"", "body": b"", "path": "/"}
    headers = {"x-acs-action": "CreateExpressSync", "x-acs-version": "2018-05-11"}
    headers["content-type"] = "application/x-www-form-urlencoded"
    if part in parts:
        parts[part] = noise.decode("latin-1") if part == "path" else noise
    else:
        headers[part] = noise.decode("latin-1")
    call = Call.of("POST", parts["path"], parts["query"], headers, parts["body"])

    with pytest.raises(ApiError):
        Admission(LOCAL_ACCOUNT.keys(), OPERATIONS, VERSION, lambda: NOW).check(call)


@pytest.mark.parametrize("key", [LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role], ids=["user", "role"])
def test_keys_are_not_interchangeable(key: Key) -> None:
    other = LOCAL_ACCOUNT.role if key is LOCAL_ACCOUNT.user else LOCAL_ACCOUNT.user
    mixed = replace(key, access_key_secret=other.access_key_secret)

    codes = [code_for("POST", sign(Ask("DescribeExpressSyncs", {}, key=mixed), scheme)) for scheme in SCHEMES]

    assert codes == ["SignatureDoesNotMatch"] * 2
