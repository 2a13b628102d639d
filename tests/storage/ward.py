"""A small ward for storage tests: devices in the registry, and records as they would send them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.core.records import AlarmRecord, GapRecord, LinkRecord, RejectRecord, VitalRecord
from ward_hub.core.records import WaveRecord as Wave

MONITOR = DeviceId("mon-0001")
STAY = StayId(7)
BED = BedId("noi-3-06")
START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic_s(self) -> float:
        return self.time.timestamp()


def register(dsn: str, *devices: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.cursor().executemany(
            "INSERT INTO device (id, kind) VALUES (%s, 'monitor')",
            [(device,) for device in devices or (MONITOR,)],
        )


def fetch(dsn: str, text: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(text.encode(), parameters).fetchall()


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def vital(
    seq: int,
    values: Mapping[str, float | None] | None = None,
    *,
    device: DeviceId = MONITOR,
    stay: StayId | None = STAY,
    at: datetime | None = None,
    device_at: datetime | None = None,
    **more: Any,
) -> VitalRecord:
    """The sample number `seq`, one a second from START unless `at` says otherwise."""
    moment = at or later(seq)
    said = device_at or moment
    more.setdefault("received_at", moment)
    given: dict[str, float | None] = {"hr": 78.0, "temp": 36.8}
    if values is not None:
        given = dict(values)
    return VitalRecord(device, stay, seq, moment, said, values=given, **more)


def wave(seq: int, data: bytes = bytes(500), *, channel: str = "ecg_ii", **more: Any) -> Wave:
    fields: dict[str, Any] = {"device": MONITOR, "stay": STAY, "at": later(seq)} | more
    return Wave(
        seq=seq, channel=channel, rate_hz=250.0, scale=0.005, unit="mV", data=data, **fields
    )


_ALARM = functools.partial(
    AlarmRecord,
    bed=BED,
    stay=STAY,
    device=MONITOR,
    rule="hr-high",
    kind="physiological",
    priority="medium",
    message="HR 131 > 130",
    value=131.0,
    limit=130.0,
    began_at=START,
    raised_at=None,
    ended_at=None,
    past=False,
    by=None,
    until=None,
    detail={"name": "hr"},
    engine=b"\x81\x00",
)


def alarm(number: str, event: str, state: str, at: datetime, **more: Any) -> AlarmRecord:
    return _ALARM(alarm=number, event=event, state=state, at=at, **more)


def reject(at: datetime, count: int = 1, **more: Any) -> RejectRecord:
    fields: dict[str, Any] = {
        "device": MONITOR,
        "reason": "not_json",
        "topic": f"ward/v1/{MONITOR}/vitals",
        "detail": "",
        "first_bytes": b"{",
    } | more
    return RejectRecord(count=count, at=at, **fields)


def gap(first: int, last: int, missing: int, **more: Any) -> GapRecord:
    fields: dict[str, Any] = {"from_at": later(first - 1), "to_at": later(last + 1)} | more
    return GapRecord(MONITOR, STAY, "vitals", first, last, missing, **fields)


def link(at: datetime, state: str, **more: Any) -> LinkRecord:
    return LinkRecord(MONITOR, at, state, **more)
