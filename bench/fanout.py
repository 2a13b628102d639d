"""What one more viewer costs: `python -m bench.fanout [--viewers N] [--beds N] [--seconds S]`.

Every second each bed of a unit has new vitals and a block of waves, as on a real ward. Printed, as
JSON: processor time for each viewer and event, once for the fan-out alone (noting, encoding,
handing out), once with our own stream response over it, and once with sse-starlette's response
sending the very same bytes. No network: `send` returns at once, so this is the hub's own share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sse_starlette import EventSourceResponse
from starlette.types import Message

from tests.displays.ward import NOI, START, MemoryWard, StillClock, raise_it
from ward_hub.bus import Bus
from ward_hub.core.events import WavesArrived
from ward_hub.core.ids import BedId, DeviceId
from ward_hub.core.station_view import BedView, DeviceView, StayView, ValueView
from ward_hub.core.ward import Bed, WardMap
from ward_hub.displays.fanout import Fanout
from ward_hub.displays.streams import EventStream
from ward_hub.displays.viewers import Audience, Limits

NAMES = ("hr", "pr", "spo2", "rr", "temp", "nibp_sys", "nibp_dia", "nibp_map")
FLUSHES_A_SECOND = 12
WAVES = json.dumps(
    {
        name: {"rate": 125, "scale": 0.005, "unit": "mV", "data": "A" * 334}
        for name in ("ecg_ii", "pleth", "resp")
    }
).encode()


class FullWard(MemoryWard):
    """Beds with everything a real tile has."""

    def bed_view(self, bed: BedId, now: datetime) -> BedView:
        value = ValueView(self.heart_rates.get(bed, 80.0), now, "fresh", "ok", 50, 130)
        return BedView(
            bed=bed,
            label=bed[-2:],
            unit=NOI,
            stay=StayView(1, "P.T. Dung", "70–79", "F"),
            device=DeviceView(f"mon-{bed}", "online", 80, False, None),
            live=True,
            last_at=now,
            values=dict.fromkeys(NAMES, value),
            alarms=[],
        )


@dataclass
class Room:
    """A unit with its fan-out, and the viewers' reading."""

    beds: int

    def __post_init__(self) -> None:
        self.bus, self.clock = Bus(raise_it), StillClock()
        beds = {
            BedId(f"noi-3-{n:02}"): Bed(BedId(f"noi-3-{n:02}"), NOI, f"{n:02}", n)
            for n in range(self.beds)
        }
        self.live = FullWard(self.bus)
        self.live.map = WardMap(units=self.live.map.units, beds=beds)
        limits = Limits(flush_s=3600)
        self.fanout = Fanout(self.live, self.clock, "1", limits, lambda _, __: None)
        self.fanout.listen(self.bus)

    def second(self) -> list[Callable[[], None]]:
        """The steps of one second: some beds, then a flush, and so on; a beat at the end."""
        beds = list(self.live.map.beds)
        shares = [beds[n::FLUSHES_A_SECOND] for n in range(FLUSHES_A_SECOND)]
        return [lambda share=share: self._step(share) for share in shares if share]  # type: ignore[misc]

    def _step(self, beds: list[BedId]) -> None:
        self.clock.advance(1 / FLUSHES_A_SECOND)
        for bed in beds:
            self.live.measure(bed, 80.0)
            self.bus.publish(WavesArrived(NOI, bed, DeviceId("mon-1"), START, WAVES))
        self.fanout.flush()


def fanout_alone(room: Room, viewers: int, seconds: int) -> tuple[float, int, int]:
    """Processor seconds, sends and bytes when viewers take by hand."""
    joined = [room.fanout.join(Audience(NOI), lambda: True)[0] for _ in range(viewers)]
    for viewer in joined:
        room.fanout.take(viewer)
    sends = size = 0
    started = time.process_time()
    for _ in range(seconds):
        for step in room.second():
            step()
            for viewer in joined:
                taken = room.fanout.take(viewer) or b""
                sends += bool(taken)
                size += len(taken)
    return time.process_time() - started, sends, size


Serve = Callable[[Room, Callable[[Message], Awaitable[None]]], Awaitable[None]]


async def over_responses(
    room: Room, viewers: int, seconds: int, serve: Serve
) -> tuple[float, int, int]:
    """The same through a response for each viewer."""
    sends = size = 0

    async def send(message: Message) -> None:
        nonlocal sends, size
        body = message.get("body", b"")
        sends += bool(body)
        size += len(body)

    tasks = [asyncio.ensure_future(serve(room, send)) for _ in range(viewers)]
    await _settle()
    sends = size = 0
    started = time.process_time()
    for _ in range(seconds):
        for step in room.second():
            step()
            await _settle()
    spent = time.process_time() - started
    counted = (spent, sends, size)
    room.fanout.close()
    await asyncio.gather(*tasks)
    return counted


async def _settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def _never() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def own(room: Room, send: Callable[[Message], Awaitable[None]]) -> None:
    stream = EventStream(
        room.fanout,
        Audience(NOI),
        lambda: True,
        send_timeout_s=10,
        opened=lambda: None,
        closed=lambda: None,
    )
    await stream({"type": "http"}, _never, send)


async def library(room: Room, send: Callable[[Message], Awaitable[None]]) -> None:
    viewer, wake = room.fanout.join(Audience(NOI), lambda: True)

    async def events() -> AsyncIterator[bytes]:
        while True:
            await wake.wait()
            wake.clear()
            taken = room.fanout.take(viewer)
            if taken is None:
                return
            if taken:
                yield taken

    response = EventSourceResponse(events(), ping=0, send_timeout=10)
    await response({"type": "http", "method": "GET"}, _never, send)


def told(viewers: int, measured: tuple[float, int, int]) -> dict[str, float]:
    spent, sends, size = measured
    return {
        "us_per_viewer_and_event": round(spent / sends * 1e6, 2),
        "events": sends,
        "mb": round(size / 1e6, 1),
        "events_per_viewer": round(sends / viewers, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--beds", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=3)
    chosen = parser.parse_args()
    viewers, seconds = chosen.viewers, chosen.seconds
    result = {
        "viewers": viewers,
        "beds": chosen.beds,
        "fanout": told(viewers, fanout_alone(Room(chosen.beds), viewers, seconds)),
        "own_stream": told(
            viewers, asyncio.run(over_responses(Room(chosen.beds), viewers, seconds, own))
        ),
        "sse_starlette": told(
            viewers, asyncio.run(over_responses(Room(chosen.beds), viewers, seconds, library))
        ),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
