"""What is known of one bed right now, folded from what its devices sent.

The state only moves forward: a value older than the one it holds changes nothing, so late data
can be drawn without ever replacing the present. It knows times, not «now»: whether a value is
still fresh is asked with the moment of asking. A state belongs to one stay; when the stay or the
device on the bed changes, the fold starts anew, so nothing of one patient shows for the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ward_hub.core.freshness import Freshness, freshness
from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.core.sample import DeviceCondition, DeviceStatus, Quality, Sample
from ward_hub.core.vitals import CONTINUOUS_STALE_S, VITALS

SILENT_AFTER: Final = timedelta(seconds=CONTINUOUS_STALE_S)


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest word on one vital sign: a number, or None for «no reading now», with its time.

    `at` is when it was measured, `heard_at` the time of the newest message that carried it.
    """

    value: float | None
    quality: Quality
    at: datetime
    heard_at: datetime

    @property
    def is_measured(self) -> bool:
        """Whether there is a number and it comes from the patient."""
        return self.value is not None and self.quality.is_measured


@dataclass(slots=True)
class Bedside:
    """The state of one bed. Mutable on purpose: it is folded a thousand times a second."""

    bed: BedId
    stay: StayId | None = None
    device: DeviceId | None = None
    readings: dict[str, Reading] = field(default_factory=dict)
    vitals_at: datetime | None = None
    status: DeviceStatus | None = None
    status_heard_at: datetime | None = None
    conditions: tuple[DeviceCondition, ...] = ()
    conditions_at: datetime | None = None
    clock_off_s: float | None = None
    watched_since: datetime | None = None

    def fold(self, sample: Sample, at: datetime) -> bool:
        """Take a sample in; returns whether it was news (False: older than what is known)."""
        is_newest = self.vitals_at is None or at > self.vitals_at
        if is_newest:
            self.vitals_at = at
        changed = is_newest
        episodic = sample.measured_at
        for name, value in sample.values.items():
            measured_at = _measured_at(name, sample, at) if episodic else at
            known = self.readings.get(name)
            if known is not None and (measured_at < known.at or at < known.heard_at):
                continue
            quality = sample.quality.get(name, Quality.OK)
            self.readings[name] = Reading(value, quality, measured_at, at)
            changed = True
        return changed

    def is_silent(self, now: datetime) -> bool:
        """Whether the monitor has sent no numbers for longer than a number may live."""
        heard = self.vitals_at or self.watched_since
        return heard is None or now - heard > SILENT_AFTER

    def is_offline(self) -> bool:
        """Whether the monitor's last word, or the broker's for it, is that it is not connected."""
        if self.status is None or self.status.online or self.status_heard_at is None:
            return False
        return self.vitals_at is None or self.vitals_at <= self.status_heard_at

    def is_live(self, now: datetime) -> bool:
        """Whether any number of this bed may be shown."""
        return self.vitals_at is not None and not self.is_silent(now) and not self.is_offline()

    def measured(self, name: str, now: datetime) -> Reading | None:
        """The reading of `name` if it is a number from the patient and not stale; else None."""
        reading = self.readings.get(name)
        if reading is None or not reading.is_measured:
            return None
        return None if freshness(name, reading.at, now) is Freshness.STALE else reading


def _measured_at(name: str, sample: Sample, at: datetime) -> datetime:
    vital = VITALS[name]
    dated = sample.measured_at.get(vital.measured_with) or sample.measured_at.get(name)
    if dated is None:
        return at
    return min(dated + (at - sample.device_at), at)
