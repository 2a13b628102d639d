"""Puts a ward file into the registry, in one transaction, as often as you like.

The file adds and corrects; it takes nothing away. A second import of the same file changes nothing
and makes up no new passwords. A patient named on another bed than before is transferred, another
patient on an occupied bed replaces the one who was there, a monitor named at another bed is moved:
each is ended and begun at the moment of the import, never rewritten.

Passwords made up here are returned once and stored only as hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from ward_hub.core.audit import AuditEntry
from ward_hub.registry.audit import append_now
from ward_hub.registry.broker_accounts import (
    hash_device_password,
    new_device_password,
    verify_device_password,
)
from ward_hub.registry.passwords import Passwords, first_password
from ward_hub.registry.ward_file import DeviceEntry, StaffEntry, StayEntry, WardFile

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Imported:
    """The passwords that were made up: by device id, and by login. Tell them once."""

    devices: dict[str, str] = field(default_factory=dict)
    staff: dict[str, str] = field(default_factory=dict)


def import_ward(
    connection: Connection, ward: WardFile, now: datetime, passwords: Passwords
) -> Imported:
    """Bring the registry to what the file says. Raises psycopg.Error and then changes nothing."""
    made = Imported()
    with connection.transaction():
        _units_and_beds(connection, ward)
        for stay in ward.stays:
            _stay(connection, stay, now)
        for device in ward.devices:
            _device(connection, device, now, made)
        for person in ward.staff:
            _person(connection, person, passwords, made)
        append_now(connection, [_entry(ward, now)])
    return made


def _entry(ward: WardFile, now: datetime) -> AuditEntry:
    counts = {
        "beds": len(ward.beds),
        "stays": len(ward.stays),
        "devices": len(ward.devices),
        "staff": len(ward.staff),
    }
    return AuditEntry(now, "ward import", "ward.import", "ward:file", detail=counts)


def _units_and_beds(connection: Connection, ward: WardFile) -> None:
    for position, unit in enumerate(ward.units):
        connection.execute(
            "INSERT INTO unit (id, name, position) VALUES (%s, %s, %s) ON CONFLICT (id)"
            " DO UPDATE SET name = excluded.name, position = excluded.position",
            (unit.id, unit.name, position),
        )
    for position, bed in enumerate(ward.beds):
        connection.execute(
            "INSERT INTO bed (id, unit_id, label, position) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET unit_id = excluded.unit_id,"
            " label = excluded.label, position = excluded.position",
            (bed.id, bed.unit, bed.label, position),
        )


def _stay(connection: Connection, stay: StayEntry, now: datetime) -> None:
    patient = _patient(connection, stay)
    ended = connection.execute(
        # Whoever else is on this bed, and wherever else this patient is.
        "UPDATE stay SET discharged_at = greatest(%(now)s, admitted_at)"
        " WHERE discharged_at IS NULL AND (bed_id = %(bed)s) <> (patient_id = %(patient)s)",
        {"now": now, "bed": stay.bed, "patient": patient},
    ).rowcount
    admitted_at = now if ended or stay.admitted_at is None else min(stay.admitted_at, now)
    connection.execute(
        # Not before the last patient left the bed, nor before this patient left another.
        "INSERT INTO stay (patient_id, bed_id, admitted_at) SELECT %(patient)s, %(bed)s,"
        " greatest(%(at)s, (SELECT max(to_at) FROM stay_bed WHERE bed_id = %(bed)s),"
        " (SELECT max(discharged_at) FROM stay WHERE patient_id = %(patient)s))"
        " WHERE NOT EXISTS (SELECT FROM stay WHERE bed_id = %(bed)s AND discharged_at IS NULL)",
        {"patient": patient, "bed": stay.bed, "at": admitted_at},
    )


def _patient(connection: Connection, stay: StayEntry) -> int:
    row = connection.execute(
        "INSERT INTO patient (full_name, birth_date, sex, record_number) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (record_number) DO UPDATE SET full_name = excluded.full_name,"
        " birth_date = excluded.birth_date, sex = excluded.sex RETURNING id",
        (stay.name, stay.birth_date, stay.sex, stay.record_number),
    ).fetchone()
    return _only(row)


def _device(connection: Connection, device: DeviceEntry, now: datetime, made: Imported) -> None:
    row = connection.execute(
        "INSERT INTO device (id, kind, model, serial) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, model = excluded.model,"
        " serial = excluded.serial RETURNING key, password_hash",
        (device.id, device.kind, device.model, device.serial),
    ).fetchone()
    key, stored = row or (0, None)
    password = _device_password(device, stored, made)
    if password is not None:
        connection.execute(
            "UPDATE device SET password_hash = %s WHERE key = %s",
            (hash_device_password(password), key),
        )
    if device.bed is not None:
        _assign(connection, key, device, now)


def _device_password(device: DeviceEntry, stored: str | None, made: Imported) -> str | None:
    """The password to store now; None when the stored one stays."""
    if device.password is not None:
        known = verify_device_password(device.password, stored)
        return None if known else device.password
    if stored is not None:
        return None
    made.devices[device.id] = new_device_password()
    return made.devices[device.id]


def _assign(connection: Connection, key: int, device: DeviceEntry, now: datetime) -> None:
    values = {"key": key, "kind": device.kind, "bed": device.bed, "now": now}
    connection.execute(
        # This device wherever else it is, and, for a monitor, the one that stands here.
        "UPDATE assignment SET to_at = greatest(%(now)s, from_at) WHERE to_at IS NULL"
        " AND ((device_key = %(key)s AND bed_id <> %(bed)s) OR (device_key <> %(key)s"
        " AND bed_id = %(bed)s AND device_kind = 'monitor' AND %(kind)s = 'monitor'))",
        values,
    )
    connection.execute(
        "INSERT INTO assignment (device_key, device_kind, bed_id, from_at)"
        " SELECT %(key)s, %(kind)s, %(bed)s, %(now)s WHERE NOT EXISTS ("
        " SELECT FROM assignment WHERE device_key = %(key)s AND to_at IS NULL)",
        values,
    )


def _person(
    connection: Connection, person: StaffEntry, passwords: Passwords, made: Imported
) -> None:
    row = connection.execute(
        "SELECT password_hash FROM staff WHERE login = %s", (person.login,)
    ).fetchone()
    stored = _staff_hash(person, row[0] if row else None, passwords, made)
    staff = _only(
        connection.execute(
            "INSERT INTO staff (login, full_name, role, password_hash, language)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (login) DO UPDATE"
            " SET full_name = excluded.full_name, role = excluded.role,"
            " password_hash = excluded.password_hash RETURNING id",
            (person.login, person.name, person.role.value, stored, person.language),
        ).fetchone()
    )
    connection.execute("DELETE FROM staff_unit WHERE staff_id = %s", (staff,))
    for unit in person.units:
        connection.execute(
            "INSERT INTO staff_unit (staff_id, unit_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (staff, unit),
        )


def _staff_hash(
    person: StaffEntry, stored: str | None, passwords: Passwords, made: Imported
) -> str:
    """The hash to store: the present one while it still fits, or that of a new password."""
    if stored is not None and (person.password is None or passwords.fits(person.password, stored)):
        return stored
    if person.password is not None:
        return passwords.hash(person.password)
    made.staff[person.login] = first_password()
    return passwords.hash(made.staff[person.login])


def _only(row: tuple[Any, ...] | None) -> int:
    assert row is not None  # noqa: S101 - INSERT … RETURNING gives a row
    return int(row[0])
