"""Writes records over one database connection, one kind after another, inside a transaction that
the store opens. Knows what may be remembered between batches (device keys, days that have
partitions, devices whose clock is off) and nothing of failure: whatever goes wrong is raised.

Every statement may be given the same record again without storing it twice:

- a sample is its device, time and sequence number (for a wave, also its channel);
- a sample of a device whose clock is off is placed at hub time, and elsewhere when the broker
  delivers it again after a crash. Such a sample is its device, sequence number, device time and
  content: the content, because a device without a battery for its clock starts at the same time
  and number every morning;
- alarms and gaps replace their row, events and links are unique, rejects are counted when new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, cast

import msgspec
import psycopg

from ward_hub import pg
from ward_hub.clock import Clock
from ward_hub.core.ids import DeviceId
from ward_hub.core.records import (
    AlarmRecord,
    GapRecord,
    LinkRecord,
    Record,
    RejectRecord,
    VitalRecord,
    WaveRecord,
)
from ward_hub.ingest import rows

REDELIVERED_WITHIN: Final = timedelta(days=7)
"""How far around a sample at hub time its double is looked for (vital_insert_doubtful.sql)."""

PARTITIONS_BACK: Final = timedelta(days=500)
PARTITIONS_AHEAD: Final = timedelta(days=3)
"""Days outside this get no partition of their own; the default partition takes their rows."""

ROLLUP_LOCK: Final = 0x57415245
"""Advisory lock: shared while a batch is written, exclusive while the roll-up closes minutes."""

_VITALS_IN: Final = f"vital_in ({', '.join(rows.VITAL_COLUMNS)})"
_DOUBTFUL_IN: Final = f"vital_doubtful_in ({', '.join(rows.VITAL_COLUMNS)})"
_WAVES_IN: Final = f"wave_in ({', '.join(rows.WAVE_COLUMNS)})"

_OneKind = TypeVar("_OneKind")


class UnknownDeviceError(ValueError):
    """A sample of a device the registry does not know. It is put aside, not lost."""


class Writer:
    """Writes batches over one connection; thrown away with it."""

    def __init__(self, connection: psycopg.Connection[Any], clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._days: set[int] = set()
        self._closed_until = clock.now()
        self._keys: dict[DeviceId, int] = dict(
            connection.execute("SELECT id, key FROM device").fetchall()
        )
        # A device whose clock was off may be placed at device time after a restart, or the reverse.
        self._clock_off: set[int] = {
            key
            for (key,) in connection.execute(
                "SELECT DISTINCT device_key FROM vital WHERE device_at IS NOT NULL AND time > %s",
                (clock.now() - REDELIVERED_WITHIN,),
            )
        }
        connection.execute(pg.query("staging"))

    def prepare_days(self, records: Sequence[Record]) -> None:
        """Make the partitions of days not seen before, in transactions of their own.

        Where a long reader is in the way, the rows go to the default partition for now.
        """
        series = (VitalRecord, WaveRecord)
        days = {record.at.toordinal() for record in records if isinstance(record, series)}
        now = self._clock.now()
        for day in sorted(days - self._days):
            start = datetime.fromordinal(day).replace(tzinfo=UTC)
            if not now - PARTITIONS_BACK <= start <= now + PARTITIONS_AHEAD:
                continue
            with suppress(psycopg.errors.LockNotAvailable), self._connection.transaction():
                self._connection.execute("SET LOCAL lock_timeout = '300ms'")
                self._connection.execute("SELECT series_ensure(%s, %s)", (start, start))
                self._days.add(day)

    def begin(self) -> None:
        """First thing in the transaction: hold off the roll-up, and learn what it has closed."""
        execute = self._connection.execute
        execute("SELECT pg_advisory_xact_lock_shared(%s)", (ROLLUP_LOCK,))
        progress = execute("SELECT closed_until FROM vital_minute_progress").fetchone()
        self._closed_until = cast("tuple[datetime]", progress)[0]

    def write(self, records: Sequence[Record]) -> None:
        """Write all of them, in order within each kind. Raises psycopg.Error, or ValueError,
        OverflowError or struct.error for a record that no row can hold."""
        vitals = _only(VitalRecord, records)
        waves = _only(WaveRecord, records)
        if vitals:
            self._write_vitals(vitals)
        if waves:
            self._write_waves(waves)
        if len(vitals) + len(waves) < len(records):
            self._write_events(records)

    def _write_vitals(self, records: list[VitalRecord]) -> None:
        plain: list[bytes] = []
        doubtful: list[bytes] = []
        for record in records:
            key = self._key(record.device)
            if record.clock_off:
                self._clock_off.add(key)
            target = doubtful if key in self._clock_off else plain
            target.append(rows.vital_row(record, key))
        self._mark_closed_minutes(records)
        self._copy(_VITALS_IN, plain, "vital_insert")
        self._copy(_DOUBTFUL_IN, doubtful, "vital_insert_doubtful")

    def _write_waves(self, records: list[WaveRecord]) -> None:
        packed = [rows.wave_row(record, self._key(record.device)) for record in records]
        self._copy(_WAVES_IN, packed, "wave_insert")

    def _copy(self, target: str, packed: list[bytes], insert: str) -> None:
        if not packed:
            return
        with self._connection.cursor() as cursor:
            with cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)".encode()) as copy:
                copy.write(rows.copy_stream(packed))
            cursor.execute(pg.query(insert))

    def _key(self, device: DeviceId) -> int:
        key = self._keys.get(device)
        if key is None:
            found = self._connection.execute("SELECT key FROM device WHERE id = %s", (device,))
            row = found.fetchone()
            if row is None:
                raise UnknownDeviceError(f"no device {device!r} in the registry")
            key = self._keys[device] = int(row[0])
        return key

    def _mark_closed_minutes(self, records: Iterable[VitalRecord]) -> None:
        """Leave a mark for each minute that the roll-up has already done."""
        late = {
            (record.stay, record.at.replace(second=0, microsecond=0))
            for record in records
            if record.at < self._closed_until and record.stay is not None
        }
        self._execute_each(b"INSERT INTO vital_minute_due (stay_id, minute) VALUES (%s, %s)", late)

    def _write_events(self, records: Sequence[Record]) -> None:
        alarms = [_alarm(record) for record in _only(AlarmRecord, records)]
        links = [_link(record) for record in _only(LinkRecord, records)]
        gaps = [_plain(record) for record in _only(GapRecord, records)]
        rejects = [_plain(record) for record in _only(RejectRecord, records)]
        self._execute_each(pg.query("alarm_upsert"), alarms)
        self._execute_each(pg.query("alarm_event_append"), alarms)
        self._execute_each(pg.query("link_append"), links)
        self._execute_each(pg.query("device_state_upsert"), links)
        self._execute_each(pg.query("gap_upsert"), gaps)
        self._execute_each(pg.query("reject_append"), rejects)

    def _execute_each(self, statement: bytes, each: Iterable[Any]) -> None:
        parameters = list(each)
        if parameters:
            with self._connection.cursor() as cursor:
                cursor.executemany(statement, parameters)


def _only(kind: type[_OneKind], records: Sequence[Record]) -> list[_OneKind]:
    return [record for record in records if isinstance(record, kind)]


def _plain(record: msgspec.Struct) -> dict[str, object]:
    """The fields as statement parameters, text in a form PostgreSQL can hold."""
    fields = msgspec.structs.asdict(record)
    return {
        name: rows.clean(value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _alarm(record: AlarmRecord) -> dict[str, object]:
    return _plain(record) | {"detail": rows.json(record.detail).decode()}


def _link(record: LinkRecord) -> dict[str, object]:
    return _plain(record) | {"status": rows.json(record.status).decode()}
