"""The register of devices: orders carried out, each device described, the whole of it as CSV.

Every order is one transaction with its entry in the audit log. Passwords are returned once and
stored as hashes; they are never logged and never in the audit log.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.errors import IntegrityError
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.core.audit import Act, AuditEntry, Fact, refused_outcome
from ward_hub.core.devices import (
    Assign,
    Correct,
    DeviceChange,
    DeviceOrder,
    DevicesImported,
    Register,
    RowFault,
)
from ward_hub.core.ids import DeviceId
from ward_hub.core.people import Refused
from ward_hub.registry import audit
from ward_hub.registry.belonging import RETRIED
from ward_hub.registry.device_csv import parse_devices, write_devices
from ward_hub.registry.device_import import ImportRefusedError, import_devices
from ward_hub.registry.device_work import DeviceWork

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

_BEHIND: Final = {
    "device_id_key": "id_taken",
    "device_udi": "udi_taken",
    "assignment_bed_monitor": "bed_has_monitor",
}


class Devices:
    """The register. Methods raise psycopg.OperationalError when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def carry_out(self, order: DeviceOrder, act: Act) -> DeviceChange | Refused:
        """Do it, or refuse with a reason of `core.devices.WHY_NOT`; both are in the audit log."""
        try:
            return await self._try(order, act)
        except RETRIED:
            return await self._try(order, act)

    async def _try(self, order: DeviceOrder, act: Act) -> DeviceChange | Refused:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                result = await DeviceWork(connection, act).do(order)
                await audit.append(connection, [entry(order, act, result)])
                return result
        except IntegrityError as error:
            refused = Refused(_BEHIND.get(error.diag.constraint_name or "", "changed_since"))
        await audit.Audit(self._pool).note(entry(order, act, refused))
        return refused

    async def describe(self, device: DeviceId) -> dict[str, object] | None:
        """Everything kept of a device, with the beds it was on, newest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(pg.query("registry_device"), {"device": device})
            found = await cursor.fetchone()
            if found is None:
                return None
            key = found.pop("key")
            await cursor.execute(pg.query("registry_device_beds"), {"key": key})
            return {**found, "beds": await cursor.fetchall()}

    async def export_csv(self) -> str:
        """Every device that is not retired, in the form `import_csv` reads."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(pg.query("registry_devices_all"))
            return write_devices(await cursor.fetchall())

    async def import_csv(
        self, text: str, act: Act, *, dry_run: bool
    ) -> DevicesImported | list[RowFault]:
        """Bring the registry to what the file says, in one transaction; or all its faults."""
        rows, faults = parse_devices(text)
        try:
            async with (
                self._pool.connection() as connection,
                connection.transaction(force_rollback=dry_run),
            ):
                return await import_devices(connection, rows, faults, act)
        except ImportRefusedError as refused:
            return [refused.fault]


def entry(order: DeviceOrder, act: Act, result: DeviceChange | Refused) -> AuditEntry:
    """What the audit log holds of an order about a device."""
    what = f"device.{_VERBS.get(type(order).__name__, type(order).__name__.lower())}"
    device = order.details.id if isinstance(order, Register) else order.device
    outcome = refused_outcome(result.reason) if isinstance(result, Refused) else "done"
    return AuditEntry(act.now, act.who, what, f"device:{device}", act.why, outcome, _detail(order))


_VERBS: Final = {"NewCredentials": "credentials"}


def _detail(order: DeviceOrder) -> dict[str, Fact]:
    match order:
        case Register():
            return {"kind": order.details.kind, "bed": order.bed}
        case Correct():
            return {name: _fact(value) for name, value in order.changes.items()}
        case Assign():
            return {"bed": order.bed, "at": _fact(order.at), "replace": order.replace}
        case _:
            return {"at": _fact(getattr(order, "at", None))}


def _fact(value: str | date | datetime | None) -> Fact:
    return value.isoformat() if isinstance(value, date) else value
