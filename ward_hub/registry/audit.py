"""The audit log: a chain of rows, each sealed with the hash of the one before it.

Whoever changes the registry appends the entry in the same transaction, as its last act: the chain
is written by one at a time, and the lock is held until the commit. A row's seal is the SHA-256 of
the seal before it and the canonical JSON of the row (keys sorted, no white space, UTF-8, moments
in UTC with microseconds). A row's number is not sealed: its place is, by the seal before it.

The chain shows that rows were changed, taken out, put in or moved. It cannot show that somebody
with full power over the database wrote the whole chain anew; for that, keep the seal that
`ward-hub audit verify` prints somewhere else, and give it back with `--seal`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.core.audit import AuditEntry

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

AUDIT_LOCK: Final = 0x57415247
"""Advisory lock of whoever appends."""

FIRST_SEAL: Final = bytes(32)
"""What the first row follows."""

_AT_ONCE: Final = 5_000
_NOT_TEXT: Final = str.maketrans("", "", "\x00")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the log: at which row, and what."""

    row: int
    what: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found; `seal` is that of its last row."""

    rows: int
    seal: str
    faults: tuple[Fault, ...]


class Audit:
    """The log for deeds that come with no change of their own: looks, refusals at the door."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, entry: AuditEntry) -> None:
        """Write one entry. It is stored when this returns; raises psycopg.OperationalError."""
        async with self._pool.connection() as connection, connection.transaction():
            await append(connection, [entry])


async def append(
    connection: AsyncConnection[tuple[Any, ...]], entries: Iterable[AuditEntry]
) -> None:
    """Add entries at the end of the chain, in the caller's transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (AUDIT_LOCK,))
    head = await connection.execute("SELECT id, hash FROM audit_head")
    rows = list(_chained(await head.fetchall(), entries))
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(pg.query("registry_audit_append"), rows)
        await connection.execute(_NEW_HEAD, rows[-1])


def append_now(
    connection: psycopg.Connection[tuple[Any, ...]], entries: Iterable[AuditEntry]
) -> None:
    """The same for a program without an event loop."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (AUDIT_LOCK,))
    head = connection.execute("SELECT id, hash FROM audit_head").fetchall()
    rows = list(_chained(head, entries))
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(pg.query("registry_audit_append"), rows)
        connection.execute(_NEW_HEAD, rows[-1])


_NEW_HEAD: Final = "UPDATE audit_head SET id = %(id)s, hash = %(hash)s"


def _chained(
    head: list[tuple[Any, ...]], entries: Iterable[AuditEntry]
) -> Iterator[dict[str, Any]]:
    number, seal = head[0]
    for entry in entries:
        fields = _fields(entry)
        prev, seal = bytes(seal), seal_of(seal, fields)
        number += 1
        yield fields | {
            "id": number,
            "at": entry.at,
            "detail": Jsonb(fields["detail"]),
            "prev": prev,
            "hash": seal,
        }


def seal_of(before: bytes, fields: dict[str, Any]) -> bytes:
    """The seal of a row with these fields that follows the row sealed `before`."""
    text = json.dumps(
        {**fields, "prev": bytes(before).hex()},
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).digest()


def _fields(entry: AuditEntry) -> dict[str, Any]:
    """What is sealed, in the form PostgreSQL gives it back."""
    words = {
        name: getattr(entry, name).translate(_NOT_TEXT)
        for name in ("who", "what", "on", "why", "outcome")
    }
    detail = {
        name: value.translate(_NOT_TEXT) if isinstance(value, str) else value
        for name, value in entry.detail.items()
    }
    return {**words, "at": _moment(entry.at), "detail": detail}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def verify(
    connection: psycopg.Connection[tuple[Any, ...]], known_seal: str | None = None
) -> Verified:
    """Walk the whole chain, in one moment of the database. `known_seal` must be in it."""
    check = _Check(known_seal)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        head = connection.execute("SELECT id, hash FROM audit_head").fetchone()
        with connection.cursor("audit", row_factory=namedtuple_row) as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(pg.query("registry_audit_rows"))
            for row in cursor:
                check.row(row)
    return check.result(head)


class _Check:
    """Goes along the chain. Each fault is told once, where it is; the rows after it still count."""

    def __init__(self, known_seal: str | None) -> None:
        self._known_seal = known_seal
        self._seen_known = known_seal is None
        self._last, self._seal = 0, FIRST_SEAL
        self._count = 0
        self._faults: list[Fault] = []

    def row(self, row: Any) -> None:
        prev, seal = bytes(row.prev), bytes(row.hash)
        if row.id != self._last + 1:
            self._missing(self._last + 1, row.id - 1)
        elif prev != self._seal:
            self._faults.append(Fault(row.id, "does not follow the row before it"))
        if seal_of(prev, _fields(_entry(row))) != seal:
            self._faults.append(Fault(row.id, "was changed"))
        self._seen_known = self._seen_known or seal.hex() == self._known_seal
        self._last, self._seal = row.id, seal
        self._count += 1

    def result(self, head: tuple[Any, ...] | None) -> Verified:
        number, seal = head or (0, FIRST_SEAL)
        if number > self._last:
            self._missing(self._last + 1, number)
        elif bytes(seal) != self._seal:
            self._faults.append(Fault(self._last, "is not the end that was noted"))
        if not self._seen_known:
            self._faults.append(Fault(0, "no row has the seal that was given"))
        return Verified(self._count, self._seal.hex(), tuple(self._faults))

    def _missing(self, first: int, last: int) -> None:
        what = "is missing" if first == last else f"and all up to {last} are missing"
        self._faults.append(Fault(first, what))


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(row.at, row.who, row.what, row.on, row.why, row.outcome, row.detail)


def tail(connection: psycopg.Connection[tuple[Any, ...]], most: int) -> list[dict[str, Any]]:
    """The newest entries, oldest first, as documents."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(pg.query("registry_audit_tail"), {"most": most})
        rows: list[Any] = list(cursor)
    return [{"id": row.id, **_fields(_entry(row))} for row in reversed(rows)]
