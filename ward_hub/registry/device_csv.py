"""Devices as CSV: reading with every fault named, writing so that reading gives the same.

The first line names the columns; `id` must be among them. A column left out says nothing about its
detail, an empty field in one that is there empties it; only `kind` (monitor) and `bed` (wherever
it is) are left as they are when empty. A field that a spreadsheet would take for a formula is
written with an apostrophe before it, which reading takes off again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ward_hub.core.devices import KINDS, RowFault
from ward_hub.core.ids import DeviceId, is_device_id

COLUMNS: Final = (
    "id",
    "kind",
    "model",
    "serial",
    "udi",
    "owner",
    "calibrated_on",
    "calibration_due",
    "maintained_on",
    "maintenance_due",
    "bed",
    "notes",
)
_DATES: Final = frozenset({"calibrated_on", "calibration_due", "maintained_on", "maintenance_due"})
_LONGEST: Final = {"notes": 2000, "udi": 256}
_LONGEST_OTHER: Final = 120
_MOST_ROWS: Final = 5000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One line of the file. `details` holds the columns that were there, id and bed left out."""

    line: int
    id: DeviceId
    kind: str | None
    bed: str | None
    details: Mapping[str, str | date | None]


def parse_devices(text: str) -> tuple[list[DeviceRow], list[RowFault]]:
    """The rows that can be used, and every fault of the others."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    rows: list[DeviceRow] = []
    faults: list[RowFault] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        faults += _header_faults(header)
        if faults:
            return [], faults
        for fields in reader:
            if any(field.strip() for field in fields):
                read = _row(reader.line_num, header, fields)
                rows.extend(each for each in read if isinstance(each, DeviceRow))
                faults.extend(each for each in read if isinstance(each, RowFault))
    except csv.Error as error:
        faults.append(RowFault(reader.line_num, "line", str(error)))
    if len(rows) > _MOST_ROWS:
        faults.append(RowFault(rows[_MOST_ROWS].line, "line", f"more than {_MOST_ROWS} devices"))
    return rows, faults


def _header_faults(header: list[str]) -> list[RowFault]:
    unknown = [name for name in header if name not in COLUMNS]
    faults = [RowFault(1, name or "(no name)", "no such column") for name in unknown]
    twice = {name for name in header if header.count(name) > 1} - set(unknown)
    faults += [RowFault(1, name, "the column is there twice") for name in sorted(twice)]
    if "id" not in header:
        faults.append(RowFault(1, "id", "the column is missing"))
    return faults


def _row(line: int, header: list[str], fields: list[str]) -> list[DeviceRow | RowFault]:
    if len(fields) != len(header):
        return [RowFault(line, "line", f"{len(fields)} fields instead of {len(header)}")]
    given = {name: _plain(field) for name, field in zip(header, fields, strict=True)}
    faults: list[DeviceRow | RowFault] = [
        RowFault(line, name, reason)
        for name, value in given.items()
        if (reason := _wrong(name, value))
    ]
    if faults:
        return faults
    details = {
        name: _date(value) if name in _DATES else value
        for name, value in given.items()
        if name not in {"id", "kind", "bed"}
    }
    kind, bed = given.get("kind") or None, given.get("bed") or None
    return [DeviceRow(line, DeviceId(given["id"]), kind, bed, details)]


def _wrong(name: str, value: str) -> str:
    """Why a field cannot be used; empty when it can."""
    if not value.isprintable() and name != "notes":
        return "characters that cannot be shown"
    if "\x00" in value:
        return "characters that cannot be shown"
    if len(value) > _LONGEST.get(name, _LONGEST_OTHER):
        return "too long"
    match name:
        case "id":
            return "" if is_device_id(value) else "not a device id: 3 to 32 of a-z, 0-9 and dash"
        case "kind":
            return "" if value in {*KINDS, ""} else f"not one of {', '.join(KINDS)}"
        case _ if name in _DATES and value and _date(value) is None:
            return "not a date as 2026-11-22"
        case _:
            return ""


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _plain(field: str) -> str:
    text = field.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def write_devices(rows: Iterable[Mapping[str, Any]]) -> str:
    """The file, one line a device."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_field(row[name]) for name in COLUMNS])
    return out.getvalue()


def _field(value: object) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
