"""Keys: which can be sent, and that their secrets are not shown."""

from collections.abc import Callable

import pytest

from handler.credentials import Credentials, unsendable_part


@pytest.mark.parametrize("shown", [repr, str, "{}".format])
def test_credentials_do_not_show_their_secrets(shown: Callable[[Credentials], str]) -> None:
    """Tracebacks and logs use these representations."""
    text = shown(Credentials("ak-test", "hidden-secret", "hidden-token"))
    assert "ak-test" in text
    assert "hidden" not in text


@pytest.mark.parametrize("part", [" ", "a b", "a\r", "\na", "a\0", "é", "\x7f", "\udcff", "a" * 8193, None, b"a", 1])
def test_part_of_a_key_that_cannot_be_sent_is_named(part: object) -> None:
    """The first such part is named."""
    assert unsendable_part(part, part, part) == "access key id"
    assert unsendable_part("id", part, part) == "access key secret"
    assert unsendable_part("id", "secret", part) == "security token"


@pytest.mark.parametrize("part", ["", "!", "~", "CAIS+/==", "'\"\\", "a" * 8192])
def test_key_of_characters_valid_in_a_header_can_be_sent(part: str) -> None:
    """A token may be empty; the reader of a key checks that it is complete."""
    assert unsendable_part(part, part, part) == ""
