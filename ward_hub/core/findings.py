"""What each rule finds at a bed at one moment. Pure looking; what follows is `alarm_life`.

Values are rounded to the resolution the screen shows before they are compared with a limit, so
that the alarm always agrees with the number a nurse reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta

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
)
from ward_hub.core.sample import DeviceCondition, Quality
from ward_hub.core.vitals import VITALS

BATTERY_LOW_PERCENT = 20.0
BATTERY_EMPTY_PERCENT = 10.0
SETTLING = timedelta(seconds=15)
"""How long a monitor just put on a bed, or a hub just started, may take to send its first data."""


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
        there = bedside.is_silent(now) and not bedside.is_offline() and _settled(bedside, now)
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
    return bedside.vitals_at is not None or since is None or now - since > SETTLING


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
