"""One open stream and what waits for it; the viewers of one thing as a group.

The queues' policies are written in `fanout.py`; this module is where they are kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ward_hub.core.ids import BedId, StayId, UnitId


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait for one viewer, and how often audiences are told what changed."""

    flush_s: float = 0.08
    alarms: int = 256
    waves_per_bed: int = 4


@dataclass(frozen=True, slots=True)
class Audience:
    """What a group of viewers looks at: a unit, or one stay on its bed."""

    unit: UnitId
    bed: BedId | None = None
    stay: StayId | None = None

    def includes(self, unit: UnitId, bed: BedId) -> bool:
        """Whether something about this bed concerns the audience."""
        return unit == self.unit and self.bed in {None, bed}


class Viewer:
    """One open stream: what waits to be sent to it, and why it ended if it did."""

    __slots__ = ("_limits", "alarms", "audience", "beat", "dirty", "ended", "fresh", "may", "waves")

    def __init__(self, audience: Audience, may: Callable[[], bool], limits: Limits, beds: int):
        self.audience = audience
        self.may = may
        self.dirty: set[BedId] = set()
        self.alarms: deque[bytes] = deque()
        self.waves: deque[bytes] = deque(maxlen=limits.waves_per_bed * max(beds, 8))
        self.beat = b""
        self.fresh = False
        self.ended = ""
        self._limits = limits

    def put_alarm(self, event: bytes) -> None:
        """Queue an alarm event, or cut the viewer off when it reads too slowly for alarms."""
        if len(self.alarms) >= self._limits.alarms:
            self.end("too slow for alarms")
        else:
            self.alarms.append(event)

    def end(self, reason: str) -> None:
        """Nothing more is sent; what waits is forgotten. The first reason stays."""
        self.ended = self.ended or reason
        self.dirty.clear()
        self.alarms.clear()
        self.waves.clear()
        self.beat = b""


class Group:
    """The viewers of one audience and what has happened since they were last told."""

    __slots__ = ("changed", "viewers", "waves")

    def __init__(self) -> None:
        self.viewers: dict[Viewer, asyncio.Event] = {}
        self.changed: set[BedId] = set()
        self.waves: list[bytes] = []

    def flush(self) -> None:
        """Tell every viewer what has happened."""
        if not (self.changed or self.waves):
            return
        for viewer, wake in self.viewers.items():
            viewer.dirty |= self.changed
            viewer.waves.extend(self.waves)
            wake.set()
        self.changed.clear()
        self.waves.clear()

    def announce(self, event: bytes) -> None:
        """Queue an alarm event for every viewer."""
        for viewer, wake in self.viewers.items():
            viewer.put_alarm(event)
            wake.set()
