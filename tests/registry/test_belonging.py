"""Whose a sample is, through the whole live path: picture, intake, watch, store, settling."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest

from tests.ingest.live import Written
from tests.registry.beds import BEDS, ICU, A, B, C, Desk, moment, rows
from tests.storage.ward import StoppedClock
from ward_hub.alerts.watch import WardWatch
from ward_hub.bus import Bus
from ward_hub.core.events import WardChanged
from ward_hub.core.ids import BedId, StayId
from ward_hub.core.stays import Admit, Discharge, StayChange, StayOrder, Swap, Transfer, Undo
from ward_hub.core.ward import WardMap
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.rollup import Rollup
from ward_hub.ingest.store import Store
from ward_hub.mqtt import Delivery
from ward_hub.registry.belonging import settle, unsettled
from ward_hub.registry.picture import load_ward
from ward_hub.registry.stays import Pool


class LiveHub:
    """A hub's live path over the registry: it sees a change only when it looks."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        self._pool = pool
        self.now = moment(0)
        self.ward = WardMap()
        self.bus = Bus(_raise)
        self.written = Written()
        self.watch = WardWatch(lambda: self.ward, self.bus, self.written, lambda *_: None)
        self.watch.listen(lambda: self.now)
        self.intake = Intake(lambda: self.ward, self.bus, self.written)
        self.store = Store(dsn, StoppedClock(moment(0)))
        self._numbers: dict[BedId, int] = {}

    async def look(self) -> list[int]:
        """Read the picture; gives what is to be settled once all before it is stored."""
        numbers = await unsettled(self._pool)
        ward = await load_ward(self._pool, self.now)
        if ward != self.ward:
            self.ward = ward
            self.bus.publish(WardChanged())
        return numbers

    def sample(self, bed: BedId, at: float, heart_rate: float = 70) -> None:
        """A message of the bed's own monitor, stamped `at`."""
        number = self._numbers[bed] = self._numbers.get(bed, -1) + 1
        body = {"t": moment(at), "seq": number, "v": {"hr": heart_rate}}
        topic, payload = f"ward/v1/mon-{bed}/vitals", msgspec.json.encode(body)
        self.intake.take(Delivery(topic, payload, self.now, lambda: None))

    def save(self) -> None:
        """What was recorded so far arrives in the database."""
        self.store.write(self.written.records)
        self.written.records.clear()

    def shown(self, bed: BedId) -> tuple[StayId | None, list[float | None]]:
        """The patient and the heart rate that a screen shows of a bed."""
        view = self.watch.bed_view(bed, self.now)
        assert view is not None
        values = [value.v for name, value in view.values.items() if name == "hr"]
        return (StayId(view.stay.id) if view.stay else None), values


def _raise(error: BaseException, _event: object) -> None:
    raise error


@pytest.fixture
def hub(furnished: str, pool: Pool) -> Iterator[LiveHub]:
    hub = LiveHub(furnished, pool)
    yield hub
    hub.store.close()


def stored(dsn: str) -> list[tuple[str, datetime, int | None]]:
    found = rows(
        dsn, "SELECT id, time, stay_id FROM vital JOIN device ON key = device_key ORDER BY 1, 2"
    )
    return [(device.removeprefix("mon-"), at, stay) for device, at, stay in found]


async def test_nothing_of_the_one_who_left_is_shown_for_the_one_who_came(
    hub: LiveHub, desk: Desk
) -> None:
    one, two = await desk.admit(0, A, "BN-1"), await desk.admit(0, B, "BN-2")
    await hub.look()
    hub.now = moment(5)
    hub.sample(A, 5, 151)
    hub.sample(B, 5, 52)
    assert hub.shown(A) == (one, [151])
    await desk.do(6, Swap(one, A, two, B))
    hub.now = moment(6)
    await hub.look()
    assert hub.shown(A) == (two, [])
    assert hub.shown(B) == (one, [])
    hub.now = moment(7)
    hub.sample(A, 5.9, 152)
    assert hub.shown(A) == (two, [])
    hub.sample(A, 6.5, 61)
    assert hub.shown(A) == (two, [61])
    await desk.do(8, Discharge(two, A))
    hub.now = moment(8)
    await hub.look()
    assert hub.shown(A) == (None, [])


