"""Which deliveries share a lane, and how lanes are worked: side by side, no more than allowed, in order."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.lanes import Lane, lanes_of, side_by_side
from tests.patience import PATIENCE_SECONDS


def test_deliveries_of_one_request_share_a_lane() -> None:
    """In the order of their first delivery; those without a usable id have each their own."""
    assert lanes_of(["A", None, "B", "A", None]) == [
        Lane("A", [0, 3]),
        Lane(None, [1]),
        Lane("B", [2]),
        Lane(None, [4]),
    ]


@given(st.lists(st.none() | st.sampled_from(["A", "B", "0", "1"])))
def test_every_delivery_is_in_exactly_one_lane(request_ids: list[str | None]) -> None:
    """In that of its request, and there in order; a request named like a number is nobody else's."""
    lanes = lanes_of(request_ids)
    assert sorted(place for lane in lanes for place in lane.places) == list(range(len(request_ids)))
    assert all(request_ids[place] == lane.request_id for lane in lanes for place in lane.places)
    assert all(lane.places == sorted(lane.places) for lane in lanes)
    named = [lane.request_id for lane in lanes if lane.request_id is not None]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_results_come_in_the_order_of_the_lanes(concurrency: int) -> None:
    """Whoever is done first."""
    lanes = lanes_of([f"REQ-{number}" for number in range(8)])
    assert side_by_side(lambda lane: lane.request_id, lanes, concurrency) == [lane.request_id for lane in lanes]


def test_no_lanes_are_no_work() -> None:
    """An empty batch."""
    assert side_by_side(lambda lane: lane, [], 16) == []


def test_a_single_lane_needs_no_thread() -> None:
    """It is worked where it was handed over."""
    assert side_by_side(lambda lane: threading.current_thread(), [Lane("A")], 16) == [threading.current_thread()]


@pytest.mark.parametrize(("lanes", "concurrency", "together"), [(4, 2, 2), (2, 16, 2), (4, 4, 4)])
def test_as_many_lanes_as_allowed_are_worked_together(lanes: int, concurrency: int, together: int) -> None:
    """They meet at a barrier that only so many can pass; one more at a time would be counted."""
    barrier, lock = threading.Barrier(together), threading.Lock()
    under_way, most = 0, 0

    def meet(lane: Lane) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait(PATIENCE_SECONDS)
        with lock:
            under_way -= 1

    side_by_side(meet, lanes_of([f"REQ-{number}" for number in range(lanes)]), concurrency)
    assert most == together
