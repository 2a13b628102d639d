"""Old data goes by whole chunks; the days to come are ready."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.storage import ward
from tests.storage.ward import MONITOR, START, StoppedClock, fetch, later, vital, wave
from ward_hub import pg
from ward_hub.ingest.retention import DEFAULT_KEEP, tidy
from ward_hub.ingest.store import Store

DAY = 86_400.0


@pytest.fixture
def dsn(migrated_database: str) -> str:
    ward.register(migrated_database, MONITOR)
    return migrated_database


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    store = Store(dsn, StoppedClock())
    yield store
    store.close()


def _days(dsn: str, table: str) -> list[int]:
    text = f"SELECT DISTINCT (time AT TIME ZONE 'UTC')::date FROM {table} ORDER BY 1"
    return [(day - START.date()).days for (day,) in fetch(dsn, text)]


def test_each_class_is_kept_for_its_own_time(dsn: str, store: Store) -> None:
    store.write([vital(n, at=later(-n * DAY)) for n in range(7)])
    store.write([wave(n, at=later(-n * DAY)) for n in range(7)])
    done = tidy(dsn, START, {"wave_block": timedelta(hours=72), "vital": timedelta(days=5)})
    assert _days(dsn, "wave_block") == [-3, -2, -1, 0]
    assert _days(dsn, "vital") == [-5, -4, -3, -2, -1, 0]
    assert done.dropped["wave_block"] >= 3
    assert not done.busy
    again = tidy(dsn, START, {"wave_block": timedelta(hours=72)})
    assert dict(again.dropped) == {"wave_block": 0}


def test_the_defaults_name_every_series(dsn: str) -> None:
    assert {name for (name,) in fetch(dsn, "SELECT name FROM series")} == DEFAULT_KEEP.keys()
    assert not tidy(dsn, START).busy


def test_the_days_to_come_have_partitions(dsn: str, store: Store, database_kind: str) -> None:
    tidy(dsn, START)
    parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'vital'::regclass"
    before = fetch(dsn, parts)
    store.write([vital(n, at=later(n * DAY)) for n in range(4)])
    after = fetch(dsn, parts)
    assert (after == before) is (database_kind == "postgres")
    assert _days(dsn, "vital") == [0, 1, 2, 3]


def test_strays_move_to_their_own_day_or_go_when_they_are_old(
    dsn: str, store: Store, database_kind: str
) -> None:
    store.write([vital(1, at=later(-600 * DAY)), vital(2, at=later(30 * DAY))])
    if database_kind == "postgres":
        assert fetch(dsn, "SELECT seq FROM vital_default ORDER BY 1") == [(1,), (2,)]
    tidy(dsn, later(29 * DAY), {"vital": timedelta(days=700)})
    if database_kind == "postgres":
        assert fetch(dsn, "SELECT seq FROM vital_default") == [(1,)]
    tidy(dsn, later(29 * DAY), {"vital": timedelta(days=400)})
    assert _days(dsn, "vital") == [30]


def test_a_table_in_use_is_left_for_the_next_run(dsn: str, store: Store) -> None:
    store.write([vital(1, at=later(-10 * DAY))])
    tidy(dsn, START)
    keep = {"vital": timedelta(days=1), "wave_block": timedelta(days=1)}
    with pg.connect(dsn, "reader") as reader:
        reader.execute("SELECT * FROM vital").fetchall()
        assert tidy(dsn, START, keep).busy == ("vital",)
    assert not tidy(dsn, START, keep).busy
    assert _days(dsn, "vital") == []


def test_neither_days_nor_samples_wait_for_a_long_reader(
    dsn: str, store: Store, database_kind: str
) -> None:
    with pg.connect(dsn, "reader") as reader:
        reader.execute("SELECT * FROM vital").fetchall()
        store.write([vital(1)])
        done = tidy(dsn, START, {})
    if database_kind == "postgres":
        assert done.busy == ("partitions",)
        assert fetch(dsn, "SELECT seq FROM vital_default") == [(1,)]
        assert tidy(dsn, START, {}).made > 0
        assert fetch(dsn, "SELECT seq FROM vital_default") == []
    assert _days(dsn, "vital") == [0]


def test_keeping_nothing_is_a_mistake(dsn: str) -> None:
    with pytest.raises(ValueError, match="vital"):
        tidy(dsn, START, {"vital": timedelta(0)})
