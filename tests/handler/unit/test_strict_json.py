"""Untrusted text: what is parsed, what is refused under which rule, and that nothing raises."""

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.strict_json import MAX_DEPTH, Unreadable, read_body, read_bytes, violations
from handler.model import MAX_MESSAGE_BYTES

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=20), json_values, max_size=4)


def rules(value: Any) -> list[str]:
    """Return the rules that an unreadable text breaks."""
    assert isinstance(value, Unreadable)
    return [violation.rule for violation in value.violations]


def nested(levels: int) -> str:
    """Return brackets in brackets."""
    return "[" * levels + "]" * levels


@given(value=json_values, ascii_only=st.booleans())
def test_any_json_value_is_read_unchanged(value: object, ascii_only: bool) -> None:
    """It may be plain UTF-8 or escaped."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_body(text) == value
    assert read_bytes(text.encode()) == value


@given(value=json_objects, padded=st.booleans(), around=st.sampled_from(["", "\n", " \t\r\n"]))
def test_any_object_in_base64_is_read_with_or_without_padding(value: object, padded: bool, around: str) -> None:
    """The quick-start sample of the platform has no padding."""
    encoded = base64.b64encode(json.dumps(value).encode()).decode()
    assert read_body(around + (encoded if padded else encoded.rstrip("=")) + around) == value


@given(value=json_objects, width=st.integers(1, 76), line_break=st.sampled_from(["\n", "\r\n", " \n\t"]))
def test_base64_may_have_line_breaks(value: object, width: int, line_break: str) -> None:
    """MIME encoders write lines of 76 characters."""
    encoded = base64.b64encode(json.dumps(value).encode()).decode()
    lines = [encoded[start : start + width] for start in range(0, len(encoded), width)]
    assert read_body(line_break.join(lines)) == value


@pytest.mark.parametrize("encode", [str, lambda text: base64.b64encode(text.encode()).decode()])
@pytest.mark.parametrize("document", ["{}", " {}\n", "\ufeff{}", "\ufeff\r\n{}"])
def test_byte_order_mark_before_a_body_is_skipped(document: str, encode: Callable[[str], str]) -> None:
    """Text editors and shells of Windows write it; it may precede JSON as well as base64 of it."""
    assert read_bytes(document.encode()) == {}
    assert read_body(encode(document)) == {}
    assert read_body("\ufeff" + encode(document.lstrip("\ufeff"))) == {}


NOTIFICATION = {"TopicName": "t", "MessageId": "M-1", "Message": '{"a": "<&>"}', "MessageTag": ""}
IN_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<Notification xmlns="http://mns.aliyuncs.com/doc/v1/"><TopicName>t</TopicName>'
    '<MessageId>M-1</MessageId><Message>{"a": "&lt;&amp;&gt;"}</Message><MessageTag/></Notification>\n'
)


@pytest.mark.parametrize("body", [IN_XML, "\ufeff" + IN_XML, base64.b64encode(IN_XML.encode()).decode()])
def test_notification_in_xml_is_read_like_one_in_json(body: str) -> None:
    """A topic writes it for a subscription in the format XML."""
    assert read_body(body) == NOTIFICATION
    assert read_bytes(IN_XML.encode()) == NOTIFICATION
    assert read_body("<N><TopicName>t</TopicName><Message>{}</Message></N>") == {"TopicName": "t", "Message": "{}"}


@given(body=st.text())
def test_parsing_any_text_never_raises(body: str) -> None:
    value = read_body(body)
    assert not isinstance(value, Unreadable) or value.violations


@given(data=st.binary())
def test_parsing_any_json_bytes_never_raises(data: bytes) -> None:
    value = read_bytes(data)
    assert not isinstance(value, Unreadable) or rules(value) == ["json"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "hello",
        "{",
        '{"a": 1,}',
        "{'a': 1}",
        "{\ufeff}",
        "\ufeff\ufeff{}",
        '{"a": "\x00"}',
        '{"a": "line\nbreak"}',
        "eyJhIjoxfQ===",
        "eyJhIj oxfQ",
        "eyJhIj\foxfQ",
        "<a/>",
        "<TopicName>t</TopicName>",
        "<N><TopicName>t</TopicName></N>",
        "<N><TopicName>t</TopicName><Message>{}</Message>",
        "<N><TopicName>t</TopicName><Message>{}</Message><Message>{}</Message></N>",
        "<N><TopicName>t</TopicName><Message><requestId>R</requestId></Message></N>",
        "<!DOCTYPE N><N><TopicName>t</TopicName><Message>{}</Message></N>",
        "<requestId>R</requestId>",
        "e30=e30=",
        "e",
        "====",
        "eyJhIjoxf-_",
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"hello").decode(),
        base64.b64encode(base64.b64encode(b"{}")).decode(),
        "1" * 5000,
        "[" * 100_000,
        nested(100_000)[:MAX_MESSAGE_BYTES],
        "\ud800",
        '{"a": "\ud800"}',
    ],
    ids=lambda body: repr(body[:16]),
)
def test_text_that_is_not_json_breaks_the_rule_json(body: str) -> None:
    """This includes base64, and numbers and nesting beyond the limits of the parser."""
    expected = ["maxBytes"] if len(body) > MAX_MESSAGE_BYTES else ["json"]
    assert rules(read_body(body)) == expected


def test_nesting_beyond_the_parser_is_refused_at_any_size() -> None:
    """The event itself has 100,000 brackets."""
    assert rules(read_bytes(nested(100_000).encode())) == ["json"]


@pytest.mark.parametrize(
    ("size", "readable"), [(MAX_MESSAGE_BYTES - 1, True), (MAX_MESSAGE_BYTES, True), (MAX_MESSAGE_BYTES + 1, False)]
)
def test_body_is_read_up_to_64_kib(size: int, readable: bool) -> None:
    """One byte more is refused."""
    value = read_body("1".rjust(size))
    assert (value == 1) if readable else rules(value) == ["maxBytes"]


def test_size_of_a_body_is_counted_in_bytes() -> None:
    """Each of the characters has three bytes."""
    assert rules(read_body(json.dumps("中" * (MAX_MESSAGE_BYTES // 3 + 1), ensure_ascii=False))) == ["maxBytes"]


def test_plain_json_is_never_read_as_base64() -> None:
    """`1234` is a number although it is valid base64."""
    assert read_body("1234") == 1234
    assert read_body("true") is True


def test_nan_and_infinity_are_left_to_validation() -> None:
    """They are not strings, so the contract refuses them."""
    values = read_body("[NaN, Infinity, -Infinity, 1e999]")
    assert isinstance(values, list)
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, math.inf]
    assert violations(values) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', []),
        ('{"a": 1, "a": 1}', ["uniqueKeys"]),
        ('[{"b": {"a": 1, "a": 2}}]', ["uniqueKeys"]),
        (r'"\ud800"', ["unicode"]),
        (r'"\ud83d\ude00"', []),
        (r'{"\udfff": 1}', ["unicode"]),
        (r'[[{"a": "\ud800"}], "\ud800"]', ["unicode"]),
        (r'{"a": "\ud800", "a": 1, "b": "\ud800"}', ["uniqueKeys", "unicode"]),
        ('"\\u0000"', []),
        ("[1, null, true, 1.5]", []),
    ],
)
def test_defects_that_json_accepts_are_reported(text: str, expected: list[str]) -> None:
    """Each defect is reported once, at any depth and in any number."""
    found = violations(read_body(text))
    assert sorted(violation.rule for violation in found) == sorted(expected)
    assert all(violation.path == "$" for violation in found)


@pytest.mark.parametrize(("levels", "too_deep"), [(1, False), (MAX_DEPTH, False), (MAX_DEPTH + 1, True), (500, True)])
def test_nesting_has_a_bound_below_that_of_the_parser(levels: int, too_deep: bool) -> None:
    assert [violation.rule for violation in violations(read_body(nested(levels)))] == (["maxDepth"] if too_deep else [])


def test_depth_counts_objects_and_lists() -> None:
    """A defect above the bound is still reported."""
    text = '{"a": 1, "a": ' + '{"b": ' * MAX_DEPTH + "1" + "}" * (MAX_DEPTH + 1)
    assert [violation.rule for violation in violations(read_body(text))] == ["uniqueKeys", "maxDepth"]


@given(value=json_values)
def test_sound_values_have_no_defects(value: object) -> None:
    assert violations(value) == ()
