"""What pages read of the past: trends, alarms, waveforms, gaps, the life of a device.

Every read for a patient is by stay, never by bed or device: who lay there before, or after, can
never appear. Reads are bounded by a window of time and use an index (tests/storage/test_reads.py
holds them to both). Floats are read as text, which gives 36.8 back as 36.8. Rights are the caller's
business; nothing here writes.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.core.ids import DeviceId, StayId, UnitId
from ward_hub.core.vitals import VITALS

RAW_WITHIN: Final = timedelta(minutes=30)
"""Windows up to this long show every sample; longer ones minimum, mean and maximum of steps."""

MOST_STEPS: Final = 1_500
"""A longer window has longer steps: 24 hours are drawn by the minute, a week by seven."""

SILENCE: Final = timedelta(seconds=10)
"""Between samples further apart than this a line must break."""

MOST_ALARMS: Final = 500

Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]
Line = list[float | None]
DecodeBlock = Callable[[int, bytes], bytes]
"""Codec and data of a stored block to samples (ward_hub.ingest.blocks.decode); ValueError."""


class TrendLine(msgspec.Struct, frozen=True):
    """One vital sign, a value for each moment of the trend; None where there is none."""

    min: Line
    mean: Line
    max: Line


class Trend(msgspec.Struct, frozen=True):
    """Some time of a stay. `times` in milliseconds since 1970: of samples, or of steps' beginnings.

    Where nothing was measured every line is None, so that no line is drawn across a gap.
    """

    resolution_s: int
    times: list[int]
    series: dict[str, TrendLine]


class PastEvent(msgspec.Struct, frozen=True):
    """Something that happened to an alarm."""

    at: datetime
    event: str
    state: str
    priority: str
    value: float | None
    by: str | None
    until: datetime | None


class PastAlarm(msgspec.Struct, frozen=True):
    """An alarm with all that happened to it, in order. `by`: who took it last."""

    id: str
    bed: str
    stay: int | None
    device: str | None
    rule: str
    kind: str
    state: str
    priority: str
    text: str
    value: float | None
    limit: float | None
    began_at: datetime
    raised_at: datetime | None
    ended_at: datetime | None
    past: bool
    by: str | None
    events: list[PastEvent]


class WavePiece(msgspec.Struct, frozen=True):
    """A block of waveform: little-endian int16 `samples` × `scale` = `unit`, from `at` on."""

    at: datetime
    rate_hz: float
    scale: float
    unit: str
    samples: bytes


class PastGap(msgspec.Struct, frozen=True):
    """Messages of a device that never arrived, between two that did."""

    device: str
    kind: str
    first_seq: int
    last_seq: int
    missing: int
    from_at: datetime
    to_at: datetime


class LinkMoment(msgspec.Struct, frozen=True):
    """From `at` the device was `state`; `status` is the document it sent, if any."""

    at: datetime
    state: str
    status: dict[str, str | float | bool | None]
    clock_offset_s: float | None


class Window(msgspec.Struct, frozen=True):
    """The time asked for: from `from_at`, until just before `to_at`; both aware."""

    from_at: datetime
    to_at: datetime


class History:
    """Reads of the past over a pool. Each raises psycopg.OperationalError without a database."""

    def __init__(self, pool: Pool, decode_block: DecodeBlock) -> None:
        self._pool = pool
        self._decode_block = decode_block

    async def trend(self, stay: StayId, window: Window) -> Trend:
        """The vital signs of a stay: samples for a short window, steps of minutes for another."""
        if window.to_at - window.from_at <= RAW_WITHIN:
            return _samples_trend(await self._rows("history_samples", window, stay=stay))
        start = window.from_at.replace(second=0, microsecond=0)
        window = Window(start, max(start, window.to_at))
        minutes = math.ceil((window.to_at - start) / timedelta(minutes=1))
        step_s = 60 * max(1, math.ceil(minutes / MOST_STEPS))
        rows = await self._rows("history_trend", window, stay=stay, step_s=step_s)
        return _steps_trend(rows, window, step_s)

    async def alarms_of_stay(
        self, stay: StayId, window: Window, most: int = MOST_ALARMS
    ) -> list[PastAlarm]:
        """Alarms of a stay that began in the window, newest first, with their events."""
        return await self._with_events(
            await self._rows("history_alarms_of_stay", window, stay=stay, most=most)
        )

    async def alarms_of_unit(
        self, unit: UnitId, window: Window, most: int = MOST_ALARMS
    ) -> list[PastAlarm]:
        """Alarms on the beds of a unit that began in the window, newest first."""
        return await self._with_events(
            await self._rows("history_alarms_of_unit", window, unit=unit, most=most)
        )

    async def waves(self, stay: StayId, channel: str, window: Window) -> list[WavePiece]:
        """Blocks of one waveform of a stay that begin in the window, in order."""
        rows = await self._rows("history_waves", window, stay=stay, channel=channel)
        pieces: list[WavePiece] = []
        for at, rate_hz, scale, unit, codec, data in rows:
            # A damaged block is a gap in the trace, no reason to show nothing at all.
            with contextlib.suppress(ValueError):
                samples = self._decode_block(codec, bytes(data))
                pieces.append(WavePiece(at, rate_hz, scale, unit, samples))
        return pieces

    async def gaps_of_stay(self, stay: StayId, window: Window) -> list[PastGap]:
        """Gaps in what was measured during a stay."""
        return [
            PastGap(*row) for row in await self._rows("history_gaps_of_stay", window, stay=stay)
        ]

    async def gaps_of_device(self, device: DeviceId, window: Window) -> list[PastGap]:
        """Gaps of a device, wherever it was."""
        rows = await self._rows("history_gaps_of_device", window, device=device)
        return [PastGap(*row) for row in rows]

    async def timeline(self, device: DeviceId, window: Window) -> list[LinkMoment]:
        """What became of a device's connection, in order."""
        rows = await self._rows("history_links", window, device=device)
        return [LinkMoment(*row) for row in rows]

    async def _with_events(self, alarms: Sequence[tuple[Any, ...]]) -> list[PastAlarm]:
        if not alarms:
            return []
        first_at = min(row[11] for row in alarms)
        happened: dict[str, list[PastEvent]] = {row[0]: [] for row in alarms}
        window = Window(first_at, first_at)
        for row in await self._rows("history_alarm_events", window, alarms=list(happened)):
            alarm, at, event, state, priority, value, by, until = row
            happened[alarm].append(PastEvent(at, event, state, priority, value, by or None, until))
        return [_past_alarm(row, happened[row[0]]) for row in alarms]

    async def _rows(self, name: str, window: Window, **values: object) -> list[tuple[Any, ...]]:
        times = {"from_at": window.from_at, "to_at": window.to_at}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(pg.query(name), times | values)
            return await cursor.fetchall()


