"""Rows of the two busy tables in PostgreSQL's binary COPY form.

The hub writes thousands of these a second, so they are packed here by hand (3 µs a row; psycopg's
own row by row formatting takes about three times that). A value that cannot be packed raises
struct.error, OverflowError or ValueError; the store treats that record as poisoned. Nothing here
reads or writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from struct import Struct
from typing import Final

import msgspec

from ward_hub.core.records import VitalRecord, WaveRecord
from ward_hub.core.vitals import VITALS
from ward_hub.ingest import blocks

CLOCK_OFF: Final = 1
LATE: Final = 2

VITAL_COLUMNS: Final = (
    *("time", "received_at", "device_at", "stay_id", "seq", "device_key", "flags"),
    *VITALS,
    "extra",
)
WAVE_COLUMNS: Final = (
    *("time", "device_at", "stay_id", "seq", "rate_hz", "scale", "device_key", "samples", "codec"),
    *("channel", "unit", "data"),
)

HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER: Final = b"\xff\xff"

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NULL: Final = b"\xff\xff\xff\xff"
_NO_VALUES: Final = (_NULL,) * len(VITALS)
_COLUMN: Final = {name: index for index, name in enumerate(VITALS)}
_VITAL_HEAD: Final = Struct(">hiqiq").pack
_INT8: Final = Struct(">iq").pack
_VITAL_KEYS: Final = Struct(">iqiiih").pack
_FLOAT4: Final = Struct(">if").pack
_WAVE_TIME: Final = Struct(">hiq").pack
_WAVE_NUMBERS: Final = Struct(">iqididiiiiih").pack
_LENGTH: Final = Struct(">i").pack


def microseconds(moment: datetime) -> int:
    """Microseconds since 2000, as PostgreSQL counts a timestamptz."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def clean(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot hold."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def json(document: object) -> bytes:
    """The document as JSON that jsonb accepts: a NUL in it becomes a replacement character."""
    return msgspec.json.encode(document).replace(b"\\u0000", b"\\ufffd")


def vital_row(record: VitalRecord, device_key: int) -> bytes:
    """One row of `vital` with VITAL_COLUMNS."""
    flags = (CLOCK_OFF if record.clock_off else 0) | (LATE if record.late else 0)
    columns = list(_NO_VALUES)
    for name, value in record.values.items():
        if value is not None:
            columns[_COLUMN[name]] = _FLOAT4(4, value)
    device_at = record.device_at if record.clock_off or record.device_at != record.at else None
    return b"".join(
        (
            _VITAL_HEAD(
                len(VITAL_COLUMNS), 8, microseconds(record.at), 8, microseconds(record.received_at)
            ),
            _NULL if device_at is None else _INT8(8, microseconds(device_at)),
            _NULL if record.stay is None else _INT8(8, record.stay),
            _VITAL_KEYS(8, record.seq, 4, device_key, 2, flags),
            *columns,
            _extra(record),
        )
    )


def wave_row(record: WaveRecord, device_key: int) -> bytes:
    """One row of `wave_block` with WAVE_COLUMNS; the samples are packed here."""
    codec, data = blocks.encode(record.data)
    return b"".join(
        (
            _WAVE_TIME(len(WAVE_COLUMNS), 8, microseconds(record.at)),
            _NULL if record.device_at is None else _INT8(8, microseconds(record.device_at)),
            _NULL if record.stay is None else _INT8(8, record.stay),
            _WAVE_NUMBERS(
                *(8, record.seq, 8, record.rate_hz, 8, record.scale),
                *(4, device_key, 4, len(record.data) // 2, 2, codec),
            ),
            _sized(clean(record.channel).encode()),
            _sized(clean(record.unit).encode()),
            _sized(data),
        )
    )


def copy_stream(rows: Iterable[bytes]) -> bytes:
    """The rows as one whole COPY stream."""
    return b"".join((HEADER, *rows, TRAILER))


def _sized(data: bytes) -> bytes:
    return _LENGTH(len(data)) + data


def _extra(record: VitalRecord) -> bytes:
    if not (
        record.quality or record.measured_at or record.unknown or None in record.values.values()
    ):
        return _NULL
    parts: dict[str, object] = {
        "q": record.quality,
        "at": record.measured_at,
        "u": record.unknown,
        "null": [name for name, value in record.values.items() if value is None],
    }
    said = {key: part for key, part in parts.items() if part}
    return _sized(b"\x01" + json(said))
