"""Keeping the hub's loops alive: each has a name, is restarted when it fails, and is counted.

This is the one place that catches everything. A loop that dies takes nothing else with it; the
failure is logged with its traceback, counted, and the loop starts again after a short wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from ward_hub.log import Log

SHORTEST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 10.0


class Supervisor:
    """Runs named loops until they are cancelled. `failures` counts by name."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.failures: Counter[str] = Counter()

    async def keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop`, and again whenever it fails. Returns when it returns."""
        wait_s = SHORTEST_WAIT_S
        while True:
            try:
                await loop()
            except Exception as error:  # noqa: BLE001 - see above: this is the place
                self.count(name, error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            else:
                return

    def attempt(self, name: str, step: Callable[[], None]) -> None:
        """Take one step of many; a failure is counted and the next step comes all the same."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - see above: this is the place
            self.count(name, error)

    def count(self, name: str, error: BaseException) -> None:
        """Count and log a failure that was caught where it could do no harm."""
        self.failures[name] += 1
        self._log.error("failed", task=name, exc_info=error)
