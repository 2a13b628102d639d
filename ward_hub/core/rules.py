"""What is watched for: limits with two priorities, and technical conditions.

A rule has levels from mild to severe; each has a priority, a delay (seconds the condition must
last before a nurse is called) and, for limits, the limit. One rule is one alarm: when a patient
passes from the medium to the high limit the alarm gets worse, it does not become two.

The adult defaults are those recommended in the project's clinical reference, part 2.2 (ward
defaults; SpO2 88 % with 15 s after Johns Hopkins and Goerges 2009; red limits of heart rate,
respiration and SpO2 from the same part). The high limits of pressure and temperature and the
delays of heart rate and respiration are this project's choice. All need a clinician's signature
before use; see docs/decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Priority(IntEnum):
    """How fast somebody has to come. Ordered: higher is more urgent."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The priority as written on the wire and in the database."""
        return self.name.lower()


PRIORITY_BY_WORD: Final = {priority.word: priority for priority in Priority}


class AlarmKind(StrEnum):
    """Whether the patient or the equipment is the matter; never acknowledged together."""

    PHYSIOLOGICAL = "physiological"
    TECHNICAL = "technical"


class Side(StrEnum):
    """Which way a limit is crossed."""

    LOW = "low"
    HIGH = "high"


class Latching(StrEnum):
    """Whether an alarm stays after its condition has gone, until a person has seen it."""

    NEVER = "never"
    IF_HIGH = "if_high"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Level:
    """One step of severity. `limit` is None for conditions that are simply there or not."""

    priority: Priority
    delay_s: float
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to watch for. `levels` run from mild to severe.

    For limits: `vital` is crossed on `side`; a crossed limit counts as crossed until the value is
    `hysteresis` back inside. `fallback` is measured instead when `vital` is not (pulse for heart
    rate when the electrodes are off).
    """

    id: str
    kind: AlarmKind
    levels: tuple[Level, ...]
    latching: Latching = Latching.NEVER
    vital: str | None = None
    side: Side | None = None
    hysteresis: float = 0.0
    fallback: str | None = None

    def __post_init__(self) -> None:
        priorities = [level.priority for level in self.levels]
        if not priorities or priorities != sorted(set(priorities)):
            raise ValueError(f"rule {self.id}: levels must rise in priority")
        if (self.vital is None) != (self.side is None):
            raise ValueError(f"rule {self.id}: a limit needs both a vital and a side")

    def is_crossed(self, level: Level, value: float, *, was_crossed: bool) -> bool:
        """Whether `value` is beyond the level's limit, or still within its hysteresis."""
        if level.limit is None:
            return False
        slack = self.hysteresis if was_crossed else 0.0
        if self.side is Side.LOW:
            return value < level.limit + slack
        return value > level.limit - slack

    def is_beyond(self, value: float) -> bool:
        """Whether a value is truly beyond the mildest limit; always so where there is no limit."""
        mildest = self.levels[0]
        return mildest.limit is None or self.is_crossed(mildest, value, was_crossed=False)

    def worse(self, one: float | None, other: float | None) -> float | None:
        """The value further beyond the limit; for a rule without a side the newer one."""
        if one is None or other is None or self.side is None:
            return other if other is not None else one
        return min(one, other) if self.side is Side.LOW else max(one, other)

    def limit_at(self, priority: Priority) -> float | None:
        """The limit that belongs to a priority, if the rule has one there."""
        return next((lv.limit for lv in self.levels if lv.priority is priority), None)


def limit_rule(
    vital: str,
    side: Side,
    *levels: tuple[Priority, float, float],
    hysteresis: float,
    fallback: str | None = None,
) -> Rule:
    """A limit alarm; each level is (priority, limit, delay in seconds). High ones latch."""
    return Rule(
        id=f"{vital}_{side}",
        kind=AlarmKind.PHYSIOLOGICAL,
        levels=tuple(Level(priority, delay_s, limit) for priority, limit, delay_s in levels),
        latching=Latching.IF_HIGH,
        vital=vital,
        side=side,
        hysteresis=hysteresis,
        fallback=fallback,
    )


