"""One alarm in time: delays, priorities that rise and fall, acknowledgement, latching.

`step` takes an alarm (or none), what its rule finds now, and the moment, and returns the alarm
after it together with what happened. All states come from the table in `alarm_state.py`; this
module only decides which triggers apply, in this order: the condition itself, then its delay,
then a change of priority, then an acknowledgement that has run out.

Times: `began_at` of a level is when its condition was first seen without a break; a lost signal
is not a break. A delay runs on `now`, so a condition that was there when the signal went still
calls a nurse. With `audible=False` (late data) conditions are followed but nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ward_hub.core.alarm_state import AlarmState, Trigger, next_state
from ward_hub.core.ids import AlarmId, BedId
from ward_hub.core.rules import AlarmKind, Latching, Level, Priority, Rule

ACKNOWLEDGED_FOR: Final[dict[Priority, timedelta]] = {
    Priority.HIGH: timedelta(minutes=3),
    Priority.MEDIUM: timedelta(minutes=10),
    Priority.LOW: timedelta(minutes=30),
}
"""How long an acknowledgement holds while the condition goes on; then the alarm comes back."""


class AlarmEventKind(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    WORSE = "worse"
    EASED = "eased"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    LATCHED = "latched"
    RESET = "reset"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule finds at one moment: for each level whether its condition is present.

    `present` is None when the signal is lost and nothing can be said. `at` is the time of the
    evidence (the sample), not of the judgement.
    """

    present: tuple[bool, ...] | None
    at: datetime
    value: float | None = None
    text: str = ""

    @property
    def trigger(self) -> Trigger:
        """The finding as a trigger of the state table."""
        if self.present is None:
            return Trigger.SIGNAL_LOST
        return Trigger.PRESENT if any(self.present) else Trigger.ABSENT


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm from the first moment of its condition.

    `began_at` has one time for each level of the rule (None: that level is not present).
    `priority` is the level that has been called out, `peak` the worst it ever was. `value` is the
    newest one beyond the mildest limit (never one that is only within the hysteresis), `worst` the
    furthest; a latched alarm tells its worst. `until` is when an acknowledgement runs out.
    """

    id: AlarmId
    rule: str
    kind: AlarmKind
    state: AlarmState
    priority: Priority
    peak: Priority
    onset_at: datetime
    began_at: tuple[datetime | None, ...]
    raised_at: datetime | None = None
    ended_at: datetime | None = None
    value: float | None = None
    limit: float | None = None
    worst: float | None = None
    text: str = ""
    by: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an alarm; `alarm` is as it is afterwards."""

    what: AlarmEventKind
    at: datetime
    alarm: Alarm
    by: str | None = None


Outcome = tuple[Alarm | None, tuple[Happening, ...]]
"""The alarm afterwards (None: idle) and what happened on the way."""


def alarm_id(bed: BedId, rule: str, onset_at: datetime) -> AlarmId:
    """The id of an alarm: the same samples give the same id, before and after a restart."""
    return AlarmId(f"{bed}.{rule}.{int(onset_at.timestamp() * 1000)}")


def step(
    bed: BedId,
    rule: Rule,
    alarm: Alarm | None,
    finding: Finding,
    now: datetime,
    *,
    audible: bool = True,
) -> Outcome:
    """Take one finding in. Returns the alarm afterwards (None when idle) and what happened."""
    trigger = finding.trigger
    if alarm is None:
        if trigger is not Trigger.PRESENT:
            return None, ()
        alarm = _begin(bed, rule, finding)
    before = alarm
    state = next_state(alarm.state, trigger, latches=_latches(rule, alarm))
    if state is None:
        return alarm, ()
    alarm = _follow(alarm, rule, finding)
    if state is AlarmState.IDLE:
        return _end(before, alarm, now)
    happened: list[Happening] = []
    if state is not alarm.state:
        alarm = _enter(alarm, rule, state, now, happened)
    if audible:
        alarm = _call(alarm, rule, now, happened)
    return alarm, tuple(happened)


def acknowledge(alarm: Alarm, by: str, now: datetime) -> Outcome | None:
    """A person has seen the alarm; None when the table does not allow it (nothing changes).

    A latched alarm is reset by it; one whose condition goes on is quiet until `until`.
    """
    state = next_state(alarm.state, Trigger.ACKNOWLEDGE, latches=False)
    if state is None:
        return None
    if state is AlarmState.IDLE:
        ended = replace(alarm, state=state, by=by, until=None)
        return None, (Happening(AlarmEventKind.RESET, now, ended, by),)
    until = now + ACKNOWLEDGED_FOR[alarm.priority]
    seen = replace(alarm, state=state, by=by, until=until)
    return seen, (Happening(AlarmEventKind.ACKNOWLEDGED, now, seen, by),)


