"""What a monitor itself alarms about, as the whole set of conditions present now.

Conditions that need to last (asystole, apnoea) are held back until they have; each remembers
since when it has been present.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device_sim.patient import Physiology, Rhythm
from device_sim.scenario import Flag, Sensor


@dataclass(frozen=True, slots=True)
class ConditionKind:
    """How a condition is announced, and how long it must last first."""

    priority: str
    text: str
    delay_s: float = 0.0


CONDITIONS: Mapping[str, ConditionKind] = MappingProxyType(
    {
        "asystole": ConditionKind("high", "*** ASYSTOLE", 4),
        "vtach": ConditionKind("high", "*** VTACH", 2),
        "apnea": ConditionKind("high", "*** APNEA", 15),
        "desat": ConditionKind("high", "*** DESAT", 10),
        "afib": ConditionKind("low", "* AFIB", 10),
        "leads_off": ConditionKind("medium", "ECG LEADS OFF", 2),
        "spo2_sensor_off": ConditionKind("low", "SpO2 SENSOR OFF", 2),
        "spo2_low_perfusion": ConditionKind("low", "SpO2 LOW PERFUSION", 5),
        "battery_low": ConditionKind("low", "BATTERY LOW", 0),
    }
)


def present_codes(
    now: Physiology, flags: Mapping[Sensor, Flag], battery_percent: float
) -> tuple[str, ...]:
    """Codes of the conditions that hold at this instant, delays aside."""
    ecg = flags.get(Sensor.ECG)
    spo2 = flags.get(Sensor.SPO2)
    sees_ecg = not (ecg and ecg.is_blind)
    sees_spo2 = not (spo2 and spo2.is_blind) and now.pulse > 0.1
    sees_resp = sees_ecg and not ((resp := flags.get(Sensor.RESP)) and resp.is_blind)
    tests = {
        "asystole": sees_ecg and now.rhythm is Rhythm.ASYSTOLE,
        "vtach": sees_ecg and now.rhythm is Rhythm.VT,
        "apnea": sees_resp and now.rr_bpm == 0,
        "desat": sees_spo2 and now.spo2_pct < 85,
        "afib": sees_ecg and now.rhythm is Rhythm.AF,
        "leads_off": ecg is Flag.LEADS_OFF,
        "spo2_sensor_off": spo2 is Flag.SENSOR_OFF,
        "spo2_low_perfusion": spo2 is Flag.LOW_PERFUSION,
        "battery_low": battery_percent < 15,
    }
    return tuple(code for code, holds in tests.items() if holds)


class ConditionTracker:
    """Remembers since when each condition has been present."""

    def __init__(self) -> None:
        self._began: dict[str, tuple[float, float]] = {}

    def update(self, codes: tuple[str, ...], elapsed_s: float, wall_s: float) -> dict[str, float]:
        """Return announced codes with the device time at which each began."""
        self._began = {
            code: self._began.get(code, (elapsed_s, wall_s)) for code in CONDITIONS if code in codes
        }
        return {
            code: wall
            for code, (since, wall) in self._began.items()
            if elapsed_s - since >= CONDITIONS[code].delay_s
        }
