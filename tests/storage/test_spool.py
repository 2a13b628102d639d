"""What is in the spool is on disk, in order, and stays until the database has it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.storage import ward
from tests.storage.ward import START, StoppedClock, later, vital, wave
from ward_hub.core.records import Record
from ward_hub.ingest.spool import Spool
from ward_hub.ingest.spool_file import SpoolTooNewError

EVERY_KIND: list[Record] = [
    vital(1, {"hr": 0.0, "spo2": None}, quality={"spo2": "motion"}, measured_at={"nibp": START}),
    ward.alarm("a1", "raised", "active", later(1), until=later(60), by="lan"),
    ward.reject(later(2), first_bytes=b"\xff\x00"),
    ward.gap(5, 7, 3),
    ward.link(later(3), "online", status={"model": "B40", "battery": 80, "charging": True}),
    wave(4, b"\x01\x02" * 10),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "spool.sqlite"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    spool = Spool(path, StoppedClock())
    yield spool
    spool.close()


def _drain(spool: Spool, most: int = 10) -> list[Record]:
    drained: list[Record] = []
    while (chunk := spool.oldest(most)) is not None:
        drained += chunk.records
        spool.delete(chunk)
    return drained


def test_every_kind_of_record_comes_back_equal(spool: Spool) -> None:
    spool.append(EVERY_KIND)
    assert _drain(spool) == EVERY_KIND


@given(st.lists(st.integers(0, 8), max_size=8), st.integers(1, 12))
def test_batches_come_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool") / "s", StoppedClock())
    numbers = iter(range(1000))
    batches = [[vital(next(numbers)) for _ in range(size)] for size in sizes]
    for batch in batches:
        spool.append(batch)
    assert spool.waiting == sum(sizes)
    assert _drain(spool, most) == [record for batch in batches for record in batch]
    assert (spool.waiting, spool.size_bytes) == (0, 0)
    spool.close()


def test_a_chunk_stays_until_it_is_deleted(spool: Spool) -> None:
    spool.append([vital(1)])
    assert spool.oldest(10) == spool.oldest(10)
    assert spool.waiting == 1


def test_a_chunk_is_bounded(spool: Spool) -> None:
    for n in range(5):
        spool.append([vital(2 * n), vital(2 * n + 1)])
    chunk = spool.oldest(3)
    assert chunk is not None
    assert len(chunk.records) == 4


def test_it_knows_how_long_something_has_waited(path: Path) -> None:
    clock = StoppedClock()
    spool = Spool(path, clock)
    assert spool.oldest_at is None
    spool.append([vital(1)])
    clock.time += timedelta(minutes=5)
    spool.append([vital(2)])
    assert spool.oldest_at == START
    spool.close()


def test_a_new_spool_on_the_same_file_goes_on(path: Path, spool: Spool) -> None:
    spool.append(EVERY_KIND)
    size_bytes = spool.size_bytes
    spool.close()
    again = Spool(path, StoppedClock())
    assert (again.waiting, again.size_bytes) == (len(EVERY_KIND), size_bytes)
    assert _drain(again) == EVERY_KIND
    again.close()


def test_what_was_appended_survives_kill_9(path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from tests.storage.ward import StoppedClock, vital
        from ward_hub.ingest.spool import Spool
        spool = Spool(Path(sys.argv[1]), StoppedClock())
        for n in range(20):
            spool.append([vital(n)])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], check=False, timeout=30
    )
    assert ended.returncode == -signal.SIGKILL
    spool = Spool(path, StoppedClock())
    assert _drain(spool) == [vital(n) for n in range(20)]
    spool.close()


def test_two_hubs_cannot_share_one(path: Path, spool: Spool) -> None:
    spool.append([vital(1)])
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Spool(path, StoppedClock())


def test_when_full_the_oldest_waveforms_go_and_nothing_else(path: Path) -> None:
    probe = wave(0, bytes(1000))
    spool = Spool(path, StoppedClock(), limit_bytes=5_000)
    for n in range(10):
        spool.append([vital(n), wave(n, bytes(1000))])
    kept = _drain(spool)
    waves = [record.seq for record in kept if isinstance(record, type(probe))]
    assert waves == list(range(10 - len(waves), 10))
    assert spool.stats.waves_dropped == 10 - len(waves) > 0
    assert [record for record in kept if not isinstance(record, type(probe))] == [
        vital(n) for n in range(10)
    ]
    spool.close()


def test_numbers_and_alarms_go_beyond_the_bound(path: Path) -> None:
    spool = Spool(path, StoppedClock(), limit_bytes=10)
    spool.append([*EVERY_KIND, wave(9)])
    assert _drain(spool) == EVERY_KIND[:-1]
    assert spool.stats.waves_dropped == 2
    spool.close()


def test_waves_given_up_while_they_drain_are_counted_once(path: Path) -> None:
    spool = Spool(path, StoppedClock(), limit_bytes=1_500)
    spool.append([wave(1, bytes(1000))])
    chunk = spool.oldest(10)
    assert chunk is not None
    spool.append([wave(2, bytes(1000))])
    spool.delete(chunk)
    assert spool.waiting == 1
    assert _drain(spool) == [wave(2, bytes(1000))]
    spool.close()


def test_the_file_shrinks_when_all_is_drained(path: Path, spool: Spool) -> None:
    for n in range(50):
        spool.append([wave(n, bytes(20_000))])
    _drain(spool)
    wal = path.with_name(path.name + "-wal")
    assert path.stat().st_size + wal.stat().st_size < 100_000


def test_a_file_that_is_no_database_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 1000)
    spool = Spool(path, StoppedClock())
    spool.append([vital(1)])
    assert _drain(spool) == [vital(1)]
    assert spool.stats.damaged_files == 1
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
    spool.close()


def test_damage_found_while_running_is_set_aside(path: Path) -> None:
    spool = Spool(path, StoppedClock())
    for n in range(200):
        spool.append([wave(n, bytes(2000))])
    spool.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    again = Spool(path, StoppedClock())
    _drain(again)
    again.append([vital(1)])
    assert _drain(again) == [vital(1)]
    assert again.stats.damaged_files == 1
    again.close()


def test_a_batch_that_cannot_be_read_does_not_block_the_next(path: Path) -> None:
    spool = Spool(path, StoppedClock())
    for n in range(3):
        spool.append([vital(n)])
    spool.close()
    with sqlite3.connect(path) as file:
        file.execute("UPDATE batch SET payload = x'c1c1' WHERE id = 2")
    file.close()
    again = Spool(path, StoppedClock())
    assert _drain(again) == [vital(0), vital(2)]
    assert again.stats.unreadable == 1
    again.close()


def test_a_record_that_cannot_be_spooled_is_kept_in_words(path: Path, spool: Spool) -> None:
    spool.append([vital(1), vital(2**70, at=START), vital(2)])
    assert _drain(spool) == [vital(1), vital(2)]
    spool.close()
    with sqlite3.connect(path) as file:
        ((payload,),) = file.execute("SELECT payload FROM unreadable").fetchall()
    file.close()
    assert str(2**70).encode() in payload


def test_a_spool_of_a_newer_hub_is_left_alone(path: Path, spool: Spool) -> None:
    spool.append([vital(1)])
    spool.close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(SpoolTooNewError):
        Spool(path, StoppedClock())
    assert not list(path.parent.glob("*.damaged-*"))
