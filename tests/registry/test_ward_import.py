"""The ward file in the database: once, twice, changed; and the picture read back from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from tests.registry.a_ward import NOW, TEXT, quick_passwords, ward
from ward_hub import pg
from ward_hub.core.ids import BedId, DeviceId, UnitId
from ward_hub.core.ward import WardMap
from ward_hub.registry.broker_accounts import load_accounts, verify_device_password
from ward_hub.registry.picture import RECENT, load_ward
from ward_hub.registry.ward_import import Connection, Imported, import_ward

DUNG_BED, ICU_BED = BedId("noi-3-01"), BedId("icu-01")
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def connection(migrated_database: str) -> Iterator[Connection]:
    with pg.connect(migrated_database, "test") as opened:
        opened.autocommit = True
        yield opened


def imported(connection: Connection, text: str = TEXT, hours: int = 0) -> Imported:
    return import_ward(connection, ward(text), NOW + timedelta(hours=hours), quick_passwords())


async def picture(dsn: str, hours: float = 2) -> WardMap:
    async with pg.pool(dsn, "test", max_size=1) as pool:
        return await load_ward(pool, NOW + timedelta(hours=hours))


def everything(connection: Connection) -> list[object]:
    tables = ("unit", "bed", "patient", "stay", "device", "assignment", "staff", "staff_unit")
    return [
        connection.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()
        for table in tables
    ]


async def test_the_ward_of_the_file_is_the_ward_of_the_picture(
    connection: Connection, migrated_database: str
) -> None:
    imported(connection)
    seen = await picture(migrated_database)
    assert [unit.name for unit in sorted(seen.units.values(), key=lambda u: u.position)] == [
        "Khoa Nội 3",
        "Hồi sức",
    ]
    stay = seen.stay_on(DUNG_BED, LATER)
    assert stay is not None
    assert (stay.name, stay.record_number, stay.sex) == ("Phạm Thị Dung", "BN-1", "F")
    assert stay.admitted_at.isoformat() == "2026-11-20T01:00:00+00:00"
    assert seen.stay_on(ICU_BED, LATER) is None
    assert seen.bed_of(DeviceId("mon-01"), LATER) == DUNG_BED
    assert seen.monitor_on(ICU_BED, LATER) == "mon-02"
    assert [bed.id for bed in seen.beds_of(UnitId("icu"))] == [ICU_BED]


def test_made_up_passwords_are_told_once_and_stored_as_hashes(connection: Connection) -> None:
    made = imported(connection)
    assert set(made.devices) == {"mon-01"}
    assert set(made.staff) == {"hoa"}
    accounts = load_accounts(connection)
    assert verify_device_password(made.devices["mon-01"], accounts[DeviceId("mon-01")])
    assert verify_device_password("given-by-hand", accounts[DeviceId("mon-02")])
    stored: dict[str, str] = dict(
        connection.execute("SELECT login, password_hash FROM staff").fetchall()
    )
    assert quick_passwords().fits(made.staff["hoa"], stored["hoa"])
    assert quick_passwords().fits("first-password", stored["an"])
    assert stored["hoa"].startswith("$argon2id$")
    whole = str(everything(connection))
    for secret in (*made.devices.values(), *made.staff.values(), "given-by-hand"):
        assert secret not in whole


def test_a_second_import_changes_nothing(connection: Connection) -> None:
    imported(connection)
    before = everything(connection)
    assert imported(connection, hours=1) == Imported()
    assert everything(connection) == before


def test_a_password_changed_in_the_file_is_changed(connection: Connection) -> None:
    imported(connection)
    imported(connection, TEXT.replace("given-by-hand", "given-again"), hours=1)
    stored = load_accounts(connection)[DeviceId("mon-02")]
    assert verify_device_password("given-again", stored)
    assert not verify_device_password("given-by-hand", stored)


async def test_a_patient_on_another_bed_is_transferred(
    connection: Connection, migrated_database: str
) -> None:
    imported(connection)
    stays = 'bed = "noi-3-01"\nname'
    imported(connection, TEXT.replace(stays, 'bed = "icu-01"\nname'), hours=1)
    seen = await picture(migrated_database)
    assert seen.stay_on(DUNG_BED, LATER) is None
    before, after = seen.stay_on(DUNG_BED, NOW), seen.stay_on(ICU_BED, LATER)
    assert before is not None
    assert after is not None
    assert before.record_number == after.record_number
    assert before.discharged_at == after.admitted_at == LATER


async def test_another_patient_takes_the_bed_over(
    connection: Connection, migrated_database: str
) -> None:
    imported(connection)
    other = TEXT.replace("Phạm Thị Dung", "Lê Văn Bình").replace("BN-1", "BN-2")
    imported(connection, other, hours=1)
    seen = await picture(migrated_database)
    names = [stay.name for stay in seen.stays[DUNG_BED]]
    assert names == ["Lê Văn Bình", "Phạm Thị Dung"]
    now_there = seen.stay_on(DUNG_BED, LATER)
    assert now_there is not None
    assert now_there.name == "Lê Văn Bình"


async def test_monitors_that_change_places(connection: Connection, migrated_database: str) -> None:
    imported(connection)
    swapped = (
        TEXT.replace('bed = "noi-3-01"\nmodel', "bed = X")
        .replace('bed = "icu-01"\npass', 'bed = "noi-3-01"\npass')
        .replace("bed = X", 'bed = "icu-01"\nmodel')
    )
    imported(connection, swapped, hours=1)
    seen = await picture(migrated_database)
    assert seen.bed_of(DeviceId("mon-01"), NOW) == DUNG_BED
    assert seen.bed_of(DeviceId("mon-01"), LATER) == ICU_BED
    assert seen.bed_of(DeviceId("mon-02"), LATER) == DUNG_BED


def test_a_failed_import_leaves_nothing(connection: Connection) -> None:
    connection.execute("ALTER TABLE staff ADD CHECK (login <> 'an')")
    with pytest.raises(psycopg.errors.CheckViolation):
        imported(connection)
    assert all(rows == [] for rows in everything(connection))


def test_a_suspended_device_has_no_account(connection: Connection) -> None:
    imported(connection)
    connection.execute("UPDATE device SET suspended_at = now() WHERE id = 'mon-01'")
    assert set(load_accounts(connection)) == {"mon-02"}


async def test_what_ended_long_ago_is_not_in_the_picture(
    connection: Connection, migrated_database: str
) -> None:
    imported(connection)
    connection.execute("UPDATE stay SET discharged_at = %s", (NOW,))
    connection.execute("UPDATE assignment SET to_at = %s", (NOW,))
    soon = await picture(migrated_database, hours=RECENT.total_seconds() / 3600 - 1)
    late = await picture(migrated_database, hours=RECENT.total_seconds() / 3600 + 1)
    assert soon.stays
    assert soon.assignments
    assert not late.stays
    assert not late.assignments


async def test_staff_are_named_by_their_number(
    connection: Connection, migrated_database: str
) -> None:
    imported(connection)
    names = (await picture(migrated_database)).staff_names
    assert sorted(names.values()) == ["Trần Thị Hoa", "Vũ An"]
