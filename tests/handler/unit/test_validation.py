"""The request contract: every rule, all broken rules at once, and never a value."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.inbound.validation import MAX_REPORTED, REQUEST_SCHEMA, usable_request_id, violations
from handler.model import Violation
from tests.support.samples import DOCUMENT

NEEDED = ("requestId", "name", "bucketName", "bucketRegion")
FIELDS = (*NEEDED, "bucketPrefix", "description", "requester")


def broken(document: object) -> list[tuple[str, str]]:
    """Return path and rule of every violation."""
    return [(violation.path, violation.rule) for violation in violations(document)]


def with_value(field: str, value: object) -> dict[str, object]:
    """Return the sample with another value."""
    return {**DOCUMENT, field: value}


VALID: list[tuple[str, str]] = [
    ("requestId", "r"),
    ("requestId", "r" * 128),
    ("requestId", "申请 2026/731 \U0001f600"),
    ("requestId", " inner and outer blanks "),
    ("name", "a"),
    ("name", "Z" + "z" * 127),
    ("name", "alex-tb_1.2"),
    ("name", "a..--__"),
    ("bucketName", "abc"),
    ("bucketName", "0-9"),
    ("bucketName", "a" * 63),
    ("bucketRegion", "cn-hangzhou"),
    ("bucketRegion", "us-west-1"),
    ("bucketRegion", "cn-shanghai-finance-1"),
    ("bucketRegion", "cn-north-2-gov-1"),
    ("bucketPrefix", ""),
    ("bucketPrefix", "test"),
    ("bucketPrefix", "a/b\\c d"),
    ("bucketPrefix", "p" * 1023),
    ("bucketPrefix", "中" * 341),
    ("description", ""),
    ("description", "d" * 255),
    ("description", "组" * 255),
    ("description", "\U0001f600" * 255),
    ("description", "line\nbreak\ttab\r\n"),
    ("requester", "l"),
    ("requester", "林伟" * 64),
]

INVALID: list[tuple[str, object, list[str]]] = [
    ("requestId", "", ["minLength", "pattern"]),
    ("requestId", " ", ["pattern"]),
    ("requestId", "r" * 129, ["maxLength"]),
    ("requestId", "a\nb", ["pattern"]),
    ("requestId", "a\n", ["pattern"]),
    ("requestId", "a\x00", ["pattern"]),
    ("requestId", "a\x7f", ["pattern"]),
    ("requestId", 17, ["type"]),
    ("requestId", None, ["type"]),
    ("name", "", ["minLength", "pattern"]),
    ("name", "z" * 129, ["maxLength"]),
    ("name", "1a", ["pattern"]),
    ("name", ".a", ["pattern"]),
    ("name", "-a", ["pattern"]),
    ("name", "_a", ["pattern"]),
    ("name", "a b", ["pattern"]),
    ("name", "a/b", ["pattern"]),
    ("name", "组", ["pattern"]),
    ("name", "aé", ["pattern"]),
    ("name", "a\n", ["pattern"]),
    ("name", "z" * 128 + "\n", ["maxLength", "pattern"]),
    ("name", ["a"], ["type"]),
    ("bucketName", "ab", ["minLength"]),
    ("bucketName", "a" * 64, ["maxLength"]),
    ("bucketName", "Abc", ["pattern"]),
    ("bucketName", "-abc", ["pattern"]),
    ("bucketName", "abc-", ["pattern"]),
    ("bucketName", "a.bc", ["pattern"]),
    ("bucketName", "a_bc", ["pattern"]),
    ("bucketName", "abc\n", ["pattern"]),
    ("bucketName", "", ["minLength", "pattern"]),
    ("bucketRegion", "", ["minLength", "pattern"]),
    ("bucketRegion", "oss-cn-hangzhou", ["pattern"]),
    ("bucketRegion", "hangzhou", ["pattern"]),
    ("bucketRegion", "CN-hangzhou", ["pattern"]),
    ("bucketRegion", "cn-hangzhou ", ["pattern"]),
    ("bucketRegion", "cn-hangzhou\n", ["pattern"]),
    ("bucketRegion", "cn-" + "h" * 62, ["maxLength"]),
    ("bucketPrefix", "/a", ["pattern"]),
    ("bucketPrefix", "\\a", ["pattern"]),
    ("bucketPrefix", "a\n", ["pattern"]),
    ("bucketPrefix", "a\x00b", ["pattern"]),
    ("bucketPrefix", "p" * 1024, ["maxLength", "x-maxBytes"]),
    ("bucketPrefix", "中" * 342, ["x-maxBytes"]),
    ("bucketPrefix", None, ["type"]),
    ("bucketPrefix", 1.5, ["type"]),
    ("description", "d" * 256, ["maxLength"]),
    ("description", "a\x00", ["pattern"]),
    ("description", "a\x1b[31m", ["pattern"]),
    ("description", True, ["type"]),
    ("requester", "", ["minLength"]),
    ("requester", "r" * 129, ["maxLength"]),
    ("requester", "a\n", ["pattern"]),
    ("requester", {"name": "lin"}, ["type"]),
]


@pytest.mark.parametrize(("field", "value"), VALID, ids=lambda value: repr(value)[:24])
def test_documented_values_are_valid(field: str, value: str) -> None:
    """They reach each limit exactly."""
    assert violations(with_value(field, value)) == ()


@pytest.mark.parametrize(("field", "value", "rules"), INVALID, ids=lambda value: repr(value)[:24])
def test_forbidden_values_are_reported_by_path_and_rule(field: str, value: object, rules: list[str]) -> None:
    """Every rule that the value breaks is reported once, and no other path."""
    assert broken(with_value(field, value)) == [(f"$.{field}", rule) for rule in rules]


@pytest.mark.parametrize("field", NEEDED)
def test_missing_property_is_reported(field: str) -> None:
    """It is reported once, with any number of others missing."""
    document = {name: value for name, value in DOCUMENT.items() if name != field}
    assert violations(document) == (Violation(f"$.{field}", "required", "is required"),)


def test_lone_surrogate_is_counted_and_does_not_raise() -> None:
    """The function never passes such a text; other callers may."""
    assert violations(with_value("bucketPrefix", "\ud800")) == ()
    assert broken(with_value("bucketPrefix", "\ud800" * 342)) == [("$.bucketPrefix", "x-maxBytes")]


def test_all_violations_are_reported_at_once_in_order() -> None:
    document = {"name": "1 " * 65, "bucketName": 17, "descripton": "typo", "bucketPrefix": "/"}
    assert broken(document) == [
        ("$.bucketName", "type"),
        ("$.bucketPrefix", "pattern"),
        ("$.bucketRegion", "required"),
        ("$.descripton", "additionalProperties"),
        ("$.name", "maxLength"),
        ("$.name", "pattern"),
        ("$.requestId", "required"),
    ]


def test_empty_object_lacks_every_required_property() -> None:
    """It breaks no other rule."""
    assert broken({}) == [(f"$.{field}", "required") for field in sorted(NEEDED)]


@pytest.mark.parametrize("document", [None, 17, 1.5, True, "text", [], [DOCUMENT]], ids=repr)
def test_document_that_is_not_an_object_has_the_wrong_type(document: object) -> None:
    """The violation is at the root."""
    assert broken(document) == [("$", "type")]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", 17, "must be of type string"),
        ("name", "", "must not be empty"),
        ("bucketName", "ab", "must have at least 3 characters"),
        ("name", "z" * 129, "must have at most 128 characters"),
        ("bucketPrefix", "中" * 342, "must have at most 1023 bytes in UTF-8, where a Chinese character takes three"),
        ("bucketRegion", "x", "must be a region ID such as cn-hangzhou, without oss- in front of it"),
        ("unknown", "x", "is not a known property"),
    ],
)
def test_message_of_a_violation_says_what_is_expected(field: str, value: object, message: str) -> None:
    assert message in [violation.message for violation in violations(with_value(field, value))]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("descripton", "$.descripton"),
        ("_x9", "$._x9"),
        ("x" * 64, "$." + "x" * 64),
        ("x" * 65, "$[?]"),
        ("", "$[?]"),
        ("9x", "$[?]"),
        ("has space", "$[?]"),
        ("a-b", "$[?]"),
        ("a\n", "$[?]"),
        ("пароль", "$[?]"),
        ("AKIA/secret+key=", "$[?]"),
    ],
)
def test_unknown_name_is_shown_only_if_it_looks_like_a_property(name: str, path: str) -> None:
    """A name is the sender's text as much as a value is."""
    assert broken(with_value(name, 1)) == [(path, "additionalProperties")]


