"""A small body whose numbers move together: circulation with a baroreflex, breathing with its
blood gases, heat.

The model is a handful of first-order lags stepped one second at a time. Each hidden driver (blood
lost, lung injury, sepsis, opioid, pain, blocked airway) bends one cause; pressure, pulse,
breathing and saturation then follow through the couplings, with their own delays. It is meant to
look right on a screen and to exercise alarms; it must never be used to predict anything about a
real person. No clock and no I/O: the result is a function of the seed and of the sequence of
situations.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

STEP_S = 1.0
SEA_LEVEL_DRY_MMHG = 713.0


class Rhythm(StrEnum):
    """Electrical rhythm of the heart."""

    SINUS = "sinus"
    AF = "af"
    VT = "vt"
    ASYSTOLE = "asystole"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The person at rest and well."""

    hr_bpm: float = 74.0
    sys_mmhg: float = 122.0
    dia_mmhg: float = 76.0
    rr_bpm: float = 15.0
    temp_c: float = 36.8

    @property
    def map_mmhg(self) -> float:
        """Mean arterial pressure."""
        return self.dia_mmhg + (self.sys_mmhg - self.dia_mmhg) / 3

    def varied(self, rng: random.Random) -> Baseline:
        """The same person with the small differences one finds between people."""
        return Baseline(
            self.hr_bpm + rng.uniform(-7, 7),
            self.sys_mmhg + rng.uniform(-9, 9),
            self.dia_mmhg + rng.uniform(-5, 5),
            self.rr_bpm + rng.uniform(-2, 2),
            self.temp_c + rng.uniform(-0.25, 0.25),
        )


@dataclass(frozen=True, slots=True)
class Drivers:
    """Hidden causes from 0 (absent) to 1 (as bad as it gets); `volume_loss` of all blood."""

    volume_loss: float = 0.0
    lung_injury: float = 0.0
    sepsis: float = 0.0
    opioid: float = 0.0
    pain: float = 0.0
    airway_block: float = 0.0
    ectopy: float = 0.0
    oxygen: float = 0.0


@dataclass(frozen=True, slots=True)
class Physiology:
    """What an ideal sensor would read; `pulse` is how well a beat fills the finger, 0 to 1.3."""

    hr_bpm: float
    pr_bpm: float
    spo2_pct: float
    rr_bpm: float
    temp_c: float
    sys_mmhg: float
    dia_mmhg: float
    map_mmhg: float
    etco2_mmhg: float
    pvc_per_min: float
    pulse: float
    breath_depth: float
    rhythm: Rhythm
    ectopy: float


def saturation(pressure_mmhg: float) -> float:
    """Oxygen saturation (0 to 1) of haemoglobin at an oxygen pressure, by Severinghaus' formula."""
    p = max(pressure_mmhg, 1.0)
    return 1.0 / (23400.0 / (p**3 + 150.0 * p) + 1.0)


def _clip(value: float, low: float, high: float) -> float:
    return low if value < low else min(value, high)


class _Drift:
    """Slow seeded wandering around zero (first-order autoregressive)."""

    __slots__ = ("_keep", "_kick", "_rng", "value")

    def __init__(self, rng: random.Random, sd: float, tau_s: float) -> None:
        self._rng = rng
        self._keep = math.exp(-STEP_S / tau_s)
        self._kick = sd * math.sqrt(1 - self._keep**2)
        self.value = rng.gauss(0, sd)

    def step(self) -> float:
        self.value = self.value * self._keep + self._rng.gauss(0, self._kick)
        return self.value


_STROKE = {Rhythm.SINUS: 1.0, Rhythm.AF: 0.85, Rhythm.VT: 0.26, Rhythm.ASYSTOLE: 0.0}
_VT_BPM = 184.0


