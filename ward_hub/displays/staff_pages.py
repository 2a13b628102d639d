"""The pages of the staff: start, station of a unit, one bed, about."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ward_hub.core.people import Session
from ward_hub.core.station_view import BedView, age_years, short_name
from ward_hub.core.ward import Stay
from ward_hub.displays.access import (
    SignedInSession,
    TheScreens,
    bed_or_404,
    session_or_none,
    unit_or_404,
)
from ward_hub.displays.deps import units_for
from ward_hub.displays.pages import error_page, gettext_of, render
from ward_hub.displays.screens import Screens
from ward_hub.displays.strings import page_strings
from ward_hub.displays.wire import time_text

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request, screens: TheScreens, session: SignedInSession) -> Response:
    """Go to the first unit of the person."""
    units = units_for(session.person, screens.deps.live.ward())
    if not units:
        return await error_page(request, 403, {})
    return RedirectResponse(f"/units/{units[0]['id']}", 303)


@router.get("/units/{unit}")
async def station(
    request: Request, screens: TheScreens, session: SignedInSession, unit: str
) -> Response:
    """The station: every bed of a unit."""
    shown = unit_or_404(screens, session, unit)
    now = screens.deps.clock.now()
    views = (
        screens.deps.live.bed_view(bed.id, now)
        for bed in screens.deps.live.ward().beds_of(shown.id)
    )
    return render(
        request,
        "station.html",
        session,
        unit={"id": shown.id, "name": shown.name},
        beds=[_identity(view) for view in views if view is not None],
        strings=page_strings(gettext_of(request, session)),
    )


def _identity(view: BedView) -> dict[str, object]:
    """Who lies where and on which monitor, without a single number."""
    blank = msgspec.structs.replace(view, values={}, alarms=[], last_at=None, live=False)
    named: dict[str, object] = msgspec.to_builtins(blank)
    return named


@router.get("/beds/{bed}")
async def bed_page(
    request: Request, screens: TheScreens, session: SignedInSession, bed: str
) -> Response:
    """One bed with its trends."""
    shown = bed_or_404(screens, session, bed)
    ward = screens.deps.live.ward()
    stay = ward.stay_on(shown.id, screens.deps.clock.now())
    return render(
        request,
        "bed.html",
        session,
        bed={
            "id": shown.id,
            "label": shown.label,
            "unit_id": shown.unit,
            "unit_name": ward.units[shown.unit].name,
        },
        stay=_stay(screens, stay) if stay else None,
        strings=page_strings(gettext_of(request, session)),
    )


def _stay(screens: Screens, stay: Stay) -> dict[str, object]:
    today = screens.deps.clock.now().date()
    full = screens.deps.settings.full_names
    return {
        "id": stay.id,
        "name": stay.name if full else short_name(stay.name),
        "age": age_years(stay.birth_date, today) if stay.birth_date else None,
        "sex": stay.sex,
        "record_number": stay.record_number if full else "",
        "admitted_at": time_text(stay.admitted_at),
    }


@router.get("/about")
async def about(request: Request, screens: TheScreens) -> Response:
    """What the hub is and is not; open to everybody."""
    session: Session | None = await session_or_none(request, screens)
    return render(request, "about.html", session)
