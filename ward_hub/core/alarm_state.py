"""The life of one alarm, as a table.

Two things are kept apart, as IEEE 11073 does: whether the *condition* is there (present, absent,
or not to be judged because the signal is lost) and what the *alarm* does about it. This module
only knows the table: `(state, trigger) → state`. A pair that is not in it is illegal, gives None
and changes nothing. Time, limits and priorities are in `alarm_life.py`.

A lost signal is never «absent»: the alarm stays as it is and a technical alarm is added by the
engine. Pausing is not a state; it is a routing decision with a reason and an end.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AlarmState(StrEnum):
    """What the alarm is doing."""

    IDLE = "idle"
    PENDING = "pending"
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    LATCHED = "latched"

    @property
    def is_shown(self) -> bool:
        """Whether nurses see an alarm in this state."""
        return self in _SHOWN


_SHOWN = frozenset((AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED, AlarmState.LATCHED))


class Trigger(StrEnum):
    """What can happen to an alarm."""

    PRESENT = "present"
    ABSENT = "absent"
    SIGNAL_LOST = "signal_lost"
    DELAY_OVER = "delay_over"
    ACKNOWLEDGE = "acknowledge"
    ACK_RUNS_OUT = "ack_runs_out"
    WORSE = "worse"


_S, _T = AlarmState, Trigger

TRANSITIONS: Final[dict[tuple[AlarmState, Trigger], AlarmState]] = {
    (_S.IDLE, _T.PRESENT): _S.PENDING,
    (_S.IDLE, _T.ABSENT): _S.IDLE,
    (_S.IDLE, _T.SIGNAL_LOST): _S.IDLE,
    (_S.PENDING, _T.PRESENT): _S.PENDING,
    (_S.PENDING, _T.ABSENT): _S.IDLE,
    (_S.PENDING, _T.SIGNAL_LOST): _S.PENDING,
    (_S.PENDING, _T.DELAY_OVER): _S.ACTIVE,
    (_S.PENDING, _T.WORSE): _S.PENDING,
    (_S.ACTIVE, _T.PRESENT): _S.ACTIVE,
    (_S.ACTIVE, _T.ABSENT): _S.IDLE,
    (_S.ACTIVE, _T.SIGNAL_LOST): _S.ACTIVE,
    (_S.ACTIVE, _T.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACTIVE, _T.WORSE): _S.ACTIVE,
    (_S.ACKNOWLEDGED, _T.PRESENT): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _T.ABSENT): _S.IDLE,
    (_S.ACKNOWLEDGED, _T.SIGNAL_LOST): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _T.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _T.ACK_RUNS_OUT): _S.ACTIVE,
    (_S.ACKNOWLEDGED, _T.WORSE): _S.ACTIVE,
    (_S.LATCHED, _T.PRESENT): _S.ACTIVE,
    (_S.LATCHED, _T.ABSENT): _S.LATCHED,
    (_S.LATCHED, _T.SIGNAL_LOST): _S.LATCHED,
    (_S.LATCHED, _T.ACKNOWLEDGE): _S.IDLE,
    (_S.LATCHED, _T.WORSE): _S.ACTIVE,
}
"""Every legal step of an alarm that does not latch (design part 7)."""

LATCHING: Final = {(_S.ACTIVE, _T.ABSENT): _S.LATCHED}
"""Where an alarm that latches differs: it stays until a person has seen it."""


def next_state(state: AlarmState, trigger: Trigger, *, latches: bool) -> AlarmState | None:
    """The state after `trigger`, or None when the pair is illegal and nothing may change."""
    if latches and (state, trigger) in LATCHING:
        return LATCHING[state, trigger]
    return TRANSITIONS.get((state, trigger))
