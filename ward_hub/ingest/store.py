"""The store: a batch of records goes into the database in one transaction, or not at all.

`Store.write` returns when the batch is committed, and raises psycopg.Error when the database could
not take it now; the recorder then keeps it elsewhere. Writing the same batch again is harmless.

A record that no database would take (a number out of every range, a device nobody registered) must
not stop what stands behind it. When a batch fails because of what is in it, it is halved within
one transaction until the records at fault are found; these go into the table `poisoned` whole, with
the reason, and the rest is committed. A failure of the database itself is never taken for poison.

Synchronous, for one thread at a time. Must never decide what a record means.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import error as StructError  # noqa: N812 - a class with a lower-case name
from typing import Any, Final

import psycopg

from ward_hub import pg
from ward_hub.clock import Clock
from ward_hub.core.records import Record
from ward_hub.ingest import poison, rows
from ward_hub.ingest.writer import Writer

STATEMENT_TIMEOUT_S: Final = 20.0

POISON: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    StructError,
)
"""What is raised when a record is at fault. Anything else is the database's own trouble."""


class Store:
    """Writes batches to one database; connects by itself, and again after a failure."""

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._dsn = dsn
        self._clock = clock
        self._connection: psycopg.Connection[Any] | None = None
        self._writer: Writer | None = None
        self.poisoned = 0

    def write(self, records: Sequence[Record]) -> None:
        """Commit the whole batch. Raises psycopg.Error when the database cannot take it now."""
        try:
            connection, writer = self._connected()
            writer.prepare_days(records)
            with connection.transaction():
                writer.begin()
                poisoned = self._write_in(connection, writer, records)
            self.poisoned += poisoned
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next write opens another."""
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            connection.close()

    def _connected(self) -> tuple[psycopg.Connection[Any], Writer]:
        if self._connection is None or self._writer is None:
            connection = pg.connect(self._dsn, "store", statement_timeout_s=STATEMENT_TIMEOUT_S)
            self._connection = connection
            connection.autocommit = True
            self._writer = Writer(connection, self._clock)
        return self._connection, self._writer

    @staticmethod
    def _write_in(
        connection: psycopg.Connection[Any], writer: Writer, records: Sequence[Record]
    ) -> int:
        """Write all that can be written, in order; returns how many were set aside."""
        poisoned = 0
        waiting = [records]
        while waiting:
            part = waiting.pop()
            try:
                with connection.transaction():
                    writer.write(part)
            except POISON as reason:
                if len(part) > 1:
                    middle = len(part) // 2
                    waiting += (part[middle:], part[:middle])
                else:
                    _set_aside(connection, part[0], reason)
                    poisoned += 1
        return poisoned


def _set_aside(connection: psycopg.Connection[Any], record: Record, reason: BaseException) -> None:
    said = f"{type(reason).__name__}: {reason}".encode("utf-8", "backslashreplace").decode()
    connection.execute(
        "INSERT INTO poisoned (kind, reason, record) VALUES (%s, %s, %s)",
        (type(record).__struct_config__.tag, rows.clean(said), poison.packed(record)),
    )
