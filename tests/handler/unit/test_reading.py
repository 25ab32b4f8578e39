"""Text from strangers: what is read, what is refused and by which name, and that nothing raises."""

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.strict_json import MAX_DEPTH, Unreadable, flaws, read_body, read_bytes
from handler.model import MAX_MESSAGE_BYTES

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=20), json_values, max_size=4)


def rules(value: Any) -> list[str]:
    """The rules that an unreadable text breaks."""
    assert isinstance(value, Unreadable)
    return [violation.rule for violation in value.violations]


def nested(levels: int) -> str:
    """Brackets in brackets."""
    return "[" * levels + "]" * levels


@given(value=json_values, ascii_only=st.booleans())
def test_any_json_value_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    """Plain UTF-8, escaped or not."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_body(text) == value
    assert read_bytes(text.encode()) == value


@given(value=json_objects, padded=st.booleans(), around=st.sampled_from(["", "\n", " \t\r\n"]))
def test_any_object_is_read_out_of_base64_padded_or_not(value: object, padded: bool, around: str) -> None:
    """Producers differ; the quick-start sample of the platform is unpadded."""
    encoded = base64.b64encode(json.dumps(value).encode()).decode()
    assert read_body(around + (encoded if padded else encoded.rstrip("=")) + around) == value


@given(body=st.text())
def test_no_text_makes_it_raise(body: str) -> None:
    """A value, or the reasons why there is none."""
    value = read_body(body)
    assert not isinstance(value, Unreadable) or value.violations


@given(data=st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    """The same for what the runtime hands over."""
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
        "\ufeff{}",
        '{"a": "\x00"}',
        '{"a": "line\nbreak"}',
        "eyJhIjoxfQ===",
        "eyJhIj oxfQ",
        "eyJhIj\noxfQ",
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
def test_what_is_no_json_is_named_so(body: str) -> None:
    """In the clear or in base64; including numbers and nesting beyond what the parser can hold."""
    expected = ["maxBytes"] if len(body) > MAX_MESSAGE_BYTES else ["json"]
    assert rules(read_body(body)) == expected


def test_nesting_beyond_the_parser_is_refused_without_a_size_bound() -> None:
    """100,000 brackets in the event itself."""
    assert rules(read_bytes(nested(100_000).encode())) == ["json"]


@pytest.mark.parametrize(
    ("size", "readable"), [(MAX_MESSAGE_BYTES - 1, True), (MAX_MESSAGE_BYTES, True), (MAX_MESSAGE_BYTES + 1, False)]
)
def test_a_body_is_bounded_in_bytes(size: int, readable: bool) -> None:
    """64 KiB are read, one byte more is not."""
    value = read_body("1".rjust(size))
    assert (value == 1) if readable else rules(value) == ["maxBytes"]


def test_the_bound_counts_bytes_not_characters() -> None:
    """Three bytes for each of these."""
    assert rules(read_body(json.dumps("中" * (MAX_MESSAGE_BYTES // 3 + 1), ensure_ascii=False))) == ["maxBytes"]


def test_plain_json_is_never_mistaken_for_base64() -> None:
    """`1234` is a number although it is base64 as well."""
    assert read_body("1234") == 1234
    assert read_body("true") is True


def test_not_a_number_and_infinity_are_values_for_validation_to_refuse() -> None:
    """The parser lets them pass; they are no strings, so no rule of the contract does."""
    values = read_body("[NaN, Infinity, -Infinity, 1e999]")
    assert isinstance(values, list)
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, math.inf]
    assert flaws(values) == ()


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
def test_what_the_parser_lets_pass_is_named(text: str, expected: list[str]) -> None:
    """Each flaw once, wherever and however often it stands."""
    flawed = flaws(read_body(text))
    assert sorted(violation.rule for violation in flawed) == sorted(expected)
    assert all(violation.path == "$" for violation in flawed)


@pytest.mark.parametrize(("levels", "too_deep"), [(1, False), (MAX_DEPTH, False), (MAX_DEPTH + 1, True), (500, True)])
def test_nesting_is_bounded(levels: int, too_deep: bool) -> None:
    """What the parser can hold may still be too deep for a request."""
    assert [violation.rule for violation in flaws(read_body(nested(levels)))] == (["maxDepth"] if too_deep else [])


def test_depth_counts_objects_as_well_as_lists_and_keeps_other_flaws() -> None:
    """A flaw above the bound is still told."""
    text = '{"a": 1, "a": ' + '{"b": ' * MAX_DEPTH + "1" + "}" * (MAX_DEPTH + 1)
    assert [violation.rule for violation in flaws(read_body(text))] == ["uniqueKeys", "maxDepth"]


@given(value=json_values)
def test_no_flaw_is_found_where_there_is_none(value: object) -> None:
    """Values of sound text are sound."""
    assert flaws(value) == ()
