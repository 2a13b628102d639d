"""What each rule finds at a bed at one moment. Pure looking; what follows is `alarm_life`.

Values are rounded to the resolution the screen shows before they are compared with a limit, so
that the alarm always agrees with the number a nurse reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ward_hub.core.alarm_life import Alarm, Finding
from ward_hub.core.bedside import Bedside, Reading
from ward_hub.core.rules import (
    BATTERY_LOW,
    CLOCK_OFF,
    DEVICE_OFFLINE,
    MONITOR_PREFIX,
    NO_DATA,
    PRIORITY_BY_WORD,
    SAME_AS_OURS,
    SENSOR_OFF,
    Priority,
    Rule,
    Side,
)
from ward_hub.core.sample import DeviceCondition, Quality
from ward_hub.core.vitals import VITALS

BATTERY_LOW_PERCENT = 20.0
BATTERY_EMPTY_PERCENT = 10.0
SETTLING = timedelta(seconds=15)
"""How long a monitor just put on a bed, or a hub just started, may take to send its first data."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The quick look at one limit rule: enough to pass a value by that cannot cross it.

    Nearly every value of nearly every patient is inside its limits, a thousand times a second; only
    what touches the mildest limit is judged in full.
    """

    rule: Rule
    vital: str
    is_low: bool
    mildest: float

    def may_cross(self, readings: Mapping[str, Reading]) -> bool:
        """Whether the rule has to be judged for these readings."""
        reading = readings.get(self.vital)
        if reading is None or reading.value is None or not reading.quality.is_measured:
            return self.rule.fallback is not None
        if self.is_low:
            return reading.value <= self.mildest
        return reading.value >= self.mildest


@lru_cache(maxsize=1024)
def screens_for(limits: tuple[Rule, ...]) -> tuple[Screen, ...]:
    """The quick looks for a set of limit rules."""
    return tuple(
        Screen(rule, rule.vital, rule.side is Side.LOW, rule.levels[0].limit)
        for rule in limits
        if rule.vital is not None and rule.levels[0].limit is not None
    )


def is_technically_well(bedside: Bedside, now: datetime) -> bool:
    """Whether nothing at all is the matter with the equipment; the quick look at a healthy bed."""
    status = bedside.status
    percent = status.battery_percent if status is not None else None
    if percent is not None and percent <= BATTERY_LOW_PERCENT:
        return False
    if bedside.clock_off_s is not None or bedside.conditions or not bedside.is_live(now):
        return False
    return all(reading.quality.is_measured for reading in bedside.readings.values())


def limit_finding(rule: Rule, alarm: Alarm | None, bedside: Bedside, now: datetime) -> Finding:
    """Whether each limit of the rule is crossed by the newest reading; lost when there is none."""
    reading = _reading_for(rule, bedside, now)
    if reading is None or reading.value is None or rule.vital is None:
        return Finding(None, now)
    value = round(reading.value, VITALS[rule.vital].decimals)
    if alarm is None:
        present = tuple(rule.is_crossed(lv, value, was_crossed=False) for lv in rule.levels)
    else:
        pairs = zip(rule.levels, alarm.began_at, strict=True)
        present = tuple(
            rule.is_crossed(level, value, was_crossed=began is not None) for level, began in pairs
        )
    return Finding(present, reading.heard_at, value)


def _reading_for(rule: Rule, bedside: Bedside, now: datetime) -> Reading | None:
    if rule.vital is None:
        return None
    reading = bedside.measured(rule.vital, now)
    if reading is None and rule.fallback is not None:
        return bedside.measured(rule.fallback, now)
    return reading


def technical_finding(rule: Rule, bedside: Bedside, now: datetime, *, in_danger: bool) -> Finding:
    """Whether a technical condition is there. `in_danger`: a high patient alarm is open."""
    if rule is NO_DATA:
        if bedside.is_silent(now) and not _settled(bedside, now):
            return Finding(None, now)
        there = bedside.is_silent(now) and not bedside.is_offline()
        return _there(rule, there, now, raised=in_danger)
    if rule is DEVICE_OFFLINE:
        return _there(rule, bedside.is_offline(), now, raised=in_danger)
    if rule is CLOCK_OFF:
        return _there(rule, bedside.clock_off_s is not None, now)
    if rule is BATTERY_LOW:
        return _battery(bedside, now)
    if not bedside.is_live(now):
        return Finding(None, now)
    quality = Quality.SENSOR_OFF if rule is SENSOR_OFF else Quality.LEADS_OFF
    off = any(reading.quality is quality for reading in _heard_lately(bedside))
    return _there(rule, off or _reported(rule, bedside), now, raised=True)


def _settled(bedside: Bedside, now: datetime) -> bool:
    since = bedside.watched_since
    return since is None or now - since > SETTLING


def _there(rule: Rule, there: bool, now: datetime, *, raised: bool = False) -> Finding:
    """The mildest level is present when the condition is; the others only when `raised`."""
    higher = there and raised
    return Finding((there, *(higher for _ in rule.levels[1:])), now)


def _battery(bedside: Bedside, now: datetime) -> Finding:
    status = bedside.status
    percent = status.battery_percent if status else None
    if status is None or percent is None or status.charging or bedside.is_offline():
        return Finding((_reported(BATTERY_LOW, bedside), False), now)
    low = percent <= BATTERY_LOW_PERCENT or _reported(BATTERY_LOW, bedside)
    return Finding((low, percent <= BATTERY_EMPTY_PERCENT), now, percent)


def _heard_lately(bedside: Bedside) -> list[Reading]:
    newest = bedside.vitals_at
    return [reading for reading in bedside.readings.values() if reading.heard_at == newest]


def _reported(rule: Rule, bedside: Bedside) -> bool:
    return any(SAME_AS_OURS.get(condition.code) == rule.id for condition in bedside.conditions)


def monitor_finding(rule: Rule, bedside: Bedside, now: datetime) -> Finding:
    """Whether the monitor reports the condition now; lost when the monitor cannot be heard."""
    if bedside.conditions_at is None or bedside.is_offline() or bedside.is_silent(now):
        return Finding(None, now)
    code = rule.id.removeprefix(MONITOR_PREFIX)
    reported = [condition for condition in bedside.conditions if condition.code == code]
    if not reported:
        return Finding((False,) * len(Priority), now)
    worst = max(_priority(condition) for condition in reported)
    present = tuple(priority <= worst for priority in Priority)
    return Finding(present, bedside.conditions_at, text=reported[0].text)


def _priority(condition: DeviceCondition) -> Priority:
    return PRIORITY_BY_WORD.get(condition.priority, Priority.MEDIUM)
