"""Keeps `vital_minute` equal to what is in `vital`, late data and crashes included.

Two sources of work, both in the database, so that a crash forgets neither:

- the minutes between `done_until` and `closed_until` (table vital_minute_progress), in full;
- marks (vital_minute_due) for single minutes of a stay that were closed already when a late sample
  or one from the spool was filed under them. The store leaves them with the sample.

A minute is closed first and computed afterwards. Closing takes an advisory lock exclusively that
every writing transaction holds shared: so a batch was either committed before the minute closed,
and is counted, or sees it closed, and leaves a mark. There is no moment between.

Synchronous; call `run` in a thread every few seconds. With several hubs on one database, one of
them works and the others find the lock taken. Must never write anything but the minute table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import psycopg

from ward_hub import pg
from ward_hub.ingest.writer import ROLLUP_LOCK

LATENESS: Final = timedelta(seconds=15)
"""How long after its end a minute is closed; what comes later costs a second computation."""

_STEP: Final = timedelta(minutes=10)
_DUE_AT_ONCE: Final = 2_000
_MINUTE: Final = timedelta(minutes=1)
ONE_ROLLUP_LOCK: Final = 0x57415246
"""Advisory lock of the session that rolls up."""
_NEVER: Final = 1970
"""The year of both moments in a new database."""


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What one run did: up to which moment minutes are done, and how many were done again."""

    done_until: datetime | None
    done_again: int


class Rollup:
    """Rolls up over a connection of its own, which it opens again after a failure."""

    def __init__(self, dsn: str, *, lateness: timedelta = LATENESS) -> None:
        self._dsn = dsn
        self._lateness = lateness
        self._connection: psycopg.Connection[Any] | None = None
        self._has_lock = False

    def run(self, now: datetime) -> RolledUp:
        """Compute every minute that is over and not done, and those with late data.

        Raises psycopg.Error; what was not finished is done by the next run.
        """
        try:
            connection = self._connected()
            if not self._is_the_one(connection):
                return RolledUp(None, 0)
            self._close_minutes(connection, now)
            done_until = self._catch_up(connection)
            return RolledUp(done_until, self._do_again(connection))
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next run opens another."""
        connection, self._connection, self._has_lock = self._connection, None, False
        if connection is not None:
            connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = pg.connect(self._dsn, "roll-up", statement_timeout_s=120.0)
            self._connection.autocommit = True
        return self._connection

    def _is_the_one(self, connection: psycopg.Connection[Any]) -> bool:
        if not self._has_lock:
            tried = connection.execute("SELECT pg_try_advisory_lock(%s)", (ONE_ROLLUP_LOCK,))
            self._has_lock = tried.fetchone() == (True,)
        return self._has_lock

    def _close_minutes(self, connection: psycopg.Connection[Any], now: datetime) -> None:
        over = (now - self._lateness).replace(second=0, microsecond=0)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (ROLLUP_LOCK,))
            connection.execute(
                "UPDATE vital_minute_progress SET closed_until = %(over)s"
                " WHERE closed_until < %(over)s",
                {"over": over},
            )

    @staticmethod
    def _catch_up(connection: psycopg.Connection[Any]) -> datetime:
        done_until, closed_until = _progress(connection)
        if done_until.year == _NEVER:
            return _begin(connection, closed_until)
        while done_until < closed_until:
            step_end = min(done_until + _STEP, closed_until)
            with connection.transaction():
                window = {"from_at": done_until, "to_at": step_end}
                connection.execute(pg.query("rollup_window"), window)
                connection.execute("UPDATE vital_minute_progress SET done_until = %s", (step_end,))
            done_until = step_end
        return done_until

    @staticmethod
    def _do_again(connection: psycopg.Connection[Any]) -> int:
        done = 0
        while marks := connection.execute(
            "SELECT id, minute, stay_id FROM vital_minute_due ORDER BY id LIMIT %s",
            (_DUE_AT_ONCE,),
        ).fetchall():
            minutes = sorted({(minute, stay) for _, minute, stay in marks})
            with connection.transaction():
                for _, of_day in groupby(minutes, lambda due: due[0].date()):
                    _do_day_again(connection, list(of_day))
                connection.execute(
                    "DELETE FROM vital_minute_due WHERE id = ANY(%s)", ([m[0] for m in marks],)
                )
            done += len(minutes)
        return done


def _do_day_again(connection: psycopg.Connection[Any], due: list[tuple[datetime, int]]) -> None:
    """Minutes of one day, in order."""
    values = {
        "minutes": [minute for minute, _ in due],
        "stays": [stay for _, stay in due],
        "from_at": due[0][0],
        "to_at": due[-1][0] + _MINUTE,
    }
    connection.execute(pg.query("rollup_clear"), values)
    connection.execute(pg.query("rollup_due"), values)


def _progress(connection: psycopg.Connection[Any]) -> tuple[datetime, datetime]:
    text = "SELECT done_until, closed_until FROM vital_minute_progress"
    done_until, closed_until = connection.execute(text).fetchall()[0]
    return done_until, closed_until


def _begin(connection: psycopg.Connection[Any], closed_until: datetime) -> datetime:
    """The first run ever: whatever is stored already, however old, is done as if it were late."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO vital_minute_due (stay_id, minute)"
            " SELECT DISTINCT stay_id, date_trunc('minute', time) FROM vital"
            " WHERE stay_id IS NOT NULL AND time < %s",
            (closed_until,),
        )
        connection.execute("UPDATE vital_minute_progress SET done_until = %s", (closed_until,))
    return closed_until
