"""Admit, transfer, swap, discharge, undo: each one transaction, done whole or refused.

The work itself is in `stay_work`. The constraints of `stay` and `stay_bed` stand behind it: what
they refuse is a refusal too, never half a change. Whatever comes of an order is in the audit log,
written in the same transaction.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.errors import IntegrityError
from psycopg_pool import AsyncConnectionPool

from ward_hub.core.audit import Act, AuditEntry, Fact, refused_outcome
from ward_hub.core.people import Refused
from ward_hub.core.stays import Admit, StayChange, StayOrder, Undo
from ward_hub.registry import audit
from ward_hub.registry.belonging import RETRIED
from ward_hub.registry.stay_work import StayWork, read_change

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

_BEHIND: Final = {
    "stay_open_bed": "bed_taken",
    "stay_bed_one_stay": "bed_taken",
    "stay_open_patient": "already_admitted",
    "patient_record_number_key": "already_admitted",
    "stay_one_at_a_time": "was_elsewhere",
}
"""What the refusal of a constraint means; any other: something else hangs on the stay by now."""


class Stays:
    """Carries orders out. Methods raise psycopg.OperationalError when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def carry_out(self, order: StayOrder, act: Act) -> StayChange | Refused:
        """Do it, or refuse with a reason of `core.stays.WHY_NOT`; both are in the audit log."""
        try:
            return await self._try(order, act)
        except RETRIED:
            return await self._try(order, act)

    async def _try(self, order: StayOrder, act: Act) -> StayChange | Refused:
        try:
            async with self._pool.connection() as connection, connection.transaction():
                result = await StayWork(connection, act).do(order)
                await audit.append(connection, [_entry(order, act, result)])
                return result
        except IntegrityError as error:
            refused = Refused(_BEHIND.get(error.diag.constraint_name or "", "changed_since"))
        await audit.Audit(self._pool).note(_entry(order, act, refused))
        return refused

    async def find_change(self, change: int) -> StayChange | None:
        """A change that was made, undone or not."""
        async with self._pool.connection() as connection:
            return await read_change(connection, change)


def _entry(order: StayOrder, act: Act, result: StayChange | Refused) -> AuditEntry:
    what = f"stay.{type(order).__name__.lower()}"
    if isinstance(result, Refused):
        return AuditEntry(
            act.now, act.who, what, _target(order), act.why, refused_outcome(result.reason)
        )
    detail: dict[str, Fact] = {
        "change": result.id,
        "at": result.at.isoformat(),
        "stays": " ".join(map(str, result.stays)),
        "beds": " ".join(result.beds),
        "rows": result.rows,
    }
    return AuditEntry(act.now, act.who, what, f"stay:{result.stays[0]}", act.why, detail=detail)


def _target(order: StayOrder) -> str:
    if isinstance(order, Admit):
        return f"bed:{order.bed}"
    if isinstance(order, Undo):
        return f"stay-change:{order.change}"
    return f"stay:{order.stay}"
