"""Which deliveries share a lane or a case, and how lanes are processed: side by side, bounded, in order."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.pipeline import RequestLane, lanes_of, side_by_side
from tests.support.patience import PATIENCE_SECONDS


def lanes_named(*request_ids: str | None) -> list[RequestLane]:
    """The lanes of deliveries that all differ in content."""
    return lanes_of((request_id, f"content {place}") for place, request_id in enumerate(request_ids))


def test_deliveries_of_one_request_id_share_a_lane() -> None:
    """Lanes come in the order of their first delivery; a delivery without a usable id has a lane of its own."""
    assert lanes_named("A", None, "B", "A", None) == [
        RequestLane("A", {"content 0": [0], "content 3": [3]}),
        RequestLane(None, {"content 1": [1]}),
        RequestLane("B", {"content 2": [2]}),
        RequestLane(None, {"content 4": [4]}),
    ]


def test_copies_of_one_request_are_one_case() -> None:
    """Other bodies under the same id are cases of their own, in the order in which they came."""
    assert lanes_of([("A", "x"), ("A", "y"), ("B", "x"), ("A", "x")]) == [
        RequestLane("A", {"x": [0, 3], "y": [1]}),
        RequestLane("B", {"x": [2]}),
    ]


def test_what_has_no_content_is_a_copy_of_nothing() -> None:
    """Two flawed bodies under one id are two cases, and neither is a copy of a request that is not flawed."""
    assert lanes_of([("A", None), ("A", "x"), ("A", None)]) == [RequestLane("A", {0: [0], "x": [1], 2: [2]})]


@given(st.lists(st.tuples(st.none() | st.sampled_from("AB01"), st.none() | st.sampled_from(["x", "0", "1"]))))
def test_every_delivery_is_in_exactly_one_case(deliveries: list[tuple[str | None, str | None]]) -> None:
    """It is in the lane of its id and there in the case of its content, whatever that content is."""
    lanes = lanes_of(deliveries)
    cases = [(lane.request_id, content, places) for lane in lanes for content, places in lane.cases.items()]
    assert sorted(place for _, _, places in cases for place in places) == list(range(len(deliveries)))
    for request_id, content, places in cases:
        expected = content if isinstance(content, str) else None
        assert {deliveries[place] for place in places} == {(request_id, expected)}
        assert places == sorted(places)
        assert len(places) == 1 or expected is not None
    named = [lane.request_id for lane in lanes if lane.request_id is not None]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_results_come_in_the_order_of_the_lanes(concurrency: int) -> None:
    """Whoever is done first."""
    lanes = lanes_named(*(f"REQ-{number}" for number in range(8)))
    assert side_by_side(lambda lane: lane.request_id, lanes, concurrency) == [lane.request_id for lane in lanes]


def test_no_lanes_are_no_work() -> None:
    """An empty batch."""
    assert side_by_side(lambda lane: lane, [], 16) == []


def test_a_single_lane_needs_no_thread() -> None:
    """It is worked where it was handed over."""
    assert side_by_side(lambda lane: threading.current_thread(), [RequestLane("A")], 16) == [threading.current_thread()]


@pytest.mark.parametrize(("lanes", "concurrency", "together"), [(4, 2, 2), (2, 16, 2), (4, 4, 4)])
def test_as_many_lanes_as_allowed_are_worked_together(lanes: int, concurrency: int, together: int) -> None:
    """They meet at a barrier that only so many can pass; one more at a time would be counted."""
    barrier, lock = threading.Barrier(together), threading.Lock()
    under_way, most = 0, 0

    def meet(lane: RequestLane) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait(PATIENCE_SECONDS)
        with lock:
            under_way -= 1

    side_by_side(meet, lanes_named(*(f"REQ-{number}" for number in range(lanes))), concurrency)
    assert most == together
