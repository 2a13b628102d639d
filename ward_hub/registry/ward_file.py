"""The ward file: a ward written down in TOML, read into values.

    [[unit]]     id, name
    [[bed]]      id, unit, label
    [[stay]]     bed, name, record_number, birth_date, sex, admitted_at
    [[device]]   id, kind, bed, model, serial, password
    [[staff]]    login, name, role, units, language, password

Beds and units keep the order of the file. A password left out is made up at import. Reading never
raises for what the file says: every fault is a value that names the file, the table and the key,
and all faults are found in one go.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from ward_hub.core.ids import DEVICE_ID_PATTERN
from ward_hub.core.people import Role

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Identifier = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Login = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
DeviceName = Annotated[str, Meta(pattern=f"^(?:{DEVICE_ID_PATTERN.pattern})$")]
Password = Annotated[str, Meta(min_length=8, max_length=256)]
Entry = TypeVar("Entry", bound=msgspec.Struct)


class UnitEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ward unit."""

    id: Identifier
    name: Name


class BedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bed; `label` is what the door says."""

    id: Identifier
    unit: Identifier
    label: Name


class StayEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A patient on a bed. Without `admitted_at` the stay begins when the file is imported."""

    bed: Identifier
    name: Name
    record_number: Name
    birth_date: date | None = None
    sex: Literal["F", "M", ""] = ""
    admitted_at: Annotated[datetime, Meta(tz=True)] | None = None


class DeviceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device and the bed it stands at, if any."""

    id: DeviceName
    kind: Literal["monitor", "camera", "screen", "gateway"] = "monitor"
    bed: Identifier | None = None
    model: str = ""
    serial: str = ""
    password: Password | None = None


class StaffEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member of staff; `units` are those they work in."""

    login: Login
    name: Name
    role: Role
    units: tuple[Identifier, ...] = ()
    language: Literal["vi", "fr", "en"] = "vi"
    password: Password | None = None


@dataclass(frozen=True, slots=True)
class WardFile:
    """A ward as its file says it."""

    units: tuple[UnitEntry, ...] = ()
    beds: tuple[BedEntry, ...] = ()
    stays: tuple[StayEntry, ...] = ()
    devices: tuple[DeviceEntry, ...] = ()
    staff: tuple[StaffEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a ward file that cannot be used. `where` is the table and key."""

    file: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.what}"


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "unit": UnitEntry,
    "bed": BedEntry,
    "stay": StayEntry,
    "device": DeviceEntry,
    "staff": StaffEntry,
}


def read_ward_file(path: Path) -> WardFile | list[Fault]:
    """The ward a file describes, or everything that is wrong with it. Raises OSError."""
    return parse_ward(path.read_bytes(), path.name)


def parse_ward(text: bytes, file: str) -> WardFile | list[Fault]:
    """The ward a text describes, or everything that is wrong with it; `file` is for the faults."""
    try:
        document = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return [Fault(file, "file", str(error))]
    unknown = [Fault(file, name, "no such table") for name in document if name not in TABLES]
    reader = _Reader(file, document, unknown)
    ward = WardFile(
        units=reader.entries("unit", UnitEntry),
        beds=reader.entries("bed", BedEntry),
        stays=reader.entries("stay", StayEntry),
        devices=reader.entries("device", DeviceEntry),
        staff=reader.entries("staff", StaffEntry),
    )
    faults = reader.faults or [Fault(file, where, what) for where, what in _contradictions(ward)]
    return faults or ward


class _Reader:
    """Reads tables entry by entry and keeps the faults."""

    def __init__(self, file: str, document: dict[str, Any], faults: list[Fault]) -> None:
        self._file = file
        self._document = document
        self.faults = faults

    def entries(self, table: str, kind: type[Entry]) -> tuple[Entry, ...]:
        given = self._document.get(table, [])
        if not isinstance(given, list):
            self.faults.append(Fault(self._file, table, f"write [[{table}]]"))
            return ()
        read = (self._entry(f"{table}[{n}]", each, kind) for n, each in enumerate(given, 1))
        return tuple(entry for entry in read if entry is not None)

    def _entry(self, where: str, given: object, kind: type[Entry]) -> Entry | None:
        try:
            return msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            what, _, path = str(error).partition(" - at `$")
            self.faults.append(Fault(self._file, where + path.rstrip("`"), what))
            return None


def _contradictions(ward: WardFile) -> Iterator[tuple[str, str]]:
    """What each entry alone cannot show: names used twice, names of nothing."""
    yield from _twice("unit", "id", (unit.id for unit in ward.units))
    yield from _twice("bed", "id", (bed.id for bed in ward.beds))
    yield from _twice("device", "id", (device.id for device in ward.devices))
    yield from _twice("staff", "login", (person.login for person in ward.staff))
    yield from _twice("stay", "bed", (stay.bed for stay in ward.stays))
    yield from _twice("stay", "record_number", (stay.record_number for stay in ward.stays))
    monitors = (d.bed for d in ward.devices if d.bed and d.kind == "monitor")
    yield from _twice("device", "bed", monitors)
    yield from _names_of_nothing(ward)


def _twice(table: str, key: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{table}.{key}", f"{name!r} is there {count} times"


def _names_of_nothing(ward: WardFile) -> Iterator[tuple[str, str]]:
    units, beds = {unit.id for unit in ward.units}, {bed.id for bed in ward.beds}
    named = (
        *((f"bed[{n}].unit", "unit", [bed.unit], units) for n, bed in enumerate(ward.beds, 1)),
        *((f"stay[{n}].bed", "bed", [stay.bed], beds) for n, stay in enumerate(ward.stays, 1)),
        *((f"staff[{n}].units", "unit", one.units, units) for n, one in enumerate(ward.staff, 1)),
        *(
            (f"device[{n}].bed", "bed", [device.bed] if device.bed else [], beds)
            for n, device in enumerate(ward.devices, 1)
        ),
    )
    for where, kind, names, known in named:
        for name in names:
            if name not in known:
                yield where, f"there is no {kind} {name!r}"
