"""Orders about devices: register, correct, credentials, bed, suspend, resume, retire, CSV.

For biomedical engineers and administrators. A password is in the answer to the order that made it
and in no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from ward_hub.core.devices import (
    WHY_NOT,
    Assign,
    Correct,
    DeviceChange,
    DeviceDetails,
    DeviceOrder,
    DeviceRegistry,
    DevicesImported,
    NewCredentials,
    Register,
    Resume,
    Retire,
    Suspend,
    Unassign,
)
from ward_hub.core.ids import DEVICE_ID_PATTERN, BedId, DeviceId
from ward_hub.core.people import Refused, Session
from ward_hub.displays.access import ChangeSession, SignedInSession, TheScreens
from ward_hub.displays.api import json_answer
from ward_hub.displays.orders import MOST_WORDS, Order, act_of, refusal, turn_away
from ward_hub.displays.pages import NO_STORE
from ward_hub.displays.screens import Screens
from ward_hub.displays.wire import encode, time_text

router = APIRouter(prefix="/api/v1")

Bed = Annotated[str, Field(min_length=1, max_length=64)]
Word = Annotated[str, Field(max_length=120)]
Words = Annotated[str, Field(max_length=MOST_WORDS)]


class Details(Order):
    """What is kept of a device; what is left out stays as it is."""

    model: Word | None = None
    serial: Word | None = None
    udi: Annotated[str, Field(max_length=256)] | None = None
    owner: Word | None = None
    calibrated_on: date | None = None
    calibration_due: date | None = None
    maintained_on: date | None = None
    maintenance_due: date | None = None
    notes: Annotated[str, Field(max_length=2000)] | None = None
    why: Words = ""

    def given(self) -> dict[str, str | date | None]:
        """The details that are in the body; text that is null is emptied."""
        sent = self.model_dump(include=set(_KEPT), exclude_unset=True)
        return {
            name: "" if value is None and name in _TEXTS else value for name, value in sent.items()
        }


_TEXTS = frozenset({"model", "serial", "udi", "owner", "notes"})
_KEPT = _TEXTS | {"calibrated_on", "calibration_due", "maintained_on", "maintenance_due"}


class NewDevice(Details):
    """A device to register, and the bed it stands at."""

    id: Annotated[str, Field(pattern=f"^(?:{DEVICE_ID_PATTERN.pattern})$")]
    kind: Literal["monitor", "camera", "screen", "gateway"] = "monitor"
    bed: Bed | None = None


class Reason(Order):
    """An order that says nothing more than why."""

    why: Words = ""


class Placing(Order):
    """The bed a device is on from `at` (now); null takes it off its bed."""

    bed: Bed | None
    at: AwareDatetime | None = None
    replace: bool = False
    why: Words = ""


@router.get("/devices.csv")
async def export(screens: TheScreens, session: SignedInSession) -> Response:
    """Every device that is not retired."""
    if not session.person.may_keep_devices():
        raise HTTPException(403, "Devices are for engineers and administrators.")
    text = await _registry(screens).export_csv()
    return Response(text, headers=NO_STORE, media_type="text/csv; charset=utf-8")


@router.post("/devices.csv")
async def bring_in(
    screens: TheScreens, session: ChangeSession, request: Request, dry_run: bool = True
) -> Response:
    """Bring the register to a CSV file (the body); `dry_run=false` does it, else it only says."""
    act = act_of(screens, session)
    if not session.person.may_keep_devices():
        raise await turn_away(act, screens, "device.import", "device:csv")
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise HTTPException(422, "The file is not UTF-8 text.") from None
    result = await _registry(screens).import_csv(text, act, dry_run=dry_run)
    if not isinstance(result, DevicesImported):
        return _faulty({"faults": [_row(fault) for fault in result]})
    if not dry_run:
        await screens.deps.refresh()
    return json_answer(_imported(result, dry_run=dry_run))


@router.get("/devices/{device}")
async def one(screens: TheScreens, session: SignedInSession, device: str) -> Response:
    """Everything kept of a device, with the beds it was on."""
    if not session.person.may_keep_devices():
        raise HTTPException(403, "Devices are for engineers and administrators.")
    found = await _registry(screens).describe(DeviceId(device))
    if found is None:
        raise HTTPException(404)
    return json_answer(_timed(found))


@router.post("/devices", status_code=201)
async def register(screens: TheScreens, session: ChangeSession, body: NewDevice) -> Response:
    """Register a device. The answer holds its password, once."""
    kept = {name: value for name, value in body.given().items() if value is not None}
    details = DeviceDetails(DeviceId(body.id), body.kind, **kept)  # type: ignore[arg-type]
    bed = BedId(body.bed) if body.bed else None
    return await _give(screens, session, Register(details, bed), body.why)


@router.patch("/devices/{device}")
async def correct(
    screens: TheScreens, session: ChangeSession, device: str, body: Details
) -> Response:
    """Change some details of a device."""
    return await _give(screens, session, Correct(DeviceId(device), body.given()), body.why)


@router.post("/devices/{device}/credentials")
async def credentials(
    screens: TheScreens, session: ChangeSession, device: str, body: Reason
) -> Response:
    """Give a device a new password. The answer holds it, once."""
    return await _give(screens, session, NewCredentials(DeviceId(device)), body.why)


@router.post("/devices/{device}/assignment")
async def assignment(
    screens: TheScreens, session: ChangeSession, device: str, body: Placing
) -> Response:
    """Put a device on a bed, or take it off; `replace` takes the monitor there off the bed."""
    name = DeviceId(device)
    if body.bed is None:
        return await _give(screens, session, Unassign(name, body.at), body.why)
    order = Assign(name, BedId(body.bed), body.at, body.replace)
    return await _give(screens, session, order, body.why)


@router.post("/devices/{device}/suspend")
async def suspend(
    screens: TheScreens, session: ChangeSession, device: str, body: Reason
) -> Response:
    """Stop listening to a device."""
    return await _give(screens, session, Suspend(DeviceId(device)), body.why)


@router.post("/devices/{device}/resume")
async def resume(
    screens: TheScreens, session: ChangeSession, device: str, body: Reason
) -> Response:
    """Listen to a device again."""
    return await _give(screens, session, Resume(DeviceId(device)), body.why)


@router.post("/devices/{device}/retire")
async def retire(
    screens: TheScreens, session: ChangeSession, device: str, body: Reason
) -> Response:
    """End a device: no credentials, no bed, for good. Its history stays."""
    return await _give(screens, session, Retire(DeviceId(device)), body.why)


async def _give(screens: Screens, session: Session, order: DeviceOrder, why: str) -> Response:
    act = act_of(screens, session, why)
    name = order.details.id if isinstance(order, Register) else order.device
    if not session.person.may_keep_devices():
        what = f"device.{type(order).__name__.lower()}"
        raise await turn_away(act, screens, what, f"device:{name}")
    result = await _registry(screens).carry_out(order, act)
    if isinstance(result, Refused):
        if result.reason == "no_such_device":
            raise HTTPException(404, WHY_NOT[result.reason])
        return refusal(result.reason, WHY_NOT[result.reason])
    await screens.deps.refresh()
    answer = json_answer(_document(result))
    answer.status_code = 201 if isinstance(order, Register) else 200
    return answer


def _registry(screens: Screens) -> DeviceRegistry:
    if screens.deps.devices is None:
        raise HTTPException(404)
    return screens.deps.devices


def _document(change: DeviceChange) -> dict[str, object]:
    document: dict[str, object] = {"device": change.device, "samples_moved": change.rows}
    if change.password is not None:
        document |= {"username": change.device, "password": change.password}
    return document


def _imported(result: DevicesImported, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "added": result.added,
        "changed": result.changed,
        "moved": result.moved,
        "unchanged": result.unchanged,
        "passwords": {} if dry_run else result.passwords,
    }


def _row(fault: object) -> dict[str, object]:
    names = ("line", "column", "reason")
    return {name: getattr(fault, name) for name in names}


def _faulty(more: Mapping[str, object]) -> Response:
    document = {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The file has faults; nothing was changed.",
        **more,
    }
    return Response(encode(document), 422, media_type="application/problem+json")


def _timed(found: Mapping[str, object]) -> dict[str, object]:
    return {name: _written(value) for name, value in found.items()}


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, list):
        return [_timed(each) for each in value]
    return value
