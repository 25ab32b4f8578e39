"""The owner's mark differs from that of every other request, and the description must have room for it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import ProvisionRequest
from handler.provisioning import ownership
from handler.provisioning.ownership import Maker
from tests.support.samples import REQUEST, group_of

texts = st.text(max_size=255)


def asking(request_id: str, description: str = "") -> ProvisionRequest:
    """Return a request of that id and description."""
    return ProvisionRequest(request_id, "photos", "holiday-bucket", "cn-hangzhou", "", description)


prefixes = st.sampled_from(["", "a", "a/", "b"])


def old_mark(request_id: str) -> str:
    """Return the mark of groups made before the mark contained the configuration."""
    return f"[xs:{hashlib.sha256(request_id.encode()).hexdigest()[:12]}]"


@given(request_id=texts, description=texts, prefix=prefixes)
def test_group_with_the_mark_is_recognised(request_id: str, description: str, prefix: str) -> None:
    """The description, and the prefix and region that the API shows, do not matter."""
    request = replace(asking(request_id, description), bucket_prefix=prefix)
    group = group_of(description=ownership.marked_description(request), bucket_prefix="x", bucket_region="y")
    assert ownership.maker(group, request) is Maker.THIS_REQUEST


@given(request_id=texts, description=texts, configured=st.lists(prefixes, min_size=2, max_size=2, unique=True))
def test_mark_differs_between_configurations_of_one_request_id(
    request_id: str, description: str, configured: list[str]
) -> None:
    """The requester has changed the request."""
    mine, changed = (replace(asking(request_id, description), bucket_prefix=prefix) for prefix in configured)
    group = group_of(description=ownership.marked_description(changed))
    assert ownership.maker(group, mine) is Maker.THIS_ID_OTHER_CONFIGURATION


@given(ids=st.lists(texts, min_size=2, max_size=2, unique=True), description=texts)
def test_mark_of_another_request_belongs_to_another_owner(ids: list[str], description: str) -> None:
    """Two requests never have the same mark, in the present form or the old one."""
    mine, theirs = (asking(request_id, description) for request_id in ids)
    assert ownership.maker(group_of(description=ownership.marked_description(theirs)), mine) is Maker.SOMEBODY_ELSE
    assert ownership.maker(group_of(description=old_mark(theirs.request_id)), mine) is Maker.SOMEBODY_ELSE


@given(request_id=texts, description=texts)
def test_old_mark_identifies_the_request_alone(request_id: str, description: str) -> None:
    """Groups with it exist for years; it does not contain the configuration."""
    group = group_of(description=f"{description} {old_mark(request_id)}")
    assert ownership.maker(group, asking(request_id)) is Maker.THIS_ID


MARK, OLD_MARK = ownership.marked_description(asking("REQ-1")), old_mark("REQ-1")


@pytest.mark.parametrize(
    ("description", "maker"),
    [
        (MARK, Maker.THIS_REQUEST),
        (f"{MARK} \n", Maker.THIS_REQUEST),
        (f"{MARK}, and more", Maker.THIS_REQUEST),
        (MARK.upper(), Maker.THIS_REQUEST),
        (quote(MARK), Maker.THIS_REQUEST),
        (quote(MARK).lower(), Maker.THIS_REQUEST),
        (quote(quote(MARK)), Maker.THIS_REQUEST),
        (MARK.replace("[", "&#91;").replace(":", "&#58;").replace("]", "&#93;"), Maker.THIS_REQUEST),
        (MARK.replace("[", "&#x5B;").replace(":", "&#x3A;").replace("]", "&#x5D;"), Maker.THIS_REQUEST),
        (MARK.replace("[", "&lsqb;").replace(":", "&colon;").replace("]", "&rsqb;"), Maker.THIS_REQUEST),
        (MARK.replace("[", r"\[").replace(":", r"\:").replace("]", r"\]"), Maker.THIS_REQUEST),
        (MARK.replace("[", r"\u005b").replace(":", r"\u003A").replace("]", r"\u005d"), Maker.THIS_REQUEST),
        (MARK[1:-1], Maker.THIS_REQUEST),
        (f"[xs:AAAAAAAABBBB] {MARK}", Maker.THIS_REQUEST),
        (f"{MARK} [xs:AAAAAAAABBBB]", Maker.SOMEBODY_ELSE),
        (MARK[:-2], Maker.UNCLEAR),
        (MARK[:-6], Maker.UNCLEAR),
        (MARK[:5], Maker.UNCLEAR),
        (f"{MARK[:-6]}...", Maker.UNCLEAR),
        (f"{OLD_MARK[:-4]}…", Maker.UNCLEAR),
        ("[xs:", Maker.UNCLEAR),
        (f"{MARK[:-3]}?]", Maker.UNCLEAR),
        (f"{MARK[:-6]}?", Maker.UNCLEAR),
        (f"{MARK[:-5]}AAAA]", Maker.THIS_ID_OTHER_CONFIGURATION),
        (f"{MARK[:-5]}AAA]", Maker.SOMEBODY_ELSE),
        (MARK.replace("xs:", "xs"), Maker.SOMEBODY_ELSE),
        (MARK.replace("xs:", "sx:"), Maker.SOMEBODY_ELSE),
        ("[xs:AAAAAAAABBBB]", Maker.SOMEBODY_ELSE),
        ("[xs:]", Maker.SOMEBODY_ELSE),
        ("[xs:?", Maker.SOMEBODY_ELSE),
        ("]", Maker.SOMEBODY_ELSE),
        ("", Maker.SOMEBODY_ELSE),
        ("of summer", Maker.SOMEBODY_ELSE),
    ],
)
def test_last_mark_counts_in_any_form(description: str, maker: Maker) -> None:
    """A service may escape a description, change its case, append to it or shorten it; a shortened mark is unclear."""
    assert ownership.maker(group_of(description=description), asking("REQ-1")) is maker


SIGNS = next(  # a request with both signs in its mark, which every service may escape
    request
    for request in (asking(f"REQ-{number}", "of summer") for number in range(1000))
    if {"-", "_"} <= set(ownership.marked_description(request)[14:21])
)
SIGNED = ownership.marked_description(SIGNS)


def escaping(form: str, signs: str = r"[\W_]") -> Callable[[str], str]:
    """Return a function that writes each of these signs in the form, which may take its code point or the sign."""
    return lambda text: re.sub(signs, lambda found: form.format(ord(found[0]), found[0]), text)


ESCAPED = {
    "all percent-encoded": escaping("%{0:02x}", r"."),
    "twice percent-encoded": escaping("%25{0:02X}"),
    "decimal references": escaping("&#{0};", r"."),
    "padded references": escaping("&#x{0:04X};"),
    "references of references": escaping("&amp;#{0};"),
    "named references": lambda text: text.replace("_", "&lowbar;").replace("-", "&hyphen;").replace(":", "&colon;"),
    "JSON": escaping("\\u{0:04x}"),
    "JSON in JSON": escaping("\\\\u{0:04X}"),
    "JavaScript": escaping("\\u{{{0:x}}}"),
    "hexadecimal": escaping("\\x{0:02x}"),
    "Markdown": escaping("\\{1}"),
    "Markdown in JSON": escaping("\\\\{1}"),
    "full width": lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text),
    "blanks": lambda text: text.replace("xs:", "xs : "),
    "upper case": str.upper,
}


@pytest.mark.parametrize("form", ESCAPED)
def test_every_sign_of_a_mark_may_be_escaped(form: str) -> None:
    """The digest has signs, too: `-` and `_`."""
    assert ownership.maker(group_of(description=ESCAPED[form](SIGNED)), SIGNS) is Maker.THIS_REQUEST


@pytest.mark.parametrize("end", ["", "...", " …", " [...]", "(..)", "&hellip;", r"\u2026", "%E2%80%A6", "&#8230;"])
@pytest.mark.parametrize("form", [None, *ESCAPED])
def test_mark_cut_off_anywhere_is_unclear(form: str | None, end: str) -> None:
    """Also where the description has a mark of another request before it, and within an escape."""
    request = replace(SIGNS, description="like [xs:AAAAAAAABBBB] there")
    whole = ownership.marked_description(request)
    shown = whole if form is None else ESCAPED[form](whole)
    complete, before = (len(ESCAPED[form](text)) if form else len(text) for text in (whole[:-1], whole[:-16]))
    cuts = {ownership.maker(group_of(description=shown[:cut] + end), request) for cut in range(before, complete)}
    assert cuts <= {Maker.UNCLEAR, Maker.THIS_REQUEST}
    assert Maker.UNCLEAR in cuts


@pytest.mark.parametrize(
    ("description", "maker"),
    [
        (f"{SIGNED} xs:string", Maker.UNCLEAR),
        (f"{SIGNED} https://example.com/?xs:1", Maker.UNCLEAR),
        (f"{SIGNED} [xs:AAAA", Maker.UNCLEAR),
        (f"{SIGNED} [xs:AAAAAAAABBBB]", Maker.SOMEBODY_ELSE),
        (f"{SIGNED[:-1]} (managed)", Maker.THIS_REQUEST),
        (f"xs: {SIGNED[11:-1]}", Maker.THIS_REQUEST),
        (f"{SIGNED[:-6]} (shortened)", Maker.UNCLEAR),
        ("of sum...", Maker.UNCLEAR),
        ("of sum", Maker.SOMEBODY_ELSE),
        ("of win...", Maker.SOMEBODY_ELSE),
        ("...", Maker.SOMEBODY_ELSE),
        ("of summer", Maker.SOMEBODY_ELSE),
        ("of summer [", Maker.UNCLEAR),
        ("of summer [xs", Maker.UNCLEAR),
        ("[xs", Maker.SOMEBODY_ELSE),
        ("[xs:AAAAAAAABBBB] [xs", Maker.SOMEBODY_ELSE),
    ],
)
def test_what_may_be_the_own_mark_is_unclear(description: str, maker: Maker) -> None:
    """Only what this request can not have written belongs to somebody else."""
    assert ownership.maker(group_of(description=description), SIGNS) is maker


@pytest.mark.parametrize("changes", [{}, {"bucket_prefix": "b"}, {"request_id": "REQ-2"}], ids=str)
def test_mark_in_the_own_description_proves_nothing(changes: dict[str, str]) -> None:
    """A requester may copy the description of a group; without a mark after it, the policy was not `owned`."""
    copied = ownership.marked_description(replace(asking("REQ-1"), **changes))
    request = asking("REQ-1", f"like {copied}")
    assert ownership.maker(group_of(description=request.description), request) is Maker.SOMEBODY_ELSE
    marked = ownership.marked_description(request)
    assert ownership.maker(group_of(description=marked), request) is Maker.THIS_REQUEST


@pytest.mark.parametrize("shown", ["o...", "of ...", "of s%"])
def test_beginning_of_the_description_is_unclear_before_dots(shown: str) -> None:
    """The service shows a few characters, and says that more would follow."""
    assert ownership.maker(group_of(description=shown), asking("REQ-1", "of summer")) is Maker.UNCLEAR


def test_huge_description_is_read_in_bounded_time() -> None:
    """A foreign group may have any text; its end has the mark."""
    description = "\u0301\u0316&#" * 500_000 + MARK
    assert ownership.maker(group_of(description=description), asking("REQ-1")) is Maker.THIS_REQUEST


def test_form_of_the_mark_never_changes() -> None:
    """Every later version has to recognise groups that were made with it."""
    assert ownership.marked_description(REQUEST) == "of summer [xs:aqLbPCUhIZuu]"


@pytest.mark.parametrize("description", ["of summer", "  indented", "\n\tlines", "trailing  "])
def test_mark_is_appended_to_the_unchanged_description(description: str) -> None:
    assert ownership.marked_description(asking("REQ-1", description)).startswith(f"{description} [xs:")


def test_empty_description_becomes_the_mark_alone() -> None:
    """The mark has no blank before it."""
    assert ownership.marked_description(asking("REQ-1")).startswith("[xs:")


@given(description=st.text(min_size=200, max_size=255))
def test_description_is_accepted_exactly_if_its_mark_fits(description: str) -> None:
    """The rule is neither too lax nor too strict."""
    request = asking("REQ-1", description)
    fits = len(ownership.marked_description(request)) <= ownership.DESCRIPTION_LIMIT
    assert (ownership.violations(request) == ()) is fits


@pytest.mark.parametrize(("length", "fits"), [(236, True), (237, True), (238, False), (255, False)])
def test_longest_accepted_description_fills_the_api_limit(length: int, fits: bool) -> None:
    """With its mark it is exactly as long as the API allows."""
    request = asking("REQ-1", "d" * length)
    assert (ownership.violations(request) == ()) is fits
    assert (len(ownership.marked_description(request)) <= 255) is fits


def test_violation_has_the_length_that_is_allowed() -> None:
    """It has the path and the rule, and does not quote the description."""
    (violation,) = ownership.violations(asking("REQ-1", "SECRET" * 40))
    assert (violation.path, violation.rule) == ("$.description", "maxLength")
    assert violation.message.startswith("must be at most 237 characters, because")
    assert "SECRET" not in violation.message
