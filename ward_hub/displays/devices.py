"""The devices for those who look after them: links, refused messages, gaps. Never a patient.

The first bytes of a refused message come from outside and may hold anything; they are given as
hexadecimal, and the page that shows them decides what is printable.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException
from psycopg.rows import dict_row
from starlette.responses import Response

from ward_hub import pg
from ward_hub.core.people import Session
from ward_hub.displays.access import SignedInSession, TheScreens
from ward_hub.displays.api import json_answer
from ward_hub.displays.screens import Screens
from ward_hub.displays.wire import time_text

router = APIRouter(prefix="/api/v1/devices")

GAPS_OF: Final = timedelta(hours=24)
"""Gaps are counted over the last day."""


async def _may_see_devices(session: SignedInSession) -> Session:
    if not session.person.may_see_devices():
        raise HTTPException(403, "Devices are for engineers and administrators.")
    return session


Engineer = Annotated[Session, Depends(_may_see_devices)]


@router.get("")
async def devices(screens: TheScreens, _: Engineer) -> Response:
    """Every device: state of its link, refused messages by reason, gaps of the last 24 hours."""
    since = screens.deps.clock.now() - GAPS_OF
    return json_answer([_timed(row) for row in await _rows(screens, "devices", {"since": since})])


@router.get("/{device}/rejects")
async def rejects(screens: TheScreens, _: Engineer, device: str) -> Response:
    """What was refused of one device, by reason, with the newest example of each."""
    rows = await _rows(screens, "rejects", {"device": device})
    return json_answer([_timed(row) | {"first_bytes": row["first_bytes"].hex()} for row in rows])


async def _rows(screens: Screens, name: str, values: dict[str, object]) -> list[dict[str, Any]]:
    async with screens.deps.pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(pg.query(f"displays_{name}"), values)
        return await cursor.fetchall()


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its times as the pages' contract writes them."""
    return {
        name: time_text(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
