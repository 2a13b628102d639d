"""Waveform blocks drawn once and shared by many monitors, for loads of a thousand beds on one core.

A bank is one minute of all channels at one heart and breathing rate, already written as JSON.
Rates are rounded (heart 5, breathing 4 a minute), so traces agree with the numbers only that
closely, and once a minute the trace has a seam. For a demo that people look at, draw live
instead.
"""

from __future__ import annotations

import random
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from device_sim.patient import Physiology, Rhythm
from device_sim.payload import waves_body
from device_sim.waveforms import Rates, WaveSource

MINUTE_S = 60.0
_WARM_UP_S = 4.0


class BankedWaves:
    """One monitor's walk through the shared banks."""

    def __init__(self, rates: Rates, interval_s: float, first_block: int) -> None:
        self._rates = rates
        self._interval_s = interval_s
        self._first = first_block

    def body(self, elapsed_s: float, now: Physiology, blind: AbstractSet[str]) -> str:
        """The waves body for the block that begins at `elapsed_s`."""
        steady = Steady(5 * round(now.hr_bpm / 5), 4 * round(now.rr_bpm / 4), now.rhythm)
        blocks = _bank(self._rates, self._interval_s, steady, frozenset(blind))
        return blocks[(self._first + round(elapsed_s / self._interval_s)) % len(blocks)]


def draw_usual(rates: Rates, interval_s: float) -> None:
    """Draw the banks that patients at rest need, so that no monitor waits for them later."""
    for hr_bpm in range(55, 95, 5):
        for rr_bpm in range(8, 24, 4):
            _bank(rates, interval_s, Steady(hr_bpm, rr_bpm, Rhythm.SINUS), frozenset())


@dataclass(frozen=True, slots=True)
class Steady:
    """The patient a bank is drawn for."""

    hr_bpm: int
    rr_bpm: int
    rhythm: Rhythm

    def physiology(self) -> Physiology:
        """A body at these rates with nothing else the matter."""
        pulse = 0.0 if self.rhythm is Rhythm.ASYSTOLE else 1.0
        hr, rr = self.hr_bpm, self.rr_bpm
        return Physiology(hr, hr, 97, rr, 37, 120, 80, 93, 36, 0, pulse, 1.0, self.rhythm, ectopy=0)


@lru_cache(maxsize=256)
def _bank(
    rates: Rates, interval_s: float, steady: Steady, blind: frozenset[str]
) -> tuple[str, ...]:
    source = WaveSource(random.Random(f"bank {steady.hr_bpm} {steady.rr_bpm}"), rates)
    now = steady.physiology()
    source.block(_WARM_UP_S, now, frozenset())
    shown = [channel for channel in source.channels if channel.name not in blind]
    if not shown:
        return ("",)
    count = max(1, round(MINUTE_S / interval_s))
    ends_s = (_WARM_UP_S + interval_s * (k + 1) for k in range(count))
    return tuple(waves_body(shown, source.block(end_s, now, frozenset())) for end_s in ends_s)
