"""What can be done to registered devices, as values: the orders, and what comes of them.

A device is on one bed at a time, and a bed has one monitor; each time on a bed is kept with its
exact moments. Suspended, a device keeps its bed and its name and is not listened to. Retired, it is
suspended for good, without credentials or bed, and its history stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol

from ward_hub.core.audit import Act
from ward_hub.core.ids import BedId, DeviceId
from ward_hub.core.people import Refused

KINDS: Final = ("monitor", "camera", "screen", "gateway")


@dataclass(frozen=True, slots=True)
class DeviceDetails:
    """What an engineer keeps of a device. `kind` is one of `KINDS` and never changes."""

    id: DeviceId
    kind: str = "monitor"
    model: str = ""
    serial: str = ""
    udi: str = ""
    owner: str = ""
    calibrated_on: date | None = None
    calibration_due: date | None = None
    maintained_on: date | None = None
    maintenance_due: date | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """A new device, with credentials of its own; on a bed at once if one is named."""

    details: DeviceDetails
    bed: BedId | None = None


@dataclass(frozen=True, slots=True)
class Correct:
    """Some details are different. Names are those of `DeviceDetails`, without id and kind."""

    device: DeviceId
    changes: Mapping[str, str | date | None]


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """The device gets a new password; the old one is worth nothing from now on."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Assign:
    """A device is put on a bed, wherever it was. `replace` takes the monitor there off the bed."""

    device: DeviceId
    bed: BedId
    at: datetime | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Unassign:
    """A device is taken off its bed."""

    device: DeviceId
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suspend:
    """A device is not listened to until it is resumed."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Resume:
    """A suspended device is listened to again."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Retire:
    """A device is done with."""

    device: DeviceId


DeviceOrder = Register | Correct | NewCredentials | Assign | Unassign | Suspend | Resume | Retire


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """What was done. `password` is told once and kept nowhere; `rows` as in `StayChange`."""

    device: DeviceId
    password: str | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class RowFault:
    """Something in a CSV file that cannot be used. `line` counts from 1, the header's."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class DevicesImported:
    """What a CSV file did, or would do. `passwords` are told once, by device."""

    added: tuple[DeviceId, ...]
    changed: tuple[DeviceId, ...]
    moved: tuple[DeviceId, ...]
    unchanged: int
    passwords: dict[DeviceId, str] = field(default_factory=dict)


class DeviceRegistry(Protocol):
    """Who does it. Rights are the caller's business; raises psycopg.OperationalError when away."""

    async def carry_out(self, order: DeviceOrder, act: Act) -> DeviceChange | Refused:
        """Do it in one transaction, or refuse with a reason of `WHY_NOT`; both are audited."""
        ...

    async def describe(self, device: DeviceId) -> dict[str, object] | None:
        """Everything kept of a device, with the beds it was on, newest first."""
        ...

    async def export_csv(self) -> str:
        """Every device that is not retired, in the form `import_csv` reads."""
        ...

    async def import_csv(
        self, text: str, act: Act, *, dry_run: bool
    ) -> DevicesImported | list[RowFault]:
        """Bring the registry to what the file says, in one transaction; or all its faults."""
        ...


WHY_NOT: Final = {
    "no_such_device": "There is no such device.",
    "no_such_bed": "There is no such bed.",
    "id_taken": "A device with this id is registered already.",
    "udi_taken": "A device with this UDI is registered already.",
    "retired": "The device is retired.",
    "already_there": "The device is on that bed already.",
    "on_no_bed": "The device is on no bed.",
    "bed_has_monitor": "Another monitor is on that bed.",
    "bed_had_monitor": "Another monitor was on that bed at that time.",
    "in_the_future": "The time is in the future.",
    "too_long_ago": "The time is too long ago.",
    "before_the_last_change": "The device was moved later than this time.",
    "already_suspended": "The device is suspended already.",
    "not_suspended": "The device is not suspended.",
    "changed_since": "Something has changed meanwhile. Try again.",
}
"""Every reason an order is refused for, with a sentence for people."""
