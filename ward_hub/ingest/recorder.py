"""The recorder: takes records from the live path without making it wait, and gets them on disk.

    record() --> queue --> database                      (all is well)
                      \\-> spool --> database, in order  (the database is or was away)

One loop writes batches, in the order in which records came: straight to the database while the
spool is empty and the database answers, else to the spool. Another loop drains the spool when the
database is back; until it is empty new batches queue up behind what waits there. The callbacks of a
batch (the broker's acknowledgements) run only when it is committed to the database or fsynced in
the spool; never before.

When the spool fails too, nothing is acknowledged: the batch in hand is tried again until one of the
two takes it, the queue grows up to its bound and `is_full` asks the receiver to stop reading. The
same batch may reach the database twice (a commit whose answer got lost); the store makes that
harmless. Intentional oddity: a write that takes longer than `patience_s` is left running and its
batch spooled as well, so that a hanging database delays an acknowledgement by no more than that.

Runs on one event loop. Blocking work is done in two threads of its own, never in the loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import psycopg

from ward_hub.clock import Clock
from ward_hub.core.records import Record
from ward_hub.ingest.pending import Batch, OnDurable, Pending, heard
from ward_hub.ingest.recording import (
    RecorderLimits,
    RecorderStats,
    Recording,
    RecordingState,
)
from ward_hub.ingest.spool import Spool
from ward_hub.log import get_log

_log = get_log("recorder")
_SPOOL_FAILURE: Final = (sqlite3.Error, OSError)


class RecordStore(Protocol):
    """What commits a batch: `ward_hub.ingest.store.Store`, or a stand-in that fails on request."""

    def write(self, records: tuple[Record, ...]) -> None:
        """Commit all of them. Raises psycopg.Error when they cannot be taken now."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Recorder:
    """Gets records on disk. `run()` is its loop; `close()` flushes and ends it."""

    def __init__(
        self,
        store: RecordStore,
        spool: Spool,
        clock: Clock,
        *,
        limits: RecorderLimits | None = None,
        on_change: Callable[[RecordingState], None] | None = None,
    ) -> None:
        self._store = store
        self._spool = spool
        self._clock = clock
        self._limits = limits or RecorderLimits()
        self._on_change = on_change
        self.stats = RecorderStats()
        self._pending = Pending(self._limits.batch_records)
        self._held: Batch | None = None
        self._due: deque[OnDurable] = deque()
        self._waiters: set[asyncio.Future[None]] = set()
        self._spooled, self._stopping = asyncio.Event(), asyncio.Event()
        self._one_writer = asyncio.Lock()
        self._is_closed = False
        self._database: asyncio.Future[None] | None = None
        self._database_thread = ThreadPoolExecutor(1, "recorder-database")
        self._spool_thread = ThreadPoolExecutor(1, "recorder-spool")
        self._spool_failed = False
        self._shown = RecordingState(Recording.OK, 0, None)
        if spool.waiting:
            self._spooled.set()
        self._note_status(spool_failed=False)

    @property
    def state(self) -> RecordingState:
        """How recording is going now."""
        return RecordingState(self._shown.status, self._spool.waiting, self._shown.since)

    @property
    def is_full(self) -> bool:
        """Whether the receiver must stop reading: more may be lost with every message."""
        return self._pending.waiting >= self._limits.most_waiting

    def record(self, records: Iterable[Record], on_durable: OnDurable | None = None) -> None:
        """Take records in, in order, without waiting. They are committed together.

        `on_durable` runs on the event loop once these and all earlier records are on disk; with no
        records, once the earlier ones are. Raises RuntimeError after `close()`.
        """
        if self._stopping.is_set():
            raise RuntimeError("the recorder is closed")
        taken = tuple(records)
        self._pending.add(taken, on_durable)
        self.stats.recorded += len(taken)

    async def durable(self) -> None:
        """Return when everything recorded so far is on disk. Cancelled when that never will be."""
        if not self._pending and self._held is None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(done)
        done.add_done_callback(self._waiters.discard)
        self.record((), lambda: None if done.done() else done.set_result(None))
        self._pending.hurry()
        await done

    async def run(self) -> None:
        """Write and drain until `close()`. May be called again when it failed: nothing is lost."""
        async with self._one_writer:
            if self._is_closed:
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(self._drain_loop(), name="recorder drain")
                group.create_task(self._write_loop(), name="recorder write")

    async def close(self) -> None:
        """Flush to the database or the spool, end `run()`, close both.

        Waits for a database that hangs no longer than its statement timeout. What neither would
        take was never acknowledged: the broker still has it.
        """
        self._stopping.set()
        self._spooled.set()
        self._pending.close()
        async with self._one_writer:
            await self._write_loop()
            self._is_closed = True
        for waiter in tuple(self._waiters):
            waiter.cancel()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._database_thread, self._store.close)
        await loop.run_in_executor(self._spool_thread, self._spool.close)
        self._database_thread.shutdown()
        self._spool_thread.shutdown()

    async def _write_loop(self) -> None:
        self._acknowledge()
        within_s = self._limits.commit_every_s
        while self._held is not None or await self._pending.is_due(within_s):
            self._held = batch = self._held or self._pending.take()
            if batch.records and not await self._make_durable(batch.records):
                _log.error(
                    "closed with records that nothing would take", records=self._pending.waiting
                )
                return
            self._held = None
            self.stats.batches += 1
            self._due.extend(batch.callbacks)
            self._acknowledge()

    def _acknowledge(self) -> None:
        while self._due:
            self._due.popleft()()

    async def _make_durable(self, records: tuple[Record, ...]) -> bool:
        """Get the records on disk, however long it takes; False when told to stop before that."""
        pause_s = self._limits.retry_first_s
        while True:
            if self._is_direct() and await self._commit(records):
                return True
            if await self._put_by(records):
                return True
            if await heard(self._stopping, pause_s):
                return False
            pause_s = min(pause_s * 2, self._limits.retry_last_s)

    def _is_direct(self) -> bool:
        is_free = self._database is None or self._database.done()
        return is_free and not self._spool.waiting

    async def _commit(self, records: tuple[Record, ...]) -> bool:
        writing = self._in_database(lambda: self._store.write(records))
        done, _ = await asyncio.wait({writing}, timeout=self._limits.patience_s)
        if not done:
            _log.warning("the database is slow; the batch is spooled as well")
            return False
        if self._has_failed(writing):
            return False
        self.stats.committed += len(records)
        self._note_status(spool_failed=False)
        return True

    async def _put_by(self, records: tuple[Record, ...]) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._spool_thread, self._spool.append, records)
        except _SPOOL_FAILURE as error:
            self.stats.spool_failures += 1
            _log.error("the spool cannot be written", reason=str(error))
            self._note_status(spool_failed=True)
            return False
        self.stats.spooled += len(records)
        self._spooled.set()
        self._note_status(spool_failed=False)
        return True

    async def _drain_loop(self) -> None:
        pause_s = self._limits.retry_first_s
        while True:
            await self._spooled.wait()
            if self._stopping.is_set():
                return
            if await self._drain_some():
                pause_s = self._limits.retry_first_s
            else:
                await heard(self._stopping, pause_s)
                pause_s = min(pause_s * 2, self._limits.retry_last_s)

    async def _drain_some(self) -> bool:
        if self._database is not None:
            await asyncio.wait({self._database})
        draining = self._in_database(self._drain_chunk)
        await asyncio.wait({draining})
        if self._has_failed(draining):
            return False
        if not self._spool.waiting and not self._stopping.is_set():
            self._spooled.clear()
        self._note_status(spool_failed=self._spool_failed)
        return True

    def _drain_chunk(self) -> None:
        chunk = self._spool.oldest(self._limits.drain_records)
        if chunk is not None:
            self._store.write(chunk.records)
            self._spool.delete(chunk)
            self.stats.drained += len(chunk.records)

    def _in_database(self, work: Callable[[], None]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        self._database = loop.run_in_executor(self._database_thread, work)
        self._database.add_done_callback(_look_at)
        return self._database

    def _has_failed(self, work: asyncio.Future[None]) -> bool:
        """Whether the database or the spool failed in it; anything else is raised."""
        error = work.exception()
        if error is None:
            return False
        if not isinstance(error, (psycopg.Error, *_SPOOL_FAILURE)):
            raise error
        self.stats.database_failures += 1
        _log.warning("the database did not take a batch", reason=str(error).strip())
        return True

    def _note_status(self, *, spool_failed: bool) -> None:
        self._spool_failed = spool_failed
        delayed = Recording.DELAYED if self._spool.waiting else Recording.OK
        status = Recording.FAILING if spool_failed else delayed
        if status is self._shown.status:
            return
        since = None if status is Recording.OK else self._clock.now()
        self._shown = RecordingState(status, self._spool.waiting, since)
        _log.warning("recording", status=status.value, waiting=self._spool.waiting)
        if self._on_change is not None:
            self._on_change(self.state)


def _look_at(work: asyncio.Future[None]) -> None:
    """Take note of the outcome of work nobody may be waiting for any more."""
    if not work.cancelled():
        work.exception()
