"""Devices: registering, credentials, beds with exact times, suspension, the end; and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from tests.registry.beds import ICU, A, B, C, Desk, measure, moment, owners, rows
from ward_hub import pg
from ward_hub.core.audit import Act
from ward_hub.core.devices import (
    WHY_NOT,
    Assign,
    Correct,
    DeviceChange,
    DeviceDetails,
    DeviceOrder,
    DevicesImported,
    NewCredentials,
    Register,
    Resume,
    Retire,
    RowFault,
    Suspend,
    Unassign,
)
from ward_hub.core.ids import BedId, DeviceId
from ward_hub.core.people import Refused
from ward_hub.registry.audit import verify
from ward_hub.registry.broker_accounts import load_accounts, verify_device_password
from ward_hub.registry.devices import Devices
from ward_hub.registry.picture import load_ward
from ward_hub.registry.stays import Pool

ON_A, ON_B, ON_ICU = DeviceId(f"mon-{A}"), DeviceId(f"mon-{B}"), DeviceId(f"mon-{ICU}")
NEW = DeviceId("mon-new")


@pytest.fixture
def devices(pool: Pool) -> Devices:
    return Devices(pool)


async def do(devices: Devices, second: float, order: DeviceOrder) -> DeviceChange:
    done = await devices.carry_out(order, Act("staff:3", moment(second)))
    assert isinstance(done, DeviceChange), done
    return done


async def refusal(devices: Devices, second: float, order: DeviceOrder) -> str:
    refused = await devices.carry_out(order, Act("staff:3", moment(second)))
    assert isinstance(refused, Refused), refused
    return refused.reason


def is_password(dsn: str, device: DeviceId, password: str | None) -> bool:
    with pg.connect(dsn, "test") as connection:
        stored = load_accounts(connection).get(device)
    return verify_device_password(password or "", stored)


async def test_credentials_are_told_once_and_replaced(devices: Devices, furnished: str) -> None:
    first = await do(devices, 0, Register(DeviceDetails(NEW)))
    assert is_password(furnished, NEW, first.password)
    second = await do(devices, 10, NewCredentials(NEW))
    assert not is_password(furnished, NEW, first.password)
    assert is_password(furnished, NEW, second.password)
    whole = str(rows(furnished, "SELECT a::text FROM audit a UNION SELECT d::text FROM device d"))
    assert str(first.password) not in whole
    assert str(second.password) not in whole


async def test_each_second_on_a_bed_is_that_beds(
    devices: Devices, desk: Desk, furnished: str, pool: Pool
) -> None:
    """A's monitor is on C from 20 to 30, on no bed until 40, then on A again; told at 60."""
    one, two = await desk.admit(0, A, "BN-1"), await desk.admit(0, C, "BN-2")
    await do(devices, 5, Unassign(DeviceId(f"mon-{C}")))
    measure(furnished, range(50), [A])
    await do(devices, 60, Assign(ON_A, C, moment(20)))
    await do(devices, 60, Unassign(ON_A, moment(30)))
    await do(devices, 60, Assign(ON_A, A, moment(40)))
    expected = {n: one if n < 20 or n >= 40 else two if n < 30 else None for n in range(50)}
    found = owners(furnished, A)
    assert {n: found[n] for n in range(20, 50)} == {n: expected[n] for n in range(20, 50)}
    seen = await load_ward(pool, moment(61))
    beds = [(place.bed, place.from_at, place.to_at) for place in seen.assignments[ON_A]]
    assert beds[:2] == [(A, moment(40), None), (C, moment(20), moment(30))]


async def test_two_monitors_change_places(devices: Devices, pool: Pool) -> None:
    await do(devices, 10, Assign(ON_A, B, replace=True))
    await do(devices, 10, Assign(ON_B, A))
    seen = await load_ward(pool, moment(11))
    assert seen.monitor_on(A, moment(10)) == ON_B
    assert seen.monitor_on(B, moment(10)) == ON_A
    assert seen.monitor_on(B, moment(9)) == ON_B


async def test_suspended_and_resumed(devices: Devices, furnished: str, pool: Pool) -> None:
    await do(devices, 0, Suspend(ON_A))
    seen = await load_ward(pool, moment(1))
    assert seen.devices[ON_A].suspended
    assert seen.bed_of(ON_A, moment(1)) == A
    await do(devices, 2, Resume(ON_A))
    assert not (await load_ward(pool, moment(3))).devices[ON_A].suspended


