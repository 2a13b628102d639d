"""A watcher reads one unit's stream as a browser would, and notes when each new value came.

It reads the bytes of the real HTTP stream and looks only into `patch` events. The time of a value
is its own `at` (the moment it was published); both clocks are this machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from ward_hub.clock import Clock

_NAME: Final = b"event: "
_DATA: Final = b"data: "


class _Bed(msgspec.Struct):
    bed: str
    last_at: datetime | None = None


class _Patch(msgspec.Struct):
    beds: list[_Bed]


_PATCH: Final = msgspec.json.Decoder(_Patch)


@dataclass(slots=True)
class Seen:
    """What a watcher saw: the delay of each new value in milliseconds, and bytes received."""

    delays_ms: list[float] = field(default_factory=list)
    received_bytes: int = 0
    ended_early: bool = False
    _last: dict[str, datetime] = field(default_factory=dict)

    def take(self, patch: bytes, now: datetime) -> None:
        """Note every bed whose newest value is newer than before."""
        for bed in _PATCH.decode(patch).beds:
            if bed.last_at is None or self._last.get(bed.bed) == bed.last_at:
                continue
            self._last[bed.bed] = bed.last_at
            self.delays_ms.append((now - bed.last_at).total_seconds() * 1000)


async def watch(host: str, port: int, unit: str, cookie: str, clock: Clock) -> Seen:
    """Read the unit's stream until cancelled; returns what was seen."""
    seen = Seen()
    reader, writer = await asyncio.open_connection(host, port, limit=8 * 1024 * 1024)
    try:
        writer.write(
            f"GET /stream/units/{unit} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Cookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(head.split(b"\r\n", 1)[0].decode())
        await _read_events(reader, seen, clock)
        seen.ended_early = True
    except asyncio.CancelledError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return seen


async def _read_events(reader: asyncio.StreamReader, seen: Seen, clock: Clock) -> None:
    pending = b""
    while size := int(await reader.readline() or b"0", 16):
        chunk = await reader.readexactly(size + 2)
        seen.received_bytes += size
        *events, pending = (pending + chunk[:-2]).split(b"\n\n")
        now = clock.now()
        for event in events:
            name, _, data = event.partition(b"\n")
            if name == _NAME + b"patch":
                seen.take(data.removeprefix(_DATA), now)
