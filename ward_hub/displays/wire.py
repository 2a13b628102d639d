"""How events are written on a stream: names, times and frames of server-sent events.

A frame is one line of `data`, so nothing put into one may hold a line break: a device could else
write events of its own into every nurse's screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

encode: Final = msgspec.json.Encoder().encode
"""JSON of any struct, dictionary or list, on one line."""


def time_text(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds; `at` must be aware and in UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def frame(name: bytes, data: bytes) -> bytes:
    """One named event. `data` is JSON on one line."""
    return b"event: %b\ndata: %b\n\n" % (name, data)


def one_line(document: bytes) -> bytes:
    """JSON that came from elsewhere without its line breaks (only white space in valid JSON)."""
    return document.translate(None, b"\r\n")


def patch_frame(at: datetime, beds: Iterable[bytes]) -> bytes:
    """The views of changed beds, each already encoded."""
    text = b'{"at":"%b","beds":[%b]}' % (time_text(at).encode(), b",".join(beds))
    return frame(b"patch", text)


def snapshot_frame(head: dict[str, object], beds: Iterable[bytes]) -> bytes:
    """The whole picture: `head` (at, version, unit, recording, broker) and the encoded beds."""
    opened = encode(head)[:-1]
    return frame(b"snapshot", b'%b,"beds":[%b]}' % (opened, b",".join(beds)))


def waves_frame(bed: str, at: datetime, document: bytes) -> bytes:
    """A block of waveform of a bed, as the monitor sent it."""
    head = b'{"bed":%b,"t":%d,"w":' % (encode(bed), epoch_ms(at))
    return frame(b"waves", head + one_line(document) + b"}")
