"""ECG lead II, pleth and respiration drawn from the beats and breaths behind the numbers.

A beat is a sum of Gaussians (P, Q, R, S, T; the P and T stretch with the square root of the
interval), the pleth a systolic wave and a dicrotic wave after the transit time, respiration a
warped cosine of the breathing phase. Samples are addressed by a running index per channel, so
blocks join without a step whatever their length.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from device_sim.beats import LOOK_AHEAD_S, Beat, BeatKind, BeatTrain
from device_sim.patient import Physiology, Rhythm

Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int16]

TRANSIT_S = 0.2
"""From the R peak to the foot of the pulse at the finger."""

_GAUSSIANS: Mapping[BeatKind, tuple[tuple[float, float, float, bool], ...]] = MappingProxyType(
    {
        BeatKind.NORMAL: (
            (-0.165, 0.12, 0.022, True),
            (-0.028, -0.11, 0.009, False),
            (0.0, 1.08, 0.0105, False),
            (0.029, -0.24, 0.010, False),
            (0.27, 0.30, 0.046, True),
        ),
        BeatKind.NO_P: (
            (-0.028, -0.11, 0.009, False),
            (0.0, 1.02, 0.0105, False),
            (0.029, -0.24, 0.010, False),
            (0.26, 0.22, 0.050, True),
        ),
        BeatKind.ECTOPIC: (
            (0.0, 1.45, 0.042, False),
            (0.10, -0.35, 0.04, False),
            (0.30, -0.42, 0.065, True),
        ),
        BeatKind.WIDE: ((0.0, 1.25, 0.048, False), (0.135, -0.75, 0.05, False)),
    }
)
"""Centre (s after R), height (mV), width (s), whether it stretches with the interval."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A waveform channel as the contract writes it: value = sample x scale, in unit."""

    name: str
    rate_hz: float
    scale: float
    unit: str


@dataclass(frozen=True, slots=True)
class Rates:
    """Sampling rates of the three channels, Hz."""

    ecg_hz: float = 250.0
    pleth_hz: float = 125.0
    resp_hz: float = 50.0

    def channels(self) -> tuple[Channel, Channel, Channel]:
        """The channels at these rates: ECG II, pleth, respiration."""
        return (
            Channel("ecg_ii", self.ecg_hz, 0.005, "mV"),
            Channel("pleth", self.pleth_hz, 0.0005, "1"),
            Channel("resp", self.resp_hz, 0.001, "Ohm"),
        )


