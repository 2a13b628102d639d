"""The watch over the ward: one engine a bed, fed by the bus, its deeds written down and told.

Runs wholly on the event loop's thread. It never waits for the database: records go to the
recorder, which has them on disk before the broker (for samples) or the nurse (for
acknowledgements) is told that they are safe.

When the stay or the monitor of a bed changes, the bed's engine is closed and a new one begins:
nothing of one patient, neither number nor alarm, is carried to the next.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from ward_hub.alerts.journal import alarm_record, notice
from ward_hub.bus import Bus
from ward_hub.core.alarm_life import Alarm, Happening
from ward_hub.core.bed_engine import BedEngine
from ward_hub.core.bedside import Bedside
from ward_hub.core.events import (
    AlarmHappened,
    BedChanged,
    ConditionsArrived,
    SampleArrived,
    StatusArrived,
    WardChanged,
)
from ward_hub.core.ids import AlarmId, BedId, DeviceId, UnitId
from ward_hub.core.people import Refused
from ward_hub.core.records import Record
from ward_hub.core.rules import AlarmKind
from ward_hub.core.station_view import (
    AlarmView,
    BedView,
    alarm_view,
    bed_view,
    empty_bed_view,
    link_state,
)
from ward_hub.core.ward import WardMap

TICK_S: Final = 0.25
SLICES: Final = 4
"""A bed without an alarm is judged every fourth tick; what arrives is judged at once anyway."""

DURABLE_WITHIN_S: Final = 5.0
ENDED_KEPT: Final = 500
"""How many ended alarms can still be asked for by id."""

Signature = tuple[bool, str, tuple[tuple[str, str], ...]]


class Journal(Protocol):
    """Where the watch writes down what happened."""

    def record(self, records: Iterable[Record]) -> None:
        """Take records in, in order, without waiting."""
        ...

    async def durable(self) -> None:
        """Return when everything recorded so far is on disk."""
        ...


class WardWatch:
    """All bed engines. `announce` tells other systems of each alarm event (unit, JSON)."""

    def __init__(
        self,
        ward: Callable[[], WardMap],
        bus: Bus,
        journal: Journal,
        announce: Callable[[UnitId, bytes], None],
    ) -> None:
        self._ward = ward
        self._bus = bus
        self._journal = journal
        self._announce = announce
        self._engines: dict[BedId, BedEngine] = {}
        self._bed_of: dict[DeviceId, BedId] = {}
        self._seen: dict[BedId, Signature] = {}
        self._ended: OrderedDict[AlarmId, AlarmView] = OrderedDict()
        self._turn = 0

    def listen(self, now: Callable[[], datetime]) -> None:
        """Begin to follow the bus."""
        self._bus.listen(SampleArrived, lambda event: self.sample(event, event.placed.received_at))
        self._bus.listen(ConditionsArrived, self.conditions)
        self._bus.listen(StatusArrived, self.status)
        self._bus.listen(WardChanged, lambda _: self.follow_ward(now()))

    def ward(self) -> WardMap:
        """Who is where."""
        return self._ward()

    def follow_ward(self, now: datetime) -> None:
        """Make the engines fit the picture: one a bed with a monitor, anew for a new stay."""
        ward = self._ward()
        monitors = _monitors(ward, now)
        self._bed_of = {device: bed for bed, device in monitors.items()}
        for bed in ward.beds:
            stay = ward.stay_on(bed, now)
            wanted = (stay.id if stay else None, monitors.get(bed))
            engine = self._engines.get(bed)
            held = (engine.bedside.stay, engine.bedside.device) if engine else (None, None)
            if wanted == held and (engine is not None or wanted[1] is None):
                continue
            self._close(engine, now)
            if wanted[1] is not None:
                bedside = Bedside(bed, wanted[0], wanted[1], watched_since=now)
                self._engines[bed] = BedEngine(bedside)
            self._changed(bed)

    def engine(self, bed: BedId) -> BedEngine | None:
        """The engine of a bed, if a monitor is on it."""
        return self._engines.get(bed)

    def engine_of(self, device: DeviceId) -> BedEngine | None:
        """The engine of the bed that a monitor is on."""
        bed = self._bed_of.get(device)
        return self._engines.get(bed) if bed is not None else None

    def sample(self, event: SampleArrived, now: datetime) -> None:
        """Numbers arrived. Those of an earlier stay or another monitor do not touch this one."""
        engine = self._engines.get(event.bed)
        placed = event.placed
        if engine is None or not _is_of(engine, event.stay, placed.device):
            return
        engine.bedside.clock_off_s = event.clock_off_s
        happened = engine.take_sample(event.sample, placed, now)
        self._tell(engine, engine.review(event.sample, placed), past=True)
        self._tell(engine, happened)
        self._changed(event.bed)

    def conditions(self, event: ConditionsArrived) -> None:
        """The monitor reports its own conditions."""
        engine = self._engines.get(event.bed)
        if engine is not None and engine.bedside.device == event.device:
            self._tell(engine, engine.take_conditions(event.conditions, event.received_at))

    def status(self, event: StatusArrived) -> None:
        """The monitor came or went."""
        engine = self._engines.get(event.bed)
        if engine is not None and engine.bedside.device == event.device:
            self._tell(engine, engine.take_status(event.status, event.received_at))
            self._changed(event.bed)

    def tick(self, now: datetime) -> None:
        """Time passed: judge beds with an alarm each time, the others in turns."""
        self._turn = (self._turn + 1) % SLICES
        for index, (bed, engine) in enumerate(self._engines.items()):
            if engine.has_alarms or index % SLICES == self._turn:
                self._tell(engine, engine.tick(now))
                self._notice_ageing(bed, engine, now)

    async def acknowledge(self, alarm: AlarmId, staff: str, now: datetime) -> AlarmView | Refused:
        """A person has seen the alarm; returns when that is on disk."""
        engine = next((e for e in self._engines.values() if e.find(alarm)), None)
        if engine is None:
            return Refused("gone")
        happened = engine.acknowledge(alarm, staff, now)
        if happened is None:
            return Refused("already")
        self._tell(engine, happened)
        try:
            async with asyncio.timeout(DURABLE_WITHIN_S):
                await self._journal.durable()
        except TimeoutError:
            return Refused("not_recorded")
        return alarm_view(self._ward(), engine, happened[-1].alarm)

    def bed_view(self, bed: BedId, now: datetime) -> BedView | None:
        """What a station shows of a bed; None for a bed that is not there."""
        ward = self._ward()
        if bed not in ward.beds:
            return None
        engine = self._engines.get(bed)
        return bed_view(ward, engine, now) if engine else empty_bed_view(ward, bed, now)

    def alarm(self, alarm: AlarmId) -> AlarmView | None:
        """An alarm that is open, or that ended a short while ago."""
        for engine in self._engines.values():
            found = engine.find(alarm)
            if found is not None and found.state.is_shown:
                return alarm_view(self._ward(), engine, found)
        return self._ended.get(alarm)

    def open_alarms(self) -> list[tuple[UnitId, Alarm]]:
        """Every open alarm with its unit."""
        beds = self._ward().beds
        return [
            (beds[engine.bed].unit, alarm)
            for engine in self._engines.values()
            for alarm in engine.open_alarms()
        ]

    def _close(self, engine: BedEngine | None, now: datetime) -> None:
        """End an engine. Screens see that in the new picture, without a word of who was there."""
        if engine is not None:
            for happening in engine.close(now):
                self._write_down(engine, happening)
            del self._engines[engine.bed]

    def _tell(
        self, engine: BedEngine, happened: Iterable[Happening], *, past: bool = False
    ) -> None:
        for happening in happened:
            if past:
                self._journal.record((alarm_record(engine, happening, past=True),))
                continue
            self._write_down(engine, happening)
            self._remember_ended(engine, happening)
            unit = self._ward().beds[engine.bed].unit
            self._bus.publish(
                AlarmHappened(
                    unit, engine.bed, happening.alarm.id, happening.what.value, happening.at
                )
            )
            self._changed(engine.bed)

    def _write_down(self, engine: BedEngine, happening: Happening) -> None:
        """Record what happened now, and tell other systems."""
        self._journal.record((alarm_record(engine, happening, past=False),))
        unit = self._ward().beds[engine.bed].unit
        self._announce(unit, notice(unit, engine, happening))

    def _remember_ended(self, engine: BedEngine, happening: Happening) -> None:
        alarm = happening.alarm
        if alarm.state.is_shown:
            self._ended.pop(alarm.id, None)
            return
        self._ended[alarm.id] = alarm_view(self._ward(), engine, alarm)
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def _changed(self, bed: BedId) -> None:
        self._bus.publish(BedChanged(self._ward().beds[bed].unit, bed))

    def _notice_ageing(self, bed: BedId, engine: BedEngine, now: datetime) -> None:
        """Tell the screens when a bed stops being live without anything arriving."""
        bedside = engine.bedside
        alarms = tuple((alarm.id, alarm.state.value) for alarm in engine.open_alarms())
        signature = (bedside.is_live(now), link_state(bedside, now), alarms)
        if self._seen.get(bed) != signature:
            self._seen[bed] = signature
            self._changed(bed)


def _is_of(engine: BedEngine, stay: int | None, device: DeviceId) -> bool:
    return engine.bedside.device == device and engine.bedside.stay == stay


def _monitors(ward: WardMap, now: datetime) -> dict[BedId, DeviceId]:
    found: dict[BedId, DeviceId] = {}
    for device in ward.devices.values():
        bed = ward.bed_of(device.id, now) if device.kind == "monitor" else None
        if bed is not None and not device.suspended:
            found[bed] = device.id
    return found


def count_by_kind(alarms: Iterable[tuple[UnitId, Alarm]]) -> dict[tuple[str, str], int]:
    """Open alarms by kind and priority, for metrics."""
    counts: dict[tuple[str, str], int] = {
        (kind.value, word): 0 for kind in AlarmKind for word in ("high", "medium", "low")
    }
    for _, alarm in alarms:
        counts[alarm.kind.value, alarm.priority.word] += 1
    return counts
