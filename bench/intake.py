"""What one message costs the hub before the database: parse, place, judge, publish.

    python -m bench.intake [--beds 1000] [--rounds 20]

Prints microseconds a message for vitals and waves with the engine on and nobody watching, for the
four ticks a second of one bed, and for the engine alone (fold one sample and judge every limit).
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from ward_hub.alerts.watch import WardWatch
from ward_hub.bus import Bus
from ward_hub.clock import SystemClock
from ward_hub.core.bed_engine import BedEngine
from ward_hub.core.bedside import Bedside
from ward_hub.core.ids import BedId, DeviceId, StayId, UnitId
from ward_hub.core.records import Record
from ward_hub.core.sample import Placed, Sample
from ward_hub.core.ward import Assignment, Bed, Device, Stay, Unit, WardMap
from ward_hub.ingest.intake import Intake
from ward_hub.mqtt import Delivery

START = datetime(2026, 11, 22, tzinfo=UTC)


class Nowhere:
    """Takes records and keeps none."""

    def record(
        self, records: Iterable[Record], on_durable: Callable[[], None] | None = None
    ) -> None:
        """Forget them."""

    async def durable(self) -> None:
        """Nothing to wait for."""


def ward_of(count: int) -> WardMap:
    """A ward of so many beds, each with a patient and a monitor."""
    names = [f"mon-{n:04}" for n in range(count)]
    unit = UnitId("u")
    return WardMap(
        units={unit: Unit(unit, "U")},
        beds={BedId(n): Bed(BedId(n), unit, n) for n in names},
        devices={DeviceId(n): Device(DeviceId(n), "monitor") for n in names},
        stays={
            BedId(n): (Stay(StayId(i), BedId(n), "A B", None, "", n, START),)
            for i, n in enumerate(names)
        },
        assignments={DeviceId(n): (Assignment(DeviceId(n), BedId(n), START),) for n in names},
    )


def vitals(at: datetime, seq: int) -> bytes:
    """A message of eight numbers."""
    values = {"hr": 78, "pr": 77, "spo2": 97, "rr": 16, "temp": 36.8}
    values |= {"nibp_sys": 121, "nibp_dia": 77, "nibp_map": 92}
    return msgspec.json.encode({"t": at, "seq": seq, "v": values, "at": {"nibp": at}})


def waves(at: datetime, seq: int) -> bytes:
    """One second of three channels."""
    channel = {"rate": 125, "scale": 0.01, "unit": "mV", "data": base64.b64encode(bytes(250))}
    fast = channel | {"rate": 250, "data": base64.b64encode(bytes(500))}
    return msgspec.json.encode(
        {"t": at, "seq": seq, "w": {"ecg_ii": fast, "pleth": channel, "resp": channel}}
    )


def measure(beds: int, rounds: int) -> dict[str, float]:
    """Microseconds a message (and a tick a bed)."""
    ward = ward_of(beds)
    bus = Bus(lambda error, _: print(error))
    watch = WardWatch(lambda: ward, bus, Nowhere(), lambda _unit, _notice: None)
    watch.follow_ward(START)
    watch.listen(lambda: START)
    intake = Intake(lambda: ward, bus, Nowhere())
    clock = SystemClock()
    spent = {"vitals": 0.0, "waves": 0.0, "tick": 0.0}
    for number in range(rounds):
        now = START + timedelta(seconds=number)
        for kind, make in (("vitals", vitals), ("waves", waves)):
            payload = make(now, number)
            deliveries = [
                Delivery(f"ward/v1/{device}/{kind}", payload, now, lambda: None)
                for device in ward.devices
            ]
            began_s = clock.monotonic_s()
            for delivery in deliveries:
                intake.take(delivery)
            spent[kind] += clock.monotonic_s() - began_s
        began_s = clock.monotonic_s()
        for _ in range(4):
            watch.tick(now)
        spent["tick"] += clock.monotonic_s() - began_s
    return {kind: seconds / rounds / beds * 1e6 for kind, seconds in spent.items()}


def measure_engine(samples: int) -> float:
    """Microseconds a sample of eight values, engine alone, on a patient inside the limits."""
    bedside = Bedside(BedId("b"), StayId(1), DeviceId("mon-1"), watched_since=START)
    engine = BedEngine(bedside)
    values: dict[str, float | None] = {
        "hr": 78.0,
        "pr": 77.0,
        "spo2": 97.0,
        "rr": 16.0,
        "temp": 36.8,
        "nibp_sys": 121.0,
    }
    times = [START + timedelta(seconds=n) for n in range(samples)]
    work = [
        (Sample(at, n, values), Placed(DeviceId("mon-1"), at, at, clock_off=False, late=False), at)
        for n, at in enumerate(times)
    ]
    clock = SystemClock()
    began_s = clock.monotonic_s()
    for sample, placed, now in work:
        engine.take_sample(sample, placed, now)
    return (clock.monotonic_s() - began_s) / samples * 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beds", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    for name, cost_us in measure(chosen.beds, chosen.rounds).items():
        print(f"{name:8} {cost_us:7.1f} us")
    engine_us = measure_engine(50_000)
    print(f"engine   {engine_us:7.1f} us  ({1e6 / engine_us:,.0f} samples/s)")
