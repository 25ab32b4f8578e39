"""Which deliveries share a lane or a case, and how lanes are processed: concurrently, bounded, in order."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.pipeline import RequestLane, lanes_of, side_by_side
from tests.support.patience import PATIENCE_SECONDS


def lanes_named(*request_ids: str | None) -> list[RequestLane]:
    """Return the lanes of deliveries with these request ids, all with different contents."""
    return lanes_of((request_id, f"content {place}") for place, request_id in enumerate(request_ids))


def test_deliveries_of_one_request_id_share_a_lane() -> None:
    """Lanes are in the order of their first delivery; a delivery without a usable id has its own lane."""
    assert lanes_named("A", None, "B", "A", None) == [
        RequestLane("A", {"content 0": [0], "content 3": [3]}),
        RequestLane(None, {"content 1": [1]}),
        RequestLane("B", {"content 2": [2]}),
        RequestLane(None, {"content 4": [4]}),
    ]


def test_copies_of_one_request_are_one_case() -> None:
    """Other bodies under the same id are cases of their own, in order."""
    assert lanes_of([("A", "x"), ("A", "y"), ("B", "x"), ("A", "x")]) == [
        RequestLane("A", {"x": [0, 3], "y": [1]}),
        RequestLane("B", {"x": [2]}),
    ]


def test_invalid_bodies_of_one_id_are_separate_cases() -> None:
    """They are not copies of each other, nor of a request without violations."""
    assert lanes_of([("A", None), ("A", "x"), ("A", None)]) == [RequestLane("A", {0: [0], "x": [1], 2: [2]})]


@given(st.lists(st.tuples(st.none() | st.sampled_from("AB01"), st.none() | st.sampled_from(["x", "0", "1"]))))
def test_every_delivery_is_in_exactly_one_case(deliveries: list[tuple[str | None, str | None]]) -> None:
    """It is in the lane of its id and in the case of its content."""
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
def test_results_are_in_the_order_of_the_lanes(concurrency: int) -> None:
    """The order in which they finish does not matter."""
    lanes = lanes_named(*(f"REQ-{number}" for number in range(8)))
    assert side_by_side(lambda lane: lane.request_id, lanes, concurrency) == [lane.request_id for lane in lanes]


def test_no_lanes_have_no_results() -> None:
    assert side_by_side(lambda lane: lane, [], 16) == []


def test_single_lane_is_processed_in_the_calling_thread() -> None:
    assert side_by_side(lambda lane: threading.current_thread(), [RequestLane("A")], 16) == [threading.current_thread()]


@pytest.mark.parametrize(("lanes", "concurrency", "together"), [(4, 2, 2), (2, 16, 2), (4, 4, 4)])
def test_lanes_are_processed_up_to_the_concurrency(lanes: int, concurrency: int, together: int) -> None:
    """They meet at a barrier for exactly that many; one more at a time would be counted."""
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


def test_lane_that_raises_does_not_cut_off_the_others() -> None:
    """They are finished before the exception leaves: the instance may be frozen as soon as the handler returns."""
    finished, raising = [], threading.Event()

    def process(lane: RequestLane) -> None:
        if lane.request_id == "broken":
            raising.set()
            raise RuntimeError
        assert raising.wait(PATIENCE_SECONDS)
        finished.append(lane.request_id)

    with pytest.raises(RuntimeError):
        side_by_side(process, [RequestLane("broken"), RequestLane("slow")], 2)
    assert finished == ["slow"]
