"""A ward of four beds with a monitor each, and what the tests of stays ask of its database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.registry.a_ward import NOW
from ward_hub.core.audit import Act
from ward_hub.core.ids import BedId, StayId
from ward_hub.core.people import Refused
from ward_hub.core.stays import Admit, StayChange, StayOrder
from ward_hub.registry.stays import Pool, Stays

A, B, C, ICU = BedId("noi-3-01"), BedId("noi-3-02"), BedId("noi-3-03"), BedId("icu-01")
BEDS = (A, B, C, ICU)
LONG_AGO = NOW - timedelta(days=30)

_WARD = """
INSERT INTO unit VALUES ('noi-3', 'Khoa Nội 3', 0), ('icu', 'Hồi sức', 1);
INSERT INTO bed VALUES ('noi-3-01', 'noi-3', '01', 0), ('noi-3-02', 'noi-3', '02', 1),
                       ('noi-3-03', 'noi-3', '03', 2), ('icu-01', 'icu', '01', 3);
INSERT INTO device (id, kind) SELECT 'mon-' || id, 'monitor' FROM bed ORDER BY id;
"""


def moment(seconds: float) -> datetime:
    """Seconds after the beginning of a test's story."""
    return NOW + timedelta(seconds=seconds)


def furnish(dsn: str) -> None:
    """Units, beds, and a monitor on each bed for a long time."""
    with psycopg.connect(dsn) as connection:
        connection.execute(_WARD)
        connection.execute(
            "INSERT INTO assignment (device_key, device_kind, bed_id, from_at)"
            " SELECT device.key, device.kind, bed.id, %s"
            " FROM device JOIN bed ON device.id = 'mon-' || bed.id",
            (LONG_AGO,),
        )


def rows(dsn: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, options="-c timezone=UTC") as connection:
        return connection.execute(statement.encode(), values).fetchall()


def measure(dsn: str, seconds: Iterable[int], beds: Iterable[BedId] = BEDS) -> None:
    """A sample of each bed's monitor in each of these seconds, as nobody's yet."""
    with psycopg.connect(dsn) as connection:
        connection.cursor().executemany(
            "INSERT INTO vital (time, received_at, seq, device_key, flags, hr)"
            " SELECT %(at)s, %(at)s, %(seq)s, key, 0, 70 FROM device WHERE id = 'mon-' || %(bed)s",
            [
                {"at": moment(second), "seq": abs(second), "bed": bed}
                for second in seconds
                for bed in beds
            ],
        )


def settle_all(dsn: str) -> None:
    """Every sample goes to whoever lay there."""
    rows(dsn, "SELECT belonging_settle_bed(id, %s, %s) FROM bed", moment(-9999), moment(9999))


def owners(dsn: str, bed: BedId) -> dict[int, int | None]:
    """Whose the stored samples of a bed's monitor are, by second."""
    found = rows(
        dsn,
        "SELECT time, stay_id FROM vital JOIN device ON device.key = device_key"
        " WHERE id = 'mon-' || %s ORDER BY time",
        bed,
    )
    return {round((at - NOW).total_seconds()): stay for at, stay in found}


def state(dsn: str) -> list[tuple[Any, ...]]:
    """All that is known of stays and where they lay."""
    return [
        *rows(dsn, "SELECT p::text FROM patient p ORDER BY id"),
        *rows(dsn, "SELECT s::text FROM stay s ORDER BY id"),
        *rows(dsn, "SELECT stay_id, bed_id, from_at, to_at FROM stay_bed ORDER BY 1, 3, 4"),
    ]


class Desk:
    """Gives orders to the registry at a moment of the story."""

    def __init__(self, pool: Pool) -> None:
        self.stays = Stays(pool)

    async def give(self, second: float, order: StayOrder) -> StayChange | Refused:
        return await self.stays.carry_out(order, Act("staff:4", moment(second)))

    async def do(self, second: float, order: StayOrder) -> StayChange:
        done = await self.give(second, order)
        assert isinstance(done, StayChange), done
        return done

    async def refusal(self, second: float, order: StayOrder) -> str:
        refused = await self.give(second, order)
        assert isinstance(refused, Refused), refused
        return refused.reason

    async def admit(
        self, second: float, bed: BedId, number: str = "BN-1", *, at: float | None = None
    ) -> StayId:
        """The stay of an invented patient."""
        began = None if at is None else moment(at)
        done = await self.do(second, Admit(bed, number, f"Nguyễn Thị {number}", at=began))
        return done.stays[0]
