"""Kill -9 in mid-stream at 200 beds: of the hub, the database and the broker.

What every test here ends with: each sample that the broker accepted is stored, and stored once;
what a killed broker lost is covered, number by number, by gaps that are counted and shown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.bedside import bedside
from tests.e2e.hub_process import HubProcess, hub_on
from tests.e2e.records import Records
from tests.e2e.simulator import Simulator, Summary, fleet
from tests.e2e.station import Watch, browser
from tests.e2e.waiting import until
from tests.e2e.ward import ENGINEER, NURSE, UNIT, Ward, open_ward
from tests.services.mosquitto import Mosquitto
from tests.services.postgres import OwnPostgres
from ward_hub import pg

BEDS: Final = 200
STREAM: Final = f"/stream/units/{UNIT}"
AWAY_S: Final = 3.0
"""How long a killed server stays away: some 600 messages."""

pytestmark = pytest.mark.timeout(150)


@dataclass(slots=True)
class Scene:
    """200 monitors that send, the hub that takes, and one more bed for the test's own hands."""

    ward: Ward
    hub: HubProcess
    broker: Mosquitto
    records: Records
    monitors: Simulator
    sick: str = field(init=False)

    def __post_init__(self) -> None:
        self.sick = self.ward.beds[-1]

    @asynccontextmanager
    async def station(self) -> AsyncIterator[Watch]:
        """The station page's stream, as a nurse has it open."""
        async with browser(self.hub.url, NURSE) as nurse, nurse.watching(STREAM) as watch:
            yield watch

    async def flowing(self) -> None:
        """Wait until two samples of every bed that came from now on are in the database."""
        now = datetime.now(UTC)
        await until(lambda: self._heard_since(now) >= BEDS, "every bed's stream", within_s=40)

    def _heard_since(self, then: datetime) -> int:
        query = (
            "SELECT count(*) FROM (SELECT FROM vital WHERE time > %s AND received_at > %s"
            " GROUP BY device_key HAVING count(*) >= 2) AS heard"
        )
        return int(self.records.one(query, then - timedelta(minutes=1), then))

    async def ended(self) -> Summary:
        """End the fleet and wait until all that the broker accepted is in the database."""
        vitals: Summary = self.monitors.finish()["kinds"]["vitals"]
        assert vitals["lost"] == 0
        assert vitals["samples_acknowledged"] == vitals["made"]
        return vitals

    def fallen(self) -> dict[str, list[int]]:
        """The fleet's sequence numbers in the database."""
        own = self.ward.devices[self.sick]
        found = self.records.sequences()
        return {device: numbers for device, numbers in found.items() if device != own}

    def stored(self) -> int:
        """How many samples of the fleet are in the database."""
        return sum(map(len, self.fallen().values()))

    def missing(self) -> int:
        """How many samples the gaps say are missing."""
        return sum(int(gap["missing"]) for gap in self.records.gaps())

    async def nothing_is_missing(self) -> None:
        """End the fleet; everything it sent is stored once, and no gap was seen."""
        made = (await self.ended())["made"]
        await until(lambda: self.stored() >= made, f"{made} samples in the database", within_s=30)
        assert all(numbers == list(range(len(numbers))) for numbers in self.fallen().values())
        assert self.stored() == made
        assert self.records.gaps() == []


@asynccontextmanager
async def scene(dsn: str, broker: Mosquitto, folder: Path) -> AsyncIterator[Scene]:
    """The hub runs, and every monitor's numbers reach the database."""
    ward = open_ward(dsn, broker, BEDS + 1)
    accounts = {device: ward.passwords[device] for device in list(ward.devices.values())[:BEDS]}
    with hub_on(dsn, broker, folder) as hub:
        await hub.start()
        with contextlib.closing(fleet(broker, folder, accounts)) as monitors:
            it = Scene(ward, hub, broker, Records(dsn), monitors)
            await it.flowing()
            yield it


def is_live(station: Watch) -> bool:
    """Whether every bed of the fleet shows numbers."""
    return sum(bool(bed["live"]) for bed in station.beds.values()) >= BEDS


@pytest.fixture
def own_database(own_postgres: OwnPostgres) -> str:
    pg.migrate(own_postgres.dsn)
    return own_postgres.dsn


async def test_a_killed_hub_misses_nothing_and_stores_nothing_twice(
    mosquitto: Mosquitto, migrated_database: str, tmp_path: Path
) -> None:
    async with scene(migrated_database, mosquitto, tmp_path) as it, it.station() as station:
        for _ in range(2):
            it.hub.kill9()
            await until(lambda: not station.is_open, "the station's notice of it")
            await asyncio.sleep(AWAY_S)
            await it.hub.start()
            await it.flowing()
        await until(lambda: is_live(station), "numbers on every bed")
        assert station.opened == 3
        await it.nothing_is_missing()
        it.hub.stop()


async def test_a_hub_that_is_stopped_in_an_orderly_way_loses_nothing(
    mosquitto: Mosquitto, migrated_database: str, tmp_path: Path
) -> None:
    async with scene(migrated_database, mosquitto, tmp_path) as it:
        it.hub.stop()
        before = it.records.count()
        await it.hub.start()
        await until(lambda: it.records.count() > before, "the stream after the restart")
        await it.nothing_is_missing()
        it.hub.stop()


