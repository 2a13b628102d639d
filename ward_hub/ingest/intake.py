"""The live path: one message from the broker, read, placed, told to the ward, and written down.

Everything here happens at once, on the event loop's thread, and never waits. The order matters:
the ward (and with it the alarm engine) is told first and puts its own records down first, then the
message itself is recorded with the acknowledgement that goes to the broker once all of it is on
disk. So when the broker believes a message is delivered, every alarm it caused is safe as well.

Whatever a device sends, `take` does not raise; what breaks the contract is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

from ward_hub.bus import Bus
from ward_hub.core.device_clock import Placement
from ward_hub.core.events import ConditionsArrived, SampleArrived, StatusArrived, WavesArrived
from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.core.records import GapRecord, LinkRecord, Record, VitalRecord, WaveRecord
from ward_hub.core.sample import (
    DeviceConditions,
    DeviceStatus,
    Message,
    Placed,
    Rejected,
    RejectReason,
    Sample,
    Samples,
    WaveBlock,
)
from ward_hub.core.sequence import Arrival, Gap
from ward_hub.core.ward import WardMap
from ward_hub.ingest.device_track import DeviceTrack
from ward_hub.ingest.payloads import UNDERSTOOD, parse
from ward_hub.ingest.rejects import RejectCounter
from ward_hub.mqtt import Delivery
from ward_hub.topics import Kind, parse_topic

OnDurable = Callable[[], None]

NOBODY: Final = DeviceId("")
"""The sender of what came on a topic that names no device."""

WAVES_ARE_LIVE_FOR: Final = timedelta(seconds=10)
"""Waveforms older than this are stored but not drawn on the live screens."""


class RecordSink(Protocol):
    """Where records go; the acknowledgement is called when they are on disk."""

    def record(self, records: Iterable[Record], on_durable: OnDurable | None = None) -> None:
        """Take records in, in order, without waiting."""
        ...


@dataclass(slots=True)
class IntakeStats:
    """Counts since the start, for metrics."""

    messages: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    samples: int = 0
    late: int = 0
    duplicates: int = 0
    gaps: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Numbered:
    """What identifies a message of one device: its kind, number and time."""

    kind: Kind
    seq: int
    device_at: datetime


class Intake:
    """Takes messages in. `ward` gives the present picture of who is where."""

    def __init__(self, ward: Callable[[], WardMap], bus: Bus, sink: RecordSink) -> None:
        self._ward = ward
        self._bus = bus
        self._sink = sink
        self.tracks: dict[DeviceId, DeviceTrack] = {}
        self.rejects = RejectCounter()
        self.stats = IntakeStats()

    def take(self, delivery: Delivery) -> None:
        """Take one message in; it is acknowledged when it (or the ward's answer to it) is safe."""
        named = parse_topic(delivery.topic)
        if isinstance(named, Rejected):
            self._refuse(NOBODY, delivery, named)
        elif named[1] in UNDERSTOOD:
            self._take_from(*named, delivery)
        else:
            self._sink.record((), delivery.acknowledge)

    def _take_from(self, device: DeviceId, kind: Kind, delivery: Delivery) -> None:
        self.stats.messages[kind] += 1
        outcome = self._is_stranger(device) or parse(kind, delivery.payload)
        if isinstance(outcome, Rejected):
            self._refuse(device, delivery, outcome)
            return
        track = self._track(device)
        track.messages += 1
        for refused in outcome.refused:
            track.rejected += 1
            self.rejects.count(device, refused, delivery)
        records = self._understood(track, outcome.message, delivery.received_at)
        self._sink.record(records, delivery.acknowledge)

    def _understood(
        self, track: DeviceTrack, message: Message, received_at: datetime
    ) -> list[Record]:
        match message:
            case Samples(samples):
                return self._samples(track, samples, received_at)
            case WaveBlock():
                return self._waves(track, message, received_at)
            case DeviceConditions():
                return self._conditions(track, message, received_at)
            case DeviceStatus():
                return self._status(track, message, received_at)
            case _:
                assert_never(message)

    def sweep(self, now: datetime) -> None:
        """Every few seconds: write down refusals, and which devices have fallen silent."""
        records: list[Record] = list(self.rejects.take())
        silent = [track for track in self.tracks.values() if track.has_gone_silent(now)]
        records.extend(self._link(track, "silent", now) for track in silent)
        if records:
            self._sink.record(records)

    def _is_stranger(self, device: DeviceId) -> Rejected | None:
        registered = self._ward().devices.get(device)
        if registered is None:
            return Rejected(RejectReason.UNKNOWN_DEVICE, device)
        if registered.suspended:
            return Rejected(RejectReason.SUSPENDED_DEVICE, device)
        return None

    def _refuse(self, sender: DeviceId, delivery: Delivery, why: Rejected) -> None:
        track = self.tracks.get(sender)
        if track is not None:
            track.rejected += 1
        self.rejects.count(sender, why, delivery)
        self._sink.record((), delivery.acknowledge)

    def _track(self, device: DeviceId) -> DeviceTrack:
        track = self.tracks.get(device)
        if track is None:
            track = self.tracks[device] = DeviceTrack(device)
        return track

    def _whose(self, device: DeviceId, at: datetime) -> tuple[BedId | None, StayId | None]:
        ward = self._ward()
        bed = ward.bed_of(device, at)
        stay = ward.stay_on(bed, at) if bed is not None else None
        return bed, stay.id if stay is not None else None

    def _samples(
        self, track: DeviceTrack, samples: tuple[Sample, ...], received_at: datetime
    ) -> list[Record]:
        records: list[Record] = []
        self._speaks(track, received_at, records)
        for sample in samples:
            self._sample(track, sample, received_at, records)
        return records

    def _sample(
        self, track: DeviceTrack, sample: Sample, received_at: datetime, records: list[Record]
    ) -> None:
        placement = track.clock.place(sample.device_at, received_at)
        bed, stay = self._whose(track.device, placement.at)
        number = Numbered(Kind.VITALS, sample.seq, sample.device_at)
        if self._came_before(track, number, stay, records):
            return
        self.stats.samples += 1
        self.stats.late += placement.late
        track.late += placement.late
        placed = Placed(
            track.device, placement.at, received_at, placement.clock_off, placement.late
        )
        if bed is not None:
            off_s = track.clock.offset_s if placement.clock_off else None
            self._bus.publish(SampleArrived(bed, stay, sample, placed, off_s))
        records.append(_vital_record(sample, placed, stay))

    def _waves(self, track: DeviceTrack, block: WaveBlock, received_at: datetime) -> list[Record]:
        records: list[Record] = []
        self._speaks(track, received_at, records)
        placement = track.clock.place(block.device_at, received_at)
        bed, stay = self._whose(track.device, placement.at)
        number = Numbered(Kind.WAVES, block.seq, block.device_at)
        if self._came_before(track, number, stay, records):
            return records
        if bed is not None and received_at - placement.at <= WAVES_ARE_LIVE_FOR:
            unit = self._ward().beds[bed].unit
            self._bus.publish(WavesArrived(unit, bed, track.device, placement.at, block.document))
        records.extend(_wave_records(track.device, stay, block, placement))
        return records

    def _conditions(
        self, track: DeviceTrack, conditions: DeviceConditions, received_at: datetime
    ) -> list[Record]:
        records: list[Record] = []
        self._speaks(track, received_at, records)
        placement = track.clock.place(conditions.device_at, received_at)
        bed, stay = self._whose(track.device, placement.at)
        number = Numbered(Kind.ALARMS, conditions.seq, conditions.device_at)
        if self._came_before(track, number, stay, records):
            return records
        if bed is not None and not placement.late:
            self._bus.publish(ConditionsArrived(bed, track.device, conditions, received_at))
        return records

    def _status(
        self, track: DeviceTrack, status: DeviceStatus, received_at: datetime
    ) -> list[Record]:
        track.status = status
        bed = self._ward().bed_of(track.device, received_at)
        if bed is not None:
            self._bus.publish(StatusArrived(bed, track.device, status, received_at))
        if status.online:
            track.heard_at = received_at
        return [self._link(track, "online" if status.online else "offline", received_at)]

    def _speaks(self, track: DeviceTrack, received_at: datetime, records: list[Record]) -> None:
        """The device is there: note it, and write it down when it had been silent or gone."""
        track.heard_at = received_at
        if track.link != "online":
            records.append(self._link(track, "online", received_at))

    def _link(self, track: DeviceTrack, link: str, at: datetime) -> LinkRecord:
        track.link = link
        status = track.status
        document: dict[str, str | float | bool | None] = {}
        if status is not None:
            document = {
                "model": status.model,
                "serial": status.serial,
                "firmware": status.firmware,
                "battery_percent": status.battery_percent,
                "charging": status.charging,
            }
        return LinkRecord(track.device, at, link, document, track.clock.offset_s)

    def _came_before(
        self, track: DeviceTrack, number: Numbered, stay: StayId | None, records: list[Record]
    ) -> bool:
        """Keep count of sequence numbers; returns whether exactly this message came before."""
        arrival, gap = track.sequence(number.kind).observe(number.seq, number.device_at)
        if arrival is Arrival.DUPLICATE:
            track.duplicates += 1
            self.stats.duplicates += 1
            return True
        if arrival is Arrival.GAP and gap is not None:
            track.gaps += 1
            track.missing += gap.missing
            self.stats.gaps += 1
            self.stats.missing += gap.missing
        if gap is not None:
            records.append(_gap_record(track.device, stay, number.kind, gap))
        return False


def _vital_record(sample: Sample, placed: Placed, stay: StayId | None) -> VitalRecord:
    return VitalRecord(
        device=placed.device,
        stay=stay,
        seq=sample.seq,
        at=placed.at,
        device_at=sample.device_at,
        received_at=placed.received_at,
        values=sample.values,
        quality={name: quality.value for name, quality in sample.quality.items()},
        measured_at=sample.measured_at,
        unknown=sample.unknown,
        clock_off=placed.clock_off,
        late=placed.late,
    )


def _wave_records(
    device: DeviceId, stay: StayId | None, block: WaveBlock, placement: Placement
) -> list[WaveRecord]:
    return [
        WaveRecord(
            device=device,
            stay=stay,
            seq=block.seq,
            at=placement.at,
            channel=channel.name,
            rate_hz=channel.rate_hz,
            scale=channel.scale,
            unit=channel.unit,
            data=channel.data,
            device_at=block.device_at if placement.clock_off else None,
        )
        for channel in block.channels
    ]


def _gap_record(device: DeviceId, stay: StayId | None, kind: Kind, gap: Gap) -> GapRecord:
    return GapRecord(
        device=device,
        stay=stay,
        kind=kind.value,
        first_seq=gap.first_seq,
        last_seq=gap.last_seq,
        missing=gap.missing,
        from_at=gap.from_at,
        to_at=gap.to_at,
    )
