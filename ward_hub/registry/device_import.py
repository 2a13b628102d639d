"""Brings the register to what a CSV file says: all of it, or nothing and every fault by its line.

The file adds and corrects and moves; it takes nothing away. The same file again changes nothing.
Whether it is a dry run is the caller's business, who rolls the transaction back: so a dry run does
exactly what the run would do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from ward_hub import pg
from ward_hub.core.audit import Act, AuditEntry, Fact
from ward_hub.core.devices import (
    WHY_NOT,
    Assign,
    Correct,
    DeviceDetails,
    DevicesImported,
    Register,
    RowFault,
)
from ward_hub.core.ids import BedId, DeviceId
from ward_hub.core.people import Refused
from ward_hub.registry import audit
from ward_hub.registry.broker_accounts import hash_device_password, new_device_password
from ward_hub.registry.device_csv import DeviceRow
from ward_hub.registry.device_work import DeviceWork

Connection = AsyncConnection[tuple[Any, ...]]


class ImportRefusedError(Exception):
    """A row that looked good could not be done; what was done before it must be rolled back."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.fault = RowFault(line, "id", WHY_NOT[reason])


@dataclass(frozen=True, slots=True)
class _Register:
    """What is registered, when the import begins."""

    devices: dict[str, dict[str, Any]]
    beds: frozenset[str]
    udis: dict[str, str]

    def monitor_on(self, bed: str) -> str | None:
        """The monitor that stands at a bed."""
        there = (d for d in self.devices.values() if d["bed"] == bed and d["kind"] == "monitor")
        return next((str(device["id"]) for device in there), None)


@dataclass(slots=True)
class _Plan:
    """What is to be done, in the order of the file."""

    added: list[DeviceRow] = field(default_factory=list)
    corrected: list[Correct] = field(default_factory=list)
    moved: list[Assign] = field(default_factory=list)
    unchanged: int = 0


async def import_devices(
    connection: Connection, rows: Sequence[DeviceRow], faults: Sequence[RowFault], act: Act
) -> DevicesImported | list[RowFault]:
    """Do what the rows say unless there is a fault, in the caller's transaction.

    Raises ImportRefusedError; the transaction must then be rolled back.
    """
    register = await _read(connection)
    found = sorted({*faults, *_faults(rows, register)}, key=lambda f: (f.line, f.column))
    if found:
        return found
    plan = _plan(rows, register)
    passwords = await _add(connection, plan.added, act)
    work = DeviceWork(connection, act)
    orders: list[Correct | Assign] = [*plan.corrected, *plan.moved]
    for order in orders:
        result = await work.do(order)
        if isinstance(result, Refused):
            raise ImportRefusedError(_line_of(order, rows), result.reason)
    await audit.append(connection, _entries(plan, act))
    return DevicesImported(
        tuple(row.id for row in plan.added),
        tuple(order.device for order in plan.corrected),
        tuple(order.device for order in plan.moved),
        plan.unchanged,
        passwords,
    )


def _line_of(order: Correct | Assign, rows: Sequence[DeviceRow]) -> int:
    return next(row.line for row in rows if row.id == order.device)


async def _read(connection: Connection) -> _Register:
    # Nobody else registers or moves a device until this is done; looking goes on.
    await connection.execute("LOCK TABLE device, assignment IN SHARE ROW EXCLUSIVE MODE")
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(pg.query("registry_devices_all"))
    devices = {row["id"]: row for row in await cursor.fetchall()}
    retired = await connection.execute("SELECT id FROM device WHERE retired_at IS NOT NULL")
    devices |= {
        name: {"id": name, "retired": True, "bed": None, "kind": ""}
        for (name,) in await retired.fetchall()
    }
    beds = await connection.execute("SELECT id FROM bed")
    udis = {row["udi"]: name for name, row in devices.items() if row.get("udi")}
    return _Register(devices, frozenset(bed for (bed,) in await beds.fetchall()), udis)


