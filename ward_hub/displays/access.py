"""Who asks, whether the request was really made by our own page, and what they may have.

Every route takes its person from here. A change needs three things: a session, the session's own
token in the request (another site cannot know it), and a browser that says the request comes from
this site. Whatever belongs to another unit does not exist for somebody without rights there.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from ward_hub.core.ids import AlarmId, BedId, StayId, UnitId
from ward_hub.core.people import Session
from ward_hub.core.station_view import AlarmView
from ward_hub.core.ward import Bed, Stay, Unit
from ward_hub.displays.problems import NotSignedInError
from ward_hub.displays.screens import Screens, screens_of
from ward_hub.displays.tokens import same_text


async def _screens(request: Request) -> Screens:
    """A coroutine only because FastAPI would send a plain function through a thread."""
    return screens_of(request)


TheScreens = Annotated[Screens, Depends(_screens)]


async def session_or_none(request: Request, screens: TheScreens) -> Session | None:
    """The session of the request's cookie, if it is good."""
    return await screens.sessions.find(request.cookies.get(screens.cookie))


async def signed_in(session: Annotated[Session | None, Depends(session_or_none)]) -> Session:
    """The session of the request; without one the request ends here."""
    if session is None:
        raise NotSignedInError
    return session


SignedInSession = Annotated[Session, Depends(signed_in)]


async def from_this_site(request: Request) -> None:
    """Refuse what a browser sends on behalf of another site."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = site is not None and site not in {"same-origin", "none"}
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        foreign = True
    if foreign:
        raise HTTPException(403, "The request comes from another site.")


async def may_change(request: Request, session: SignedInSession) -> Session:
    """A session whose own page made this request."""
    await from_this_site(request)
    await check_token(request, session)
    return session


async def check_token(request: Request, session: Session) -> None:
    """Refuse a change without the session's token, in the header or the form."""
    token = request.headers.get("x-csrf-token")
    if token is None and not request.url.path.startswith("/api/"):
        sent = (await request.form()).get("csrf")
        token = sent if isinstance(sent, str) else None
    if token is None or not same_text(token, session.csrf):
        raise HTTPException(403, "The page is too old. Load it again.")


ChangeSession = Annotated[Session, Depends(may_change)]


def unit_or_404(screens: Screens, session: Session, unit: str) -> Unit:
    """A unit this person may watch."""
    found = screens.deps.live.ward().units.get(UnitId(unit))
    if found is None:
        raise HTTPException(404)
    if not session.person.may_watch(found.id):
        raise HTTPException(403, "This unit is not one of yours.")
    return found


def bed_or_404(screens: Screens, session: Session, bed: str) -> Bed:
    """A bed of a unit this person may watch."""
    found = screens.deps.live.ward().beds.get(BedId(bed))
    if found is None:
        raise HTTPException(404)
    unit_or_404(screens, session, found.unit)
    return found


def stay_or_404(screens: Screens, session: Session, stay: int) -> tuple[Stay, Bed]:
    """A stay in a unit this person may watch, with its bed; to others it does not exist.

    After a transfer the whole stay, past included, is the new unit's and no longer the old one's.
    """
    ward = screens.deps.live.ward()
    found = ward.stay(StayId(stay))
    if found is None or not session.person.may_watch(ward.beds[found.bed].unit):
        raise HTTPException(404)
    return found, ward.beds[found.bed]


def alarm_or_404(screens: Screens, session: Session, alarm: str) -> AlarmView:
    """An alarm of a unit this person may watch; to others it does not exist."""
    found = screens.deps.live.alarm(AlarmId(alarm))
    if found is None or not session.person.may_watch(UnitId(found.unit)):
        raise HTTPException(404)
    return found
