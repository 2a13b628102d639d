"""After a restart: the ward as it was when the hub stopped, from the database.

Three things come back: the numbers of the last moments (with their own times, so what is old shows
as old), the alarms that were open, and what is known of each device (clock, sequence numbers).
What happened since is still with the broker and follows through the ordinary intake.

The numbers are folded first and judged silently, so that conditions which were waiting for their
delay wait on; then the alarms as they were written down take their places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.alerts.journal import restored_alarm
from ward_hub.alerts.watch import WardWatch
from ward_hub.core.device_clock import DeviceClock
from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.core.sample import DeviceStatus, Placed, Quality, Sample
from ward_hub.core.sequence import SequenceTracker
from ward_hub.core.vitals import VITALS
from ward_hub.ingest.device_track import DeviceTrack
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.rows import CLOCK_OFF
from ward_hub.topics import Kind

RECENT: Final = timedelta(minutes=2)
NUMBERS_KNOWN: Final = timedelta(days=14)
"""How far back the newest number of a device is looked for: as long as a broker keeps a session."""

Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was read back. `samples` in order of their time, `alarms` as (bed, stay, document)."""

    samples: list[Row]
    sequences: list[Row]
    alarms: list[Row]
    devices: list[Row]


async def read_back(pool: Pool, now: datetime) -> Stored:
    """Read all that a restart needs. Raises psycopg.OperationalError while it cannot."""
    times = {"now": now, "since": now - RECENT, "known_since": now - NUMBERS_KNOWN}
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:

        async def rows(query: bytes) -> list[Row]:
            await cursor.execute(query, times)
            return await cursor.fetchall()

        episodic = await rows(pg.query("restore_episodic"))
        recent = await rows(pg.query("restore_samples"))
        sequences = await rows(pg.query("restore_sequences"))
        alarms = await rows(pg.query("restore_alarms"))
        devices = await rows(b"SELECT device_id, state, status, clock_offset_s FROM device_state")
    return Stored(episodic + recent, sequences, alarms, devices)


def bring_back(stored: Stored, watch: WardWatch, intake: Intake) -> None:
    """Put the watch and the intake where they were. Sounds nothing and writes nothing."""
    for row in stored.devices:
        _know_device(row, watch, intake)
    for row in stored.sequences:
        track = intake.tracks.setdefault(row["id"], DeviceTrack(row["id"]))
        track.sequences[Kind(row["kind"])] = SequenceTracker(row["seq"], row["at"])
    for row in stored.samples:
        _fold(row, watch)
    for row in stored.alarms:
        engine = watch.engine(BedId(row["bed_id"]))
        if engine is not None and engine.bedside.stay == row["stay_id"]:
            engine.restore([restored_alarm(bytes(row["engine"]))])


def _know_device(row: Row, watch: WardWatch, intake: Intake) -> None:
    device = DeviceId(row["device_id"])
    track = DeviceTrack(device, DeviceClock(row["clock_offset_s"]))
    said = row["status"]
    track.status = DeviceStatus(
        device_at=None,
        online=row["state"] != "offline",
        model=said.get("model", ""),
        serial=said.get("serial", ""),
        firmware=said.get("firmware", ""),
        battery_percent=said.get("battery_percent"),
        charging=said.get("charging"),
    )
    intake.tracks[device] = track
    engine = watch.engine_of(device)
    if engine is not None:
        engine.bedside.status = track.status


def _fold(row: Row, watch: WardWatch) -> None:
    device, at = DeviceId(row["id"]), row["time"]
    engine = watch.engine_of(device)
    if engine is None or engine.bedside.stay != _stay(row):
        return
    placed = Placed(device, at, row["received_at"], bool(row["flags"] & CLOCK_OFF), late=True)
    engine.take_sample(stored_sample(row), placed, at)


def _stay(row: Row) -> StayId | None:
    return None if row["stay_id"] is None else StayId(row["stay_id"])


def stored_sample(row: Row) -> Sample:
    """The sample as the device sent it, from its row."""
    extra = row["extra"] or {}
    values: dict[str, float | None] = dict.fromkeys(extra.get("null", ()))
    for name in VITALS:
        if row[name] is not None:
            values[name] = round(row[name], 4)
    return Sample(
        device_at=row["device_at"] or row["time"],
        seq=row["seq"],
        values=values,
        quality={name: Quality(word) for name, word in extra.get("q", {}).items()},
        measured_at={
            name: datetime.fromisoformat(text) for name, text in extra.get("at", {}).items()
        },
        unknown=extra.get("u", {}),
    )
