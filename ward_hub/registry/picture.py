"""The picture of the ward as the registry has it: units, beds, stays, devices, assignments.

It is read in one transaction that sees one moment, so it can never show half a transfer. Stays and
assignments that ended some days ago are left out: late data older than that belongs to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.core.ids import BedId, DeviceId, StaffId, UnitId
from ward_hub.core.ward import Assignment, Bed, Device, Stay, Unit, WardMap

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]
Key = TypeVar("Key")
Value = TypeVar("Value")

RECENT: Final = timedelta(days=3)


async def load_ward(pool: Pool, now: datetime) -> WardMap:
    """The ward as the registry has it now. Raises psycopg.OperationalError when it is away."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return await _read(connection, now - RECENT)


async def _read(connection: AsyncConnection[tuple[Any, ...]], since: datetime) -> WardMap:
    async def rows(query: str | bytes) -> list[tuple[Any, ...]]:
        text = query if isinstance(query, bytes) else query.encode()
        return await (await connection.execute(text, {"since": since})).fetchall()

    units = [Unit(*row) for row in await rows("SELECT id, name, position FROM unit")]
    beds = [Bed(*row) for row in await rows("SELECT id, unit_id, label, position FROM bed")]
    devices = [
        Device(*row)
        for row in await rows(
            "SELECT id, kind, model, serial, suspended_at IS NOT NULL FROM device"
        )
    ]
    stays = [Stay(*row) for row in await rows(pg.query("registry_stays"))]
    places = [Assignment(*row) for row in await rows(pg.query("registry_assignments"))]
    staff = await rows("SELECT id, full_name FROM staff")
    return WardMap(
        units={UnitId(unit.id): unit for unit in units},
        beds={BedId(bed.id): bed for bed in beds},
        devices={DeviceId(device.id): device for device in devices},
        stays=_grouped((stay.bed, stay) for stay in stays),
        assignments=_grouped((place.device, place) for place in places),
        staff_names={StaffId(number): name for number, name in staff},
    )


def _grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, tuple[Value, ...]]:
    groups: defaultdict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