class WaveSource:
    """One patient's waveforms, drawn block after block; seeded."""

    def __init__(self, rng: random.Random, rates: Rates) -> None:
        self.channels = rates.channels()
        self.train = BeatTrain(rng)
        self._noise = np.random.default_rng(rng.getrandbits(32))
        self._breath = rng.random()
        self._depth = 1.0
        self._pulse = 1.0
        self._done_s = 0.0

    def follow(self, until_s: float, now: Physiology) -> None:
        """Lay out the beats needed to draw up to `until_s`."""
        horizon_s = until_s + LOOK_AHEAD_S
        self.train.extend(horizon_s, now.hr_bpm, now.rhythm, now.ectopy, now.rr_bpm)

    def block(self, until_s: float, now: Physiology, motion: frozenset[str]) -> dict[str, Samples]:
        """Samples of every channel from where the last block ended up to `until_s`.

        `motion` names the channels disturbed by movement.
        """
        self.follow(until_s, now)
        from_s = self._done_s
        beats = self.train.between(from_s - 1.3, until_s + LOOK_AHEAD_S)
        turns = now.rr_bpm / 60
        lines: dict[str, Samples] = {}
        for channel, draw in zip(self.channels, (self._ecg, self._pleth, self._resp), strict=True):
            times = _times(from_s, until_s, channel.rate_hz)
            breath = self._breath + (times - from_s) * turns
            share = (times - from_s) / (until_s - from_s)
            line = draw(times, breath, share, beats, now)
            if channel.name in motion:
                line = line + self._shaking(times)
            lines[channel.name] = _quantise(line, channel.scale)
        self._breath = (self._breath + (until_s - from_s) * turns) % 1.0
        self._depth, self._pulse = now.breath_depth, now.pulse
        self._done_s = until_s
        return lines

    def skip_to(self, until_s: float, now: Physiology) -> None:
        """Pass over time in which nothing is drawn."""
        self.follow(until_s, now)
        self.train.between(until_s, until_s)
        self._done_s = until_s

    def _ecg(
        self, times: Floats, breath: Floats, _share: Floats, beats: list[Beat], now: Physiology
    ) -> Floats:
        line = _sum_of_gaussians(times, _ecg_parts(beats))
        line += 0.03 * np.sin(2 * math.pi * breath) + self._noise.normal(0, 0.007, times.size)
        if now.rhythm is Rhythm.AF:
            line += 0.035 * np.sin(2 * math.pi * 6.1 * times) + 0.025 * np.sin(50.9 * times + 1)
        return line

    def _pleth(
        self, times: Floats, breath: Floats, share: Floats, beats: list[Beat], now: Physiology
    ) -> Floats:
        height = (self._pulse + (now.pulse - self._pulse) * share) * 0.9
        line = _sum_of_gaussians(times, _pleth_parts(beats)) * height
        line += 0.04 * now.pulse * np.sin(2 * math.pi * breath)
        return line + self._noise.normal(0, 0.002, times.size)

    def _resp(
        self, times: Floats, breath: Floats, share: Floats, _beats: list[Beat], now: Physiology
    ) -> Floats:
        depth = self._depth + (now.breath_depth - self._depth) * share
        if now.rr_bpm == 0:
            depth = depth * 0.05
        turned = 2 * math.pi * breath
        line: Floats = depth * -0.5 * np.cos(turned + 0.35 * np.sin(turned))
        return line + self._noise.normal(0, 0.006, times.size)

    def _shaking(self, times: Floats) -> Floats:
        slow = np.interp(times, times[::25], self._noise.normal(0, 0.7, times[::25].size))
        return slow + self._noise.normal(0, 0.08, times.size)


def _times(from_s: float, until_s: float, rate_hz: float) -> Floats:
    """Instants of the samples that fall in the interval, by their running index."""
    first = math.ceil(from_s * rate_hz - 1e-6)
    last = math.ceil(until_s * rate_hz - 1e-6)
    return np.arange(first, last, dtype=np.float64) / rate_hz


def _ecg_parts(beats: list[Beat]) -> list[tuple[float, float, float]]:
    parts = []
    for beat in beats:
        stretch = min(1.25, max(0.62, math.sqrt(beat.rr_s)))
        for centre, height, width, stretches in _GAUSSIANS[beat.kind]:
            factor = stretch if stretches else 1.0
            parts.append((beat.r_s + centre * factor, height, width * (0.5 + 0.5 * factor)))
    return parts


def _pleth_parts(beats: list[Beat]) -> list[tuple[float, float, float]]:
    parts = []
    for beat in beats:
        stretch = min(1.2, max(0.45, math.sqrt(beat.rr_s)))
        foot = beat.r_s + TRANSIT_S
        parts.append((foot + 0.14 * stretch, beat.strength, 0.058 * stretch))
        parts.append((foot + 0.25 * stretch, 0.32 * beat.strength, 0.07 * stretch))
        parts.append((foot + 0.44 * stretch, 0.36 * beat.strength, 0.065 * stretch))
    return parts


def _sum_of_gaussians(times: Floats, parts: list[tuple[float, float, float]]) -> Floats:
    if not parts:
        return np.zeros_like(times)
    centre, height, width = np.asarray(parts).T[:, :, None]
    distance = (times[None, :] - centre) / width
    summed: Floats = (height * np.exp(-0.5 * distance * distance)).sum(axis=0)
    return summed


def _quantise(line: Floats, scale: float) -> Samples:
    return np.clip(np.rint(line / scale), -32767, 32767).astype("<i2")
