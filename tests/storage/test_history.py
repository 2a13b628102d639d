"""What pages read of the past: all of one stay, and nothing of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from tests.storage import ward
from tests.storage.ward import (
    BED,
    MONITOR,
    START,
    STAY,
    StoppedClock,
    fetch,
    later,
    vital,
    wave,
)
from ward_hub import pg
from ward_hub.core.ids import StayId, UnitId
from ward_hub.core.records import VitalRecord
from ward_hub.displays.history import History, Window
from ward_hub.ingest import blocks
from ward_hub.ingest.rollup import Rollup
from ward_hub.ingest.store import Store

FORMER = StayId(6)
START_MS = round(START.timestamp() * 1000)
HOUR = Window(START, START + timedelta(hours=1))
SHORT = Window(START, START + timedelta(minutes=5))


@pytest.fixture
def dsn(migrated_database: str) -> str:
    ward.register(migrated_database, MONITOR)
    return migrated_database


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    store = Store(dsn, StoppedClock())
    yield store
    store.close()


@pytest.fixture
async def history(dsn: str) -> AsyncIterator[History]:
    async with pg.pool(dsn, "pages", max_size=1) as pool:
        yield History(pool, blocks.decode)


def _roll_up(dsn: str, until_s: float) -> None:
    rollup = Rollup(dsn, lateness=timedelta(0))
    rollup.run(later(until_s))
    rollup.close()


def _temps(start: int, end: int, temp: float, stay: StayId = STAY) -> list[VitalRecord]:
    return [vital(n, {"temp": temp}, stay=stay) for n in range(start, end)]


async def test_a_short_window_shows_every_sample_and_leaves_gaps_open(
    store: Store, history: History
) -> None:
    store.write([vital(0, {"hr": 70.0, "temp": 36.8}), vital(1, {"hr": None}), vital(30)])
    trend = await history.trend(STAY, SHORT)
    assert trend.resolution_s == 1
    assert trend.times == [START_MS + 1000 * second for second in (0, 1, 2, 30)]
    assert trend.series["hr"].mean == [70.0, None, None, 78.0]
    assert trend.series["temp"].min == [36.8, None, None, 36.8]
    assert "spo2" not in trend.series


async def test_a_long_window_shows_minutes_and_leaves_gaps_open(
    dsn: str, store: Store, history: History
) -> None:
    store.write([*_temps(0, 60, 36.8), *_temps(180, 239, 37.1), vital(239, {"temp": 40.0})])
    _roll_up(dsn, 600)
    trend = await history.trend(STAY, HOUR)
    assert (trend.resolution_s, len(trend.times)) == (60, 60)
    assert trend.times[:2] == [START_MS, START_MS + 60_000]
    line = trend.series["temp"]
    assert line.min[:5] == [36.8, None, None, 37.1, None]
    assert line.mean[:5] == [36.8, None, None, 37.14833, None]
    assert line.max[:5] == [36.8, None, None, 40.0, None]
    assert set(line.mean[5:]) == {None}


async def test_a_trend_reaches_the_present_before_the_roll_up_does(
    dsn: str, store: Store, history: History
) -> None:
    store.write(_temps(0, 150, 36.8))
    for until_s in (0, 60, 600):
        _roll_up(dsn, until_s)
        line = (await history.trend(STAY, HOUR)).series["temp"]
        assert line.mean[:4] == [36.8, 36.8, 36.8, None]


async def test_steps_grow_with_the_window(dsn: str, store: Store, history: History) -> None:
    store.write([*_temps(0, 30, 36.8), *_temps(60, 90, 37.2)])
    _roll_up(dsn, 600)
    trend = await history.trend(STAY, Window(START, START + timedelta(days=7)))
    assert trend.resolution_s == 7 * 60
    assert len(trend.times) == 24 * 60
    line = trend.series["temp"]
    assert (line.min[0], line.mean[0], line.max[0]) == (36.8, 37.0, 37.2)


async def test_an_empty_window_is_an_empty_trend(history: History) -> None:
    assert (await history.trend(STAY, SHORT)).series == {}
    assert (await history.trend(STAY, HOUR)).series == {}


async def test_who_lay_there_before_never_appears(dsn: str, store: Store, history: History) -> None:
    """The same bed, the same monitor; only the stay is another."""
    store.write(
        [
            *_temps(0, 60, 35.0, FORMER),
            *_temps(60, 120, 36.8),
            *(vital(n, {"temp": 34.0}, stay=None) for n in range(120, 180)),
            wave(0, b"\x01\x00" * 10, stay=FORMER),
            wave(60, b"\x02\x00" * 10),
            ward.alarm("a1", "raised", "active", later(1), stay=FORMER, raised_at=later(1)),
            ward.alarm("a2", "raised", "active", later(61), raised_at=later(61)),
        ]
    )
    for until_s in (0, 600):
        _roll_up(dsn, until_s)
        for window in (SHORT, HOUR):
            line = (await history.trend(STAY, window)).series["temp"]
            assert {value for value in line.min + line.max if value is not None} == {36.8}
    pieces = await history.waves(STAY, "ecg_ii", HOUR)
    assert [piece.samples for piece in pieces] == [b"\x02\x00" * 10]
    assert [alarm.id for alarm in await history.alarms_of_stay(STAY, HOUR)] == ["a2"]


async def test_waves_come_back_decoded_and_a_damaged_block_is_left_out(
    dsn: str, store: Store, history: History
) -> None:
    data = bytes(range(250)) * 2
    store.write([wave(0, data), wave(1, data), wave(2, data), wave(3, data, channel="pleth")])
    with pg.connect(dsn, "damage") as connection:
        connection.execute("UPDATE wave_block SET data = '\\x00' WHERE seq = 1")
    pieces = await history.waves(STAY, "ecg_ii", SHORT)
    assert [(piece.at, piece.samples) for piece in pieces] == [(later(0), data), (later(2), data)]
    assert (pieces[0].rate_hz, pieces[0].scale, pieces[0].unit) == (250.0, 0.005, "mV")


async def test_alarms_come_with_all_that_happened(store: Store, history: History) -> None:
    store.write(
        [
            ward.alarm("a1", "raised", "active", later(10), raised_at=later(10)),
            ward.alarm(
                "a1", "acknowledged", "acknowledged", later(20), by="lan", raised_at=later(10)
            ),
            ward.alarm("a1", "ended", "idle", later(30), raised_at=later(10), ended_at=later(30)),
            ward.alarm("a2", "raised", "active", later(5), began_at=later(5), raised_at=later(5)),
            ward.alarm("quick", "pending", "pending", later(6), began_at=later(6)),
        ]
    )
    newest, oldest = await history.alarms_of_stay(STAY, HOUR)
    assert (newest.id, newest.by, newest.limit) == ("a2", None, 130.0)
    assert (oldest.id, oldest.by, oldest.state, oldest.ended_at) == ("a1", "lan", "idle", later(30))
    assert [(event.event, event.by) for event in oldest.events] == [
        ("raised", None),
        ("acknowledged", "lan"),
        ("ended", None),
    ]
    assert await history.alarms_of_stay(STAY, HOUR, most=1) == [newest]
    assert await history.alarms_of_stay(STAY, Window(later(6), later(600))) == []


async def test_alarms_of_a_unit_are_those_of_its_beds(
    dsn: str, store: Store, history: History
) -> None:
    with pg.connect(dsn, "beds") as connection:
        connection.execute("INSERT INTO unit VALUES ('noi-3', 'Nội 3', 0), ('icu', 'ICU', 1)")
        connection.execute(
            "INSERT INTO bed VALUES (%s, 'noi-3', '06', 6), ('i1', 'icu', '1', 1)", (BED,)
        )
    store.write(
        [
            ward.alarm("a1", "raised", "active", later(1), raised_at=later(1)),
            ward.alarm("a2", "raised", "active", later(1), raised_at=later(1), bed="i1"),
        ]
    )
    assert [each.id for each in await history.alarms_of_unit(UnitId("noi-3"), HOUR)] == ["a1"]
    assert [each.id for each in await history.alarms_of_unit(UnitId("icu"), HOUR)] == ["a2"]


async def test_gaps_that_were_filled_are_not_shown(store: Store, history: History) -> None:
    store.write([ward.gap(5, 7, 3), ward.gap(20, 22, 3), ward.gap(20, 22, 0)])
    (of_stay,) = await history.gaps_of_stay(STAY, HOUR)
    assert (of_stay.device, of_stay.first_seq, of_stay.missing) == (MONITOR, 5, 3)
    assert await history.gaps_of_device(MONITOR, HOUR) == [of_stay]
    assert await history.gaps_of_stay(FORMER, HOUR) == []


async def test_the_timeline_of_a_device(store: Store, history: History) -> None:
    store.write([ward.link(later(2), "silent"), ward.link(later(1), "online", status={"n": 1.5})])
    moments = await history.timeline(MONITOR, HOUR)
    assert [(moment.at, moment.state) for moment in moments] == [
        (later(1), "online"),
        (later(2), "silent"),
    ]
    assert moments[0].status == {"n": 1.5}


async def test_what_a_restart_needs_is_found(dsn: str, store: Store) -> None:
    """The newest cuff pressure and temperature, whether rolled up yet or not; recent samples."""
    with pg.connect(dsn, "stay") as connection:
        connection.execute("INSERT INTO unit VALUES ('noi-3', 'Nội 3', 0)")
        connection.execute("INSERT INTO bed VALUES (%s, 'noi-3', '06', 6)", (BED,))
        connection.execute("INSERT INTO patient (full_name, record_number) VALUES ('P', '1')")
        connection.execute(
            "INSERT INTO stay (patient_id, bed_id, admitted_at) VALUES (1, %s, %s)", (BED, START)
        )
    stay = StayId(1)
    store.write(
        [
            vital(0, {"temp": 36.5, "nibp_sys": 110.0}, stay=stay),
            *(vital(n, {"hr": 70.0}, stay=stay) for n in range(1, 3000, 30)),
            vital(1000, {"temp": 36.8}, stay=stay),
            vital(2990, {"nibp_sys": 118.0}, stay=stay),
        ]
    )
    now = later(3000)
    for until_s in (0, 1500, 3000):
        _roll_up(dsn, until_s)
        with pg.connect(dsn, "restore") as connection:
            times = {"now": now, "since": now - timedelta(seconds=5)}
            cursor = connection.execute(pg.query("restore_episodic"), times)
            names = [column.name for column in cursor.description or ()]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            recent = connection.execute(pg.query("restore_samples"), {"since": later(2975)})
            assert len(recent.fetchall()) == 1
        assert [(row["id"], row["seq"]) for row in found] == [(MONITOR, 1000), (MONITOR, 2990)]
    assert fetch(dsn, "SELECT count(*) FROM vital_minute WHERE name = 'temp'") == [(2,)]
