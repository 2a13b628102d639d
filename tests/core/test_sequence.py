"""Gaps are found, filled and counted; duplicates and restarts are told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.core.timeline import moment
from ward_hub.core.sequence import Arrival, SequenceTracker


def observe(tracker: SequenceTracker, *numbers: int) -> list[Arrival]:
    return [tracker.observe(n, moment(n))[0] for n in numbers]


def test_numbers_in_order_are_next() -> None:
    assert set(observe(SequenceTracker(), 0, 1, 2, 3)) == {Arrival.NEXT}


def test_a_jump_is_a_gap_of_what_is_missing() -> None:
    tracker = SequenceTracker()
    observe(tracker, 0, 1)
    arrival, gap = tracker.observe(5, moment(5))
    assert arrival is Arrival.GAP
    assert gap is not None
    assert (gap.first_seq, gap.last_seq, gap.missing) == (2, 4, 3)
    assert (gap.from_at, gap.to_at) == (moment(1), moment(5))


def test_late_numbers_fill_the_gap_once() -> None:
    tracker = SequenceTracker()
    observe(tracker, 0, 1, 5)
    arrival, gap = tracker.observe(3, moment(3))
    assert (arrival, gap.missing if gap else None) == (Arrival.FILLS_GAP, 2)
    assert tracker.observe(3, moment(3))[0] is Arrival.DUPLICATE


def test_the_same_number_and_time_is_a_duplicate() -> None:
    tracker = SequenceTracker()
    assert observe(tracker, 0, 1, 1, 0)[2:] == [Arrival.DUPLICATE, Arrival.DUPLICATE]


def test_a_device_that_restarted_is_not_a_duplicate() -> None:
    tracker = SequenceTracker()
    observe(tracker, 500, 501)
    assert tracker.observe(0, moment(600))[0] is Arrival.RESTART
    assert tracker.observe(1, moment(601))[0] is Arrival.NEXT


def test_what_may_be_a_duplicate_from_before_a_restart_is_left_to_the_store() -> None:
    tracker = SequenceTracker(last_seq=100, last_at=moment(100))
    assert tracker.observe(90, moment(90))[0] is Arrival.OLD
    assert tracker.observe(100, moment(100))[0] is Arrival.DUPLICATE
    assert tracker.observe(101, moment(101))[0] is Arrival.NEXT


@given(st.sets(st.integers(0, 60), min_size=1))
def test_what_is_missing_is_exactly_what_never_came(came: set[int]) -> None:
    """Numbers up to a window apart may come out of order; the count of missing ones is exact."""
    tracker = SequenceTracker()
    numbers = sorted(came | {0, 61})
    open_gaps = {}
    for n in numbers:
        _, gap = tracker.observe(n, moment(n))
        if gap is not None:
            open_gaps[gap.first_seq] = gap
    assert sum(gap.missing for gap in open_gaps.values()) == 62 - len(numbers)
    for n in sorted(set(range(62)) - set(numbers), reverse=True):
        _, gap = tracker.observe(n, moment(n))
        assert gap is not None
    assert all(gap.missing == 0 for gap in open_gaps.values())