class Body:
    """One person's state, advanced a second at a time by `step`."""

    def __init__(self, baseline: Baseline, rng: random.Random) -> None:
        self._base = baseline
        self._sinus_bpm = baseline.hr_bpm
        self._hr_bpm = baseline.hr_bpm
        self._map_mmhg = baseline.map_mmhg
        self._tone = 1.0
        self._reflex = 0.0
        self._stroke = 1.0
        self._temp_c = baseline.temp_c
        self._drive_bpm = baseline.rr_bpm
        self._rr_bpm = baseline.rr_bpm
        self._paco2_mmhg = 40.0
        self._palv_mmhg = 100.0
        self._sao2 = 0.975
        self._finger = [0.975, 0.975]
        self._no_flow_s = 0.0
        self._hr_drift = _Drift(rng, 1.1, 15)
        self._rr_drift = _Drift(rng, 0.5, 20)
        self._spo2_drift = _Drift(rng, 0.004, 25)
        self._map_drift = _Drift(rng, 2.0, 60)

    def step(self, drivers: Drivers, rhythm: Rhythm) -> Physiology:
        """Advance by one second and return what sensors would read."""
        self._temp_c += (self._base.temp_c + 2.7 * drivers.sepsis - self._temp_c) * STEP_S / 75
        self._breathe(drivers)
        self._oxygenate(drivers)
        self._circulate(drivers, rhythm)
        return self._read(drivers, rhythm)

    def _breathe(self, d: Drivers) -> None:
        asleep = 1 - d.opioid
        wish = 0.35 * max(0.0, self._paco2_mmhg - 42) + 60 * max(0.0, 0.9 - self._sao2)
        target = self._base.rr_bpm + 11 * d.sepsis + 9 * d.pain + 26 * d.volume_loss
        target = (target + 13 * d.lung_injury + wish * asleep) * (1 - 0.9 * d.opioid)
        if self._no_flow_s > 15:
            target = 0.0
        self._drive_bpm += (_clip(target, 0, 60) - self._drive_bpm) * STEP_S / 9
        seen = self._drive_bpm * (1 - d.airway_block)
        self._rr_bpm += (seen - self._rr_bpm) * STEP_S / 4

    def _oxygenate(self, d: Drivers) -> None:
        depth = (1 - 0.35 * d.opioid) * (1 - d.airway_block)
        ventilation = max(0.03, self._drive_bpm / self._base.rr_bpm * depth)
        demand = 1 + 0.35 * d.sepsis + 0.25 * d.pain + 0.4 * d.volume_loss + 0.5 * d.lung_injury
        settled_co2 = _clip(40 * demand / ventilation, 15, 110)
        self._paco2_mmhg += (settled_co2 - self._paco2_mmhg) * STEP_S / 110
        inspired = (0.21 + 0.6 * d.oxygen) * SEA_LEVEL_DRY_MMHG
        palv = max(35.0, inspired - settled_co2 / 0.8)
        self._palv_mmhg += (palv - self._palv_mmhg) * STEP_S / 38
        arterial = saturation(self._palv_mmhg - 8)
        shunt = 0.02 + 0.44 * d.lung_injury
        self._sao2 = (1 - shunt) * arterial + shunt * max(0.25, arterial - 0.3)
        for i in range(2):
            before = self._sao2 if i == 0 else self._finger[0]
            self._finger[i] += (before - self._finger[i]) * STEP_S / 7

    def _circulate(self, d: Drivers, rhythm: Rhythm) -> None:
        base = self._base
        sinus = base.hr_bpm * (1 + 1.8 * self._reflex) + 7 * (self._temp_c - base.temp_c)
        sinus += 24 * d.pain + 8 * d.sepsis - 10 * d.opioid + 28 * d.lung_injury
        sinus += 150 * max(0.0, 0.9 - self._sao2)
        self._sinus_bpm += (_clip(sinus, 30, 185) - self._sinus_bpm) * STEP_S / 7
        self._hr_bpm = self._electrical_bpm(rhythm)
        filling = (1 - 1.9 * min(d.volume_loss, 0.48)) * (1 - 0.15 * d.sepsis)
        hurry = (130 / self._hr_bpm) ** 0.8 if self._hr_bpm > 130 else 1.0
        self._stroke = filling * hurry * _STROKE[rhythm]
        resting = (1 - 0.62 * d.sepsis) * (1 - 0.12 * d.opioid) * (1 + 0.1 * d.pain)
        self._tone += (resting * (1 + 0.6 * self._reflex) - self._tone) * STEP_S / 12
        pressure = base.map_mmhg * self._hr_bpm / base.hr_bpm * self._stroke * self._tone
        self._map_mmhg += (_clip(pressure, 8, 190) - self._map_mmhg) * STEP_S / 4
        lack = _clip(1 - self._map_mmhg / base.map_mmhg, -0.35, 0.5)
        self._reflex += (lack - self._reflex) * STEP_S / 8
        self._no_flow_s = self._no_flow_s + STEP_S if self._stroke == 0 else 0.0

    def _electrical_bpm(self, rhythm: Rhythm) -> float:
        match rhythm:
            case Rhythm.SINUS:
                return max(25.0, self._sinus_bpm + self._hr_drift.step())
            case Rhythm.AF:
                return min(190.0, self._sinus_bpm + 75 + 3 * self._hr_drift.step())
            case Rhythm.VT:
                return _VT_BPM + self._hr_drift.step()
            case Rhythm.ASYSTOLE:
                return 0.0

    def _read(self, d: Drivers, rhythm: Rhythm) -> Physiology:
        base = self._base
        mean = max(6.0, self._map_mmhg + self._map_drift.step())
        relative = self._map_mmhg / base.map_mmhg
        width = (base.sys_mmhg - base.dia_mmhg) * _clip(self._stroke, 0.12, 1.2) ** 0.8
        width = min(width, 1.6 * mean)
        deficit = {Rhythm.AF: 0.93, Rhythm.SINUS: 1 - 0.5 * d.ectopy}.get(rhythm, 1.0)
        breathing = max(0.0, self._rr_bpm + self._rr_drift.step() * (1 - d.airway_block))
        return Physiology(
            hr_bpm=_clip(self._hr_bpm, 0, 300),
            pr_bpm=_clip(self._hr_bpm * deficit, 0, 300),
            spo2_pct=_clip(100 * (self._finger[1] + self._spo2_drift.step()), 1, 100),
            rr_bpm=0.0 if breathing < 2 else breathing,
            temp_c=_clip(self._temp_c, 25, 45),
            sys_mmhg=_clip(mean + width * 2 / 3, 5, 280),
            dia_mmhg=_clip(mean - width / 3, 3, 260),
            map_mmhg=_clip(mean, 4, 270),
            etco2_mmhg=_clip(self._paco2_mmhg - 4, 0, 150) if breathing >= 2 else 0.0,
            pvc_per_min=self._hr_bpm * d.ectopy if rhythm is Rhythm.SINUS else 0.0,
            pulse=0.0 if self._stroke == 0 else _clip(relative * self._stroke**0.4, 0, 1.3),
            breath_depth=(1 - 0.35 * d.opioid) * (1 - d.airway_block),
            rhythm=rhythm,
            ectopy=d.ectopy,
        )
