"""One order about devices, inside a transaction that the caller opened.

An order locks its device, then the beds it touches, looks whether it can be done, and only then
writes: a method that refuses has written nothing. When a device was elsewhere than thought, the
rows it sent since then go to whoever lay there (`belonging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, assert_never

from psycopg import AsyncConnection, sql

from ward_hub.core.audit import Act
from ward_hub.core.devices import (
    Assign,
    Correct,
    DeviceChange,
    DeviceOrder,
    NewCredentials,
    Register,
    Resume,
    Retire,
    Suspend,
    Unassign,
)
from ward_hub.core.ids import BedId, DeviceId
from ward_hub.core.people import Refused
from ward_hub.core.stays import BACK_AT_MOST
from ward_hub.registry.belonging import settle_device
from ward_hub.registry.broker_accounts import hash_device_password, new_device_password

Connection = AsyncConnection[tuple[Any, ...]]
Row = tuple[Any, ...]

CORRECTED: Final = (
    "model",
    "serial",
    "udi",
    "owner",
    "calibrated_on",
    "calibration_due",
    "maintained_on",
    "maintenance_due",
    "notes",
)
"""The details that may be different one day."""

_DEVICE: Final = (
    "SELECT key, kind, suspended_at, retired_at FROM device WHERE id = %s FOR NO KEY UPDATE"
)
_PLACE: Final = (
    # Where it is now, and the last moment it was put somewhere or taken away.
    "SELECT max(bed_id) FILTER (WHERE to_at IS NULL), max(greatest(from_at, to_at))"
    " FROM assignment WHERE device_key = %s"
)
_OTHER_MONITORS: Final = (
    "SELECT id, device_key, from_at, to_at IS NULL FROM assignment WHERE bed_id = %s"
    " AND device_kind = 'monitor' AND device_key <> %s"
    " AND coalesce(to_at > %s AND to_at > from_at, true) ORDER BY to_at NULLS LAST"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A registered device that is not retired, locked."""

    key: int
    kind: str
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class _Stands:
    """A monitor on a bed: its place's row, whose it is, since when, and whether still."""

    assignment: int
    key: int
    from_at: datetime
    is_now: bool


