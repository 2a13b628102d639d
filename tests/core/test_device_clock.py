"""Whose clock is believed, and where a sample belongs."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.core.timeline import moment
from ward_hub.core.device_clock import DeviceClock


def test_a_right_clock_is_believed() -> None:
    clock = DeviceClock()
    for second in range(30):
        placed = clock.place(moment(second), moment(second + 0.05))
        assert (placed.at, placed.clock_off, placed.late) == (moment(second), False, False)


def test_a_clock_that_is_81_s_slow_is_found_and_not_believed() -> None:
    clock = DeviceClock()
    for second in range(29):
        clock.place(moment(second - 81), moment(second))
    placed = clock.place(moment(29 - 81), moment(29))
    assert clock.is_off
    assert clock.offset_s == 81
    assert placed.clock_off
    assert abs((placed.at - moment(29)).total_seconds()) < 1
    assert not placed.late


def test_a_clock_in_the_future_is_never_believed() -> None:
    placed = DeviceClock().place(moment(3600), moment(0))
    assert placed.clock_off
    assert placed.at == moment(0)


def test_a_dead_clock_battery_does_not_file_data_under_1970() -> None:
    long_ago = moment(0) - timedelta(days=20000)
    assert DeviceClock().place(long_ago, moment(0)).at == moment(0)


def test_backlog_from_the_broker_is_not_taken_for_a_wrong_clock() -> None:
    """The hub was away for 60 s; the broker hands all of it over within a moment."""
    clock = DeviceClock()
    for second in range(60):
        placed = clock.place(moment(second), moment(60 + second / 1000))
        assert placed.at == moment(second)
        assert placed.late is (second <= 50)
    for second in range(61, 90):
        assert not clock.place(moment(second), moment(second + 0.02)).clock_off


def test_backlog_of_a_device_with_a_wrong_clock_keeps_its_order() -> None:
    clock = DeviceClock(known_offset_s=81.0)
    placed = [clock.place(moment(s - 81), moment(60 + s / 1000)).at for s in range(60)]
    assert placed == [moment(second) for second in range(60)]


def test_a_clock_that_was_set_right_is_believed_again() -> None:
    clock = DeviceClock()
    for second in range(30):
        clock.place(moment(second - 81), moment(second))
    for second in range(30, 59):
        clock.place(moment(second), moment(second))
    assert not clock.place(moment(59), moment(59)).clock_off


@given(st.floats(-1e8, 1e8), st.lists(st.floats(0, 30), min_size=1, max_size=40))
def test_no_sample_is_ever_filed_in_the_future(offset_s: float, steps_s: list[float]) -> None:
    clock = DeviceClock()
    hub = moment(0)
    for step_s in steps_s:
        hub += timedelta(seconds=step_s)
        placed = clock.place(hub - timedelta(seconds=offset_s), hub)
        assert placed.at <= hub + timedelta(seconds=2)