async def test_alarms_go_on_while_a_killed_database_is_away_and_nothing_is_missing_after(
    mosquitto: Mosquitto, own_postgres: OwnPostgres, own_database: str, tmp_path: Path
) -> None:
    async with scene(own_database, mosquitto, tmp_path) as it:
        device = it.ward.devices[it.sick]
        async with browser(it.hub.url, NURSE) as nurse, nurse.watching(STREAM) as station:
            assert station.recording == ["ok"]
            own_postgres.kill9()
            await until(lambda: station.recording[-1] == "delayed", "the page to say «delayed»")
            with bedside(mosquitto, device, it.ward.passwords[device]) as monitor:
                monitor.vitals(nibp_sys=70, hr=80)
                await until(
                    lambda: station.has(it.sick, "nibp_sys_low", "active"),
                    "the alarm without a database",
                    within_s=3,
                )
                alarm = station.alarm(it.sick, "nibp_sys_low")
                assert alarm is not None
                answer = await nurse.acknowledge(alarm["id"])
                assert answer.status_code == 200, answer.text
                await until(
                    lambda: station.has(it.sick, "nibp_sys_low", "acknowledged"), "its colour"
                )
                assert is_live(station)
                own_postgres.start()
                await until(lambda: station.recording[-1] == "ok", "«ok» again", within_s=30)
                await it.flowing()
            await it.nothing_is_missing()
            assert station.recording == ["ok", "delayed", "ok"]
            assert station.opened == 1
            assert it.records.events(alarm["id"])[:2] == ["raised", "acknowledged"]
            stored = it.records.alarm(alarm["id"])
            assert stored is not None
            assert stored["by_whom"] is not None
            it.hub.stop()


async def test_a_hub_killed_while_the_database_is_away_keeps_what_it_had_put_by(
    mosquitto: Mosquitto, own_postgres: OwnPostgres, own_database: str, tmp_path: Path
) -> None:
    async with scene(own_database, mosquitto, tmp_path) as it:
        own_postgres.kill9()
        spooled = "ward_records_spooled_total"
        await until(lambda: it.hub.figures(spooled)[""] >= 2 * BEDS, "records in the spool")
        it.hub.kill9()
        it.hub.launch()
        await asyncio.sleep(AWAY_S)
        own_postgres.start()
        await it.hub.ready()
        await it.flowing()
        await it.nothing_is_missing()
        it.hub.stop()


async def test_the_hub_comes_back_from_a_killed_broker_by_itself(
    mosquitto: Mosquitto, migrated_database: str, tmp_path: Path
) -> None:
    async with scene(migrated_database, mosquitto, tmp_path) as it, it.station() as station:
        mosquitto.save()
        await it.flowing()
        mosquitto.kill9()
        await until(lambda: station.broker[-1] == "lost", "the page to say «lost»")
        await asyncio.sleep(AWAY_S)
        mosquitto.start()
        await until(lambda: station.broker[-1] == "connected", "«connected» again")
        await it.flowing()
        await until(lambda: is_live(station), "numbers on every bed")
        made = (await it.ended())["made"]
        await until(lambda: it.stored() + it.missing() >= made, "all that is left", within_s=40)
        assert it.stored() + it.missing() == made
        assert it.stored() == it.hub.figures("ward_samples_total")[""], "all that was handed over"
        assert station.broker == ["connected", "lost", "connected"]
        assert station.opened == 1
        _every_number_is_stored_or_in_a_gap(it)
        it.hub.stop()


async def test_what_a_killed_broker_lost_is_counted_and_shown(
    mosquitto: Mosquitto, migrated_database: str, tmp_path: Path
) -> None:
    mosquitto.stop()
    mosquitto.configure("autosave_interval 3600")  # so that it loses what the test wants lost
    mosquitto.start()
    async with scene(migrated_database, mosquitto, tmp_path) as it:
        it.hub.stop()
        mosquitto.save()
        await asyncio.sleep(AWAY_S)
        mosquitto.kill9()
        mosquitto.start()
        await it.hub.start()
        await it.flowing()
        made = (await it.ended())["made"]
        await until(lambda: it.stored() + it.missing() >= made, "all that is left", within_s=40)
        it.hub.stop()
        missing = it.missing()
        assert it.stored() + missing == made
        assert missing > BEDS, "the broker was to lose some seconds of every bed"
        _every_number_is_stored_or_in_a_gap(it)
        await it.hub.start()
        async with browser(it.hub.url, ENGINEER) as engineer:
            devices = await engineer.get("/api/v1/devices")
            assert sum(device["missing"] for device in devices) == missing
            assert all(device["gaps"] for device in devices if device["missing"])
        it.hub.stop()


def _every_number_is_stored_or_in_a_gap(it: Scene) -> None:
    lost: dict[str, list[int]] = {}
    for gap in it.records.gaps():
        inside = range(gap["first_seq"], gap["last_seq"] + 1)
        assert gap["missing"] == len(inside)
        lost.setdefault(gap["device_id"], []).extend(inside)
    for device, numbers in it.fallen().items():
        whole = sorted(numbers + lost.get(device, []))
        assert whole == list(range(len(whole))), f"{device}: {numbers}, gaps {lost.get(device)}"
