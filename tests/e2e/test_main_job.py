"""The main job, on real servers: from the bedside to the database, the alarm and the nurse."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bedside import Bedside, bedside
from tests.e2e.hub_process import HubProcess
from tests.e2e.records import Records
from tests.e2e.simulator import fleet
from tests.e2e.station import browser
from tests.e2e.waiting import until
from tests.e2e.ward import NURSE, NURSE_NAME, UNIT, open_ward
from tests.services.mosquitto import Mosquitto

STREAM = f"/stream/units/{UNIT}"


@contextmanager
def speaking(monitor: Bedside, **values: float) -> Iterator[dict[str, float]]:
    """The monitor sends these numbers twice a second until the block ends; they may be changed."""

    async def speak() -> None:
        while True:
            monitor.vitals(**values)
            await asyncio.sleep(0.5)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        yield values
    finally:
        task.cancel()


@pytest.mark.timeout(90)
async def test_every_sample_is_stored_once_with_the_patient_it_belongs_to(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str, records: Records, tmp_path: Path
) -> None:
    ward = open_ward(migrated_database, mosquitto, 12)
    await hub.start()
    monitors = fleet(mosquitto, tmp_path, ward.passwords, "--duration", "6")
    with contextlib.closing(monitors):
        await until(lambda: not monitors.is_running, "the end of the fleet", within_s=40)
        made = monitors.finish()["kinds"]["vitals"]["samples_acknowledged"]
    await until(lambda: records.count() >= made, "the last sample in the database")
    stored = records.sequences()
    assert sorted(stored) == sorted(ward.devices.values())
    assert all(numbers == list(range(len(numbers))) for numbers in stored.values())
    assert sum(map(len, stored.values())) == made >= 12 * 6
    strays = records.one(
        "SELECT count(*) FROM vital JOIN device ON device.key = vital.device_key"
        " JOIN assignment ON assignment.device_key = device.key"
        " JOIN stay ON stay.bed_id = assignment.bed_id"
        " WHERE vital.stay_id IS DISTINCT FROM stay.id OR vital.flags <> 0"
    )
    assert strays == 0
    assert records.gaps() == []
    hub.stop()


@pytest.mark.timeout(120)
async def test_an_alarm_is_raised_seen_taken_over_and_survives_a_restart(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str, records: Records
) -> None:
    ward = open_ward(migrated_database, mosquitto, 4)
    await hub.start()
    low, fast, slow, calm = ward.beds
    with contextlib.ExitStack() as stack:

        def at(bed: str, **values: float) -> dict[str, float]:
            device = ward.devices[bed]
            monitor = stack.enter_context(bedside(mosquitto, device, ward.passwords[device]))
            return stack.enter_context(speaking(monitor, **values))

        async with browser(hub.url, NURSE) as nurse, nurse.watching(STREAM) as station:
            at(low, nibp_sys=70, hr=80)
            fast_hr = at(fast, hr=170)
            at(calm, hr=75, spo2=98)
            raised = await until(lambda: station.alarm(low, "nibp_sys_low"), "the low pressure")
            assert (raised["priority"], raised["value"], raised["limit"]) == ("high", 70, 80)
            await until(lambda: station.has(fast, "hr_high", "active"), "the fast heart")
            fast_hr["hr"] = 90
            await until(lambda: station.has(fast, "hr_high", "latched"), "the heart slowing down")

            answer = await nurse.acknowledge(raised["id"])
            assert answer.status_code == 200, answer.text
            assert answer.json()["state"] == "acknowledged"
            stored = records.alarm(raised["id"])
            assert stored is not None
            assert (stored["state"], stored["bed_id"]) == ("acknowledged", low)
            by = records.one("SELECT full_name FROM staff WHERE id::text = %s", stored["by_whom"])
            assert by == NURSE_NAME
            assert records.events(raised["id"]) == ["raised", "acknowledged"]
            await until(lambda: station.has(low, "nibp_sys_low", "acknowledged"), "its colour")
            shown = station.alarm(low, "nibp_sys_low")
            assert shown is not None
            assert shown["by"] == NURSE_NAME

            at(slow, spo2=86, hr=80)
            await until(lambda: station.number(slow, "spo2") == 86, "the low saturation")
            hub.stop()
            assert station.alarm(slow, "spo2_low") is None
            await hub.start()
            await until(lambda: station.opened == 2, "the station's return")
            before = {rule: station.alarm(bed, rule) for bed, rule in _restored(low, fast)}
            assert _states(before) == {"nibp_sys_low": "acknowledged", "hr_high": "latched"}
            assert before["nibp_sys_low"] == shown
            await until(lambda: station.has(slow, "spo2_low", "active"), "the desaturation")
            desaturation = station.alarm(slow, "spo2_low")
            assert desaturation is not None
            held = await until(lambda: records.alarm(desaturation["id"]), "its record")
            waited_s = (held["raised_at"] - held["began_at"]).total_seconds()
            assert 15 <= waited_s < 17, "the delay did not go on through the restart"
            assert station.announced(low, "nibp_sys_low") == ["raised", "acknowledged"]
            assert station.announced(fast, "hr_high") == ["raised", "latched"]
            assert station.beds[calm]["alarms"] == []
    hub.stop()


def _restored(low: str, fast: str) -> list[tuple[str, str]]:
    return [(low, "nibp_sys_low"), (fast, "hr_high")]


def _states(alarms: dict[str, dict[str, Any] | None]) -> dict[str, str]:
    return {rule: alarm["state"] for rule, alarm in alarms.items() if alarm is not None}
