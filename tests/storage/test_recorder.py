"""Nothing is acknowledged before it is on disk, nothing is lost, the order stays."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from tests.storage.ward import StoppedClock, vital, wave
from ward_hub.core.records import Record
from ward_hub.ingest.recorder import Recorder
from ward_hub.ingest.recording import RecorderLimits, Recording, RecordingState
from ward_hub.ingest.spool import Spool

QUICK = RecorderLimits(
    commit_every_s=0.005,
    batch_records=20,
    drain_records=10,
    patience_s=0.2,
    retry_first_s=0.01,
    retry_last_s=0.02,
    most_waiting=100,
)


class PretendStore:
    """Keeps what it is given, unless told to fail or to hang."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.batches: list[int] = []
        self.is_away = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.bug: Exception | None = None
        self.is_closed = False

    def write(self, records: Sequence[Record]) -> None:
        self.may_go_on.wait(10)
        if self.bug is not None:
            bug, self.bug = self.bug, None
            raise bug
        if self.is_away:
            raise psycopg.OperationalError("away")
        self.written += [_number(record) for record in records]
        self.batches.append(len(records))

    def close(self) -> None:
        self.is_closed = True

    def numbers(self) -> list[int]:
        """What is in it, each once, in the order in which it first came."""
        return list(dict.fromkeys(self.written))


class BrokenSpool(Spool):
    """A spool whose disk may be full."""

    is_full_disk = False

    def append(self, records: Sequence[Record]) -> None:
        if self.is_full_disk:
            raise sqlite3.OperationalError("database or disk is full")
        super().append(records)


def _number(record: Record) -> int:
    assert hasattr(record, "seq")
    return int(record.seq)


class Bench:
    """A recorder over a store and a spool that do as they are told."""

    def __init__(self, path: Path, limits: RecorderLimits = QUICK) -> None:
        self.store = PretendStore()
        self.spool = BrokenSpool(path, StoppedClock())
        self.states: list[RecordingState] = []
        self.seen = asyncio.Event()
        self.acknowledged: list[int] = []
        self.recorder = Recorder(
            self.store, self.spool, StoppedClock(), limits=limits, on_change=self._on_change
        )

    def _on_change(self, state: RecordingState) -> None:
        self.states.append(state)
        self.seen.set()

    def give(self, *numbers: int) -> None:
        for number in numbers:
            self.recorder.record([vital(number)], self._acknowledger(number))

    def _acknowledger(self, number: int) -> Callable[[], None]:
        def acknowledge() -> None:
            assert number in self.on_disk(), "acknowledged before it was on disk"
            self.acknowledged.append(number)

        return acknowledge

    def on_disk(self) -> list[int]:
        chunk = self.spool.oldest(10_000)
        spooled = chunk.records if chunk else ()
        return self.store.numbers() + [_number(record) for record in spooled]

    async def until(self, status: Recording) -> None:
        while self.recorder.state.status is not status:
            self.seen.clear()
            await self.seen.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        running = asyncio.create_task(self.recorder.run())
        async with asyncio.timeout(20):
            try:
                yield self
            finally:
                self.store.may_go_on.set()
                await self.recorder.close()
                await running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


