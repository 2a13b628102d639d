"""From when to when: the part of a stay somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Query
from pydantic import AwareDatetime

from ward_hub.displays.history import Window

From = Annotated[AwareDatetime | None, Query(alias="from", description="RFC 3339 with offset")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="RFC 3339 with offset")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for, as they asked."""

    from_at: datetime | None
    to_at: datetime | None


async def _asked(from_at: From = None, to_at: To = None) -> Asked:
    return Asked(from_at, to_at)


AskedSpan = Annotated[Asked, Depends(_asked)]


def span_or_422(asked: Asked, now: datetime, *, usual: timedelta, longest: timedelta) -> Window:
    """What was asked for: without an end until now, without a start for the usual time."""
    try:
        end = asked.to_at.astimezone(UTC) if asked.to_at else now
        start = asked.from_at.astimezone(UTC) if asked.from_at else end - usual
        too_long = end - start > longest
    except OverflowError as error:
        raise HTTPException(422, "That is outside of all calendars.") from error
    if start >= end or too_long:
        raise HTTPException(422, f"`from` must be before `to`, at most {longest} before it.")
    return Window(start, end)
