"""The simulator's only reader of wall time, and how an instant is written on the wire.

Models never come here: they are functions of elapsed seconds. Only sessions and commands ask for
the time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone


def wall_s() -> float:
    """Seconds since the epoch, UTC."""
    return time.time()


def cpu_s() -> float:
    """Processor seconds this process has used."""
    return time.process_time()


@dataclass(frozen=True, slots=True)
class Stamp:
    """How one device writes instants: RFC 3339 with milliseconds, or epoch milliseconds."""

    epoch_ms: bool = False
    utc_offset_minutes: int = 0

    def write(self, instant_s: float) -> str:
        """Return the instant as a JSON value (RFC 3339 comes with its quotes)."""
        millis = round(instant_s * 1000)
        if self.epoch_ms:
            return str(millis)
        return f'"{self._rfc3339(millis)}"'

    def _rfc3339(self, millis: int) -> str:
        if self.utc_offset_minutes == 0:
            zone: timezone = UTC
        else:
            zone = timezone(timedelta(minutes=self.utc_offset_minutes))
        whole = datetime.fromtimestamp(millis // 1000, zone).replace(
            microsecond=millis % 1000 * 1000
        )
        text = whole.isoformat(timespec="milliseconds")
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