def _begin(bed: BedId, rule: Rule, finding: Finding) -> Alarm:
    mildest = rule.levels[0].priority
    return Alarm(
        id=alarm_id(bed, rule.id, finding.at),
        rule=rule.id,
        kind=rule.kind,
        state=AlarmState.IDLE,
        priority=mildest,
        peak=mildest,
        onset_at=finding.at,
        began_at=(None,) * len(rule.levels),
    )


def _latches(rule: Rule, alarm: Alarm) -> bool:
    if rule.latching is Latching.IF_HIGH:
        return alarm.peak is Priority.HIGH
    return rule.latching is Latching.ALWAYS


def _follow(alarm: Alarm, rule: Rule, finding: Finding) -> Alarm:
    """Keep since when each level has been present; a lost signal leaves that as it was."""
    if finding.present is None:
        return alarm
    pairs = zip(alarm.began_at, finding.present, strict=True)
    began_at = tuple((began or finding.at) if there else None for began, there in pairs)
    text = finding.text or alarm.text
    value = finding.value
    if value is None or not any(finding.present) or not rule.is_beyond(value):
        value = alarm.value
    if (began_at, value, text) == (alarm.began_at, alarm.value, alarm.text):
        return alarm
    worst = rule.worse(alarm.worst, value)
    return replace(alarm, began_at=began_at, value=value, worst=worst, text=text)


def _end(before: Alarm, alarm: Alarm, now: datetime) -> Outcome:
    if not before.state.is_shown:
        return None, ()
    ended = replace(alarm, state=AlarmState.IDLE, ended_at=now, until=None)
    return None, (Happening(AlarmEventKind.ENDED, now, ended),)


def _enter(
    alarm: Alarm, rule: Rule, state: AlarmState, now: datetime, happened: list[Happening]
) -> Alarm:
    """Enter the state the condition asks for: pending, latched, or active again."""
    if state is AlarmState.PENDING:
        return replace(alarm, state=state)
    if state is AlarmState.LATCHED:
        alarm = replace(alarm, state=state, ended_at=now, priority=alarm.peak, value=alarm.worst)
        alarm = replace(alarm, limit=rule.limit_at(alarm.peak), by=None, until=None)
        happened.append(Happening(AlarmEventKind.LATCHED, now, alarm))
        return alarm
    alarm = replace(alarm, state=state, ended_at=None, by=None, until=None)
    happened.append(Happening(AlarmEventKind.RETURNED, now, alarm))
    return alarm


def _call(alarm: Alarm, rule: Rule, now: datetime, happened: list[Happening]) -> Alarm:
    """Call a nurse when a delay is over, when it gets worse, and when nobody came back."""
    due = _worst_due(alarm, rule, now)
    if alarm.state is AlarmState.PENDING:
        return alarm if due is None else _raise(alarm, due, now, happened)
    if due is not None and due.priority is not alarm.priority:
        alarm = _change_priority(alarm, due, now, happened)
    if alarm.state is AlarmState.ACKNOWLEDGED and alarm.until is not None and now >= alarm.until:
        alarm = _apply(alarm, Trigger.ACK_RUNS_OUT, by=None, until=None)
        happened.append(Happening(AlarmEventKind.RETURNED, now, alarm))
    return alarm


def _worst_due(alarm: Alarm, rule: Rule, now: datetime) -> Level | None:
    due: Level | None = None
    for level, began in zip(rule.levels, alarm.began_at, strict=True):
        if began is not None and (now - began).total_seconds() >= level.delay_s:
            due = level
    return due


def _raise(alarm: Alarm, due: Level, now: datetime, happened: list[Happening]) -> Alarm:
    alarm = _apply(alarm, Trigger.DELAY_OVER, raised_at=now)
    alarm = replace(alarm, priority=due.priority, peak=due.priority, limit=due.limit)
    happened.append(Happening(AlarmEventKind.RAISED, now, alarm))
    return alarm


def _change_priority(alarm: Alarm, due: Level, now: datetime, happened: list[Happening]) -> Alarm:
    if due.priority > alarm.priority:
        alarm = _apply(alarm, Trigger.WORSE, by=None, until=None)
        what = AlarmEventKind.WORSE
    elif alarm.state is AlarmState.LATCHED:
        return alarm
    else:
        what = AlarmEventKind.EASED
    peak = max(alarm.peak, due.priority)
    alarm = replace(alarm, priority=due.priority, peak=peak, limit=due.limit)
    happened.append(Happening(what, now, alarm))
    return alarm


def _apply(
    alarm: Alarm,
    trigger: Trigger,
    *,
    raised_at: datetime | None = None,
    by: str | None = None,
    until: datetime | None = None,
) -> Alarm:
    state = next_state(alarm.state, trigger, latches=False)
    if state is None:
        return alarm
    return replace(alarm, state=state, raised_at=raised_at or alarm.raised_at, by=by, until=until)
