"""One order about stays, inside a transaction that the caller opened.

An order locks the beds it touches (in one order, so that two orders never wait for each other in a
ring), looks whether the ward still is as its giver saw it, and only then writes: a method that
refuses has written nothing.

What hangs on a bed: devices stay with the bed; rows stored since the order's time go to whoever
lay there (`belonging`); alarms end when the watch sees the new picture. Each change keeps the
state before and after it, so that undo puts back exactly what was, and only while nothing else
has happened to the same stays.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, assert_never

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from ward_hub.core.audit import Act
from ward_hub.core.ids import BedId, StayId
from ward_hub.core.people import Refused
from ward_hub.core.stays import (
    BACK_AT_MOST,
    UNDO_WITHIN,
    Admit,
    Discharge,
    StayChange,
    StayOrder,
    Swap,
    Transfer,
    Undo,
)
from ward_hub.registry.belonging import settle_beds

Connection = AsyncConnection[tuple[Any, ...]]
Row = tuple[Any, ...]

_LOCK_BEDS: Final = "SELECT id FROM bed WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_STAY: Final = (
    "SELECT bed_id, discharged_at, (SELECT max(from_at) FROM stay_bed WHERE stay_id = stay.id)"
    " FROM stay WHERE id = %s FOR NO KEY UPDATE"
)
_TAKEN: Final = (
    # True: somebody is there; false: somebody was there at some moment after.
    "SELECT bool_or(to_at IS NULL) FROM stay_bed WHERE bed_id = %s"
    " AND coalesce(to_at > %s AND to_at > from_at, true)"
)
_PATIENT: Final = (
    "SELECT id, full_name, birth_date FROM patient WHERE record_number = %s FOR NO KEY UPDATE"
)
_OTHER_STAYS: Final = (
    "SELECT bool_or(discharged_at IS NULL) FROM stay WHERE patient_id = %s"
    " AND coalesce(discharged_at > %s, true)"
)
_CHANGE: Final = "SELECT id, kind, at, stays, beds, made_at FROM stay_change WHERE id = %(change)s"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a change is remembered by."""

    kind: str
    at: datetime
    stays: Sequence[StayId]
    beds: Sequence[BedId]
    before: Any
    patient_made: int | None = None


async def read_change(connection: Connection, change: int) -> StayChange | None:
    """A change that was made, undone or not."""
    found = await (await connection.execute(_CHANGE, {"change": change})).fetchone()
    if found is None:
        return None
    number, kind, at, stays, beds, made_at = found
    return StayChange(number, kind, at, tuple(stays), tuple(beds), made_at + UNDO_WITHIN)


