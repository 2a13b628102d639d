"""The database killed outright in mid-stream, and the hub too: all that was acknowledged, once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from tests.services.postgres import OwnPostgres
from tests.storage import ward
from tests.storage.ward import MONITOR, StoppedClock, fetch, later, vital, wave
from ward_hub import pg
from ward_hub.core.records import Record
from ward_hub.ingest.recorder import Recorder
from ward_hub.ingest.recording import RecorderLimits, Recording, RecordingState
from ward_hub.ingest.spool import Spool
from ward_hub.ingest.store import Store

QUICK = RecorderLimits(commit_every_s=0.02, retry_first_s=0.05, retry_last_s=0.2, patience_s=0.5)


class Stream:
    """Numbered messages into a recorder, and which of them were acknowledged."""

    def __init__(self, dsn: str, path: Path) -> None:
        self.acknowledged: list[int] = []
        self.given = 0
        self._changed = asyncio.Event()
        self.recorder = Recorder(
            Store(dsn, StoppedClock()),
            Spool(path, StoppedClock()),
            StoppedClock(),
            limits=QUICK,
            on_change=self._on_change,
        )

    def _on_change(self, state: RecordingState) -> None:
        self._changed.set()

    def _message(self, number: int) -> list[Record]:
        records: list[Record] = [vital(number), wave(number)]
        if number % 10 == 0:
            records.append(ward.alarm(f"a{number}", "raised", "active", later(number)))
        return records

    def give(self, count: int) -> None:
        for number in range(self.given, self.given + count):
            self.recorder.record(self._message(number), partial(self.acknowledged.append, number))
        self.given += count

    async def give_until(self, status: Recording) -> None:
        """A steady stream, about as fast as a ward sends, until recording is `status`."""
        while self.recorder.state.status is not status:
            self._changed.clear()
            self.give(20)
            await self.recorder.durable()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Stream]:
        async with asyncio.timeout(50), asyncio.TaskGroup() as group:
            group.create_task(self.recorder.run())
            yield self
            await self.recorder.close()


def _assert_each_once(dsn: str, numbers: list[int]) -> None:
    for table in ("vital", "wave_block"):
        counts = Counter(seq for (seq,) in fetch(dsn, f"SELECT seq FROM {table}"))
        assert counts == Counter(dict.fromkeys(numbers, 1))
    alarms = fetch(dsn, "SELECT alarm_id FROM alarm_event ORDER BY at")
    assert alarms == [(f"a{number}",) for number in numbers if number % 10 == 0]


async def test_a_database_killed_in_mid_stream_loses_nothing_and_doubles_nothing(
    own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    dsn = own_postgres.dsn
    pg.migrate(dsn)
    ward.register(dsn, MONITOR)
    async with Stream(dsn, tmp_path / "spool").running() as stream:
        for _ in range(2):
            stream.give(500)
            await stream.recorder.durable()
            stream.give(500)
            await asyncio.to_thread(own_postgres.kill9)
            await stream.give_until(Recording.DELAYED)
            assert stream.acknowledged == list(range(stream.given))
            await asyncio.to_thread(own_postgres.start)
            await stream.give_until(Recording.OK)
    assert stream.acknowledged == list(range(stream.given))
    _assert_each_once(dsn, stream.acknowledged)


async def test_what_is_spooled_when_the_hub_ends_is_stored_by_the_next(
    own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    dsn = own_postgres.dsn
    pg.migrate(dsn)
    ward.register(dsn, MONITOR)
    own_postgres.stop()
    async with Stream(dsn, tmp_path / "spool").running() as stream:
        stream.give(100)
        await stream.recorder.durable()
    own_postgres.start()
    async with Stream(dsn, tmp_path / "spool").running() as second:
        second.given = 100
        await second.give_until(Recording.OK)
    _assert_each_once(dsn, list(range(second.given)))


HUB = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from tests.storage.test_faults import Stream

    async def main():
        stream = Stream(sys.argv[1], Path(sys.argv[2]))
        running = asyncio.create_task(stream.recorder.run())
        stream.given = int(sys.argv[3])
        while True:
            stream.give(100)
            await stream.recorder.durable()
            print(len(stream.acknowledged), flush=True)

    asyncio.run(main())
"""


def _hub_killed_after(dsn: str, spool: Path, first: int) -> int:
    """Run a hub that counts from `first`, kill it -9; returns how many it had acknowledged."""
    command = [sys.executable, "-c", textwrap.dedent(HUB), dsn, str(spool), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        acknowledged = 0
        for line in hub.stdout:
            if not line.startswith("20"):
                acknowledged = int(line)
            if acknowledged >= 500:
                hub.kill()
                break
        assert hub.wait(20) == -signal.SIGKILL
    return acknowledged


async def test_a_hub_killed_in_mid_stream_finds_its_acknowledged_messages_stored(
    migrated_database: str, tmp_path: Path
) -> None:
    """The broker delivers again what was not acknowledged, which may be in the database already."""
    dsn = migrated_database
    ward.register(dsn, MONITOR)
    spool = tmp_path / "spool"
    acknowledged = await asyncio.to_thread(_hub_killed_after, dsn, spool, 0)
    stored = {seq for (seq,) in fetch(dsn, "SELECT seq FROM vital")}
    assert set(range(acknowledged)) <= stored
    async with Stream(dsn, spool).running() as again:
        again.given = acknowledged
        again.give(200)
        await again.recorder.durable()
    _assert_each_once(dsn, sorted(stored | set(range(acknowledged + 200))))


async def test_database_and_hub_both_killed(own_postgres: OwnPostgres, tmp_path: Path) -> None:
    dsn = own_postgres.dsn
    pg.migrate(dsn)
    ward.register(dsn, MONITOR)
    spool = tmp_path / "spool"
    own_postgres.kill9()
    acknowledged = await asyncio.to_thread(_hub_killed_after, dsn, spool, 0)
    own_postgres.start()
    async with Stream(dsn, spool).running() as again:
        again.given = acknowledged
        await again.give_until(Recording.OK)
        again.give(100)
    _assert_each_once(dsn, list(range(again.given)))
