"""The only place in the hub that reads the time.

Everything else is given `now`. Wall time is aware UTC; durations are measured with `monotonic_s`,
which no clock correction can turn back.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def sleep_s(self, seconds: float) -> None:
        """Wait, in a program that has nothing else to do."""
        time.sleep(seconds)
