"""A recording in memory: rows of numbers, channels of waveform, each with its own time from the
beginning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from device_sim.waveforms import Channel, Samples

Value = float | int | None
LARGEST = 32_767


@dataclass(frozen=True, slots=True)
class Row:
    """Values at one instant; None is "no reading"."""

    offset_s: float
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Track:
    """One channel of waveform as the contract can carry it."""

    channel: Channel
    samples: Samples
    invalid: int = 0


@dataclass(frozen=True, slots=True)
class Recording:
    """What is played on a device in one go. `files` names where it came from."""

    files: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    tracks: tuple[Track, ...] = ()

    @property
    def length_s(self) -> float:
        """From the beginning to where a following recording may begin."""
        ends = [track.samples.size / track.channel.rate_hz for track in self.tracks]
        if self.rows:
            ends.append(max(row.offset_s for row in self.rows) + _usual_step_s(self.rows))
        return max(ends, default=0.0)

    def together(self, other: Recording) -> Recording:
        """Both at once, on one device."""
        return Recording(
            self.files + other.files, self.rows + other.rows, self.tracks + other.tracks
        )


def _usual_step_s(rows: tuple[Row, ...]) -> float:
    if len(rows) < 2:
        return 1.0
    steps = np.diff([row.offset_s for row in rows])
    positive = steps[steps > 0]
    return float(np.median(positive)) if positive.size else 1.0


CHANNEL_NAMES = {
    "i": "ecg_i",
    "ii": "ecg_ii",
    "mlii": "ecg_ii",
    "iii": "ecg_iii",
    "avr": "ecg_avr",
    "avl": "ecg_avl",
    "avf": "ecg_avf",
    "v": "ecg_v",
    "pleth": "pleth",
    "ppg": "pleth",
    "resp": "resp",
}


def channel_name(label: str) -> str:
    """The contract's name of a recorded channel; an unknown one keeps its own, in lower case."""
    plain = label.strip().strip(",").lower().replace(" ", "_")
    if plain in CHANNEL_NAMES:
        return CHANNEL_NAMES[plain]
    return f"ecg_{plain}" if plain.startswith("v") and plain[1:].isdigit() else plain


def named_apart(tracks: list[Track]) -> tuple[Track, ...]:
    """The tracks, with a number added to a name that comes up again."""
    seen: dict[str, int] = {}
    apart = []
    for track in tracks:
        name = track.channel.name
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            renamed = replace(track.channel, name=f"{name}_{seen[name]}")
            apart.append(replace(track, channel=renamed))
        else:
            apart.append(track)
    return tuple(apart)


def scaled(values: npt.NDArray[np.float64], name: str, rate_hz: float, unit: str) -> Track:
    """A track from physical values, in the finest round step (1, 2 or 5) that fits 16 bits."""
    valid = np.isfinite(values)
    held = _held(values, valid)
    scale = _round_step(float(np.max(np.abs(held), initial=0.0)) / LARGEST)
    samples = np.rint(held / scale).astype("<i2")
    return Track(Channel(name, rate_hz, scale, unit), samples, int((~valid).sum()))


def digital(
    values: npt.NDArray[np.int64],
    valid: npt.NDArray[np.bool_],
    gain: float,
    channel: Channel,
) -> Track:
    """A track from a converter's counts above its baseline: exact where 16 bits hold them."""
    held = _held(values.astype(np.float64), valid)
    if np.max(np.abs(held), initial=0.0) > LARGEST:
        track = scaled(
            np.where(valid, held / gain, np.nan), channel.name, channel.rate_hz, channel.unit
        )
        return replace(track, invalid=int((~valid).sum()))
    kept = replace(channel, scale=1 / gain)
    return Track(kept, held.astype("<i2"), int((~valid).sum()))


def _held(values: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Invalid samples take the last valid value: the wire has no way to leave one out."""
    if valid.all():
        return values
    if not valid.any():
        return np.zeros_like(values)
    index = np.maximum.accumulate(np.where(valid, np.arange(values.size), -1))
    index[index < 0] = int(np.argmax(valid))
    return values[index]


def _round_step(smallest: float) -> float:
    if smallest <= 0:
        return 0.001
    power = 10.0 ** np.floor(np.log10(smallest))
    for factor in (1, 2, 5, 10):
        if factor * power >= smallest:
            return float(f"{factor * power:.3g}")
    return float(10 * power)
