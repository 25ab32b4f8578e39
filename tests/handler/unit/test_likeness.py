"""Whether a group is the requested one, another one, or perhaps the requested one in another form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import Fragment
from handler.provisioning.likeness import Likeness, likeness, may_be
from tests.support.samples import REQUEST, group_of

SAME, UNCLEAR, OTHER = Likeness


@pytest.mark.parametrize(
    ("shown", "requested", "expected"),
    [
        ("", "", SAME),
        ("a", "a", SAME),
        ("a/b/", "a/b/", SAME),
        ("a", "a/", UNCLEAR),
        ("a/", "a", UNCLEAR),
        ("/a", "a", UNCLEAR),
        ("/a/", "a", UNCLEAR),
        ("a//b", "a/b", UNCLEAR),
        ("a/b", "a//b", UNCLEAR),
        ("a///b//", "a/b", UNCLEAR),
        ("a\\b", "a/b", UNCLEAR),
        ("\\a", "a", UNCLEAR),
        ("/", "", UNCLEAR),
        ("", "//", UNCLEAR),
        ("", "a", OTHER),
        ("a", "", OTHER),
        ("a", "b", OTHER),
        ("a", "a/b", OTHER),
        ("ab", "a/b", OTHER),
        ("Xa", "a", OTHER),
        ("A", "a", OTHER),
        ("a ", "a", UNCLEAR),
        (" / a/ ", " a", UNCLEAR),
        ("a b", "ab", OTHER),
        ("a%2Fb", "a/b", UNCLEAR),
        ("a/b", "a%2fb", UNCLEAR),
        ("%E7%BB%84", "组", UNCLEAR),
        ("a%20b/", "a b", UNCLEAR),
        ("a%2Fc", "a/b", OTHER),
        ("e\N{COMBINING ACUTE ACCENT}", "é", UNCLEAR),
        ("é", "e\N{COMBINING ACUTE ACCENT}", UNCLEAR),
        ("e", "é", OTHER),
        ("É", "é", OTHER),
        ("\udcff", "\N{REPLACEMENT CHARACTER}", OTHER),
        ("a*", "a", OTHER),
    ],
)
def test_prefix_in_another_form_is_unclear(shown: str, requested: str, expected: Likeness) -> None:
    """A service may change slashes, blanks at the ends, encoding and Unicode form in transit, but not letters."""
    assert likeness(group_of(bucket_prefix=shown), replace(REQUEST, bucket_prefix=requested)) is expected


@pytest.mark.timeout(60)
def test_longer_prefix_than_any_object_name_is_another() -> None:
    """To normalise hundreds of thousands of combining characters takes hours."""
    asked = replace(REQUEST, bucket_prefix="组" * 341)
    assert likeness(group_of(bucket_prefix="%E7%BB%84" * 341), asked) is UNCLEAR
    assert likeness(group_of(bucket_prefix="%E7%BB%84" * 341 + "/"), asked) is OTHER
    marks = "\N{COMBINING ACUTE ACCENT}\N{COMBINING GRAVE ACCENT BELOW}" * 500_000
    assert likeness(group_of(bucket_prefix=marks), asked) is OTHER


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("cn-hangzhou", SAME),
        ("oss-cn-hangzhou", SAME),
        ("CN-HANGZHOU", SAME),
        ("OSS-CN-Hangzhou", SAME),
        (" cn-hangzhou ", SAME),
        ("", UNCLEAR),
        ("China (Hangzhou)", UNCLEAR),
        ("华东1(杭州)", UNCLEAR),
        ("cn-hangzhou-internal", UNCLEAR),
        ("oss-cn-hangzhou-internal", UNCLEAR),
        ("oss-cn-hangzhou.aliyuncs.com", UNCLEAR),
        ("cn-hang", UNCLEAR),
        ("hangzhou", UNCLEAR),
        ("1", UNCLEAR),
        ("cn-", UNCLEAR),
        ("cn-beijing", OTHER),
        ("oss-cn-beijing", OTHER),
        ("CN-BEIJING", OTHER),
        ("us-east-1", OTHER),
        ("cn-beijing-finance-1", OTHER),
    ],
)
def test_region_differs_only_if_it_is_another_plain_id(shown: str, expected: Likeness) -> None:
    """A bucket is in one region, so any other text may be the requested region in another form."""
    assert likeness(group_of(bucket_region=shown), REQUEST) is expected


def test_region_within_the_requested_one_is_unclear() -> None:
    """The API may show cn-shanghai for cn-shanghai-finance-1, or the reverse."""
    wanted = replace(REQUEST, bucket_region="cn-shanghai-finance-1")
    assert likeness(group_of(bucket_region="cn-shanghai"), wanted) is UNCLEAR
    assert likeness(group_of(bucket_region="cn-beijing"), wanted) is OTHER


@pytest.mark.parametrize("changes", [{"name": "Photos"}, {"bucket_name": "holiday-bucket2"}, {"name": ""}])
def test_name_and_bucket_are_compared_exactly(changes: dict[str, str]) -> None:
    """They have only one form."""
    assert likeness(group_of(**changes), REQUEST) is OTHER


@pytest.mark.parametrize(
    ("region", "prefix", "expected"),
    [
        ("cn-hangzhou", "teams/a", SAME),
        ("", "teams/a", UNCLEAR),
        ("cn-hangzhou", "teams/a/", UNCLEAR),
        ("", "teams/a/", UNCLEAR),
        ("", "teams/b", OTHER),
        ("cn-beijing", "teams/a/", OTHER),
    ],
)
def test_different_part_outweighs_an_unclear_part(region: str, prefix: str, expected: Likeness) -> None:
    """One unclear part makes an unclear group."""
    assert likeness(group_of(bucket_region=region, bucket_prefix=prefix), REQUEST) is expected


def test_description_is_not_compared() -> None:
    """It is not part of the configuration."""
    assert likeness(group_of(description="other words", express_sync_id="sync-9"), REQUEST) is SAME


@given(parts=st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3), slashes=st.data())
def test_any_number_of_slashes_is_unclear(parts: list[str], slashes: st.DataObject) -> None:
    """There may be any number at either end, and at least one between two parts."""

    def some(least: int) -> str:
        return str(slashes.draw(st.text("/\\", min_size=least, max_size=3)))

    shown = some(0) + "".join(part + some(1) for part in parts[:-1]) + parts[-1] + some(0)
    assert likeness(group_of(bucket_prefix=shown), replace(REQUEST, bucket_prefix="/".join(parts))) is not OTHER


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (Fragment("photos", None, None), True),
        (Fragment("photos", "other-bucket", "other"), True),
        (Fragment("photos2", "holiday-bucket", "teams/a"), False),
        (Fragment(None, "holiday-bucket", "teams/a"), True),
        (Fragment(None, "holiday-bucket", "/teams/a/"), True),
        (Fragment(None, "holiday-bucket", None), True),
        (Fragment(None, "holiday-bucket", "teams/b"), False),
        (Fragment(None, "other-bucket", "teams/a"), False),
        (Fragment(None, None, "teams/a"), False),
        (Fragment(None, None, None), False),
    ],
)
def test_unreadable_entry_may_be_the_group_by_name_or_place(fragment: Fragment, expected: bool) -> None:
    """A group always has a name and a bucket, so an entry with neither cannot be the requested one."""
    assert may_be(fragment, REQUEST) is expected


@pytest.mark.parametrize(
    ("shown", "requested", "expected"),
    [
        ("teams/a", "teams/a/", True),
        ("teams%2Fa", "teams/a", True),
        ("Xteams/a", "teams/a", False),
        ("teams/a", "Xteams/a", False),
        (" teams/a", "teams/a", True),
    ],
)
def test_prefix_of_an_unreadable_entry_counts_in_any_form(shown: str, requested: str, expected: bool) -> None:
    """It is compared as that of a group is."""
    entry = Fragment(None, REQUEST.bucket_name, shown)
    assert may_be(entry, replace(REQUEST, bucket_prefix=requested)) is expected
