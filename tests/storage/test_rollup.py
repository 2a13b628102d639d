"""The minute table is what brute force over the samples says, whatever came late."""

from __future__ import annotations

import math
import random
import struct
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.storage import ward
from tests.storage.ward import MONITOR, START, STAY, StoppedClock, fetch, later, vital
from ward_hub import pg
from ward_hub.core.ids import DeviceId, StayId
from ward_hub.core.records import VitalRecord
from ward_hub.core.vitals import VITALS
from ward_hub.ingest.rollup import ONE_ROLLUP_LOCK, RolledUp, Rollup
from ward_hub.ingest.store import Store
from ward_hub.ingest.writer import ROLLUP_LOCK

OTHER = DeviceId("mon-0002")


@pytest.fixture
def dsn(migrated_database: str) -> str:
    ward.register(migrated_database, MONITOR, OTHER)
    return migrated_database


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    store = Store(dsn, StoppedClock())
    yield store
    store.close()


@pytest.fixture
def rollup(dsn: str) -> Iterator[Rollup]:
    rollup = Rollup(dsn, lateness=timedelta(seconds=15))
    yield rollup
    rollup.close()


def _float4(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _brute_force(records: list[VitalRecord]) -> dict[tuple[Any, ...], tuple[float, ...]]:
    groups: dict[tuple[Any, ...], list[tuple[datetime, int, float]]] = defaultdict(list)
    for record in set_of(records):
        for name, value in record.values.items():
            if value is not None and record.stay is not None:
                minute = record.at.replace(second=0, microsecond=0)
                groups[record.stay, minute, name].append((record.at, record.seq, _float4(value)))
    rolled: dict[tuple[Any, ...], tuple[float, ...]] = {}
    for key, found in groups.items():
        values = [value for *_, value in found]
        mean = math.fsum(values) / len(values)
        rolled[key] = (min(values), mean, max(values), max(found)[2], len(values))
    return rolled


def set_of(records: list[VitalRecord]) -> list[VitalRecord]:
    return list({(record.device, record.seq, record.at): record for record in records}.values())


def _assert_exact(dsn: str, records: list[VitalRecord]) -> None:
    columns = "stay_id, minute, name, min, mean, max, last, count"
    found = {row[:3]: row[3:] for row in fetch(dsn, f"SELECT {columns} FROM vital_minute")}
    expected = _brute_force(records)
    assert found.keys() == expected.keys()
    for key, (low, mean, high, last, count) in expected.items():
        shortest = [float(repr_of(value)) for value in (low, high, last)]
        row = found[key]
        assert [row[0], row[2], row[3], row[4]] == [*shortest, count]
        assert row[1] == pytest.approx(mean, rel=1e-6)


def repr_of(value: float) -> str:
    """The shortest decimal that is this float4."""
    return next(
        text for digits in range(1, 10) if _float4(float(text := f"{value:.{digits}g}")) == value
    )


def _stream(seed: int, seconds: int) -> list[VitalRecord]:
    """Two monitors with every vital now and then; the second on another stay, then on none."""
    chance = random.Random(seed)
    records = []
    for second in range(seconds):
        for device, stay in ((MONITOR, STAY), (OTHER, None if second > 200 else StayId(8))):
            values = {
                name: chance.choice([None, round(chance.uniform(vital.low, vital.high), 1)])
                for name, vital in VITALS.items()
                if chance.random() < 0.5
            }
            records.append(vital(second, values, device=device, stay=stay))
    return records


def test_minutes_equal_brute_force(dsn: str, store: Store, rollup: Rollup) -> None:
    records = _stream(1, 300)
    store.write(records)
    assert rollup.run(later(315)) == RolledUp(later(300), 6 + 3)
    _assert_exact(dsn, records)


def test_late_data_old_data_and_duplicates_are_counted_in(
    dsn: str, store: Store, rollup: Rollup
) -> None:
    records = _stream(2, 400)
    random.Random(3).shuffle(records)
    for start in range(0, len(records), 100):
        store.write(records[start : start + 100])
        store.write(records[start : start + 10])
        rollup.run(later(100 + start))
    much_later = vital(9000, at=later(-86_400))
    store.write([much_later])
    assert rollup.run(later(1000)).done_again == 1
    _assert_exact(dsn, [*records, much_later])


def test_a_minute_that_is_not_over_waits(dsn: str, store: Store, rollup: Rollup) -> None:
    rollup.run(later(0))
    store.write([vital(n) for n in range(60)])
    assert rollup.run(later(74)).done_until == START
    assert fetch(dsn, "SELECT count(*) FROM vital_minute") == [(0,)]
    assert rollup.run(later(75)).done_until == later(60)
    assert fetch(dsn, "SELECT name, count FROM vital_minute ORDER BY 1") == [
        ("hr", 60),
        ("temp", 60),
    ]


def test_a_crash_between_closing_and_computing_is_made_good(
    dsn: str, store: Store, rollup: Rollup
) -> None:
    rollup.run(later(0))
    records = [vital(n) for n in range(120)]
    store.write(records)
    with pg.connect(dsn, "crash") as connection:
        connection.execute("UPDATE vital_minute_progress SET closed_until = %s", (later(120),))
    store.write([vital(1000, at=later(3.5))])
    rollup.run(later(10))
    _assert_exact(dsn, [*records, vital(1000, at=later(3.5))])


def test_marks_survive_a_restart_of_everything(dsn: str, store: Store, rollup: Rollup) -> None:
    records = [vital(n) for n in range(60)]
    store.write(records)
    rollup.run(later(100))
    late = vital(99, {"hr": 199.0}, at=later(30.5))
    store.write([late])
    rollup.close()
    again = Rollup(dsn)
    assert again.run(later(101)).done_again == 1
    again.close()
    _assert_exact(dsn, [*records, late])


def test_closing_a_minute_waits_for_a_batch_that_is_being_written(dsn: str, rollup: Rollup) -> None:
    rollup.run(later(0))
    with pg.connect(dsn, "batch") as batch, pg.connect(dsn, "closer") as closer:
        batch.execute("SELECT pg_advisory_xact_lock_shared(%s)", (ROLLUP_LOCK,))
        closer.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            closer.execute("SELECT pg_advisory_xact_lock(%s)", (ROLLUP_LOCK,))


def test_two_hubs_do_not_roll_up_at_once(dsn: str, rollup: Rollup) -> None:
    with pg.connect(dsn, "other hub") as other:
        other.execute("SELECT pg_advisory_lock(%s)", (ONE_ROLLUP_LOCK,))
        assert rollup.run(later(100)) == RolledUp(None, 0)
        other.execute("SELECT pg_advisory_unlock(%s)", (ONE_ROLLUP_LOCK,))
        assert rollup.run(later(100)).done_until == later(60)


def test_36_8_reads_back_as_36_8(dsn: str, store: Store, rollup: Rollup) -> None:
    store.write([vital(n, {"temp": 36.8}) for n in range(60)])
    rollup.run(later(100))
    assert fetch(dsn, "SELECT temp FROM vital LIMIT 1") == [(36.8,)]
    assert fetch(dsn, "SELECT min, mean, max, last FROM vital_minute") == [(36.8,) * 4]
