"""Where the heart's beats fall in time, so that every waveform channel and the numbers agree.

The rate is integrated into a phase; each whole turn is a beat, displaced by a bounded amount that
depends on the rhythm (breathing in sinus rhythm, widely in atrial fibrillation, early for an
ectopic). Displacing beats instead of summing random intervals keeps the count over a minute equal
to the rate, and gives an ectopic its compensatory pause for nothing.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from device_sim.patient import Rhythm

LOOK_AHEAD_S = 0.8
"""How far beyond a block beats are laid out: an early ectopic plus the P wave before it."""
_SHORTEST_S = 0.24
_KEPT_S = 2.0


class BeatKind(StrEnum):
    """What the beat looks like on the ECG."""

    NORMAL = "normal"
    NO_P = "no_p"
    ECTOPIC = "ectopic"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat: instant of its R peak, nominal interval, look, and how well it fills a pulse."""

    r_s: float
    rr_s: float
    kind: BeatKind
    strength: float


class BeatTrain:
    """Lays out beats ahead of the present; seeded."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._phase = rng.random()
        self._laid_s = 0.0
        self._last_r_s = -1.0
        self._beats: deque[Beat] = deque()

    def extend(
        self, until_s: float, hr_bpm: float, rhythm: Rhythm, ectopy: float, rr_bpm: float
    ) -> None:
        """Lay beats out up to `until_s` at the given rate."""
        if until_s <= self._laid_s:
            return
        turns = (until_s - self._laid_s) * hr_bpm / 60
        begin = self._phase
        count = math.floor(begin + turns)
        for k in range(1, count + 1):
            nominal_s = self._laid_s + (k - begin) * 60 / hr_bpm
            self._lay(nominal_s, 60 / hr_bpm, rhythm, ectopy, rr_bpm)
        self._phase = begin + turns - count
        self._laid_s = until_s

    def between(self, from_s: float, until_s: float) -> list[Beat]:
        """Beats whose R peak is in the interval; forgets those long before it."""
        while self._beats and self._beats[0].r_s < from_s - _KEPT_S:
            self._beats.popleft()
        return [beat for beat in self._beats if from_s <= beat.r_s < until_s]

    def _lay(
        self, nominal_s: float, rr_s: float, rhythm: Rhythm, ectopy: float, rr_bpm: float
    ) -> None:
        kind, shift, strength = self._shape(nominal_s, rhythm, ectopy, rr_bpm)
        r_s = max(nominal_s + shift * rr_s, self._last_r_s + _SHORTEST_S)
        if rhythm is Rhythm.AF:
            strength *= min(1.15, max(0.45, (r_s - self._last_r_s) / rr_s))
        self._beats.append(Beat(r_s, rr_s, kind, strength))
        self._last_r_s = r_s

    def _shape(
        self, nominal_s: float, rhythm: Rhythm, ectopy: float, rr_bpm: float
    ) -> tuple[BeatKind, float, float]:
        """Look, displacement in intervals, and pulse strength of the next beat."""
        if rhythm is Rhythm.VT:
            return BeatKind.WIDE, self._rng.gauss(0, 0.008), 0.35
        if rhythm is Rhythm.AF:
            return BeatKind.NO_P, self._rng.uniform(-0.27, 0.27), 1.0
        if ectopy > 0 and self._rng.random() < ectopy:
            return BeatKind.ECTOPIC, -0.32, 0.3
        sway = 0.018 * math.sin(2 * math.pi * nominal_s * rr_bpm / 60)
        return BeatKind.NORMAL, sway + _clipped(self._rng.gauss(0, 0.008), 0.03), 1.0


def _clipped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