def _faults(rows: Sequence[DeviceRow], register: _Register) -> Iterable[RowFault]:
    ids: dict[str, int] = {}
    udis: dict[str, int] = {}
    beds: dict[str, int] = {}
    leaving = {row.id for row in rows if row.bed}
    for row in rows:
        yield from _twice(ids, row.id, row.line, "id")
        yield from _twice(udis, str(row.details.get("udi") or ""), row.line, "udi")
        yield from _against(row, register)
        if row.bed and _kind(row, register) == "monitor":
            yield from _twice(beds, row.bed, row.line, "bed")
            there = register.monitor_on(row.bed)
            if there is not None and there != row.id and there not in leaving:
                yield RowFault(row.line, "bed", f"the monitor {there} is on it")


def _against(row: DeviceRow, register: _Register) -> Iterable[RowFault]:
    """What the register says against a row."""
    known = register.devices.get(row.id)
    if known is not None and known.get("retired"):
        yield RowFault(row.line, "id", "the device is retired")
        return
    if known is not None and row.kind and row.kind != known["kind"]:
        yield RowFault(row.line, "kind", f"the device is registered as a {known['kind']}")
    if row.bed and row.bed not in register.beds:
        yield RowFault(row.line, "bed", "there is no such bed")
    holder = register.udis.get(str(row.details.get("udi") or ""))
    if holder is not None and holder != row.id:
        yield RowFault(row.line, "udi", f"it is that of {holder}")


def _twice(seen: dict[str, int], name: str, line: int, column: str) -> Iterable[RowFault]:
    if name and name in seen:
        yield RowFault(line, column, f"the same as in line {seen[name]}")
    elif name:
        seen[name] = line


def _kind(row: DeviceRow, register: _Register) -> str:
    known = register.devices.get(row.id)
    return row.kind or (known["kind"] if known else "monitor")


def _plan(rows: Sequence[DeviceRow], register: _Register) -> _Plan:
    plan = _Plan()
    for row in rows:
        known = register.devices.get(row.id)
        changes = _changes(row, known)
        moves = row.bed is not None and (known is None or known["bed"] != row.bed)
        if known is None:
            plan.added.append(row)
        elif changes:
            plan.corrected.append(Correct(row.id, changes))
        if moves:
            plan.moved.append(Assign(row.id, BedId(row.bed or ""), replace=True))
        plan.unchanged += known is not None and not changes and not moves
    return plan


def _changes(row: DeviceRow, known: dict[str, Any] | None) -> dict[str, Any]:
    if known is None:
        return {}
    return {name: value for name, value in row.details.items() if value != known[name]}


async def _add(connection: Connection, rows: Sequence[DeviceRow], act: Act) -> dict[DeviceId, str]:
    # A thousand hashes take a while, and other screens must not wait for them.
    passwords = {row.id: new_device_password() for row in rows}
    hashes = await asyncio.to_thread(
        lambda: {device: hash_device_password(word) for device, word in passwords.items()}
    )
    work = DeviceWork(connection, act)
    for row in rows:
        details: dict[str, Any] = dict(row.details)
        await work.insert(
            Register(DeviceDetails(row.id, row.kind or "monitor", **details)), hashes[row.id]
        )
    return passwords


def _entries(plan: _Plan, act: Act) -> Iterable[AuditEntry]:
    """One for each device, as if each had been an order of its own."""
    for row in plan.added:
        yield _entry(act, "device.register", row.id, {"kind": row.kind or "monitor"})
    for change in plan.corrected:
        facts = {name: str(value) for name, value in change.changes.items()}
        yield _entry(act, "device.correct", change.device, facts)
    for move in plan.moved:
        yield _entry(act, "device.assign", move.device, {"bed": move.bed})


def _entry(act: Act, what: str, device: DeviceId, facts: dict[str, str]) -> AuditEntry:
    detail: dict[str, Fact] = {**facts, "from": "csv"}
    return AuditEntry(act.now, act.who, what, f"device:{device}", act.why, detail=detail)