async def test_records_are_written_in_order_and_then_acknowledged(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.give(*range(200))
        assert not bench.acknowledged
        await bench.recorder.durable()
        assert bench.store.written == bench.acknowledged == list(range(200))
        assert max(bench.store.batches) <= QUICK.batch_records
        assert bench.recorder.state == RecordingState(Recording.OK, 0, None)


async def test_what_is_recorded_together_is_written_together(path: Path) -> None:
    async with Bench(path).running() as bench:
        for start in range(0, 60, 15):
            bench.recorder.record([vital(start + n) for n in range(15)])
        await bench.recorder.durable()
        assert all(size % 15 == 0 for size in bench.store.batches)


async def test_nothing_to_record_is_acknowledged_after_what_came_before(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.may_go_on.clear()
        bench.give(1)
        bench.recorder.record((), lambda: bench.acknowledged.append(0))
        bench.store.may_go_on.set()
        await bench.recorder.durable()
        assert bench.acknowledged == [1, 0]


async def test_durable_returns_at_once_when_nothing_waits(path: Path) -> None:
    async with Bench(path).running() as bench:
        await bench.recorder.durable()
        assert not bench.store.batches


async def test_while_the_database_is_away_the_spool_takes_over_and_drains_in_order(
    path: Path,
) -> None:
    async with Bench(path).running() as bench:
        bench.give(*range(5))
        await bench.recorder.durable()
        bench.store.is_away = True
        bench.give(*range(5, 100))
        await bench.recorder.durable()
        assert bench.acknowledged == list(range(100))
        assert bench.store.written == list(range(5))
        state = bench.recorder.state
        assert (state.status, state.waiting) == (Recording.DELAYED, 95)
        assert state.since == StoppedClock().now()
        bench.store.is_away = False
        bench.give(*range(100, 120))
        await bench.recorder.durable()
        await bench.until(Recording.OK)
        assert bench.store.written == list(range(120))
        assert [each.status for each in bench.states][:2] == [Recording.DELAYED, Recording.OK]


async def test_a_spool_left_by_an_earlier_hub_is_drained_first(path: Path) -> None:
    async with Bench(path).running() as before:
        before.store.is_away = True
        before.give(*range(30))
    bench = Bench(path)
    assert bench.recorder.state == RecordingState(Recording.DELAYED, 30, StoppedClock().now())
    async with bench.running():
        bench.give(30)
        await bench.recorder.durable()
        await bench.until(Recording.OK)
        assert bench.store.written == list(range(31))


async def test_a_database_that_hangs_delays_no_acknowledgement(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.may_go_on.clear()
        bench.give(1, 2)
        await bench.recorder.durable()
        assert bench.acknowledged == [1, 2]
        assert bench.store.written == []
        bench.store.may_go_on.set()
        await bench.until(Recording.OK)
        assert bench.store.numbers() == [1, 2]


async def test_when_nothing_takes_it_nothing_is_acknowledged(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.is_away = bench.spool.is_full_disk = True
        bench.give(*range(10))
        await bench.until(Recording.FAILING)
        assert bench.acknowledged == []
        bench.spool.is_full_disk = False
        await bench.recorder.durable()
        assert bench.acknowledged == list(range(10))
        assert bench.recorder.state.status is Recording.DELAYED
        bench.store.is_away = False
        await bench.until(Recording.OK)
        assert bench.store.written == list(range(10))


async def test_the_database_coming_back_is_enough_when_the_disk_is_full(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.is_away = bench.spool.is_full_disk = True
        bench.give(1)
        await bench.until(Recording.FAILING)
        bench.store.is_away = False
        await bench.recorder.durable()
        assert bench.store.written == bench.acknowledged == [1]
        assert bench.recorder.state.status is Recording.OK


async def test_a_full_queue_asks_the_receiver_to_stop(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.is_away = bench.spool.is_full_disk = True
        bench.give(*range(QUICK.batch_records + QUICK.most_waiting))
        await bench.until(Recording.FAILING)
        full = [bench.recorder.is_full]
        bench.store.is_away = False
        await bench.recorder.durable()
        full.append(bench.recorder.is_full)
        assert full == [True, False]
        bench.give(120)
        await bench.recorder.durable()
        assert bench.store.written == list(range(121))


async def test_closing_flushes(path: Path) -> None:
    async with Bench(path, RecorderLimits(commit_every_s=3600)).running() as bench:
        bench.give(1, 2, 3)
    assert bench.store.written == bench.acknowledged == [1, 2, 3]
    assert bench.store.is_closed
    with pytest.raises(RuntimeError, match="closed"):
        bench.give(4)


async def test_closing_with_nowhere_to_write_acknowledges_nothing(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.is_away = bench.spool.is_full_disk = True
        bench.give(*range(30))
        waiting = asyncio.create_task(bench.recorder.durable())
        await bench.until(Recording.FAILING)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert bench.acknowledged == bench.store.written == []


async def test_a_bug_in_the_store_is_raised_and_a_second_run_loses_nothing(path: Path) -> None:
    bench = Bench(path)
    bench.store.bug = ZeroDivisionError()
    bench.give(1, 2)
    with pytest.raises(ExceptionGroup) as raised:
        await bench.recorder.run()
    assert raised.group_contains(ZeroDivisionError)
    async with bench.running():
        await bench.recorder.durable()
        assert bench.store.written == bench.acknowledged == [1, 2]


async def test_a_cancelled_run_can_be_closed_and_loses_nothing(path: Path) -> None:
    bench = Bench(path)
    running = asyncio.create_task(bench.recorder.run())
    bench.store.may_go_on.clear()
    bench.give(1)
    waiting = asyncio.create_task(bench.recorder.durable())
    while not bench.spool.waiting:
        await asyncio.wait({waiting}, timeout=0.01)
    running.cancel()
    bench.store.may_go_on.set()
    await bench.recorder.close()
    assert running.cancelled()
    await waiting
    assert 1 in bench.store.written or bench.recorder.state.waiting


async def test_waveforms_take_the_same_way(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.store.is_away = True
        bench.recorder.record([vital(1), wave(2), vital(3)])
        await bench.recorder.durable()
        bench.store.is_away = False
        await bench.until(Recording.OK)
        assert sorted(bench.store.written) == [1, 2, 3]


async def test_it_counts(path: Path) -> None:
    async with Bench(path).running() as bench:
        bench.give(1)
        await bench.recorder.durable()
        bench.store.is_away = True
        bench.give(2, 3)
        await bench.recorder.durable()
        bench.store.is_away = False
        await bench.until(Recording.OK)
        stats = bench.recorder.stats
        assert (stats.recorded, stats.committed, stats.spooled, stats.drained) == (3, 1, 2, 2)
        assert stats.database_failures >= 1