class DeviceWork:
    """Carries orders out over one connection. Raises psycopg.Error."""

    def __init__(self, connection: Connection, act: Act) -> None:
        self._connection = connection
        self._act = act

    async def do(self, order: DeviceOrder) -> DeviceChange | Refused:
        """Do it or refuse; the caller's transaction holds it together."""
        if isinstance(order, Register):
            return await self._register(order)
        known = await self._known(order.device)
        if isinstance(known, Refused):
            return known
        match order:
            case Correct():
                return await self._correct(order, known)
            case NewCredentials():
                return await self._credentials(order, known)
            case Assign():
                return await self._assign(order, known, order.at or self._act.now)
            case Unassign():
                return await self._unassign(order, known, order.at or self._act.now)
            case Suspend() | Resume():
                return await self._listen(order, known)
            case Retire():
                return await self._retire(order, known)
            case _:
                assert_never(order)

    async def _known(self, device: DeviceId) -> _Known | Refused:
        found = await self._row(_DEVICE, device)
        if found is None:
            return Refused("no_such_device")
        key, kind, suspended_at, retired_at = found
        if retired_at is not None:
            return Refused("retired")
        return _Known(key, kind, suspended_at is not None)

    async def _register(self, order: Register) -> DeviceChange | Refused:
        if order.bed is not None and not await self._lock([order.bed]):
            return Refused("no_such_bed")
        if order.bed is not None and order.details.kind == "monitor":
            others = await self._other_monitors(order.bed, 0, self._act.now)
            if others:
                return Refused("bed_has_monitor")
        password = new_device_password()
        key = await self.insert(order, hash_device_password(password))
        if order.bed is not None:
            await self._place(key, order.details.kind, order.bed, self._act.now)
        return DeviceChange(order.details.id, password)

    async def insert(self, order: Register, password_hash: str) -> int:
        """The row of a new device; returns its key."""
        values = asdict(order.details) | {
            "password_hash": password_hash,
            "registered_at": self._act.now,
            "credentials_at": self._act.now,
        }
        statement = sql.SQL("INSERT INTO device ({}) VALUES ({}) RETURNING key").format(
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        made = await (await self._connection.execute(statement, values)).fetchall()
        return int(made[0][0])

    async def _correct(self, order: Correct, known: _Known) -> DeviceChange:
        changes = {name: order.changes[name] for name in CORRECTED if name in order.changes}
        if changes:
            pairs = (
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in changes
            )
            statement = sql.SQL("UPDATE device SET {} WHERE key = %(key)s").format(
                sql.SQL(", ").join(pairs)
            )
            await self._connection.execute(statement, {**changes, "key": known.key})
        return DeviceChange(order.device)

    async def _credentials(self, order: NewCredentials, known: _Known) -> DeviceChange:
        password = new_device_password()
        await self._connection.execute(
            "UPDATE device SET password_hash = %s, credentials_at = %s WHERE key = %s",
            (hash_device_password(password), self._act.now, known.key),
        )
        return DeviceChange(order.device, password)

    async def _listen(self, order: Suspend | Resume, known: _Known) -> DeviceChange | Refused:
        suspends = isinstance(order, Suspend)
        if suspends and known.is_suspended:
            return Refused("already_suspended")
        if not suspends and not known.is_suspended:
            return Refused("not_suspended")
        await self._connection.execute(
            "UPDATE device SET suspended_at = %s WHERE key = %s",
            (self._act.now if suspends else None, known.key),
        )
        return DeviceChange(order.device)

    async def _retire(self, order: Retire, known: _Known) -> DeviceChange:
        await self._end_places(known.key, self._act.now)
        await self._connection.execute(
            "UPDATE device SET retired_at = %(now)s, password_hash = NULL,"
            " suspended_at = coalesce(suspended_at, %(now)s) WHERE key = %(key)s",
            {"now": self._act.now, "key": known.key},
        )
        return DeviceChange(order.device)

    async def _assign(self, order: Assign, known: _Known, at: datetime) -> DeviceChange | Refused:
        bed, last_at = await self._where(known.key)
        if bed == order.bed:
            return Refused("already_there")
        if not await self._lock([order.bed, *([bed] if bed else [])]):
            return Refused("no_such_bed")
        refused = self._time_refused(at, last_at)
        if refused is not None:
            return refused
        in_the_way: list[_Stands] = []
        if known.kind == "monitor":
            in_the_way = await self._other_monitors(order.bed, known.key, at)
        refused = _cannot_yield(in_the_way, at, replace=order.replace)
        if refused is not None:
            return refused
        for other in in_the_way:
            await self._end_places(other.key, at)
        await self._end_places(known.key, at)
        await self._place(known.key, known.kind, order.bed, at)
        rows = 0
        for key in sorted({known.key, *(other.key for other in in_the_way)}):
            rows += await settle_device(self._connection, key, at, self._act.now)
        return DeviceChange(order.device, rows=rows)

    async def _unassign(
        self, order: Unassign, known: _Known, at: datetime
    ) -> DeviceChange | Refused:
        bed, last_at = await self._where(known.key)
        if bed is None:
            return Refused("on_no_bed")
        await self._lock([bed])
        refused = self._time_refused(at, last_at)
        if refused is not None:
            return refused
        await self._end_places(known.key, at)
        rows = await settle_device(self._connection, known.key, at, self._act.now)
        return DeviceChange(order.device, rows=rows)

    def _time_refused(self, at: datetime, last_at: datetime | None) -> Refused | None:
        if at > self._act.now:
            return Refused("in_the_future")
        if at < self._act.now - BACK_AT_MOST:
            return Refused("too_long_ago")
        is_early = last_at is not None and at < last_at
        return Refused("before_the_last_change") if is_early else None

    async def _where(self, key: int) -> tuple[BedId | None, datetime | None]:
        found = await self._row(_PLACE, key)
        return found if found is not None else (None, None)

    async def _lock(self, beds: Sequence[BedId]) -> bool:
        """Lock the beds; false when one of them is not there."""
        locked = await self._connection.execute(
            "SELECT FROM bed WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(beds),)
        )
        return locked.rowcount == len(set(beds))

    async def _other_monitors(self, bed: BedId, key: int, at: datetime) -> list[_Stands]:
        found = await self._connection.execute(_OTHER_MONITORS, (bed, key, at))
        return [_Stands(*row) for row in await found.fetchall()]

    async def _end_places(self, key: int, at: datetime) -> None:
        await self._connection.execute(
            "UPDATE assignment SET to_at = greatest(%s, from_at)"
            " WHERE device_key = %s AND to_at IS NULL",
            (at, key),
        )

    async def _place(self, key: int, kind: str, bed: BedId, at: datetime) -> None:
        await self._connection.execute(
            "INSERT INTO assignment (device_key, device_kind, bed_id, from_at)"
            " VALUES (%s, %s, %s, %s)",
            (key, kind, bed, at),
        )

    async def _row(self, statement: str, *values: object) -> Row | None:
        return await (await self._connection.execute(statement.encode(), values)).fetchone()


def _cannot_yield(in_the_way: Sequence[_Stands], at: datetime, *, replace: bool) -> Refused | None:
    """Whether the monitors on the bed stand in the way of another one."""
    if not in_the_way:
        return None
    if not all(each.is_now and each.from_at <= at for each in in_the_way):
        return Refused("bed_had_monitor")
    return None if replace else Refused("bed_has_monitor")
