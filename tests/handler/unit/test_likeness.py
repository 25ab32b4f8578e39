"""Whether a group is the requested one, another one, or perhaps the requested one in another form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.provisioning.likeness import Likeness, likeness
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
        ("A", "a", OTHER),
        ("a ", "a", OTHER),
        ("a*", "a", OTHER),
    ],
)
def test_prefixes_that_differ_by_slashes_alone_are_unclear(shown: str, requested: str, expected: Likeness) -> None:
    """The API may normalise them; anything else in a prefix counts to the letter."""
    assert likeness(group_of(bucket_prefix=shown), replace(REQUEST, bucket_prefix=requested)) is expected


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
def test_a_region_is_another_one_only_by_its_plain_id(shown: str, expected: Likeness) -> None:
    """A bucket is in one region only, so whatever is not the id of another region may be this one in another form."""
    assert likeness(group_of(bucket_region=shown), REQUEST) is expected


def test_a_region_within_the_requested_one_is_unclear() -> None:
    """cn-shanghai may be shown for cn-shanghai-finance-1 and the other way round."""
    wanted = replace(REQUEST, bucket_region="cn-shanghai-finance-1")
    assert likeness(group_of(bucket_region="cn-shanghai"), wanted) is UNCLEAR
    assert likeness(group_of(bucket_region="cn-beijing"), wanted) is OTHER


@pytest.mark.parametrize("changes", [{"name": "Photos"}, {"bucket_name": "holiday-bucket2"}, {"name": ""}])
def test_name_and_bucket_count_to_the_letter(changes: dict[str, str]) -> None:
    """They come back as they were sent, in one form only."""
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
def test_another_part_outweighs_an_unclear_one(region: str, prefix: str, expected: Likeness) -> None:
    """One part that is surely another makes another group; one unclear part makes an unclear one."""
    assert likeness(group_of(bucket_region=region, bucket_prefix=prefix), REQUEST) is expected


def test_the_description_is_not_compared() -> None:
    """It does not configure anything."""
    assert likeness(group_of(description="other words", express_sync_id="sync-9"), REQUEST) is SAME


@given(parts=st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3), slashes=st.data())
def test_no_number_of_slashes_makes_another_group(parts: list[str], slashes: st.DataObject) -> None:
    """At either end there may be any, between two parts at least one."""

    def some(least: int) -> str:
        return str(slashes.draw(st.text("/\\", min_size=least, max_size=3)))

    shown = some(0) + "".join(part + some(1) for part in parts[:-1]) + parts[-1] + some(0)
    assert likeness(group_of(bucket_prefix=shown), replace(REQUEST, bucket_prefix="/".join(parts))) is not OTHER
