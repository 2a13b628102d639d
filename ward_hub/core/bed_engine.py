"""The alarm engine of one bed: folds what arrives, judges every rule, keeps the open alarms.

Three ways in: something arrived (`take_…`), time passed (`tick`), a person acted
(`acknowledge`). Each returns what happened, in order. Nothing here reads a clock, waits, or
stores; the service in `alerts/` does that, and can rebuild an engine exactly with `restore`.

Late data (older than 10 s on arrival) sounds no alarm. If it is newer than what the bed knows it
is folded and its conditions are followed silently, so that the next live sample finds the delay
already running. All of it also runs through a *review*: an engine on its own time whose alarms
are recorded as past events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from ward_hub.core.alarm_life import Alarm, AlarmEventKind, Finding, Happening, acknowledge, step
from ward_hub.core.alarm_state import AlarmState
from ward_hub.core.bedside import Bedside
from ward_hub.core.findings import (
    is_technically_well,
    limit_finding,
    monitor_finding,
    screens_for,
    technical_finding,
)
from ward_hub.core.ids import AlarmId, BedId
from ward_hub.core.rules import (
    ADULT_LIMITS,
    MONITOR_PREFIX,
    SAME_AS_OURS,
    TECHNICAL,
    AlarmKind,
    Priority,
    Rule,
    monitor_rule,
)
from ward_hub.core.sample import DeviceConditions, DeviceStatus, Placed, Sample

MOST_MONITOR_RULES: Final = 64
"""How many different conditions one monitor may report; a rubbish sender must cost nothing."""

_MONITOR_RULES: dict[str, Rule] = {}


def _rule_for_code(code: str) -> Rule:
    rule = _MONITOR_RULES.get(code)
    if rule is None:
        rule = monitor_rule(code)
        if len(_MONITOR_RULES) < 1000:
            _MONITOR_RULES[code] = rule
    return rule


class BedEngine:
    """Alarms of one bed. `limits` are the rules for numbers in force here."""

    __slots__ = ("_alarms", "_limits", "_review", "bedside")

    def __init__(self, bedside: Bedside, limits: Sequence[Rule] = ADULT_LIMITS) -> None:
        self.bedside = bedside
        self._limits = tuple(limits)
        self._alarms: dict[str, Alarm] = {}
        self._review: BedEngine | None = None

    @property
    def bed(self) -> BedId:
        """The bed this engine watches."""
        return self.bedside.bed

    @property
    def limits(self) -> tuple[Rule, ...]:
        """The limit rules in force."""
        return self._limits

    @property
    def has_alarms(self) -> bool:
        """Whether any alarm is open, or waiting for its delay."""
        return bool(self._alarms)

    def open_alarms(self) -> list[Alarm]:
        """The alarms a nurse sees, the worst first: unseen, then by priority, then the oldest."""
        shown = [alarm for alarm in self._alarms.values() if alarm.state.is_shown]
        return sorted(shown, key=urgency)

    def find(self, alarm: AlarmId) -> Alarm | None:
        """The open alarm with this id."""
        return next((each for each in self._alarms.values() if each.id == alarm), None)

    def restore(self, alarms: Iterable[Alarm]) -> None:
        """Go on with alarms as they were written down before a restart."""
        for alarm in alarms:
            self._alarms[alarm.rule] = alarm

    def take_sample(self, sample: Sample, placed: Placed, now: datetime) -> list[Happening]:
        """Fold one sample and judge the limits. Late samples raise nothing; see `review`."""
        is_news = self.bedside.fold(sample, placed.at)
        if placed.late:
            if is_news:
                self.judge_limits(placed.at, audible=False)
            return []
        return self.judge_limits(now, audible=True)

    def review(self, sample: Sample, placed: Placed) -> list[Happening]:
        """Run a late sample through on its own time; what happens there is past.

        The first sample that is not late closes the review: alarms the live engine goes on with
        are left to it, the others end at their last sample.
        """
        if placed.late:
            if self._review is None:
                self._review = BedEngine(Bedside(self.bed), self._limits)
            self._review.bedside.fold(sample, placed.at)
            return self._review.judge_limits(placed.at, audible=True)
        return self._close_review()

    def _close_review(self) -> list[Happening]:
        review, self._review = self._review, None
        if review is None:
            return []
        mine = {alarm.id for alarm in self._alarms.values()}
        last_at = review.bedside.vitals_at
        left = [alarm for alarm in review.open_alarms() if alarm.id not in mine]
        return [Happening(AlarmEventKind.ENDED, last_at or alarm.onset_at, alarm) for alarm in left]

    def take_conditions(self, conditions: DeviceConditions, now: datetime) -> list[Happening]:
        """Replace the set of conditions the monitor reports and judge them."""
        self.bedside.conditions = conditions.conditions[:MOST_MONITOR_RULES]
        self.bedside.conditions_at = now
        return self._judge_monitor(now) + self._judge_technical(now)

    def take_status(self, status: DeviceStatus, now: datetime) -> list[Happening]:
        """Take the monitor's status (or the broker's word that it is gone) and judge it."""
        self.bedside.status = status
        self.bedside.status_heard_at = now
        return self._judge_technical(now)

    def tick(self, now: datetime) -> list[Happening]:
        """Time has passed: delays, silence, stale values, acknowledgements that run out."""
        happened = self.judge_limits(now, audible=True)
        happened += self._judge_monitor(now)
        return happened + self._judge_technical(now)

    def acknowledge(self, alarm: AlarmId, by: str, now: datetime) -> list[Happening] | None:
        """A person has seen the alarm. None: not open, or not to be acknowledged now."""
        known = self.find(alarm)
        outcome = acknowledge(known, by, now) if known is not None else None
        if known is None or outcome is None:
            return None
        self._keep(known.rule, outcome[0])
        return list(outcome[1])

    def close(self, now: datetime) -> list[Happening]:
        """The stay is over or the device left: every shown alarm ends, the rest is forgotten."""
        shown = self.open_alarms()
        self._alarms.clear()
        self._review = None
        return [Happening(AlarmEventKind.ENDED, now, _ended(alarm, now)) for alarm in shown]

    def judge_limits(self, now: datetime, *, audible: bool) -> list[Happening]:
        """Compare the newest numbers with the limits; `audible=False` only follows conditions."""
        happened: list[Happening] = []
        readings = self.bedside.readings
        for screen in screens_for(self._limits):
            rule = screen.rule
            alarm = self._alarms.get(rule.id)
            if alarm is not None or screen.may_cross(readings):
                finding = limit_finding(rule, alarm, self.bedside, now)
                self._step(rule, alarm, finding, now, happened, audible=audible)
        return happened

    def _judge_monitor(self, now: datetime) -> list[Happening]:
        if not self.bedside.conditions and not self._alarms:
            return []
        codes = {c.code for c in self.bedside.conditions if c.code not in SAME_AS_OURS}
        rules = {MONITOR_PREFIX + code: _rule_for_code(code) for code in codes}
        for held in self._alarms:
            if held.startswith(MONITOR_PREFIX) and held not in rules:
                rules[held] = _rule_for_code(held.removeprefix(MONITOR_PREFIX))
        happened: list[Happening] = []
        for rule_id, rule in rules.items():
            finding = monitor_finding(rule, self.bedside, now)
            self._step(rule, self._alarms.get(rule_id), finding, now, happened)
        return happened

    def _judge_technical(self, now: datetime) -> list[Happening]:
        """Equipment matters only where somebody lies: an empty bed raises no technical alarm."""
        happened: list[Happening] = []
        if self.bedside.stay is None or self.bedside.device is None:
            return happened
        if not self._alarms and is_technically_well(self.bedside, now):
            return happened
        in_danger = any(
            alarm.priority is Priority.HIGH and alarm.kind is AlarmKind.PHYSIOLOGICAL
            for alarm in self._alarms.values()
            if alarm.state.is_shown
        )
        for rule in TECHNICAL:
            finding = technical_finding(rule, self.bedside, now, in_danger=in_danger)
            self._step(rule, self._alarms.get(rule.id), finding, now, happened)
        return happened

    def _step(
        self,
        rule: Rule,
        alarm: Alarm | None,
        finding: Finding,
        now: datetime,
        happened: list[Happening],
        *,
        audible: bool = True,
    ) -> None:
        if alarm is None and not (finding.present and any(finding.present)):
            return
        after, events = step(self.bed, rule, alarm, finding, now, audible=audible)
        if after is not alarm:
            self._keep(rule.id, after)
        happened.extend(events)

    def _keep(self, rule: str, alarm: Alarm | None) -> None:
        if alarm is None:
            self._alarms.pop(rule, None)
        else:
            self._alarms[rule] = alarm


def urgency(alarm: Alarm) -> tuple[bool, int, int, datetime]:
    """Sort key, the worst first: unseen, by priority, active before latched, the oldest."""
    from_state = {"active": 0, "latched": 1, "acknowledged": 2}
    return (
        alarm.state == "acknowledged",
        -alarm.priority,
        from_state.get(alarm.state, 3),
        alarm.onset_at,
    )


def _ended(alarm: Alarm, now: datetime) -> Alarm:
    return replace(alarm, state=AlarmState.IDLE, ended_at=now, until=None)
