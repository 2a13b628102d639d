"""The spool's file: how it is opened, what is in it, and what becomes of a damaged one.

Write-ahead log, synchronous=FULL and one process only; the file's own entry in its folder is
synced too. Raises what sqlite3 raises; decides nothing about records.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

_VERSION: Final = 1
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA: Final = """
CREATE TABLE batch (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       REAL NOT NULL,
    is_waves INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    payload  BLOB NOT NULL
);
CREATE INDEX batch_waves ON batch (id) WHERE is_waves;
CREATE TABLE unreadable (id INTEGER PRIMARY KEY, at REAL NOT NULL, payload BLOB NOT NULL);
"""


class SpoolTooNewError(RuntimeError):
    """The spool was written by a newer hub; this one must not touch what waits in it."""


def open_file(path: Path) -> sqlite3.Connection:
    """Open or create the file. Raises sqlite3.Error (in use by another hub, damaged, disk full)
    or SpoolTooNewError."""
    path.touch(mode=0o600)  # vital signs: for the hub's own account only
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        file.execute("PRAGMA locking_mode = EXCLUSIVE")
        file.execute("PRAGMA journal_mode = WAL").fetchall()
        file.execute("PRAGMA synchronous = FULL")
        _set_up(file, path)
    except BaseException:
        file.close()
        raise
    _sync_folder(path.parent)
    return file


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken, rather than busy or the disk full."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGED


def set_aside(path: Path, now: datetime) -> str:
    """Rename a damaged file and what belongs to it; returns its new name."""
    damaged = f"damaged-{now:%Y%m%dT%H%M%S.%f}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(part.with_name(f"{part.name}.{damaged}"))
    return f"{path.name}.{damaged}"


def _set_up(file: sqlite3.Connection, path: Path) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise SpoolTooNewError(f"{path} is of version {version}, this hub knows {_VERSION}")
    if version == 0:
        file.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")


def _sync_folder(folder: Path) -> None:
    """Make sure that the file itself, not only what is in it, survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
