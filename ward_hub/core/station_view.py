"""What a nurses' screen is told of a bed: the one place that makes it, from allowed fields only.

The shapes are the contract between server and page (`docs/developer.md`). A number that may not
be shown is not sent: when the bed is not live, or the value is stale, `v` is null, so that no
page can show it by mistake.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import msgspec

from ward_hub.core.alarm_life import Alarm
from ward_hub.core.bed_engine import BedEngine
from ward_hub.core.bedside import Bedside, Reading
from ward_hub.core.freshness import Freshness, freshness
from ward_hub.core.ids import BedId, StaffId
from ward_hub.core.rules import MONITOR_PREFIX, Rule, Side
from ward_hub.core.vitals import VITALS
from ward_hub.core.ward import Stay, WardMap

AGE_BAND_YEARS: Final = 10


class StayView(msgspec.Struct, frozen=True):
    """Who lies here, in the form the unit shows on a wall."""

    id: int
    name: str
    age_band: str
    sex: str


class DeviceView(msgspec.Struct, frozen=True):
    """The monitor on the bed and how it is."""

    id: str
    link: str
    battery_percent: float | None
    charging: bool | None
    clock_off_s: float | None


class ValueView(msgspec.Struct, frozen=True):
    """One number: value, when measured, freshness, quality, and the limits in force."""

    v: float | None
    at: datetime
    f: str
    q: str
    lo: float | None
    hi: float | None


class AlarmView(msgspec.Struct, frozen=True):
    """One open alarm, complete enough to be shown and announced anywhere."""

    id: str
    bed: str
    label: str
    unit: str
    stay: int | None
    patient: str
    rule: str
    kind: str
    state: str
    priority: str
    vital: str | None
    side: str | None
    value: float | None
    limit: float | None
    text: str
    began_at: datetime
    raised_at: datetime | None
    ended_at: datetime | None
    by: str | None
    until: datetime | None


class BedView(msgspec.Struct, frozen=True):
    """One tile of the station."""

    bed: str
    label: str
    unit: str
    stay: StayView | None
    device: DeviceView | None
    live: bool
    last_at: datetime | None
    values: dict[str, ValueView]
    alarms: list[AlarmView]


def short_name(full_name: str) -> str:
    """The name as a ward wall shows it: family and middle names as initials («P.T. Dung»)."""
    *before, given = full_name.split() or [""]
    initials = "".join(f"{word[0]}." for word in before)
    return f"{initials} {given}".strip()


def age_years(birth_date: date, on: date) -> int:
    """Whole years lived on a day; a birthday counts from that day."""
    had_birthday = (on.month, on.day) >= (birth_date.month, birth_date.day)
    return on.year - birth_date.year - (0 if had_birthday else 1)


def age_band(birth_date: date | None, on: date) -> str:
    """The age to the decade («70–79»), or nothing when the birth date is not known."""
    if birth_date is None:
        return ""
    first = max(0, age_years(birth_date, on)) // AGE_BAND_YEARS * AGE_BAND_YEARS
    return f"{first}–{first + AGE_BAND_YEARS - 1}"


def bed_view(ward: WardMap, engine: BedEngine, now: datetime) -> BedView:
    """Everything the station shows of one bed at `now`."""
    bedside = engine.bedside
    bed = ward.beds[engine.bed]
    stay = ward.stay_on(bed.id, now)
    live = bedside.is_live(now)
    return BedView(
        bed=bed.id,
        label=bed.label,
        unit=bed.unit,
        stay=_stay_view(stay, now) if stay else None,
        device=_device_view(bedside, now),
        live=live,
        last_at=bedside.vitals_at,
        values=_values(engine, now, live=live),
        alarms=[alarm_view(ward, engine, alarm) for alarm in engine.open_alarms()],
    )


def empty_bed_view(ward: WardMap, bed: BedId, now: datetime) -> BedView:
    """A bed that no monitor watches."""
    there = ward.beds[bed]
    stay = ward.stay_on(bed, now)
    view = _stay_view(stay, now) if stay else None
    return BedView(bed, there.label, there.unit, view, None, False, None, {}, [])


def _stay_view(stay: Stay, now: datetime) -> StayView:
    band = age_band(stay.birth_date, now.date())
    return StayView(stay.id, short_name(stay.name), band, stay.sex)


def link_state(bedside: Bedside, now: datetime) -> str:
    """The monitor's link in one word: `offline`, `waiting` (never heard), `silent` or `online`."""
    if bedside.is_offline():
        return "offline"
    if bedside.vitals_at is None:
        return "waiting"
    return "silent" if bedside.is_silent(now) else "online"


