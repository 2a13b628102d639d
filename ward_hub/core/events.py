"""What happens on the ward, as the features tell it to each other over the bus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ward_hub.core.ids import BedId, DeviceId, StayId, UnitId
from ward_hub.core.sample import DeviceConditions, DeviceStatus, Placed, Sample


@dataclass(frozen=True, slots=True)
class SampleArrived:
    """Numbers from a device that was on `bed` at their time, when `stay` (if any) lay there.

    `clock_off_s` is how far the device's clock is wrong, None while it can be believed.
    """

    bed: BedId
    stay: StayId | None
    sample: Sample
    placed: Placed
    clock_off_s: float | None


@dataclass(frozen=True, slots=True)
class ConditionsArrived:
    """The whole set of conditions that a bed's monitor reports now."""

    bed: BedId
    device: DeviceId
    conditions: DeviceConditions
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StatusArrived:
    """A bed's monitor said that it is connected, or the broker that it no longer is."""

    bed: BedId
    device: DeviceId
    status: DeviceStatus
    received_at: datetime


@dataclass(frozen=True, slots=True)
class BedChanged:
    """Something a screen shows of this bed is different now: a number, an alarm, its freshness."""

    unit: UnitId
    bed: BedId


@dataclass(frozen=True, slots=True)
class AlarmHappened:
    """An alarm of this bed was raised, got worse, was acknowledged, ended, …

    `what` is a value of `AlarmEventKind`; `alarm` is the alarm's id.
    """

    unit: UnitId
    bed: BedId
    alarm: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WavesArrived:
    """A block of live waveform for a bed, as it came: `document` is the encoded `w` object."""

    unit: UnitId
    bed: BedId
    device: DeviceId
    at: datetime
    document: bytes


@dataclass(frozen=True, slots=True)
class WardChanged:
    """Beds, stays, devices or assignments changed; read the new picture."""


@dataclass(frozen=True, slots=True)
class SystemChanged:
    """Recording or the broker link changed state; screens say so."""