_MEDIUM, _HIGH = Priority.MEDIUM, Priority.HIGH

# fmt: off
ADULT_LIMITS: Final[tuple[Rule, ...]] = (
    limit_rule("hr", Side.LOW, (_MEDIUM, 50, 10), (_HIGH, 40, 5), hysteresis=3, fallback="pr"),
    limit_rule("hr", Side.HIGH, (_MEDIUM, 130, 10), (_HIGH, 150, 5), hysteresis=3, fallback="pr"),
    limit_rule("spo2", Side.LOW, (_MEDIUM, 88, 15), (_HIGH, 82, 10), hysteresis=2),
    limit_rule("rr", Side.LOW, (_MEDIUM, 8, 15), (_HIGH, 7, 10), hysteresis=2),
    limit_rule("rr", Side.HIGH, (_MEDIUM, 30, 15), (_HIGH, 35, 10), hysteresis=2),
    limit_rule("nibp_sys", Side.LOW, (_MEDIUM, 90, 0), (_HIGH, 80, 0), hysteresis=4),
    limit_rule("nibp_sys", Side.HIGH, (_MEDIUM, 180, 0), (_HIGH, 200, 0), hysteresis=4),
    limit_rule("temp", Side.LOW, (_MEDIUM, 35.0, 30), (_HIGH, 34.0, 30), hysteresis=0.2),
    limit_rule("temp", Side.HIGH, (_MEDIUM, 39.0, 30), (_HIGH, 40.5, 30), hysteresis=0.2),
)
"""Limits for adults until a ward or a patient has its own. Comparisons are strict."""
# fmt: on


def _technical(rule: str, *levels: Level, latching: Latching = Latching.NEVER) -> Rule:
    return Rule(rule, AlarmKind.TECHNICAL, levels, latching)


NO_DATA: Final = _technical("no_data", Level(_MEDIUM, 0), Level(_HIGH, 0))
DEVICE_OFFLINE: Final = _technical(
    "device_offline", Level(_MEDIUM, 0), Level(_HIGH, 0), latching=Latching.ALWAYS
)
SENSOR_OFF: Final = _technical("sensor_off", Level(Priority.LOW, 5), Level(_MEDIUM, 60))
LEADS_OFF: Final = _technical("leads_off", Level(Priority.LOW, 2), Level(_MEDIUM, 10))
CLOCK_OFF: Final = _technical("clock_off", Level(Priority.LOW, 10))
BATTERY_LOW: Final = _technical("battery_low", Level(Priority.LOW, 0), Level(_MEDIUM, 0))

TECHNICAL: Final = (NO_DATA, DEVICE_OFFLINE, SENSOR_OFF, LEADS_OFF, CLOCK_OFF, BATTERY_LOW)
"""Technical conditions: priorities after the clinical reference, part 2.3."""

MONITOR_PREFIX: Final = "monitor:"

_TECHNICAL_CODES: Final = frozenset(
    ("artifact", "noise", "nibp_fault", "check_cuff", "check_sensor", "calibrating", "demo")
)

SAME_AS_OURS: Final[dict[str, str]] = {
    "leads_off": LEADS_OFF.id,
    "lead_off": LEADS_OFF.id,
    "ecg_leads_off": LEADS_OFF.id,
    "sensor_off": SENSOR_OFF.id,
    "spo2_sensor_off": SENSOR_OFF.id,
    "battery_low": BATTERY_LOW.id,
}
"""Conditions a monitor may report that the hub has a rule of its own for."""


def monitor_rule(code: str) -> Rule:
    """The rule for a condition that the monitor itself reports; it decides the priority."""
    is_technical = code in _TECHNICAL_CODES
    return Rule(
        id=MONITOR_PREFIX + code,
        kind=AlarmKind.TECHNICAL if is_technical else AlarmKind.PHYSIOLOGICAL,
        levels=tuple(Level(priority, 0) for priority in Priority),
        latching=Latching.IF_HIGH,
    )
