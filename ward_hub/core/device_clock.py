"""How far a device's clock is from the hub's, and where in time its samples belong.

Design part 3: device time is used while the running median of (hub − device) is within 2 s. A
message can also be late because it waited at the broker, and that must not be taken for a wrong
clock: backlog arrives faster than real time, so only messages that come at the pace of their own
timestamps are evidence. A device time that cannot be waiting (in the future, or older than the
broker could have kept) is never believed.
"""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CLOCK_TOLERANCE_S: Final = 2.0
LATE_AFTER_S: Final = 10.0
OLDEST_BACKLOG: Final = timedelta(days=7)
WINDOW: Final = 15
ENOUGH_EVIDENCE: Final = 3
REAL_TIME_PACE: Final = 0.5
"""A message counts as live when the hub's clock moved at least this share of the device's step."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a sample belongs, whether the device's clock was not believed, and lateness."""

    at: datetime
    clock_off: bool
    late: bool


class DeviceClock:
    """The running judgement of one device's clock. `known_offset_s` is what was known before."""

    __slots__ = ("_known_s", "_last_device", "_last_hub", "_recent", "_sorted")

    def __init__(self, known_offset_s: float | None = None) -> None:
        self._recent: deque[float] = deque()
        self._sorted: list[float] = []
        self._known_s = known_offset_s
        self._last_device: datetime | None = None
        self._last_hub: datetime | None = None

    @property
    def offset_s(self) -> float | None:
        """Seconds the hub is ahead of the device (running median); None before any evidence."""
        if len(self._sorted) < ENOUGH_EVIDENCE:
            return self._known_s
        return self._sorted[len(self._sorted) // 2]

    @property
    def is_off(self) -> bool:
        """Whether device time is not to be used."""
        offset = self.offset_s
        return offset is not None and abs(offset) > CLOCK_TOLERANCE_S

    def place(self, device_at: datetime, received_at: datetime) -> Placement:
        """Decide where a message belongs, learning from it first when it is live."""
        self._learn(device_at, received_at)
        ahead_s = (device_at - received_at).total_seconds()
        impossible = ahead_s > CLOCK_TOLERANCE_S or -ahead_s > OLDEST_BACKLOG.total_seconds()
        if not (impossible or self.is_off):
            late = -ahead_s > LATE_AFTER_S
            return Placement(device_at, clock_off=False, late=late)
        at = received_at
        if self.is_off and self.offset_s is not None:
            at = min(received_at, _shift(device_at, self.offset_s, received_at))
        late = (received_at - at).total_seconds() > LATE_AFTER_S
        return Placement(at, clock_off=True, late=late)

    def _learn(self, device_at: datetime, received_at: datetime) -> None:
        last_device, last_hub = self._last_device, self._last_hub
        self._last_device, self._last_hub = device_at, received_at
        if last_device is None or last_hub is None:
            return
        device_step = (device_at - last_device).total_seconds()
        hub_step = (received_at - last_hub).total_seconds()
        if hub_step <= 0 or hub_step < REAL_TIME_PACE * device_step:
            return
        self._remember((received_at - device_at).total_seconds())

    def _remember(self, offset_s: float) -> None:
        self._recent.append(offset_s)
        bisect.insort(self._sorted, offset_s)
        if len(self._recent) > WINDOW:
            oldest = self._recent.popleft()
            del self._sorted[bisect.bisect_left(self._sorted, oldest)]


def _shift(device_at: datetime, offset_s: float, fallback: datetime) -> datetime:
    try:
        return device_at + timedelta(seconds=offset_s)
    except OverflowError:
        return fallback
