"""What the ingest remembers of one device between two messages: clock, sequences, counts, link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ward_hub.core.device_clock import DeviceClock
from ward_hub.core.ids import DeviceId
from ward_hub.core.sample import DeviceStatus
from ward_hub.core.sequence import SequenceTracker
from ward_hub.topics import Kind

SILENT_AFTER: Final = timedelta(seconds=10)


@dataclass(slots=True)
class DeviceTrack:
    """One device as the ingest sees it. `link` is waiting, online, silent or offline."""

    device: DeviceId
    clock: DeviceClock = field(default_factory=DeviceClock)
    sequences: dict[Kind, SequenceTracker] = field(default_factory=dict)
    heard_at: datetime | None = None
    link: str = "waiting"
    status: DeviceStatus | None = None
    messages: int = 0
    duplicates: int = 0
    gaps: int = 0
    missing: int = 0
    late: int = 0
    rejected: int = 0

    def sequence(self, kind: Kind) -> SequenceTracker:
        """The numbers seen of one kind."""
        tracker = self.sequences.get(kind)
        if tracker is None:
            tracker = self.sequences[kind] = SequenceTracker()
        return tracker

    def has_gone_silent(self, now: datetime) -> bool:
        """Whether a device that was connected has said nothing for too long."""
        return (
            self.link == "online"
            and self.heard_at is not None
            and now - self.heard_at > SILENT_AFTER
        )
