"""The past of one stay: trends, alarms, stored waveforms.

Whose a row is was decided when it was written, so a stay never shows what was measured on the
same bed before or after it. Who may ask is decided here, by the unit of the stay's bed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from ward_hub import pg
from ward_hub.core.rules import MONITOR_PREFIX
from ward_hub.core.station_view import AlarmView, short_name
from ward_hub.core.vitals import VITALS
from ward_hub.core.ward import Bed, Stay
from ward_hub.displays.access import SignedInSession, TheScreens, stay_or_404
from ward_hub.displays.api import json_answer
from ward_hub.displays.history import History, PastAlarm, PastEvent, Trend, WavePiece
from ward_hub.displays.screens import Screens
from ward_hub.displays.span import AskedSpan, span_or_422
from ward_hub.displays.wire import epoch_ms

router = APIRouter(prefix="/api/v1/stays/{stay}")

USUAL_TREND: Final = timedelta(hours=6)
LONGEST_TREND: Final = timedelta(days=31)
LONGEST_ALARMS: Final = timedelta(days=366)
USUAL_WAVES: Final = timedelta(minutes=1)
LONGEST_WAVES: Final = timedelta(minutes=15)

Channel = Annotated[str, Query(pattern=r"^[a-z0-9_]{1,32}$", description="such as ecg_ii")]


class PastAlarmView(AlarmView, frozen=True, kw_only=True):
    """An alarm of the past, with all that happened to it. `past`: it was over when it came."""

    past: bool
    events: list[PastEvent]


class LostSpan(msgspec.Struct, frozen=True):
    """Between these moments (ms since 1970) so many of the monitor's messages never arrived."""

    from_ms: int
    to_ms: int
    missing: int


class StayTrend(Trend, frozen=True, kw_only=True):
    """A trend with what is known to be missing from it."""

    lost: list[LostSpan]


@router.get("/vitals")
async def vitals(
    screens: TheScreens,
    session: SignedInSession,
    stay: int,
    asked: AskedSpan,
) -> Response:
    """The vital signs: each sample for half an hour or less, else steps with min, mean, max."""
    found, _ = stay_or_404(screens, session, stay)
    now = screens.deps.clock.now()
    window = span_or_422(asked, now, usual=USUAL_TREND, longest=LONGEST_TREND)
    history = _history(screens)
    trend = await history.trend(found.id, window)
    gaps = await history.gaps_of_stay(found.id, window)
    lost = [
        LostSpan(epoch_ms(gap.from_at), epoch_ms(gap.to_at), gap.missing)
        for gap in gaps
        if gap.kind == "vitals"
    ]
    return json_answer(StayTrend(trend.resolution_s, trend.times, trend.series, lost=lost))


@router.get("/alarms")
async def alarms(
    screens: TheScreens,
    session: SignedInSession,
    stay: int,
    asked: AskedSpan,
) -> Response:
    """The alarms, newest first; without `from`, since admission."""
    found, bed = stay_or_404(screens, session, stay)
    now = screens.deps.clock.now()
    usual = min(max(now - found.admitted_at, timedelta(minutes=1)), LONGEST_ALARMS)
    window = span_or_422(asked, now, usual=usual, longest=LONGEST_ALARMS)
    past = await _history(screens).alarms_of_stay(found.id, window)
    names = await _staff_names(screens, past)
    return json_answer([_past_view(alarm, found, bed, names) for alarm in past])


@router.get("/waves")
async def waves(
    screens: TheScreens,
    session: SignedInSession,
    stay: int,
    channel: Channel,
    asked: AskedSpan,
) -> Response:
    """Stored blocks of one waveform, as on the live stream; `t` is epoch milliseconds."""
    found, _ = stay_or_404(screens, session, stay)
    now = screens.deps.clock.now()
    window = span_or_422(asked, now, usual=USUAL_WAVES, longest=LONGEST_WAVES)
    pieces = await _history(screens).waves(found.id, channel, window)
    return json_answer({"channel": channel, "blocks": [_block(piece) for piece in pieces]})


def _history(screens: Screens) -> History:
    if screens.deps.history is None:
        raise HTTPException(404)
    return screens.deps.history


def _block(piece: WavePiece) -> dict[str, object]:
    return {
        "t": epoch_ms(piece.at),
        "rate": piece.rate_hz,
        "scale": piece.scale,
        "unit": piece.unit,
        "data": base64.b64encode(piece.samples).decode(),
    }


async def _staff_names(screens: Screens, past: list[PastAlarm]) -> dict[str, str]:
    numbers = {event.by for alarm in past for event in alarm.events if event.by}
    if not numbers:
        return {}
    async with screens.deps.pool.connection() as connection:
        named = await connection.execute(
            pg.query("displays_staff_names"), {"numbers": list(numbers)}
        )
        return dict(await named.fetchall())


def _past_view(alarm: PastAlarm, stay: Stay, bed: Bed, names: Mapping[str, str]) -> PastAlarmView:
    vital, _, side = alarm.rule.rpartition("_")
    is_limit = vital in VITALS and side in {"low", "high"}
    return PastAlarmView(
        id=alarm.id,
        bed=alarm.bed,
        label=bed.label,
        unit=bed.unit,
        stay=stay.id,
        patient=short_name(stay.name),
        rule=alarm.rule,
        kind=alarm.kind,
        state=alarm.state,
        priority=alarm.priority,
        vital=vital if is_limit else None,
        side=side if is_limit else None,
        value=alarm.value,
        limit=alarm.limit,
        text=alarm.text if alarm.rule.startswith(MONITOR_PREFIX) else "",
        began_at=alarm.began_at,
        raised_at=alarm.raised_at,
        ended_at=alarm.ended_at,
        by=_named(alarm.by, names),
        until=_until(alarm),
        past=alarm.past,
        events=[_event_named(event, names) for event in alarm.events],
    )


def _until(alarm: PastAlarm) -> datetime | None:
    return alarm.events[-1].until if alarm.events else None


def _named(number: str | None, names: Mapping[str, str]) -> str | None:
    return names.get(number, number) if number else None


def _event_named(event: PastEvent, names: Mapping[str, str]) -> PastEvent:
    return msgspec.structs.replace(event, by=_named(event.by, names))
