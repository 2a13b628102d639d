"""Waveform blocks drawn once and shared by many monitors, for loads of a thousand beds on one core.

A bank is one minute of all channels at one heart and breathing rate, already written as JSON.
Rates are rounded (heart 5, breathing 4 a minute), so traces agree with the numbers only that
closely, and once a minute the trace has a seam. For a demo that people look at, draw live
instead.
"""

from __future__ import annotations

import random
from collections.abc import Set
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

    def body(self, elapsed_s: float, now: Physiology, blind: Set[str]) -> str:
        """The waves body for the block that begins at `elapsed_s`."""
        blocks = _bank(
            self._rates,
            self._interval_s,
            5 * round(now.hr_bpm / 5),
            4 * round(now.rr_bpm / 4),
            now.rhythm,
            frozenset(blind),
        )
        return blocks[(self._first + round(elapsed_s / self._interval_s)) % len(blocks)]


@lru_cache(maxsize=256)
def _bank(
    rates: Rates,
    interval_s: float,
    hr_bpm: int,
    rr_bpm: int,
    rhythm: Rhythm,
    blind: frozenset[str],
) -> tuple[str, ...]:
    source = WaveSource(random.Random(f"bank {hr_bpm} {rr_bpm}"), rates)
    now = _steady(hr_bpm, rr_bpm, rhythm)
    source.block(_WARM_UP_S, now, frozenset())
    shown = [channel for channel in source.channels if channel.name not in blind]
    if not shown:
        return ("",)
    count = max(1, round(MINUTE_S / interval_s))
    ends_s = (_WARM_UP_S + interval_s * (k + 1) for k in range(count))
    return tuple(waves_body(shown, source.block(end_s, now, frozenset())) for end_s in ends_s)


def _steady(hr_bpm: int, rr_bpm: int, rhythm: Rhythm) -> Physiology:
    pulse = 0.0 if rhythm is Rhythm.ASYSTOLE else 1.0
    return Physiology(
        hr_bpm, hr_bpm, 97, rr_bpm, 37, 120, 80, 93, 36, 0, pulse, 1.0, rhythm, ectopy=0.0
    )