async def test_retired_for_good(devices: Devices, furnished: str, pool: Pool) -> None:
    made = await do(devices, 0, Register(DeviceDetails(NEW, udi="X-1")))
    await do(devices, 1, Assign(NEW, A, replace=True))
    await do(devices, 10, Retire(NEW))
    seen = await load_ward(pool, moment(11))
    assert seen.bed_of(NEW, moment(9)) == A
    assert seen.bed_of(NEW, moment(10)) is None
    assert seen.devices[NEW].suspended
    assert not is_password(furnished, NEW, made.password)
    for order in (Resume(NEW), NewCredentials(NEW), Assign(NEW, A), Retire(NEW)):
        assert await refusal(devices, 20, order) == "retired"
    await do(devices, 20, Register(DeviceDetails(DeviceId("mon-again"), udi="X-1")))


REFUSED: dict[str, DeviceOrder] = {
    "no_such_device": Suspend(DeviceId("mon-nowhere")),
    "no_such_bed": Assign(ON_A, BedId("nowhere")),
    "id_taken": Register(DeviceDetails(ON_A)),
    "udi_taken": Correct(ON_A, {"udi": "U-1"}),
    "already_there": Assign(ON_A, A),
    "on_no_bed": Unassign(NEW),
    "bed_has_monitor": Assign(ON_A, B),
    "bed_had_monitor": Assign(NEW, C, moment(5)),
    "in_the_future": Assign(NEW, C, moment(101)),
    "too_long_ago": Unassign(ON_A, moment(-90_000)),
    "before_the_last_change": Assign(DeviceId(f"mon-{C}"), C, moment(5)),
    "already_suspended": Suspend(ON_ICU),
    "not_suspended": Resume(ON_A),
}


@pytest.mark.parametrize(("reason", "order"), REFUSED.items(), ids=REFUSED.keys())
async def test_refusals_are_plain_audited_and_change_nothing(
    devices: Devices, furnished: str, reason: str, order: DeviceOrder
) -> None:
    await do(devices, 0, Register(DeviceDetails(NEW, udi="U-1")))
    await do(devices, 0, Suspend(ON_ICU))
    await do(devices, 10, Unassign(DeviceId(f"mon-{C}")))
    text = "SELECT d::text FROM device d UNION SELECT a::text FROM assignment a ORDER BY 1"
    before = rows(furnished, text)
    assert await refusal(devices, 100, order) == reason
    assert rows(furnished, text) == before
    assert WHY_NOT[reason]
    written = rows(furnished, "SELECT outcome FROM audit ORDER BY id DESC LIMIT 1")
    assert written == [(f"refused: {reason}",)]


HEADER = "id,kind,model,serial,udi,owner,calibrated_on,calibration_due,bed,notes"
ACT = Act("staff:3", moment(100))


def file_of(*lines: str) -> str:
    return "\n".join((HEADER, *lines)) + "\n"


async def brought_in(devices: Devices, text: str, *, dry_run: bool = False) -> DevicesImported:
    done = await devices.import_csv(text, ACT, dry_run=dry_run)
    assert isinstance(done, DevicesImported), [str(fault) for fault in done]
    return done


GOOD = file_of(
    "mon-new,monitor,Sim,S 1,U-1,Nội 3,2026-01-31,2027-01-31,noi-3-01,=1+1",
    "mon-noi-3-01,,Sim,,,,,,noi-3-02,",
    "mon-noi-3-02,,,,,,,,noi-3-03,",
    "mon-noi-3-03,,,,,,,,,",
)


async def test_a_csv_adds_corrects_and_moves(devices: Devices, furnished: str, pool: Pool) -> None:
    text = GOOD.replace("mon-noi-3-03,,,,,,,,,", "mon-noi-3-03,,,,,,,,icu-01,")
    text += "mon-icu-01,,,,,Kho,,,noi-3-01,\n"
    text = text.replace("2027-01-31,noi-3-01", "2027-01-31,")
    before = rows(furnished, "SELECT d::text FROM device d")
    dry = await brought_in(devices, text, dry_run=True)
    assert rows(furnished, "SELECT d::text FROM device d") == before
    assert rows(furnished, "SELECT FROM audit") == []
    done = await brought_in(devices, text)
    assert replace(dry, passwords={}) == replace(done, passwords={})
    assert done.added == (NEW,)
    assert done.changed == (ON_A, ON_ICU)
    assert done.moved == (ON_A, ON_B, DeviceId(f"mon-{C}"), ON_ICU)
    assert is_password(furnished, NEW, done.passwords[NEW])
    seen = await load_ward(pool, moment(101))
    assert [seen.monitor_on(bed, moment(100)) for bed in (A, B, C, ICU)] == [
        ON_ICU,
        ON_A,
        ON_B,
        f"mon-{C}",
    ]
    again = await brought_in(devices, text)
    assert (again.added, again.changed, again.moved, again.unchanged) == ((), (), (), 5)
    with pg.connect(furnished, "test") as connection:
        assert verify(connection).faults == ()


