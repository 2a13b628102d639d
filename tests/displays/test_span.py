"""From when to when: what may be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from ward_hub.displays.history import Window
from ward_hub.displays.span import Asked, span_or_422

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def span(from_at: datetime | None, to_at: datetime | None) -> Window:
    return span_or_422(Asked(from_at, to_at), NOW, usual=HOUR, longest=DAY)


def test_what_is_left_out_is_the_last_hour() -> None:
    assert span(None, None) == Window(NOW - HOUR, NOW)
    assert span(None, NOW - DAY) == Window(NOW - DAY - HOUR, NOW - DAY)
    assert span(NOW - DAY, None) == Window(NOW - DAY, NOW)


def test_times_are_turned_into_utc() -> None:
    hanoi = timezone(timedelta(hours=7))
    assert span(NOW.astimezone(hanoi) - HOUR, NOW.astimezone(hanoi)) == Window(NOW - HOUR, NOW)


@pytest.mark.parametrize(
    ("from_at", "to_at"),
    [
        (NOW, NOW),
        (NOW, NOW - HOUR),
        (NOW - DAY - timedelta(microseconds=1), NOW),
        (datetime.min.replace(tzinfo=UTC), NOW),
        (None, datetime.min.replace(tzinfo=UTC)),
        (datetime.min.replace(tzinfo=timezone(DAY - HOUR)), None),
        (NOW, datetime.max.replace(tzinfo=timezone(-HOUR))),
    ],
)
def test_what_cannot_be_is_refused(from_at: datetime | None, to_at: datetime | None) -> None:
    with pytest.raises(HTTPException) as refused:
        span(from_at, to_at)
    assert refused.value.status_code == 422


@given(
    st.datetimes(timezones=st.timezones()) | st.none(),
    st.datetimes(timezones=st.timezones()) | st.none(),
)
def test_a_span_is_short_and_forward_whatever_is_asked(
    from_at: datetime | None, to_at: datetime | None
) -> None:
    found = span_or_none(from_at, to_at)
    if found is not None:
        assert timedelta(0) < found.to_at - found.from_at <= DAY
        assert found.to_at.tzinfo is UTC


def span_or_none(from_at: datetime | None, to_at: datetime | None) -> Window | None:
    try:
        return span(from_at, to_at)
    except HTTPException:
        return None