def test_unknown_names_that_are_not_shown_are_reported_once() -> None:
    assert broken({**DOCUMENT, "a b": 1, "c d": 2}) == [("$[?]", "additionalProperties")]


@pytest.mark.parametrize(("unknown", "reported"), [(99, 99), (100, 100), (101, 101), (5000, 101)])
def test_number_of_violations_is_bounded(unknown: int, reported: int) -> None:
    """There are at most a hundred, and one with the total."""
    found = violations({**DOCUMENT, **{f"x{number}": 1 for number in range(unknown)}})
    assert len(found) == reported
    if unknown > MAX_REPORTED:
        assert (found[-1].path, found[-1].rule) == ("$", "tooMany")
        assert found[-1].message == f"breaks {unknown} rules in all"


@pytest.mark.parametrize(
    ("document", "usable"),
    [
        (DOCUMENT, "REQ-1"),
        ({"requestId": "REQ-2", "name": 17}, "REQ-2"),
        ({"requestId": "r" * 128}, "r" * 128),
        ({"requestId": "r" * 129}, None),
        ({"requestId": "a\n"}, None),
        ({"requestId": " "}, None),
        ({"requestId": ""}, None),
        ({"requestId": 17}, None),
        ({"requestId": None}, None),
        ({"requestId": ["REQ-1"]}, None),
        ({}, None),
        (None, None),
        ([DOCUMENT], None),
        ("REQ-1", None),
        ({**DOCUMENT, "requestId": "REQ-\ud800"}, None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_valid_request_id_is_usable_in_an_invalid_document(document: object, usable: str | None) -> None:
    assert usable_request_id(document) == usable


# A second statement of the rules, independent of the schema file and its patterns.
LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def has_control(text: str, allowed: str = "") -> bool:
    """Return whether there is an ASCII control character that is not allowed."""
    return any((ord(character) < 32 or ord(character) == 127) and character not in allowed for character in text)


def is_name(text: str) -> bool:
    """Match letters, digits, periods, underscores and hyphens, starting with a letter."""
    allowed = set(LETTERS + LETTERS.upper() + DIGITS + "._-")
    return 1 <= len(text) <= 128 and set(text) <= allowed and text[0] in LETTERS + LETTERS.upper()


def is_bucket(text: str) -> bool:
    """Match lower-case letters, digits and hyphens, with no hyphen at either end."""
    return 3 <= len(text) <= 63 and set(text) <= set(LETTERS + DIGITS + "-") and "-" not in (text[0], text[-1])


def is_region(text: str) -> bool:
    """Match two letters, a word of letters, then words of letters and digits, joined by hyphens."""
    words = text.split("-")
    if not 1 <= len(text) <= 64 or len(words) < 2 or not all(words):
        return False
    head_is_plain = len(words[0]) == 2 and set(words[0] + words[1]) <= set(LETTERS)
    return head_is_plain and all(set(word) <= set(LETTERS + DIGITS) for word in words[2:])


def is_prefix(text: str) -> bool:
    """Match at most 1023 bytes without control characters, not starting with a slash of either kind."""
    return len(text.encode()) <= 1023 and not has_control(text) and text[:1] not in ("/", "\\")


ORACLE: dict[str, Callable[[str], bool]] = {
    "requestId": lambda text: 1 <= len(text) <= 128 and not has_control(text) and not text.isspace(),
    "name": is_name,
    "bucketName": is_bucket,
    "bucketRegion": is_region,
    "bucketPrefix": is_prefix,
    "description": lambda text: len(text) <= 255 and not has_control(text, allowed="\t\n\r"),
    "requester": lambda text: 1 <= len(text) <= 128 and not has_control(text),
}

near_misses = st.one_of(
    st.text(max_size=8),
    st.text("aZ09._- /\\\n\tcn", max_size=8),
    st.from_regex(r"\A[A-Za-z][A-Za-z0-9._-]{0,130}\n?\Z"),
    st.from_regex(r"\A[a-z0-9-]{1,65}\n?\Z"),
    st.from_regex(r"\A(oss-)?[a-z]{1,3}-[a-z0-9]{0,8}(-[a-z0-9]{0,3}){0,2}\n?\Z"),
    st.integers(120, 132).map("x".__mul__),
    st.integers(250, 260).map("é".__mul__),
    st.integers(338, 344).map("中".__mul__),
    st.integers(1020, 1026).map("p".__mul__),
)
anything = near_misses | st.none() | st.integers() | st.booleans() | st.lists(st.text(max_size=3), max_size=2)
sample_values = st.sampled_from([value for _, value in VALID])


@given(document=st.dictionaries(st.sampled_from([*FIELDS, "unknown"]), anything | sample_values))
def test_validation_agrees_with_a_second_statement_of_the_rules(document: Mapping[str, Any]) -> None:
    """The second statement is an independent reading of the documentation."""
    expected = {field for field in NEEDED if field not in document} | (document.keys() - set(FIELDS))
    expected |= {
        field
        for field, keeps in ORACLE.items()
        if field in document and not (isinstance(document[field], str) and keeps(document[field]))
    }
    assert {violation.path.removeprefix("$.") for violation in violations(document)} == expected


@pytest.mark.parametrize("field", FIELDS)
def test_properties_refer_to_no_other_schema(field: str) -> None:
    """The library ignores all other rules beside a reference, and the function does not read references."""
    assert not {"$ref", "$id", "definitions"} & set(REQUEST_SCHEMA["properties"][field])


@given(value=st.from_regex(r"\A[A-Za-z][A-Za-z0-9._-]{0,127}\Z"))
def test_every_documented_name_is_valid(value: str) -> None:
    """A name has 1 to 128 letters, digits, periods, underscores and hyphens, and starts with a letter."""
    assert violations(with_value("name", value)) == ()


@given(field=st.sampled_from(FIELDS), value=near_misses)
def test_line_break_after_a_valid_value_is_invalid(field: str, value: str) -> None:
    """`$` in regular expressions matches before it. Only the description may contain line breaks."""
    assert field == "description" or violations(with_value(field, value.rstrip("\n") + "\n"))


# The patterns in the dialect of Python alone, with which the contract began.
FIRST_PATTERNS = {
    "requestId": r"^(?=[^\n]*\S)[^\u0000-\u001f\u007f]*$(?!\n)",
    "name": r"^[A-Za-z][A-Za-z0-9._-]*$(?!\n)",
    "bucketName": r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$(?!\n)",
    "bucketRegion": r"^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$(?!\n)",
    "bucketPrefix": r"^(?![/\\])[^\u0000-\u001f\u007f]*$(?!\n)",
    "description": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$",
    "requester": r"^[^\u0000-\u001f\u007f]*$(?!\n)",
}
blank_or_control = st.text(" \t\n\r\x00\x1c\x1f\x7f\x85\xa0\u1680\u2028\u3000\ufeffa/\\", max_size=5)


@given(field=st.sampled_from(FIELDS), value=near_misses | blank_or_control)
def test_portable_patterns_match_what_the_first_ones_did(field: str, value: str) -> None:
    """A form for every engine does not change which values are valid."""
    rules = [violation.rule for violation in violations(with_value(field, value))]
    assert ("pattern" not in rules) == bool(re.search(FIRST_PATTERNS[field], value))


@pytest.mark.parametrize("field", FIELDS)
def test_long_invalid_text_is_refused_in_one_pass(field: str) -> None:
    """No pattern backtracks over the text: with a quadratic one this would take an hour."""
    assert violations(with_value(field, "a" * 1_000_000 + "\x00"))


MARKER = "Sup3r-S3cret"
planted = st.recursive(
    st.sampled_from([MARKER, f"{MARKER}\n", MARKER * 200, f"/{MARKER}", f"oss-{MARKER}", f"{MARKER} {MARKER}"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from([MARKER, f"{MARKER} {MARKER}", "deep"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    document=st.one_of(
        planted, st.dictionaries(st.sampled_from([*FIELDS, MARKER, f"{MARKER}!", "unknown"]), planted, max_size=9)
    )
)
def test_violations_never_show_a_value_or_an_unusual_name(document: object) -> None:
    """The recipients of outcomes may not be allowed to see the request."""
    shown = json.dumps([[each.path, each.rule, each.message] for each in violations(document)])
    assert MARKER not in shown
    assert not re.search("s3cret", shown, re.IGNORECASE)