async def test_what_was_on_its_way_is_settled_once_it_has_arrived(
    hub: LiveHub, desk: Desk, pool: Pool, furnished: str
) -> None:
    """Placed by the picture before the swap, stored after it."""
    one, two = await desk.admit(0, A, "BN-1"), await desk.admit(0, B, "BN-2")
    await hub.look()
    await settle(pool, await unsettled(pool), moment(0))
    hub.now = moment(6)
    hub.sample(A, 4)
    hub.sample(A, 5)
    hub.sample(A, 6)
    await desk.do(6, Swap(one, A, two, B, moment(5)))
    hub.save()
    assert [stay for *_, stay in stored(furnished)] == [one, one, one]
    assert await settle(pool, await hub.look(), moment(6)) == 2
    assert [stay for *_, stay in stored(furnished)] == [one, two, two]
    assert await unsettled(pool) == []


async def test_minutes_follow_the_samples(
    hub: LiveHub, desk: Desk, pool: Pool, furnished: str
) -> None:
    """Rolled up for nobody's, then for the one, and after undo again for nobody."""
    await hub.look()
    for second in range(0, 120, 10):
        hub.now = moment(second)
        hub.sample(A, second, 60 + second)
    hub.save()
    rollup = Rollup(furnished)
    try:
        rollup.run(moment(300))
        change = await desk.do(300, Admit(A, "BN-1", "Phạm Thị Dung", at=moment(60)))
        rollup.run(moment(301))
        text = "SELECT stay_id, minute, min, max, count FROM vital_minute ORDER BY 2"
        assert rows(furnished, text) == [(change.stays[0], moment(60), 120, 170, 6)]
        await desk.do(310, Undo(change.id))
        rollup.run(moment(311))
        assert rows(furnished, text) == []
    finally:
        rollup.close()


@pytest.mark.parametrize("seed", range(4))
async def test_random_days_end_with_every_sample_at_the_right_stay(
    hub: LiveHub, desk: Desk, pool: Pool, furnished: str, seed: int
) -> None:
    """Admissions, transfers, swaps, discharges, undos, some told late; samples some of them late,
    placed by a picture that is now and then an old one. The stays' own way is what must hold."""
    dice = random.Random(seed)
    changes: list[StayChange] = []
    await hub.look()
    for second in range(0, 240, 2):
        hub.now = moment(second)
        for bed in BEDS:
            late = dice.choice((0, 0, 0, 7, 15))
            hub.sample(bed, second - late + dice.random() / 10)
        if dice.random() < 0.5:
            change = await _something(desk, dice, furnished, second, changes)
            changes.extend([change] if change else [])
        if dice.random() < 0.6:
            numbers = await hub.look()
            hub.save()
            await settle(pool, numbers, hub.now)
    numbers = await hub.look()
    hub.save()
    await settle(pool, numbers, hub.now)
    assert len(changes) > 15
    periods = rows(furnished, "SELECT stay_id, bed_id, from_at, to_at FROM stay_bed")

    def owner(bed: str, at: datetime) -> int | None:
        there = [s for s, b, begin, end in periods if b == bed and begin <= at and _until(at, end)]
        assert len(there) <= 1
        return there[0] if there else None

    found = stored(furnished)
    assert len(found) > 400
    assert [stay for *_, stay in found] == [owner(bed, at) for bed, at, _ in found]


def _until(at: datetime, end: datetime | None) -> bool:
    return end is None or at < end


async def _something(
    desk: Desk, dice: random.Random, dsn: str, second: int, changes: list[StayChange]
) -> StayChange | None:
    """Any order that comes to mind; many are refused."""
    at = moment(second - dice.choice((0, 0, 1, 5, 20)))
    held = rows(dsn, "SELECT id, bed_id FROM stay WHERE discharged_at IS NULL ORDER BY id")
    bed, other_bed = dice.sample((A, B, C, ICU), 2)
    number = dice.randrange(6)
    orders: list[StayOrder] = [Admit(bed, f"BN-{number}", f"Người {number}", at=at)]
    if held:
        stay, is_on = dice.choice(held)
        other, other_on = dice.choice(held)
        orders.append(Transfer(StayId(stay), is_on, other_bed, at))
        orders.append(Swap(StayId(stay), is_on, StayId(other), other_on, at))
        if dice.random() < 0.3:
            orders.append(Discharge(StayId(stay), is_on, at))
    if changes and dice.random() < 0.3:
        orders.append(Undo(changes[-1].id))
    result = await desk.give(second, dice.choice(orders))
    return result if isinstance(result, StayChange) else None
