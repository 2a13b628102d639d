"""What is in the database, asked directly: the truth these tests compare with."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


class Records:
    """Questions to one database, each over a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query."""
        with psycopg.connect(self._dsn, row_factory=dict_row, connect_timeout=5) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def one(self, query: str, *values: object) -> Any:
        """The only column of the only row."""
        (row,) = self.rows(query, *values)
        (value,) = row.values()
        return value

    def count(self) -> int:
        """How many samples are stored."""
        return int(self.one("SELECT count(*) AS n FROM vital"))

    def sequences(self) -> dict[str, list[int]]:
        """The sequence numbers of each device's samples, sorted, repetitions included."""
        found = self.rows(
            "SELECT device.id, array_agg(vital.seq ORDER BY vital.seq) AS numbers"
            " FROM vital JOIN device ON device.key = vital.device_key GROUP BY device.id"
        )
        return {row["id"]: row["numbers"] for row in found}

    def gaps(self) -> list[Row]:
        """Gaps in the samples that are not filled."""
        return self.rows("SELECT * FROM gap WHERE kind = 'vitals' AND missing > 0 ORDER BY from_at")

    def alarm(self, alarm: str) -> Row | None:
        """The stored state of an alarm; None while it is not there (the stream is faster)."""
        found = self.rows("SELECT * FROM alarm WHERE id = %s", alarm)
        return found[0] if found else None

    def events(self, alarm: str) -> list[str]:
        """What happened to an alarm, in order."""
        query = "SELECT event FROM alarm_event WHERE alarm_id = %s ORDER BY at, id"
        return [row["event"] for row in self.rows(query, alarm)]
