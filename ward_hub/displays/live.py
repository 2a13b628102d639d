"""The streams of the staff pages: a unit, or one stay.

The right to look is asked when the stream opens and again whenever bytes are about to leave
(`fanout.Fanout.take`), from the session as it was last verified.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ward_hub.core.ids import UnitId
from ward_hub.core.people import Session
from ward_hub.displays.access import SignedInSession, TheScreens, stay_or_404, unit_or_404
from ward_hub.displays.screens import Screens
from ward_hub.displays.streams import EventStream
from ward_hub.displays.viewers import Audience

router = APIRouter(prefix="/stream")


@router.get("/units/{unit}")
async def unit_stream(screens: TheScreens, session: SignedInSession, unit: str) -> Response:
    """Everything the station of a unit shows, live (server-sent events)."""
    shown = unit_or_404(screens, session, unit)
    return _stream(screens, session, Audience(shown.id))


@router.get("/stays/{stay}")
async def stay_stream(screens: TheScreens, session: SignedInSession, stay: int) -> Response:
    """One stay, live, until the patient leaves the bed (server-sent events)."""
    found, bed = stay_or_404(screens, session, stay)
    if not found.is_on_bed(screens.deps.clock.now()):
        raise HTTPException(404)
    return _stream(screens, session, Audience(bed.unit, bed.id, found.id))


class _StreamAnswer(Response):
    """Lets a route answer with an ASGI application of its own."""

    def __init__(self, stream: ASGIApp) -> None:
        super().__init__(media_type="text/event-stream")
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._stream(scope, receive, send)


def _stream(screens: Screens, session: Session, audience: Audience) -> Response:
    if not screens.sessions.may_stream(session.key):
        raise HTTPException(429, "Too many live pages are open in this browser.")
    stream = EventStream(
        screens.fanout,
        audience,
        _still_may(screens, session.key, audience.unit),
        send_timeout_s=screens.deps.settings.send_timeout_s,
        opened=lambda: screens.sessions.stream_opened(session.key),
        closed=lambda: screens.sessions.stream_closed(session.key),
    )
    return _StreamAnswer(stream)


def _still_may(screens: Screens, key: str, unit: UnitId) -> Callable[[], bool]:
    def may() -> bool:
        session = screens.sessions.held(key)
        return session is not None and session.person.may_watch(unit)

    return may
