"""The JSON interface to the ward as it is now: units, beds, open alarms, taking an alarm.

Every answer is made for the person who asks. Nothing here is cached by anyone.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from ward_hub.core.ids import AlarmId, UnitId
from ward_hub.core.people import Refused, Session
from ward_hub.core.station_view import AlarmView, BedView
from ward_hub.displays.access import (
    ChangeSession,
    SignedInSession,
    TheScreens,
    alarm_or_404,
    unit_or_404,
)
from ward_hub.displays.deps import units_for
from ward_hub.displays.pages import NO_STORE
from ward_hub.displays.screens import Screens
from ward_hub.displays.wire import encode
from ward_hub.log import get_log

router = APIRouter(prefix="/api/v1")
log = get_log("displays")


def json_answer(document: object) -> Response:
    """A JSON answer no cache may keep."""
    return Response(encode(document), headers=NO_STORE, media_type="application/json")


@router.get("/units")
async def units(screens: TheScreens, session: SignedInSession) -> Response:
    """The units you may watch."""
    return json_answer(units_for(session.person, screens.deps.live.ward()))


@router.get("/beds")
async def beds(screens: TheScreens, session: SignedInSession, unit: str | None = None) -> Response:
    """Every bed you may watch, or those of one unit, as on the station."""
    return json_answer(list(_views(screens, session, unit)))


@router.get("/alarms")
async def alarms(
    screens: TheScreens, session: SignedInSession, unit: str | None = None
) -> Response:
    """The open alarms of a unit, or of all your units; within a bed the worst first."""
    found = [alarm for view in _views(screens, session, unit) for alarm in view.alarms]
    return json_answer(sorted(found, key=_urgency))


@router.post("/alarms/{alarm}/ack")
async def acknowledge(screens: TheScreens, session: ChangeSession, alarm: str) -> Response:
    """Take over an alarm. The answer comes when the acknowledgement is safely on disk."""
    view = alarm_or_404(screens, session, alarm)
    if not session.person.may_acknowledge(UnitId(view.unit)):
        raise HTTPException(403, "Your account cannot take alarms of this unit.")
    now = screens.deps.clock.now()
    result = await screens.deps.live.acknowledge(AlarmId(alarm), session.person, now)
    if isinstance(result, Refused):
        raise HTTPException(409, result.reason)
    log.info("alarm acknowledged", alarm=alarm, staff=session.person.id, rule=result.rule)
    return json_answer(result)


def _views(screens: Screens, session: Session, unit: str | None) -> Iterator[BedView]:
    ward, now = screens.deps.live.ward(), screens.deps.clock.now()
    if unit is None:
        chosen = [each["id"] for each in units_for(session.person, ward)]
    else:
        chosen = [unit_or_404(screens, session, unit).id]
    for each in chosen:
        for bed in ward.beds_of(UnitId(each)):
            view = screens.deps.live.bed_view(bed.id, now)
            if view is not None and view.unit == each:
                yield view


_PRIORITIES = {"high": 0, "medium": 1, "low": 2}


def _urgency(alarm: AlarmView) -> tuple[bool, int, str]:
    return (
        alarm.state == "acknowledged",
        _PRIORITIES.get(alarm.priority, 3),
        alarm.began_at.isoformat(),
    )
