"""The alarm's life is the table of the design, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ward_hub.core.alarm_state import AlarmState, Trigger, next_state

# The table of the design, part 7, written down a second time as a person reads it there.
# Columns: present, absent, signal lost, delay over, acknowledged, ack runs out, worse.
DESIGN = {
    "idle": "pending idle idle - - - -",
    "pending": "pending idle pending active - - pending",
    "active": "active latched|idle active - acknowledged - active",
    "acknowledged": "acknowledged idle acknowledged - acknowledged active active",
    "latched": "active latched latched - idle - active",
}
COLUMNS = (
    Trigger.PRESENT,
    Trigger.ABSENT,
    Trigger.SIGNAL_LOST,
    Trigger.DELAY_OVER,
    Trigger.ACKNOWLEDGE,
    Trigger.ACK_RUNS_OUT,
    Trigger.WORSE,
)


@pytest.mark.parametrize("state", list(AlarmState))
@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("latches", [True, False])
def test_every_pair_is_as_the_design_has_it(
    state: AlarmState, trigger: Trigger, latches: bool
) -> None:
    cell = DESIGN[state].split()[COLUMNS.index(trigger)]
    if "|" in cell:
        cell = cell.split("|")[0 if latches else 1]
    expected = None if cell == "-" else AlarmState(cell)
    assert next_state(state, trigger, latches=latches) is expected


@given(st.lists(st.sampled_from(list(Trigger))), st.booleans())
def test_no_walk_leaves_the_table(walk: list[Trigger], latches: bool) -> None:
    state = AlarmState.IDLE
    for trigger in walk:
        after = next_state(state, trigger, latches=latches)
        if after is not None:
            state = after
        assert state in AlarmState


@given(st.sampled_from(list(AlarmState)), st.booleans())
def test_a_lost_signal_never_ends_an_alarm(state: AlarmState, latches: bool) -> None:
    assert next_state(state, Trigger.SIGNAL_LOST, latches=latches) is state
