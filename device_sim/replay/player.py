"""Plays recordings on one device, one after another: every row once, in order, exactly as in the
file."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from device_sim.clock import Stamp, wall_s
from device_sim.payload import (
    Kind,
    Message,
    batches,
    sample_body,
    sample_message,
    stamped,
    waves_body,
)
from device_sim.replay.courier import Courier
from device_sim.replay.recording import Recording, Row


@dataclass(frozen=True, slots=True)
class PlayPlan:
    """How to play: `speed` None is flat out; `start_s` None stamps the instant of publishing."""

    speed: float | None = 1.0
    start_s: float | None = None
    block_s: float = 1.0
    batch: int = 1
    stamp: Stamp = field(default_factory=Stamp)


@dataclass(slots=True)
class Played:
    """What was sent for one device."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    values: int = 0
    nulls: int = 0
    wave_blocks: int = 0
    wave_samples: int = 0
    invalid_samples: int = 0


Event = tuple[float, int, Row | dict[int, slice]]


class Player:
    """One device's replay."""

    def __init__(self, plan: PlayPlan, courier: Courier) -> None:
        self._plan = plan
        self._courier = courier
        self._seq = {Kind.VITALS: 0, Kind.WAVES: 0}
        self._pending: list[bytes] = []
        self.played = Played()

    async def play(self, recordings: Sequence[Recording]) -> None:
        """Play everything and wait for the last acknowledgement."""
        loop = asyncio.get_running_loop()
        began_s, began_wall_s = loop.time(), wall_s()
        base_s = 0.0
        for recording in recordings:
            for offset_s, _, what in _events(recording, self._plan.block_s):
                at_s = base_s + offset_s
                if self._plan.speed is not None:
                    await self._courier.idle(began_s + at_s / self._plan.speed - loop.time())
                await self._send(recording, what, self._t(at_s, began_wall_s))
            await self._flush()
            base_s += recording.length_s
            self.played.files.extend(recording.files)
            self.played.invalid_samples += sum(track.invalid for track in recording.tracks)
        await self._courier.drain()

    def _t(self, at_s: float, began_wall_s: float) -> str:
        if self._plan.start_s is not None:
            return self._plan.stamp.write(self._plan.start_s + at_s)
        if self._plan.batch > 1 and self._plan.speed is not None:
            return self._plan.stamp.write(began_wall_s + at_s / self._plan.speed)
        return self._plan.stamp.write(wall_s())

    async def _send(self, recording: Recording, what: Row | dict[int, slice], t: str) -> None:
        if isinstance(what, Row):
            await self._send_row(what, t)
        else:
            await self._send_block(recording, what, t)

    async def _send_row(self, row: Row, t: str) -> None:
        sample = stamped(t, self._next(Kind.VITALS), sample_body(row.values, {}, {}))
        self.played.rows += 1
        self.played.nulls += sum(value is None for value in row.values.values())
        self.played.values += sum(value is not None for value in row.values.values())
        self._pending.append(sample)
        if len(self._pending) >= self._plan.batch:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, []
        messages = batches(pending) if self._plan.batch > 1 else map(sample_message, pending)
        for message in messages:
            await self._courier.send(message)

    async def _send_block(self, recording: Recording, parts: dict[int, slice], t: str) -> None:
        tracks = {index: recording.tracks[index] for index in parts}
        lines = {track.channel.name: track.samples[parts[i]] for i, track in tracks.items()}
        body = waves_body([track.channel for track in tracks.values()], lines)
        await self._courier.send(Message(Kind.WAVES, stamped(t, self._next(Kind.WAVES), body)))
        self.played.wave_blocks += 1
        self.played.wave_samples += sum(line.size for line in lines.values())

    def _next(self, kind: Kind) -> int:
        seq = self._seq[kind]
        self._seq[kind] = seq + 1
        return seq


def _events(recording: Recording, block_s: float) -> Iterator[Event]:
    """Rows in the order of the file and blocks of waveform, merged by time."""
    rows = ((row.offset_s, index, row) for index, row in enumerate(recording.rows))
    return heapq.merge(rows, _blocks(recording, block_s), key=lambda event: event[0])


def _blocks(recording: Recording, block_s: float) -> Iterator[Event]:
    lengths = [track.samples.size / track.channel.rate_hz for track in recording.tracks]
    for number in range(math.ceil(max(lengths, default=0.0) / block_s - 1e-9)):
        parts = {}
        for index, track in enumerate(recording.tracks):
            rate_hz = track.channel.rate_hz
            first = math.ceil(number * block_s * rate_hz - 1e-6)
            last = min(math.ceil((number + 1) * block_s * rate_hz - 1e-6), track.samples.size)
            if first < last:
                parts[index] = slice(first, last)
        yield number * block_s, number, parts
