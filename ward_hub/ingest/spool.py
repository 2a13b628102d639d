"""Where records wait on the hub's own disk while the database is away.

An SQLite file in WAL mode with synchronous=FULL: when `append` returns, the records are on disk and
survive a power cut. Batches come back in the order in which they went in and are deleted only after
the database has them. The file is locked to one process.

The bound is on the bytes of records. When it is reached, the oldest waveforms go first, and are
counted; numbers, alarms and everything else are never given up, even beyond the bound (then only
the disk itself is the limit, and `append` raises). A damaged file is set aside under another name,
never deleted, and a new one is started.

Two threads may use a spool at once: one that appends, one that drains.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ward_hub.clock import Clock
from ward_hub.core.records import Record, WaveRecord
from ward_hub.ingest import poison, spool_file
from ward_hub.log import get_log

DEFAULT_LIMIT_BYTES: Final = 4 * 1024**3

_log = get_log("spool")
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The oldest records of the spool, and the batches they are."""

    batches: tuple[int, ...]
    records: tuple[Record, ...]


@dataclass(slots=True)
class SpoolStats:
    """Counts since the start. `waves_dropped` are records given up for want of room.

    `unreadable` counts records or whole batches that were set aside in a table of the file.
    """

    appended: int = 0
    waves_dropped: int = 0
    unreadable: int = 0
    damaged_files: int = 0


@dataclass(slots=True)
class _Change:
    """What a transaction adds (or, below 0, takes away); counted only once it is committed."""

    records: int = 0
    bytes: int = 0
    waves_dropped: int = 0


