"""Who is where: units, beds, stays and devices, as one immutable picture of the ward.

The picture answers the question everything stands on: *whose* sample is this? It is made anew
from the registry after every change and swapped in whole, so a reader never sees half a transfer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from ward_hub.core.ids import BedId, DeviceId, StaffId, StayId, UnitId


@dataclass(frozen=True, slots=True)
class Unit:
    """A ward unit."""

    id: UnitId
    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Bed:
    """A bed of a unit; `label` is what the door says (`06`)."""

    id: BedId
    unit: UnitId
    label: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Stay:
    """A patient on a bed. `name` is the full name; screens shorten it by the unit's setting.

    A stay that was transferred has one of these for each bed: `from_at` until `to_at` is the time
    on this one. None there means since admission, and until discharge.
    """

    id: StayId
    bed: BedId
    name: str
    birth_date: date | None
    sex: str
    record_number: str
    admitted_at: datetime
    discharged_at: datetime | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None

    @property
    def begins_at(self) -> datetime:
        """Since when the stay has held this bed."""
        return self.from_at or self.admitted_at

    def is_on_bed(self, at: datetime) -> bool:
        """Whether the stay holds its bed at `at`; the moment it leaves is already outside."""
        left_at = self.to_at or self.discharged_at
        return self.begins_at <= at and not (left_at is not None and at >= left_at)


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device; `kind` is monitor, camera, screen or gateway."""

    id: DeviceId
    kind: str
    model: str = ""
    serial: str = ""
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """A device on a bed from `from_at` until `to_at` (None: still there)."""

    device: DeviceId
    bed: BedId
    from_at: datetime
    to_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the device was on the bed at `at`."""
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


@dataclass(frozen=True, slots=True)
class WardMap:
    """The whole picture. `stays` and `assignments` hold recent history, newest first.

    `staff_names` tells screens who acknowledged an alarm; records hold identifiers only.
    """

    units: dict[UnitId, Unit] = field(default_factory=dict)
    beds: dict[BedId, Bed] = field(default_factory=dict)
    devices: dict[DeviceId, Device] = field(default_factory=dict)
    stays: dict[BedId, tuple[Stay, ...]] = field(default_factory=dict)
    assignments: dict[DeviceId, tuple[Assignment, ...]] = field(default_factory=dict)
    staff_names: dict[StaffId, str] = field(default_factory=dict)

    def bed_of(self, device: DeviceId, at: datetime) -> BedId | None:
        """The bed the device was on at `at`, or None when it was on no bed."""
        for assignment in self.assignments.get(device, ()):
            if assignment.covers(at):
                return assignment.bed
        return None

    def stay_on(self, bed: BedId, at: datetime) -> Stay | None:
        """The stay that held the bed at `at`, or None when it was empty."""
        for stay in self.stays.get(bed, ()):
            if stay.is_on_bed(at):
                return stay
        return None

    def stay(self, stay: StayId) -> Stay | None:
        """A stay on the bed it holds, or held last."""
        on_beds = (each for stays in self.stays.values() for each in stays if each.id == stay)
        return max(on_beds, key=lambda each: (each.begins_at, each.to_at is None), default=None)

    def monitor_on(self, bed: BedId, at: datetime) -> DeviceId | None:
        """The monitor that was on the bed at `at`, or None."""
        for device, held in self.assignments.items():
            if self.devices[device].kind != "monitor":
                continue
            if any(a.bed == bed and a.covers(at) for a in held):
                return device
        return None

    def beds_of(self, unit: UnitId) -> tuple[Bed, ...]:
        """The unit's beds in the order of the corridor."""
        held = (bed for bed in self.beds.values() if bed.unit == unit)
        return tuple(sorted(held, key=lambda bed: (bed.position, bed.label)))
