"""What the monitor's sensors make of the patient: rounding, missing readings, episodic
measurements, flags."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from device_sim.patient import Physiology
from device_sim.scenario import Flag, Sensor

Value = float | int | None

_SEEN_BY: Mapping[str, Sensor] = {
    "hr": Sensor.ECG,
    "pvc": Sensor.ECG,
    "rr": Sensor.RESP,
    "pr": Sensor.SPO2,
    "spo2": Sensor.SPO2,
    "temp": Sensor.TEMP,
    "nibp_sys": Sensor.NIBP,
    "nibp_dia": Sensor.NIBP,
    "nibp_map": Sensor.NIBP,
}
_NIBP = ("nibp_sys", "nibp_dia", "nibp_map")
_NO_PULSE = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """Values now, when the episodic ones were measured (device clock, s), and quality flags."""

    values: Mapping[str, Value]
    at: Mapping[str, float]
    flags: Mapping[str, str]
    fresh: frozenset[str]

    def without_repeats(self) -> tuple[dict[str, Value], dict[str, float]]:
        """Values and times without episodic ones that were sent before."""
        old = {"nibp", "temp"} - self.fresh
        values = {name: v for name, v in self.values.items() if _group(name) not in old}
        return values, {name: when for name, when in self.at.items() if name not in old}


def _group(name: str) -> str:
    return "nibp" if name.startswith("nibp") else name


class Sensors:
    """Keeps the last cuff pressure and temperature between measurements."""

    def __init__(self, nibp_interval_s: float, temp_interval_s: float, rng: random.Random) -> None:
        self._every_s = {"nibp": nibp_interval_s, "temp": temp_interval_s}
        self._due_s = {"nibp": rng.uniform(2, 20), "temp": rng.uniform(1, 10)}
        self._kept: dict[str, Value] = {}
        self._at: dict[str, float] = {}
        self._rng = rng

    def read(
        self, elapsed_s: float, shown_s: float, now: Physiology, marked: Mapping[Sensor, Flag]
    ) -> Reading:
        """Read every sensor; `shown_s` is what the device's clock shows."""
        fresh = self._measure(elapsed_s, shown_s, now, marked)
        values: dict[str, Value] = {
            "hr": round(now.hr_bpm),
            "pr": round(now.pr_bpm),
            "spo2": round(now.spo2_pct),
            "rr": round(now.rr_bpm),
            "pvc": round(now.pvc_per_min),
        }
        flags: dict[str, str] = {}
        if now.pulse < _NO_PULSE:
            values.update(pr=None, spo2=None)
            flags.update(pr=Flag.LOW_PERFUSION, spo2=Flag.LOW_PERFUSION)
        values.update(self._kept)
        self._mark(values, flags, marked)
        return Reading(values, dict(self._at), flags, fresh)

    def _measure(
        self, elapsed_s: float, shown_s: float, now: Physiology, marked: Mapping[Sensor, Flag]
    ) -> frozenset[str]:
        fresh = set()
        for name, sensor in (("nibp", Sensor.NIBP), ("temp", Sensor.TEMP)):
            if elapsed_s < self._due_s[name]:
                continue
            self._due_s[name] = elapsed_s + self._every_s[name]
            flag = marked.get(sensor)
            if not (flag and flag.is_blind):
                self._keep(name, now)
                self._at[name] = shown_s
                fresh.add(name)
        return frozenset(fresh)

    def _keep(self, name: str, now: Physiology) -> None:
        if name == "temp":
            self._kept["temp"] = round(now.temp_c, 1)
        elif now.pulse < _NO_PULSE:
            self._kept.update(dict.fromkeys(_NIBP))
        else:
            pressures = (now.sys_mmhg, now.dia_mmhg, now.map_mmhg)
            self._kept.update(zip(_NIBP, map(round, pressures), strict=True))

    def _mark(
        self, values: dict[str, Value], flags: dict[str, str], marked: Mapping[Sensor, Flag]
    ) -> None:
        for name, value in values.items():
            flag = marked.get(_SEEN_BY[name])
            if name == "rr" and flag is None and (ecg := marked.get(Sensor.ECG)) and ecg.is_blind:
                flag = ecg
            if flag is None:
                continue
            flags[name] = flag.value
            if flag.is_blind:
                values[name] = None
            elif flag in (Flag.MOTION, Flag.ARTIFACT):
                values[name] = self._disturbed(name, value)

    def _disturbed(self, name: str, value: Value) -> Value:
        if value is None or self._rng.random() < 0.15:
            return None
        off = self._rng.gauss(0, 6)
        top = 100 if name == "spo2" else 280
        shifted = value - abs(off) if name == "spo2" else value + off
        return round(min(top, max(1.0, shifted)))