def _device_view(bedside: Bedside, now: datetime) -> DeviceView | None:
    if bedside.device is None:
        return None
    status = bedside.status
    return DeviceView(
        id=bedside.device,
        link=link_state(bedside, now),
        battery_percent=status.battery_percent if status else None,
        charging=status.charging if status else None,
        clock_off_s=bedside.clock_off_s,
    )


def _values(engine: BedEngine, now: datetime, *, live: bool) -> dict[str, ValueView]:
    limits = shown_limits(engine.limits)
    readings = engine.bedside.readings.items()
    return {
        name: _value_view(name, reading, limits.get(name, (None, None)), now, live=live)
        for name, reading in readings
    }


def shown_limits(rules: tuple[Rule, ...]) -> dict[str, tuple[float | None, float | None]]:
    """The limits written beside a number: those of the mildest level, low and high."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for rule in rules:
        if rule.vital is None:
            continue
        low, high = found.get(rule.vital, (None, None))
        limit = rule.levels[0].limit
        found[rule.vital] = (limit, high) if rule.side is Side.LOW else (low, limit)
    return found


def _value_view(
    name: str,
    reading: Reading,
    limits: tuple[float | None, float | None],
    now: datetime,
    *,
    live: bool,
) -> ValueView:
    fresh = freshness(name, reading.at, now)
    hidden = not live or fresh is Freshness.STALE or not reading.is_measured
    value = None if hidden or reading.value is None else round(reading.value, _decimals(name))
    return ValueView(value, reading.at, fresh, reading.quality, *limits)


def _decimals(name: str) -> int:
    return VITALS[name].decimals if name in VITALS else 1


def alarm_view(ward: WardMap, engine: BedEngine, alarm: Alarm) -> AlarmView:
    """One alarm of a bed as it is now. Its value is the newest that crossed the limit.

    The patient is the engine's, whoever may lie there by now.
    """
    bed = ward.beds[engine.bed]
    stays = ward.stays.get(bed.id, ())
    stay = next((each for each in stays if each.id == engine.bedside.stay), None)
    rule = next((rule for rule in engine.limits if rule.id == alarm.rule), None)
    return AlarmView(
        id=alarm.id,
        bed=bed.id,
        label=bed.label,
        unit=bed.unit,
        stay=stay.id if stay else None,
        patient=short_name(stay.name) if stay else "",
        rule=alarm.rule,
        kind=alarm.kind,
        state=alarm.state,
        priority=alarm.priority.word,
        vital=rule.vital if rule else None,
        side=rule.side if rule else None,
        value=_rounded(rule, alarm.value),
        limit=alarm.limit,
        text=_monitor_text(alarm),
        began_at=alarm.onset_at,
        raised_at=alarm.raised_at,
        ended_at=alarm.ended_at,
        by=_staff_name(ward, alarm.by),
        until=alarm.until,
    )


def _monitor_text(alarm: Alarm) -> str:
    """The monitor's own words, in one piece of plain text."""
    return " ".join(alarm.text.split()) if alarm.rule.startswith(MONITOR_PREFIX) else ""


def _staff_name(ward: WardMap, staff: str | None) -> str | None:
    if staff is None:
        return None
    return ward.staff_names.get(StaffId(int(staff)), "?") if staff.isdecimal() else staff


def _rounded(rule: Rule | None, value: float | None) -> float | None:
    if value is None or rule is None or rule.vital is None:
        return value
    return round(value, _decimals(rule.vital))
