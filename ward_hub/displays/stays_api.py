"""Orders about stays: admit, transfer, swap, discharge, undo.

Nurses, charge nurses and doctors give them, for patients of their own units. Where a patient goes
may be another unit's bed (the ward that sends decides); where a patient comes from may not, so
nobody can fetch a patient, and the right to look, from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from ward_hub.core.ids import BedId, StayId
from ward_hub.core.people import Refused, Session
from ward_hub.core.stays import (
    WHY_NOT,
    Admit,
    Discharge,
    StayChange,
    StayOrder,
    StayRegistry,
    Swap,
    Transfer,
    Undo,
)
from ward_hub.displays.access import ChangeSession, TheScreens
from ward_hub.displays.api import json_answer
from ward_hub.displays.orders import MOST_WORDS, Order, act_of, refusal, turn_away
from ward_hub.displays.screens import Screens
from ward_hub.displays.wire import time_text

router = APIRouter(prefix="/api/v1/stays")

Bed = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[str, Field(max_length=MOST_WORDS)]


class AdmitOrder(Order):
    """A patient comes to a bed; a patient known by the record number needs no name."""

    bed: Bed
    record_number: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    birth_date: date | None = None
    sex: Literal["F", "M", ""] = ""
    at: AwareDatetime | None = None
    why: Words = ""


class TransferOrder(Order):
    """A patient goes from the bed where the page showed them to a free one."""

    from_bed: Bed
    to_bed: Bed
    at: AwareDatetime | None = None
    why: Words = ""


class SwapOrder(Order):
    """Two patients change beds; each named with the bed where the page showed them."""

    bed: Bed
    other: int
    other_bed: Bed
    at: AwareDatetime | None = None
    why: Words = ""


class DischargeOrder(Order):
    """A patient leaves the bed where the page showed them."""

    bed: Bed
    at: AwareDatetime | None = None
    why: Words = ""


class UndoOrder(Order):
    """A change is taken back."""

    why: Words = ""


@router.post("", status_code=201)
async def admit(screens: TheScreens, session: ChangeSession, body: AdmitOrder) -> Response:
    """Admit a patient. With an earlier time, what the bed's monitor measured since is theirs."""
    order = Admit(
        BedId(body.bed), body.record_number, body.name, body.birth_date, body.sex, body.at
    )
    return await _give(screens, session, order, [order.bed], body.why)


@router.post("/{stay}/transfer")
async def transfer(
    screens: TheScreens, session: ChangeSession, stay: int, body: TransferOrder
) -> Response:
    """Move a patient to a free bed of any unit. The devices stay with their beds."""
    order = Transfer(StayId(stay), BedId(body.from_bed), BedId(body.to_bed), body.at)
    return await _give(screens, session, order, [order.from_bed], body.why)


@router.post("/{stay}/swap")
async def swap(screens: TheScreens, session: ChangeSession, stay: int, body: SwapOrder) -> Response:
    """Let two patients change beds. The devices stay with their beds."""
    beds = [BedId(body.bed), BedId(body.other_bed)]
    order = Swap(StayId(stay), beds[0], StayId(body.other), beds[1], body.at)
    return await _give(screens, session, order, beds, body.why)


@router.post("/{stay}/discharge")
async def discharge(
    screens: TheScreens, session: ChangeSession, stay: int, body: DischargeOrder
) -> Response:
    """End a stay."""
    order = Discharge(StayId(stay), BedId(body.bed), body.at)
    return await _give(screens, session, order, [order.bed], body.why)


@router.post("/changes/{change}/undo")
async def undo(
    screens: TheScreens, session: ChangeSession, change: int, body: UndoOrder
) -> Response:
    """Take back what a change did, a short while after it and while nothing else has happened."""
    made = await _registry(screens).find_change(change)
    if made is None:
        raise HTTPException(404)
    theirs = made.beds if made.kind == "swap" else made.beds[:1]
    return await _give(screens, session, Undo(change), theirs, body.why)


async def _give(
    screens: Screens, session: Session, order: StayOrder, beds: Sequence[BedId], why: str
) -> Response:
    """Carry the order out for somebody who may give it in the units of these beds."""
    act = act_of(screens, session, why)
    known = screens.deps.live.ward().beds
    for bed in beds:
        if bed not in known:
            raise HTTPException(404, "There is no such bed.")
        if not session.person.may_place(known[bed].unit):
            what = f"stay.{type(order).__name__.lower()}"
            raise await turn_away(act, screens, what, f"bed:{bed}")
    result = await _registry(screens).carry_out(order, act)
    if isinstance(result, Refused):
        return refusal(result.reason, WHY_NOT[result.reason])
    await screens.deps.refresh()
    answer = json_answer(_document(result))
    answer.status_code = 201 if isinstance(order, Admit) else 200
    return answer


def _registry(screens: Screens) -> StayRegistry:
    if screens.deps.stays is None:
        raise HTTPException(404)
    return screens.deps.stays


def _document(change: StayChange) -> dict[str, object]:
    until = change.undo_until
    return {
        "change": change.id,
        "kind": change.kind,
        "at": time_text(change.at),
        "stays": list(change.stays),
        "beds": list(change.beds),
        "undo_until": time_text(until) if until else None,
        "samples_moved": change.rows,
    }
