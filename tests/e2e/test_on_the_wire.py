"""What leaves the hub, byte by byte: nothing to strangers, nothing of one patient to the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from tests.e2e.bedside import Bedside, bedside
from tests.e2e.hub_process import HubProcess
from tests.e2e.records import Records
from tests.e2e.station import browser
from tests.e2e.waiting import until
from tests.e2e.ward import NURSE, OTHER_UNIT, STRANGER, UNIT, Ward, open_ward, put_in
from tests.services.mosquitto import Mosquitto
from ward_hub.registry.ward_file import StayEntry, WardFile

BEDS = 3
OLD_HR, NEW_HR = 171.0, 63.0

pytestmark = pytest.mark.timeout(90)


@contextmanager
def beating(monitor: Bedside, hr: float) -> Iterator[Callable[[float], None]]:
    """The monitor sends this heart rate twice a second until the block ends; it may be changed."""
    now = [hr]

    async def speak() -> None:
        while True:
            monitor.vitals(hr=now[0])
            await asyncio.sleep(0.5)

    def change(hr: float) -> None:
        now[0] = hr

    task = asyncio.get_running_loop().create_task(speak())
    try:
        yield change
    finally:
        task.cancel()


def secrets_of(ward: Ward, records: Records) -> list[bytes]:
    """Words that only somebody with a right to the unit may be sent."""
    names = [stay.name for stay in ward.file.stays]
    given = [f".{name.split()[0][0]}. {name.split()[-1]}" for name in names]
    numbers = [stay.record_number for stay in ward.file.stays]
    alarms = [row["id"] for row in records.rows("SELECT id FROM alarm")]
    words = [*names, *given, *numbers, *alarms, *ward.devices.values(), *ward.beds]
    return [word.encode() for word in words]


def paths_of(ward: Ward, records: Records) -> list[str]:
    """Everywhere that patients of the unit can be seen."""
    stays = [row["id"] for row in records.rows("SELECT id FROM stay ORDER BY id")]
    alarms = [row["id"] for row in records.rows("SELECT id FROM alarm")]
    assert stays
    assert alarms
    return [
        f"/stream/units/{UNIT}",
        f"/units/{UNIT}",
        f"/api/v1/beds?unit={UNIT}",
        f"/api/v1/alarms?unit={UNIT}",
        *(f"/stream/stays/{stay}" for stay in stays),
        *(f"/api/v1/stays/{stay}/vitals" for stay in stays),
        *(f"/beds/{bed}" for bed in ward.beds),
        "/api/v1/devices",
        "/metrics",
        "/healthz",
    ]


async def test_nothing_leaves_to_a_stranger(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str, records: Records
) -> None:
    ward = open_ward(migrated_database, mosquitto, BEDS)
    bed = ward.beds[0]
    device = ward.devices[bed]
    await hub.start()
    async with contextlib.AsyncExitStack() as stack:
        minh = await stack.enter_async_context(browser(hub.url, STRANGER))
        hoa = await stack.enter_async_context(browser(hub.url, NURSE))
        nobody = await stack.enter_async_context(browser(hub.url))
        other = await stack.enter_async_context(minh.watching(f"/stream/units/{OTHER_UNIT}"))
        station = await stack.enter_async_context(hoa.watching(f"/stream/units/{UNIT}"))
        monitor = stack.enter_context(bedside(mosquitto, device, ward.passwords[device]))
        stack.enter_context(beating(monitor, OLD_HR))
        await until(lambda: station.has(bed, "hr_high", "active"), "the alarm")
        alarm = station.alarm(bed, "hr_high")
        assert alarm is not None
        await until(lambda: records.alarm(alarm["id"]), "its record")
        secrets = secrets_of(ward, records)
        assert any(word in station.raw for word in secrets)
        for person in (nobody, minh):
            for path in paths_of(ward, records):
                answer = await person.client.get(path)
                leaked = [word for word in secrets if word in answer.content]
                assert not leaked, f"{path} -> {answer.status_code}: {leaked}"
                if path not in {"/metrics", "/healthz"}:
                    assert answer.status_code in {303, 401, 403, 404}, path
        assert (await nobody.acknowledge(alarm["id"])).status_code == 401
        assert (await minh.acknowledge(alarm["id"])).status_code == 404
        await until(lambda: other.beats >= 2, "the other unit's own stream")
        assert [word for word in secrets if word in other.raw] == []
        assert station.has(bed, "hr_high", "active")
    hub.stop()


async def test_the_next_patient_on_a_bed_is_told_nothing_of_the_one_before(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str, records: Records
) -> None:
    ward = open_ward(migrated_database, mosquitto, BEDS)
    bed = ward.beds[0]
    device = ward.devices[bed]
    await hub.start()
    async with contextlib.AsyncExitStack() as stack:
        hoa = await stack.enter_async_context(browser(hub.url, NURSE))
        station = await stack.enter_async_context(hoa.watching(f"/stream/units/{UNIT}"))
        monitor = stack.enter_context(bedside(mosquitto, device, ward.passwords[device]))
        change = stack.enter_context(beating(monitor, OLD_HR))
        await until(lambda: station.has(bed, "hr_high", "active"), "the alarm")
        alarm, before = station.alarm(bed, "hr_high"), station.beds[bed]["stay"]
        assert alarm is not None
        own = f"/stream/stays/{before['id']}"
        stay = await stack.enter_async_context(hoa.watching(own))
        assert before["name"].encode() in stay.raw

        change(NEW_HR)
        born = date(1988, 2, 29)
        after = WardFile(
            units=ward.file.units,
            beds=ward.file.beds,
            stays=(StayEntry(bed, "Đinh Xuân Uyên", "BN99999", born, "F"),),
        )
        put_in(migrated_database, after)
        await until(lambda: station.beds[bed]["stay"]["name"] == "Đ.X. Uyên", "the new patient")
        await until(lambda: station.number(bed, "hr") == NEW_HR, "the new patient's heart rate")
        await until(lambda: stay.status == 404, "the end of the old stay's stream")
        beats = station.beats
        await until(lambda: station.beats >= beats + 2, "some more of the stream")

        raw = bytes(station.raw)
        since = raw[raw.rindex(b"\n\n", 0, raw.index("Đ.X. Uyên".encode())) :]
        old = (before["name"].encode(), alarm["id"].encode(), b"%d" % OLD_HR)
        assert [word for word in old if word in since] == []
        assert station.beds[bed]["alarms"] == []
        assert "Đ.X. Uyên".encode() not in stay.raw
        page = await hoa.client.get(f"/beds/{bed}")
        assert page.status_code == 200
        assert ward.stay(bed).name not in page.text
        assert (await hoa.client.get(own)).status_code == 404
    hub.stop()
    stored = records.alarm(alarm["id"])
    assert stored is not None
    assert (stored["stay_id"], stored["state"]) == (before["id"], "idle")
