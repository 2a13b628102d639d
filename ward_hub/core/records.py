"""What the hub writes down: one struct for each kind of durable row.

A record is complete in itself: it can be committed to the database now, or wait in the spool
while the database is away and be committed later, with the same result. Records of one batch are
committed together, in order, so that an alarm and the sample that caused it can never be torn
apart by a crash. Records carry identifiers, never names of people.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from ward_hub.core.ids import BedId, DeviceId, StayId


class VitalRecord(msgspec.Struct, frozen=True, tag="vital"):
    """One device message of numbers, placed in time and on a stay.

    `at` is the time the sample is filed under; `device_at` what the device said; they differ when
    the device's clock is off (`clock_off`). `values` holds known names only, None for «no reading
    now»; a name left out was not in the message. `unknown` keeps names the hub does not know.
    `measured_at` dates episodic values by group (`nibp`, `temp`); `quality` lists all but `ok`.
    """

    device: DeviceId
    stay: StayId | None
    seq: int
    at: datetime
    device_at: datetime
    received_at: datetime
    values: dict[str, float | None]
    quality: dict[str, str] = {}
    measured_at: dict[str, datetime] = {}
    unknown: dict[str, float | None] = {}
    clock_off: bool = False
    late: bool = False


class WaveRecord(msgspec.Struct, frozen=True, tag="wave"):
    """One block of one waveform channel: little-endian int16 samples × `scale` = `unit`.

    `device_at` is what the device said where that is not believed (its clock is off), else None.
    """

    device: DeviceId
    stay: StayId | None
    seq: int
    at: datetime
    channel: str
    rate_hz: float
    scale: float
    unit: str
    data: bytes
    device_at: datetime | None = None


class AlarmRecord(msgspec.Struct, frozen=True, tag="alarm"):
    """The state of one alarm after something happened to it, and what happened.

    The row of the alarm is replaced, the event is appended. `state` is a value of
    `AlarmState`, `event` of `AlarmEventKind`, `priority` of `Priority`. `engine` holds what the
    engine needs to go on after a restart, as an opaque document.
    """

    alarm: str
    event: str
    at: datetime
    bed: BedId
    stay: StayId | None
    device: DeviceId | None
    rule: str
    kind: str
    state: str
    priority: str
    message: str
    value: float | None
    limit: float | None
    began_at: datetime
    raised_at: datetime | None
    ended_at: datetime | None
    past: bool
    by: str | None
    until: datetime | None
    detail: dict[str, str] = {}
    engine: bytes = b""


class RejectRecord(msgspec.Struct, frozen=True, tag="reject"):
    """Messages refused for one reason: how many since the last record, and the newest of them."""

    device: str
    reason: str
    count: int
    at: datetime
    topic: str
    detail: str
    first_bytes: bytes


class GapRecord(msgspec.Struct, frozen=True, tag="gap"):
    """Sequence numbers `first_seq` to `last_seq` of one device and kind never arrived.

    `from_at` and `to_at` are the times of the messages on either side. `missing` falls to 0 when
    late messages fill the gap; the record with the same first_seq then replaces the earlier one.
    """

    device: DeviceId
    stay: StayId | None
    kind: str
    first_seq: int
    last_seq: int
    missing: int
    from_at: datetime
    to_at: datetime


class LinkRecord(msgspec.Struct, frozen=True, tag="link"):
    """A device became `online`, `offline` or `silent`, or sent a new status document."""

    device: DeviceId
    at: datetime
    state: str
    status: dict[str, str | float | bool | None] = {}
    clock_offset_s: float | None = None


Record = VitalRecord | WaveRecord | AlarmRecord | RejectRecord | GapRecord | LinkRecord
"""Anything the recorder can be given."""
