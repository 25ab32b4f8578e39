"""The owner's mark: told apart from every other request's, and room for it is demanded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import ownership
from handler.model import ProvisionRequest
from tests.unit.fakes import REQUEST, group_of

texts = st.text(max_size=255)


def asking(request_id: str, description: str = "") -> ProvisionRequest:
    """A request of that id and description."""
    return ProvisionRequest(request_id, "photos", "holiday-bucket", "cn-hangzhou", "", description)


@given(request_id=texts, description=texts)
def test_a_group_made_with_the_mark_is_recognised(request_id: str, description: str) -> None:
    """Whatever the description says."""
    request = asking(request_id, description)
    assert ownership.bears_mark(group_of(description=ownership.marked_description(request)), request)


@given(ids=st.lists(texts, min_size=2, max_size=2, unique=True), description=texts)
def test_the_mark_of_another_request_is_not_ours(ids: list[str], description: str) -> None:
    """Two requests never share a mark."""
    mine, theirs = (asking(request_id, description) for request_id in ids)
    assert not ownership.bears_mark(group_of(description=ownership.marked_description(theirs)), mine)


def test_an_unmarked_group_is_not_ours() -> None:
    """The same description without the mark is somebody else's."""
    assert not ownership.bears_mark(group_of(), REQUEST)


@pytest.mark.parametrize("description", ["of summer", "  indented", "\n\tlines", "trailing  "])
def test_the_description_itself_is_kept_to_the_letter(description: str) -> None:
    """The mark is added to it, nothing is taken away."""
    assert ownership.marked_description(asking("REQ-1", description)).startswith(f"{description} [xs:")


def test_an_empty_description_becomes_the_mark_alone() -> None:
    """Without a blank before it."""
    assert ownership.marked_description(asking("REQ-1")).startswith("[xs:")


@given(description=st.text(min_size=200, max_size=255))
def test_a_description_without_violations_fits_the_api_with_its_mark(description: str) -> None:
    """And one that has a violation would not have fitted: the rule is neither too lax nor too strict."""
    request = asking("REQ-1", description)
    fits = len(ownership.marked_description(request)) <= ownership.DESCRIPTION_LIMIT
    assert (ownership.violations(request) == ()) is fits


@pytest.mark.parametrize(("length", "fits"), [(236, True), (237, True), (238, False), (255, False)])
def test_the_room_ends_at_its_last_character(length: int, fits: bool) -> None:
    """With its mark the longest allowed description is exactly as long as the API allows."""
    request = asking("REQ-1", "d" * length)
    assert (ownership.violations(request) == ()) is fits
    assert (len(ownership.marked_description(request)) <= 255) is fits


def test_the_violation_names_the_room_that_is_left() -> None:
    """Where, which rule and how much; never the description itself."""
    (violation,) = ownership.violations(asking("REQ-1", "SECRET" * 40))
    assert (violation.path, violation.rule) == ("$.description", "maxLength")
    assert violation.message.startswith("must be at most 237 characters, because")
    assert "SECRET" not in violation.message