class Spool:
    """A bounded queue of records in one file. `waiting` is how many are in it now."""

    def __init__(self, path: Path, clock: Clock, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        """Open or create the file. Raises OSError, sqlite3.Error (locked by another hub, disk
        full) or SpoolTooNewError."""
        self._path = path
        self._clock = clock
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Record]).decode
        self.stats = SpoolStats()
        self.waiting = 0
        self.size_bytes = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open_or_set_aside()

    @property
    def oldest_at(self) -> datetime | None:
        """When the oldest waiting batch was appended."""
        with self._lock:
            row = self._file.execute("SELECT at FROM batch ORDER BY id LIMIT 1").fetchone()
        return datetime.fromtimestamp(row[0], UTC) if row else None

    def append(self, records: Sequence[Record]) -> None:
        """Put the records on disk. Raises sqlite3.Error or OSError when that cannot be done."""
        waves = [record for record in records if isinstance(record, WaveRecord)]
        others = [record for record in records if not isinstance(record, WaveRecord)]
        try:
            self._mending(lambda: self._append(others, waves))
        except poison.UNPACKABLE:
            good, bad = poison.sort_out(records)
            self._mending(lambda: self._keep_unpackable(bad))
            self.append(good)

    def oldest(self, most: int) -> Chunk | None:
        """The oldest whole batches, about `most` records together; None when nothing waits.

        Raises sqlite3.Error or OSError.
        """
        return self._mending(lambda: self._oldest(most))

    def delete(self, chunk: Chunk) -> None:
        """Forget a chunk that the database now has. Raises sqlite3.Error or OSError."""
        self._mending(lambda: self._delete(chunk))

    def close(self) -> None:
        """Close the file. What waits in it stays."""
        with self._lock:
            self._file.close()

    def _append(self, others: Sequence[Record], waves: Sequence[Record]) -> None:
        packed = self._encode(others) if others else b""
        packed_waves = self._encode(waves) if waves else b""
        needed = len(packed) + len(packed_waves)
        with self._transaction() as change:
            self._make_room(self.size_bytes + needed - self._limit_bytes, change)
            has_room = self.size_bytes + change.bytes + needed <= self._limit_bytes
            if others:
                self._insert(False, len(others), packed, change)
            if waves and has_room:
                self._insert(True, len(waves), packed_waves, change)
            if not has_room:
                change.waves_dropped += len(waves)
        self.stats.appended += len(others) + len(waves)

    def _keep_unpackable(self, records: Sequence[Record]) -> None:
        at = self._clock.now().timestamp()
        with self._transaction():
            for record in records:
                self._file.execute(
                    "INSERT INTO unreadable (at, payload) VALUES (?, ?)",
                    (at, poison.packed(record)),
                )
        self.stats.unreadable += len(records)
        _log.error("records that cannot be spooled are set aside", records=len(records))

    def _insert(self, is_waves: bool, count: int, payload: bytes, change: _Change) -> None:
        self._file.execute(
            "INSERT INTO batch (at, is_waves, records, payload) VALUES (?, ?, ?, ?)",
            (self._clock.now().timestamp(), is_waves, count, payload),
        )
        change.records += count
        change.bytes += len(payload)

    def _remove(self, number: int, change: _Change) -> int:
        """Delete a batch if it is still there; returns how many records it had."""
        row = self._file.execute(
            "SELECT records, length(payload) FROM batch WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            return 0
        self._file.execute("DELETE FROM batch WHERE id = ?", (number,))
        change.records -= row[0]
        change.bytes -= row[1]
        return int(row[0])

    def _make_room(self, excess_bytes: int, change: _Change) -> None:
        """Give up the oldest waveforms until so many bytes are free, or none are left."""
        while -change.bytes < excess_bytes:
            oldest = self._file.execute(
                "SELECT id FROM batch WHERE is_waves ORDER BY id LIMIT 1"
            ).fetchone()
            if oldest is None:
                return
            change.waves_dropped += self._remove(oldest[0], change)

    def _oldest(self, most: int) -> Chunk | None:
        batches: list[int] = []
        records: list[Record] = []
        with self._lock:
            for number, payload in self._file.execute("SELECT id, payload FROM batch ORDER BY id"):
                batches.append(number)
                try:
                    records += self._decode(payload)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    break
                if len(records) >= most:
                    return Chunk(tuple(batches), tuple(records))
            else:
                return Chunk(tuple(batches), tuple(records)) if batches else None
        self._set_batch_aside(batches.pop())
        return Chunk(tuple(batches), tuple(records)) if batches else self._oldest(most)

    def _delete(self, chunk: Chunk) -> None:
        with self._transaction() as change:
            for number in chunk.batches:
                self._remove(number, change)
        if not self.waiting:
            with self._lock:
                # Not execute: that steps once, and one step frees one page.
                self._file.executescript("PRAGMA incremental_vacuum")
                self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _set_batch_aside(self, number: int) -> None:
        with self._transaction() as change:
            self._file.execute(
                "INSERT INTO unreadable (at, payload) SELECT at, payload FROM batch WHERE id = ?",
                (number,),
            )
            self._remove(number, change)
        self.stats.unreadable += 1
        _log.error("a batch in the spool cannot be read and is set aside", batch=number)

    @contextmanager
    def _transaction(self) -> Iterator[_Change]:
        change = _Change()
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield change
                self._file.execute("COMMIT")
            finally:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
            self.waiting += change.records
            self.size_bytes += change.bytes
            self.stats.waves_dropped += change.waves_dropped

    def _mending(self, step: Callable[[], _Outcome]) -> _Outcome:
        """Run a step; when the file turns out to be damaged, once more on a new one."""
        try:
            return step()
        except sqlite3.DatabaseError as error:
            if not spool_file.is_damage(error):
                raise
            with self._lock:
                self._file.close()
                self._set_file_aside(error)
                self._file = self._open()
            return step()

    def _open_or_set_aside(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            if not spool_file.is_damage(error):
                raise
            self._set_file_aside(error)
            return self._open()

    def _open(self) -> sqlite3.Connection:
        file = spool_file.open_file(self._path)
        try:
            self.waiting, self.size_bytes = file.execute(
                "SELECT coalesce(sum(records), 0), coalesce(sum(length(payload)), 0) FROM batch"
            ).fetchone()
        except BaseException:
            file.close()
            raise
        return file

    def _set_file_aside(self, error: sqlite3.DatabaseError) -> None:
        name = spool_file.set_aside(self._path, self._clock.now())
        self.stats.damaged_files += 1
        self.waiting = self.size_bytes = 0
        _log.error(
            "the spool is damaged and set aside; records in it are not in the database",
            file=name,
            reason=str(error),
        )
