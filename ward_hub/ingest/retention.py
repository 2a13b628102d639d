"""How long each class of data is kept, and the partitions of the days to come.

Old data goes by dropping whole chunks or partitions, never row by row: a day of waveforms is gone
in milliseconds and leaves nothing to vacuum. So a class is kept for its time and up to one chunk
more. A table somebody is reading just now is left for the next run rather than waited for.

Synchronous; call `tidy` in a thread every hour, and once at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from ward_hub import pg

DEFAULT_KEEP: Final[Mapping[str, timedelta]] = {
    "wave_block": timedelta(hours=72),
    "vital": timedelta(days=400),
    "vital_minute": timedelta(days=3650),
    "alarm_event": timedelta(days=3650),
    "gap": timedelta(days=400),
    "device_link": timedelta(days=400),
    "reject": timedelta(days=30),
}
"""How long each series is kept unless the settings say otherwise."""

AHEAD: Final = timedelta(days=3)
"""Partitions are made so long before their first row, so that no write ever waits for one."""

_LOCK_WAIT: Final = "2s"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a run did: partitions made, chunks or partitions dropped, and what is left for later.

    `busy` names tables somebody was reading; `partitions`: some of the days to come are not ready,
    which costs a row for such a day nothing but the default partition.
    """

    made: int
    dropped: Mapping[str, int]
    busy: tuple[str, ...]


def tidy(dsn: str, now: datetime, keep: Mapping[str, timedelta] = DEFAULT_KEEP) -> Tidied:
    """Make the partitions of the coming days and drop what is older than its class is kept.

    Raises psycopg.Error, and ValueError for a class that would keep nothing.
    """
    useless = [name for name, kept in keep.items() if kept <= timedelta(0)]
    if useless:
        raise ValueError(f"kept for no time at all: {', '.join(useless)}")
    dropped: dict[str, int] = {}
    busy: list[str] = []
    with pg.connect(dsn, "retention", statement_timeout_s=120.0) as connection:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = '{_LOCK_WAIT}'".encode())
        made = _ask(connection, "SELECT series_ensure(%s, %s)", now, now + AHEAD)
        for name, kept in keep.items():
            gone = _ask(connection, "SELECT series_drop_before(%s, %s)", name, now - kept)
            if gone is None:
                busy.append(name)
            else:
                dropped[name] = gone
    if made is None:
        busy.append("partitions")
    return Tidied(made or 0, dropped, tuple(busy))


def _ask(connection: psycopg.Connection[Any], text: str, *parameters: object) -> int | None:
    """The number the function answers with; None when a reader was in its way."""
    try:
        return int(connection.execute(text.encode(), parameters).fetchall()[0][0])
    except psycopg.errors.LockNotAvailable:
        return None
