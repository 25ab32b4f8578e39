"""The owner's mark: told apart from every other request's, and room for it is demanded."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.model import ProvisionRequest
from handler.provisioning import ownership
from handler.provisioning.ownership import Maker
from tests.support.samples import REQUEST, group_of

texts = st.text(max_size=255)


def asking(request_id: str, description: str = "") -> ProvisionRequest:
    """A request of that id and description."""
    return ProvisionRequest(request_id, "photos", "holiday-bucket", "cn-hangzhou", "", description)


prefixes = st.sampled_from(["", "a", "a/", "b"])


def old_mark(request_id: str) -> str:
    """The mark of groups made before it named the configuration."""
    return f"[xs:{hashlib.sha256(request_id.encode()).hexdigest()[:12]}]"


@given(request_id=texts, description=texts, prefix=prefixes)
def test_a_group_made_with_the_mark_is_recognised(request_id: str, description: str, prefix: str) -> None:
    """Whatever the description says, and whatever prefix and region the API shows."""
    request = replace(asking(request_id, description), bucket_prefix=prefix)
    group = group_of(description=ownership.marked_description(request), bucket_prefix="x", bucket_region="y")
    assert ownership.maker(group, request) is Maker.THIS_REQUEST


@given(request_id=texts, description=texts, configured=st.lists(prefixes, min_size=2, max_size=2, unique=True))
def test_the_mark_tells_configurations_of_one_id_apart(
    request_id: str, description: str, configured: list[str]
) -> None:
    """The same id with another prefix is the same requester who changed the request."""
    mine, changed = (replace(asking(request_id, description), bucket_prefix=prefix) for prefix in configured)
    group = group_of(description=ownership.marked_description(changed))
    assert ownership.maker(group, mine) is Maker.THIS_ID_OTHERWISE


@given(ids=st.lists(texts, min_size=2, max_size=2, unique=True), description=texts)
def test_the_mark_of_another_request_is_somebody_elses(ids: list[str], description: str) -> None:
    """Two requests never share a mark, neither the present one nor the old one."""
    mine, theirs = (asking(request_id, description) for request_id in ids)
    assert ownership.maker(group_of(description=ownership.marked_description(theirs)), mine) is Maker.SOMEBODY_ELSE
    assert ownership.maker(group_of(description=old_mark(theirs.request_id)), mine) is Maker.SOMEBODY_ELSE


@given(request_id=texts, description=texts)
def test_the_old_mark_names_the_request_alone(request_id: str, description: str) -> None:
    """Groups with it live for years; which configuration their request asked for is not in it."""
    group = group_of(description=f"{description} {old_mark(request_id)}")
    assert ownership.maker(group, asking(request_id)) is Maker.THIS_ID


MARK = ownership.marked_description(asking("REQ-1"))


@pytest.mark.parametrize(
    ("description", "maker"),
    [
        (MARK, Maker.THIS_REQUEST),
        (f"{MARK} \n", Maker.THIS_REQUEST),
        (f"{MARK} and more", Maker.SOMEBODY_ELSE),
        (MARK[:-1], Maker.SOMEBODY_ELSE),
        (MARK[:-6], Maker.SOMEBODY_ELSE),
        (MARK[1:], Maker.SOMEBODY_ELSE),
        (f"{MARK[:-1]}x", Maker.SOMEBODY_ELSE),
        (f"{MARK[:-5]}????]", Maker.THIS_ID_OTHERWISE),
        (f"{MARK[:-5]}???]", Maker.SOMEBODY_ELSE),
        ("[xs:AAAAAAAABBBB]", Maker.SOMEBODY_ELSE),
        ("[xs:]", Maker.SOMEBODY_ELSE),
        ("]", Maker.SOMEBODY_ELSE),
        ("", Maker.SOMEBODY_ELSE),
        ("of summer", Maker.SOMEBODY_ELSE),
    ],
)
def test_only_a_whole_mark_at_the_end_counts(description: str, maker: Maker) -> None:
    """Text that only looks like a mark, a mark that was cut off and one with text behind it say nothing."""
    assert ownership.maker(group_of(description=description), asking("REQ-1")) is maker


def test_the_form_of_the_mark_is_for_ever() -> None:
    """Groups that were made with it have to be recognised by every later version."""
    assert ownership.marked_description(REQUEST) == "of summer [xs:aqLbPCUhIZuu]"


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
