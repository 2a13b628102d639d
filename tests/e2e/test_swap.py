"""Patients change beds while their monitors send ten messages a second; a real hub and broker.

Each message carries its own number; afterwards every row must be with the stay that was on the
device's bed at the row's time, and within the answer's round trip the screens must show the
change.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from tests.e2e.bedside import Bedside, bedside
from tests.e2e.hub_process import HubProcess
from tests.e2e.waiting import until
from tests.e2e.ward import ENGINEER, NURSE, PASSWORD, open_ward
from tests.services.mosquitto import Mosquitto

MESSAGES = 80
EVERY_S = 0.1


class Nurse:
    """Somebody who gives orders through the JSON interface."""

    def __init__(self, client: httpx.AsyncClient, csrf: str) -> None:
        self._client, self._csrf = client, csrf

    @classmethod
    async def signed_in(cls, client: httpx.AsyncClient, login: str) -> Nurse:
        body = {"login": login, "password": PASSWORD}
        answer = await client.post("/api/v1/session", json=body)
        return cls(client, answer.json()["csrf"])

    async def order(self, path: str, body: object) -> httpx.Response:
        return await self._client.post(
            f"/api/v1/{path}", json=body, headers={"x-csrf-token": self._csrf}
        )

    async def on_bed(self, bed: str) -> int | None:
        """The stay that the station shows on a bed."""
        beds = (await self._client.get("/api/v1/beds")).json()
        stay = next(each for each in beds if each["bed"] == bed)["stay"]
        return int(stay["id"]) if stay else None


def stored(dsn: str) -> list[tuple[str, datetime, int | None]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT id, time, stay_id FROM vital JOIN device ON key = device_key ORDER BY 1, 2"
        ).fetchall()


def settled(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT FROM unsettled").fetchone() is None


def refused(hub: HubProcess) -> float:
    """How many messages of suspended devices the hub has refused."""
    found = hub.figures("ward_rejects_total")
    return sum(count for labels, count in found.items() if "suspended" in labels)


async def stream(monitors: list[Bedside]) -> None:
    for number in range(MESSAGES):
        for monitor in monitors:
            await asyncio.to_thread(monitor.vitals, hr=60.0 + number % 40)
        await asyncio.sleep(EVERY_S)


@pytest.mark.timeout(90)
async def test_every_message_of_two_who_change_places_is_with_the_right_stay(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str
) -> None:
    ward = open_ward(migrated_database, mosquitto, 2)
    one_bed, two_bed = ward.beds
    await hub.start()
    devices = [ward.devices[bed] for bed in ward.beds]
    with (
        bedside(mosquitto, devices[0], ward.passwords[devices[0]]) as first,
        bedside(mosquitto, devices[1], ward.passwords[devices[1]]) as second,
    ):
        async with httpx.AsyncClient(base_url=hub.url, timeout=10) as client:
            nurse = await Nurse.signed_in(client, NURSE)
            stays = [await nurse.on_bed(one_bed), await nurse.on_bed(two_bed)]
            sending = asyncio.create_task(stream([first, second]))
            moments: list[datetime] = []
            for turn in range(3):
                await asyncio.sleep(2)
                body = {
                    "bed": one_bed,
                    "other": stays[(turn + 1) % 2],
                    "other_bed": two_bed,
                }
                answer = await nurse.order(f"stays/{stays[turn % 2]}/swap", body)
                assert answer.status_code == 200, answer.text
                assert await nurse.on_bed(one_bed) == stays[(turn + 1) % 2]
                moments.append(datetime.fromisoformat(answer.json()["at"]))
            await sending
    everything = 2 * MESSAGES
    await until(lambda: len(stored(migrated_database)) == everything, "all messages stored")
    await until(lambda: settled(migrated_database), "settling")
    # The answer tells the moment in milliseconds, cut off; a row within that one is not judged.
    margin = timedelta(milliseconds=1)
    for device, at, stay in stored(migrated_database):
        if any(moment <= at < moment + margin for moment in moments):
            continue
        turns = sum(at >= moment for moment in moments)
        assert stay == stays[(devices.index(device) + turns) % 2], (device, at)


async def test_a_suspended_device_is_refused_at_once_and_heard_again_when_resumed(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str
) -> None:
    ward = open_ward(migrated_database, mosquitto, 1)
    device = ward.devices[ward.beds[0]]
    await hub.start()
    with bedside(mosquitto, device, ward.passwords[device]) as monitor:
        async with httpx.AsyncClient(base_url=hub.url, timeout=10) as client:
            engineer = await Nurse.signed_in(client, ENGINEER)
            await asyncio.to_thread(monitor.vitals, hr=70.0)
            await until(lambda: len(stored(migrated_database)) == 1, "the first message")
            assert (await engineer.order(f"devices/{device}/suspend", {})).status_code == 200
            await asyncio.to_thread(monitor.vitals, hr=71.0)
            await until(lambda: refused(hub) == 1, "the refusal")
            assert (await engineer.order(f"devices/{device}/resume", {})).status_code == 200
            await asyncio.to_thread(monitor.vitals, hr=72.0)
            await until(lambda: len(stored(migrated_database)) > 1, "the message after")
    with psycopg.connect(migrated_database) as connection:
        rates = connection.execute("SELECT hr FROM vital ORDER BY time").fetchall()
    assert rates == [(70,), (72,)]
