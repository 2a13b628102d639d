"""The database's housekeeping, beside the live path: minute figures, partitions, retention.

Works in threads and never in the way: when the database is away it simply tries again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import psycopg

from ward_hub.clock import Clock
from ward_hub.ingest.retention import tidy
from ward_hub.ingest.rollup import Rollup
from ward_hub.log import get_log

ROLLUP_EVERY_S: Final = 5.0
TIDY_EVERY_S: Final = 3600.0
RETRY_S: Final = 30.0

_log = get_log("upkeep")


class Upkeep:
    """Two loops for the supervisor. `keep` says how long each series is kept."""

    def __init__(self, dsn: str, clock: Clock, keep: Mapping[str, timedelta]) -> None:
        self._dsn = dsn
        self._clock = clock
        self._keep = keep

    async def keep_rolling_up(self) -> None:
        """Keep the minute figures right."""
        rollup = Rollup(self._dsn)
        try:
            while True:
                await asyncio.sleep(ROLLUP_EVERY_S)
                try:
                    await asyncio.to_thread(rollup.run, self._clock.now())
                except psycopg.Error as error:
                    _log.warning("minute figures wait", reason=str(error).strip()[:200])
        finally:
            rollup.close()

    async def keep_tidy(self) -> None:
        """Make the partitions of the coming days and drop what has been kept long enough."""
        while True:
            try:
                await asyncio.to_thread(tidy, self._dsn, self._clock.now(), self._keep)
                wait_s = TIDY_EVERY_S
            except psycopg.Error as error:
                _log.warning("retention waits", reason=str(error).strip()[:200])
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)
