"""Times of outcomes are read alike on every Python."""

import pytest

from express_sync.portal.clock import parse_ms, to_text


@pytest.mark.parametrize("digits", range(10))
def test_time_of_any_precision_is_read(digits: int) -> None:
    """CloudEvents SDKs write up to nine fraction digits."""
    text = f"2026-11-23T08:00:01.{'500000000'[:digits]}Z" if digits else "2026-11-23T08:00:01Z"
    assert to_text(parse_ms(text)) == ("2026-11-23T08:00:01.500Z" if digits else "2026-11-23T08:00:01.000Z")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T08:00:61Z"])
def test_text_that_is_not_a_time_is_not_read(text: str) -> None:
    assert parse_ms(text) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_times_at_the_ends_of_the_calendar_are_read(text: str) -> None:
    """They are valid, although their moment in UTC is outside of the calendar; and they can be written again."""
    written = to_text(parse_ms(text))
    assert written is not None
    assert written[:16] in {"0001-01-01T00:00", "9999-12-31T23:59"}


def test_last_moment_of_the_calendar_is_not_rounded_up() -> None:
    assert to_text(parse_ms("9999-12-31T23:59:59.9999999Z")) == "9999-12-31T23:59:59.999Z"