class StayWork:
    """Carries one order out over one connection. Raises psycopg.Error."""

    def __init__(self, connection: Connection, act: Act) -> None:
        self._connection = connection
        self._act = act

    async def do(self, order: StayOrder) -> StayChange | Refused:
        """Do it or refuse; the caller's transaction holds it together."""
        match order:
            case Admit():
                return await self._admit(order, order.at or self._act.now)
            case Transfer():
                return await self._transfer(order, order.at or self._act.now)
            case Swap():
                return await self._swap(order, order.at or self._act.now)
            case Discharge():
                return await self._discharge(order, order.at or self._act.now)
            case Undo():
                return await self._undo(order)
            case _:
                assert_never(order)

    async def _admit(self, order: Admit, at: datetime) -> StayChange | Refused:
        known = await self._row(_PATIENT, order.record_number)
        refused = (
            await self._not_ready(at, [order.bed])
            or await self._not_free(order.bed, at)
            or await self._patient_refused(order, known, at)
        )
        if refused is not None:
            return refused
        made = None if known else await self._new_patient(order)
        stay = await self._number(
            "INSERT INTO stay (patient_id, bed_id, admitted_at) VALUES (%s, %s, %s) RETURNING id",
            *(known[0] if known else made, order.bed, at),
        )
        return await self._keep(_Kept("admit", at, [StayId(stay)], [order.bed], [], made))

    async def _transfer(self, order: Transfer, at: datetime) -> StayChange | Refused:
        if order.from_bed == order.to_bed:
            return Refused("same_bed")
        beds = [order.from_bed, order.to_bed]
        refused = (
            await self._not_ready(at, beds)
            or await self._not_there(order.stay, order.from_bed, at)
            or await self._not_free(order.to_bed, at)
        )
        if refused is not None:
            return refused
        before = await self._snapshot([order.stay])
        await self._move(order.stay, order.to_bed, at)
        return await self._keep(_Kept("transfer", at, [order.stay], beds, before))

    async def _swap(self, order: Swap, at: datetime) -> StayChange | Refused:
        if order.stay == order.other:
            return Refused("same_stay")
        beds, stays = [order.bed, order.other_bed], sorted([order.stay, order.other])
        refused = (
            await self._not_ready(at, beds)
            or await self._not_there(order.stay, order.bed, at)
            or await self._not_there(order.other, order.other_bed, at)
        )
        if refused is not None:
            return refused
        before = await self._snapshot(stays)
        await self._connection.execute("SET CONSTRAINTS stay_open_bed, stay_bed_one_stay DEFERRED")
        await self._move(order.stay, order.other_bed, at)
        await self._move(order.other, order.bed, at)
        await self._connection.execute("SET CONSTRAINTS stay_open_bed, stay_bed_one_stay IMMEDIATE")
        return await self._keep(_Kept("swap", at, stays, beds, before))

    async def _discharge(self, order: Discharge, at: datetime) -> StayChange | Refused:
        refused = await self._not_ready(at, [order.bed]) or await self._not_there(
            order.stay, order.bed, at
        )
        if refused is not None:
            return refused
        before = await self._snapshot([order.stay])
        await self._connection.execute(
            "UPDATE stay SET discharged_at = %s WHERE id = %s", (at, order.stay)
        )
        return await self._keep(_Kept("discharge", at, [order.stay], [order.bed], before))

    async def _undo(self, order: Undo) -> StayChange | Refused:
        change = await read_change(self._connection, order.change)
        if change is None:
            return Refused("no_such_change")
        await self._row(_LOCK_BEDS, list(change.beds))
        refused = await self._undo_refused(change)
        if refused is not None:
            return refused
        await self._connection.execute(
            "SELECT stay_put_back(stays, before) FROM stay_change WHERE id = %s", (change.id,)
        )
        await self._connection.execute(
            "DELETE FROM patient USING stay_change WHERE stay_change.id = %s"
            " AND patient.id = stay_change.patient_made AND NOT EXISTS ("
            " SELECT FROM stay WHERE patient_id = patient.id)",
            (change.id,),
        )
        await self._connection.execute(
            "UPDATE stay_change SET undone_at = %s, undone_by = %s WHERE id = %s",
            (self._act.now, self._act.who, change.id),
        )
        rows = await settle_beds(self._connection, change.beds, change.at, self._act.now)
        return StayChange(change.id, "undo", change.at, change.stays, change.beds, rows=rows)

    async def _undo_refused(self, change: StayChange) -> Refused | None:
        await self._row("SELECT FROM stay WHERE id = ANY(%s) FOR UPDATE", list(change.stays))
        found = await self._row(
            "SELECT undone_at, made_at, stay_snapshot(stays) = after"
            " FROM stay_change WHERE id = %s FOR UPDATE",
            change.id,
        )
        undone_at, made_at, is_as_left = found or (None, self._act.now, False)
        if undone_at is not None:
            return Refused("already_undone")
        if self._act.now - made_at > UNDO_WITHIN:
            return Refused("too_late_to_undo")
        return None if is_as_left else Refused("changed_since")

    # -- whether it can be done ----------------------------------------------------------------

    async def _not_ready(self, at: datetime, beds: Sequence[BedId]) -> Refused | None:
        """Judge the time, and lock the beds."""
        if at > self._act.now:
            return Refused("in_the_future")
        if at < self._act.now - BACK_AT_MOST:
            return Refused("too_long_ago")
        locked = await self._connection.execute(_LOCK_BEDS, (list(beds),))
        return Refused("no_such_bed") if locked.rowcount < len(set(beds)) else None

    async def _not_there(self, stay: StayId, bed: BedId, at: datetime) -> Refused | None:
        """Compare with what the giver of the order saw."""
        found = await self._row(_STAY, stay)
        if found is None:
            return Refused("no_such_stay")
        is_on, discharged_at, since = found
        if discharged_at is not None:
            return Refused("already_discharged")
        if is_on != bed:
            return Refused("elsewhere_by_now")
        return Refused("before_the_last_change") if at < since else None

    async def _not_free(self, bed: BedId, at: datetime) -> Refused | None:
        found = await self._row(_TAKEN, bed, at)
        return _if_taken(found, now="bed_taken", then="bed_was_taken")

    async def _patient_refused(
        self, order: Admit, known: Row | None, at: datetime
    ) -> Refused | None:
        if known is None:
            return None if (order.name or "").strip() else Refused("name_needed")
        if not _is_same(order, known):
            return Refused("another_patient")
        found = await self._row(_OTHER_STAYS, known[0], at)
        return _if_taken(found, now="already_admitted", then="was_elsewhere")

    # -- doing it ------------------------------------------------------------------------------

    async def _new_patient(self, order: Admit) -> int:
        return await self._number(
            "INSERT INTO patient (full_name, birth_date, sex, record_number)"
            " VALUES (%s, %s, %s, %s) RETURNING id",
            *((order.name or "").strip(), order.birth_date, order.sex, order.record_number),
        )

    async def _move(self, stay: StayId, bed: BedId, at: datetime) -> None:
        values = {"stay": stay, "bed": bed, "at": at}
        for statement in (
            "UPDATE stay_bed SET to_at = %(at)s WHERE stay_id = %(stay)s AND to_at IS NULL",
            "INSERT INTO stay_bed (stay_id, bed_id, from_at) VALUES (%(stay)s, %(bed)s, %(at)s)",
            "UPDATE stay SET bed_id = %(bed)s WHERE id = %(stay)s",
        ):
            await self._connection.execute(statement, values)

    async def _keep(self, kept: _Kept) -> StayChange:
        """Remember the change, and decide again whose the rows since then are."""
        now = self._act.now
        number = await self._number(
            "INSERT INTO stay_change"
            " (kind, at, made_at, made_by, stays, beds, patient_made, before, after)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, stay_snapshot(%s::bigint[])) RETURNING id",
            *(kept.kind, kept.at, now, self._act.who, list(kept.stays), list(kept.beds)),
            *(kept.patient_made, Jsonb(kept.before), list(kept.stays)),
        )
        rows = await settle_beds(self._connection, kept.beds, kept.at, now)
        stays, beds = tuple(kept.stays), tuple(kept.beds)
        return StayChange(number, kept.kind, kept.at, stays, beds, now + UNDO_WITHIN, rows)

    async def _snapshot(self, stays: Sequence[StayId]) -> Any:
        found = await self._row("SELECT stay_snapshot(%s::bigint[])", list(stays))
        return found[0] if found else []

    async def _row(self, statement: str, *values: object) -> Row | None:
        return await (await self._connection.execute(statement.encode(), values)).fetchone()

    async def _number(self, statement: str, *values: object) -> int:
        found = await self._row(statement, *values)
        return int(found[0]) if found else 0


def _if_taken(found: Row | None, *, now: str, then: str) -> Refused | None:
    """`found` holds one truth: true for now, false for then, None for neither."""
    is_now = found[0] if found else None
    return None if is_now is None else Refused(now if is_now else then)


def _is_same(order: Admit, known: Row) -> bool:
    """Whether what was typed in is the patient of the record number."""
    _, name, birth_date = known
    same_name = order.name is None or _plain(order.name) == _plain(name)
    dates = {order.birth_date, birth_date} - {None}
    return same_name and len(dates) < 2


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
