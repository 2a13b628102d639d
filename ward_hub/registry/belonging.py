"""Whose stored rows are, decided again where the registry said something new about their time.

The database does the work (sql/migrations/0006_belonging.sql). An order settles the rows that are
stored when it is carried out. Rows that were made by the picture before it and were still on their
way are settled a little later, by `settle`: the hub calls it once it has the new picture and all
that it had recorded before is in the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ward_hub.core.ids import BedId
from ward_hub.core.stays import BACK_AT_MOST

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

AHEAD: Final = timedelta(minutes=1)
"""A device's clock may be a little fast; no row is further ahead of the hub than this."""


async def settle_beds(
    connection: Connection, beds: Iterable[BedId], since: datetime, now: datetime
) -> int:
    """Decide again for these beds, in the caller's transaction; returns how many samples moved."""
    moved = 0
    for bed in sorted(beds):
        done = await connection.execute(
            "SELECT belonging_settle_bed(%s, %s, %s)", (bed, since, now + AHEAD)
        )
        moved += (await done.fetchall())[0][0]
    return moved


async def settle_device(connection: Connection, key: int, since: datetime, now: datetime) -> int:
    """Decide again for one device, in the caller's transaction."""
    done = await connection.execute(
        "SELECT belonging_settle_device(%s, %s, %s)", (key, since, now + AHEAD)
    )
    return int((await done.fetchall())[0][0])


async def unsettled(pool: Pool) -> list[int]:
    """The numbers of what is to be settled. Ask *before* reading the new picture."""
    async with pool.connection() as connection:
        found = await connection.execute("SELECT id FROM unsettled ORDER BY id")
        return [number for (number,) in await found.fetchall()]


async def settle(pool: Pool, numbers: list[int], now: datetime) -> int:
    """Settle these, each bed and device in a transaction of its own.

    Returns how many samples moved. Raises psycopg.OperationalError; what was not done is done by
    the next call.
    """
    async with pool.connection() as connection:
        found = await connection.execute(_DUE, (numbers,))
        due = await found.fetchall()
        return sum([await _settle_one(connection, one, now) for one in due])


_DUE: Final = (
    "SELECT bed_id, device_key, min(from_at), array_agg(id) FROM unsettled WHERE id = ANY(%s)"
    " GROUP BY bed_id, device_key ORDER BY min(id)"
)


async def _settle_one(connection: Connection, due: tuple[Any, ...], now: datetime) -> int:
    bed, key, from_at, numbers = due
    since = max(from_at, now - BACK_AT_MOST)
    async with connection.transaction():
        if bed is not None:
            moved = await settle_beds(connection, [bed], since, now)
        else:
            moved = await settle_device(connection, key, since, now)
        await connection.execute("DELETE FROM unsettled WHERE id = ANY(%s)", (numbers,))
    return moved


RETRIED: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""Two writers met; the one that was refused may simply try again."""