def _past_alarm(row: tuple[Any, ...], events: list[PastEvent]) -> PastAlarm:
    taker = next((event.by for event in reversed(events) if event.by), None)
    fields = (*row, taker, events)
    return PastAlarm(*fields)


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _steps_trend(rows: Sequence[tuple[Any, ...]], window: Window, step_s: int) -> Trend:
    count = math.ceil((window.to_at - window.from_at) / timedelta(seconds=step_s))
    start = _epoch_ms(window.from_at)
    found = {row[0]: row[1:] for row in rows}
    return Trend(
        step_s,
        [start + n * step_s * 1000 for n in range(count)],
        {name: _spread(count, *found[name]) for name in VITALS if name in found},
    )


def _spread(count: int, steps: list[int], low: Line, mean: Line, high: Line) -> TrendLine:
    """The values at their steps, None elsewhere."""
    spread: list[Line] = [[None] * count for _ in range(3)]
    for line, values in zip(spread, (low, mean, high), strict=True):
        for step, value in zip(steps, values, strict=True):
            line[step] = value
    return TrendLine(*spread)


def _samples_trend(rows: Sequence[tuple[Any, ...]]) -> Trend:
    nothing = (None,) * len(VITALS)
    moments: list[tuple[Any, ...]] = []
    for row in rows:
        if moments and row[0] - moments[-1][0] > SILENCE:
            moments.append((moments[-1][0] + timedelta(seconds=1), *nothing))
        moments.append(row)
    series: dict[str, TrendLine] = {}
    for column, name in enumerate(VITALS, start=1):
        line: Line = [row[column] for row in moments]
        if any(value is not None for value in line):
            series[name] = TrendLine(line, line, line)
    return Trend(1, [_epoch_ms(row[0]) for row in moments], series)
