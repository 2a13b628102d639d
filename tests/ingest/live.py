"""An intake and a watch over a small ward, without broker or database, for live-path tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.core.timeline import START, moment
from ward_hub.alerts.watch import WardWatch
from ward_hub.bus import Bus
from ward_hub.core.ids import BedId, DeviceId, StaffId, StayId, UnitId
from ward_hub.core.records import Record
from ward_hub.core.ward import Assignment, Bed, Device, Stay, Unit, WardMap
from ward_hub.ingest.intake import Intake
from ward_hub.mqtt import Delivery

UNIT = UnitId("noi-3")
LONG_AGO = START - timedelta(days=1)


def ward_of(*names: str) -> WardMap:
    """Beds with these names, each with a patient and the monitor `mon-<name>`."""
    beds = [BedId(name) for name in names]
    return WardMap(
        units={UNIT: Unit(UNIT, "Khoa Nội 3")},
        beds={bed: Bed(bed, UNIT, bed, index) for index, bed in enumerate(beds)},
        devices={monitor(bed): Device(monitor(bed), "monitor") for bed in beds},
        stays={bed: (stay(index + 1, bed),) for index, bed in enumerate(beds)},
        assignments={monitor(bed): (Assignment(monitor(bed), bed, LONG_AGO),) for bed in beds},
        staff_names={StaffId(7): "Trần Thị Hoa"},
    )


def monitor(bed: str) -> DeviceId:
    """The monitor that stands at a bed."""
    return DeviceId(f"mon-{bed}")


def stay(number: int, bed: BedId, admitted_at: datetime = LONG_AGO) -> Stay:
    """An invented patient."""
    return Stay(StayId(number), bed, f"Nguyễn Văn {number}", None, "M", f"BA-{number}", admitted_at)


class Written:
    """Keeps what is recorded; the database answers when a test says so."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._waiting: list[Callable[[], None]] = []

    def record(
        self, records: Iterable[Record], on_durable: Callable[[], None] | None = None
    ) -> None:
        self.records.extend(records)
        if on_durable is not None:
            self._waiting.append(on_durable)

    async def durable(self) -> None:
        self.commit()

    def commit(self) -> None:
        """Everything so far is on disk."""
        waiting, self._waiting = self._waiting, []
        for on_durable in waiting:
            on_durable()

    def of(self, kind: type[Record]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]


class Live:
    """The live path of one small ward; `failures` must stay empty."""

    def __init__(self, *beds: str) -> None:
        self.ward = ward_of(*beds)
        self.failures: list[BaseException] = []
        self.bus = Bus(lambda error, _: self.failures.append(error))
        self.written = Written()
        self.notices: list[Any] = []
        self.acknowledged: list[int] = []
        self.watch = WardWatch(
            lambda: self.ward,
            self.bus,
            self.written,
            lambda unit, notice: self.notices.append((unit, msgspec.json.decode(notice))),
        )
        self.watch.follow_ward(START)
        self.watch.listen(lambda: START)
        self.intake = Intake(lambda: self.ward, self.bus, self.written)
        self._count = 0

    def send(self, topic: str, payload: bytes, second: float) -> int:
        """One message as the broker hands it over; gives its number."""
        number = self._count
        self._count += 1
        self.intake.take(
            Delivery(topic, payload, moment(second), lambda: self.acknowledged.append(number))
        )
        return number

    def vitals(
        self, bed: str, seq: int, second: float, *, at: float | None = None, **v: float
    ) -> int:
        """Numbers from the monitor of a bed, stamped `at` (default: now)."""
        stamped = moment(second if at is None else at)
        payload = msgspec.json.encode({"t": stamped, "seq": seq, "v": v})
        return self.send(f"ward/v1/{monitor(bed)}/vitals", payload, second)
