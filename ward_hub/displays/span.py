"""From when to when: the part of a stay somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import HTTPException, Query
from pydantic import AwareDatetime

From = Annotated[AwareDatetime | None, Query(alias="from", description="RFC 3339 with offset")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="RFC 3339 with offset")]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; `to_at` is not part of it."""

    from_at: datetime
    to_at: datetime


def span_or_422(
    from_at: datetime | None,
    to_at: datetime | None,
    now: datetime,
    *,
    usual: timedelta,
    longest: timedelta,
) -> Span:
    """What was asked for: without an end until now, without a start for the usual time."""
    try:
        end = to_at.astimezone(UTC) if to_at else now
        start = from_at.astimezone(UTC) if from_at else end - usual
        too_long = end - start > longest
    except OverflowError as error:
        raise HTTPException(422, "That is outside of all calendars.") from error
    if start >= end or too_long:
        raise HTTPException(422, f"`from` must be before `to`, at most {longest} before it.")
    return Span(start, end)