async def test_what_is_written_is_read_the_same(devices: Devices, furnished: str) -> None:
    details = DeviceDetails(
        NEW, notes='=HYPERLINK("x"), "two"\nlines', calibrated_on=date(2026, 1, 31), owner="'s"
    )
    await do(devices, 0, Register(details))
    text = await devices.export_csv()
    (found,) = [row for row in csv.DictReader(io.StringIO(text)) if row["id"] == NEW]
    assert found["notes"].startswith("'=HYPERLINK")
    done = await brought_in(devices, text)
    assert (done.unchanged, done.changed) == (5, ())


FAULTY: dict[str, tuple[Sequence[str], list[str]]] = {
    "an id that is none": (
        ["Mon 1"],
        ["line 2, id: not a device id: 3 to 32 of a-z, 0-9 and dash"],
    ),
    "a kind that is none": (
        ["mon-1,pump"],
        ["line 2, kind: not one of monitor, camera, screen, gateway"],
    ),
    "a day that is none": (
        ["mon-1,,,,,,31.01.2026"],
        ["line 2, calibrated_on: not a date as 2026-11-22"],
    ),
    "a bed that is none": (["mon-1,,,,,,,,nowhere"], ["line 2, bed: there is no such bed"]),
    "a bed with another's monitor": (
        ["mon-1,,,,,,,,noi-3-01"],
        ["line 2, bed: the monitor mon-noi-3-01 is on it"],
    ),
    "two monitors for one bed": (
        ["mon-1,,,,,,,,noi-3-04", "mon-2,,,,,,,,noi-3-04"],
        ["line 3, bed: the same as in line 2"],
    ),
    "a device twice": (["mon-1", "mon-1"], ["line 3, id: the same as in line 2"]),
    "a UDI twice": (["mon-1,,,,U-1", "mon-2,,,,U-1"], ["line 3, udi: the same as in line 2"]),
    "another's UDI": (["mon-1,,,,U-0"], ["line 2, udi: it is that of mon-old-udi"]),
    "another kind": (
        ["mon-noi-3-01,camera"],
        ["line 2, kind: the device is registered as a monitor"],
    ),
    "a retired one": (["mon-retired"], ["line 2, id: the device is retired"]),
    "too long": (["mon-1,," + "x" * 121], ["line 2, model: too long"]),
    "too many fields": (["mon-1,,,,,,,,,,,"], ["line 2, line: 12 fields instead of 10"]),
    "an open quote": (['mon-1,,"Sim'], ["line 2, line: unexpected end of data"]),
    "what cannot be shown": (["mon-1,,\x07"], ["line 2, model: characters that cannot be shown"]),
    "several": (
        ["mon-1", "X,pump", "mon-2,,,,,,,2026-13-01"],
        [
            "line 3, id: not a device id: 3 to 32 of a-z, 0-9 and dash",
            "line 3, kind: not one of monitor, camera, screen, gateway",
            "line 4, calibration_due: not a date as 2026-11-22",
        ],
    ),
}


@pytest.mark.parametrize(("lines", "said"), FAULTY.values(), ids=FAULTY.keys())
async def test_a_faulty_csv_names_each_row_and_changes_nothing(
    devices: Devices, furnished: str, lines: Sequence[str], said: list[str]
) -> None:
    with psycopg.connect(furnished) as connection:
        connection.execute("INSERT INTO bed VALUES ('noi-3-04', 'noi-3', '04', 4)")
    await do(devices, 0, Register(DeviceDetails(DeviceId("mon-old-udi"), udi="U-0")))
    await do(devices, 0, Register(DeviceDetails(DeviceId("mon-retired"))))
    await do(devices, 0, Retire(DeviceId("mon-retired")))
    padded = [line if line.count(",") > 9 else line + "," * (9 - line.count(",")) for line in lines]
    before = rows(furnished, "SELECT d::text FROM device d")
    found = await devices.import_csv(file_of(*padded), ACT, dry_run=False)
    assert isinstance(found, list)
    assert [str(fault) for fault in found] == said
    assert rows(furnished, "SELECT d::text FROM device d") == before


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("kind,model", [RowFault(1, "id", "the column is missing")]),
        ("id,colour", [RowFault(1, "colour", "no such column")]),
        ("id,bed,bed", [RowFault(1, "bed", "the column is there twice")]),
        ("", [RowFault(1, "id", "the column is missing")]),
    ],
)
async def test_a_header_that_cannot_be_used(
    devices: Devices, header: str, said: list[RowFault]
) -> None:
    assert await devices.import_csv(header + "\n", ACT, dry_run=False) == said
