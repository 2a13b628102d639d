"""A small language for timelines of one bed: at a second, a value arrives; then look.

bed = Timeline()
bed.at(30, spo2=84)
bed.until(44); assert not bed.shown()
bed.until(45); assert bed.shown() == ["spo2_low active medium"]
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ward_hub.core.alarm_life import Happening
from ward_hub.core.bed_engine import BedEngine
from ward_hub.core.bedside import Bedside
from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.core.sample import (
    DeviceCondition,
    DeviceConditions,
    DeviceStatus,
    Placed,
    Quality,
    Sample,
)

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
MONITOR = DeviceId("mon-06")


def moment(second: float) -> datetime:
    """The wall time of a second of the timeline."""
    return START + timedelta(seconds=second)


class Timeline:
    """One bed with a monitor, seen by a nurse, second by second."""

    def __init__(self) -> None:
        bedside = Bedside(BedId("noi-3-06"), StayId(1), MONITOR, watched_since=START)
        self.engine = BedEngine(bedside)
        self.second = 0.0
        self.happened: list[Happening] = []
        self.past: list[Happening] = []
        self._seq = 0
        self._steady: dict[str, float | None] = {}
        self._quality: dict[str, Quality] = {}

    def at(self, second: float, **values: float | None) -> None:
        """Go on until `second`, then these values hold, sent once a second from there."""
        self.until(second)
        self._steady |= values
        self._send()

    def quality(self, **qualities: Quality) -> None:
        """From now on the monitor says this of its values."""
        self._quality = qualities

    def until(self, second: float, *, sending: bool = True) -> None:
        """Let time pass: a message each second (unless the monitor is silent) and ticks between."""
        while self.second < second:
            self.second = min(second, self.second + 0.25)
            if sending and self._steady and self.second == int(self.second):
                self._send()
            self.happened += self.engine.tick(moment(self.second))

    def late(self, second: float, **values: float | None) -> None:
        """A value of an earlier second arrives now."""
        placed = Placed(MONITOR, moment(second), moment(self.second), clock_off=False, late=True)
        sample = Sample(moment(second), self._seq, dict(values))
        self.happened += self.engine.take_sample(sample, placed, moment(self.second))
        self.past += self.engine.review(sample, placed)

    def conditions(self, *codes: str, priority: str = "high") -> None:
        """The monitor reports exactly these conditions of its own."""
        reported = tuple(DeviceCondition(code, priority, f"*** {code}", None) for code in codes)
        now = moment(self.second)
        self.happened += self.engine.take_conditions(DeviceConditions(now, 0, reported), now)

    def status(self, *, online: bool, battery_percent: float | None = None) -> None:
        """The monitor's status, or the broker's word that it is gone."""
        now = moment(self.second)
        status = DeviceStatus(now, online, battery_percent=battery_percent, charging=False)
        self.happened += self.engine.take_status(status, now)

    def acknowledge(self, by: str = "7") -> bool:
        """A nurse takes over the worst alarm."""
        worst = self.engine.open_alarms()[0]
        happened = self.engine.acknowledge(worst.id, by, moment(self.second))
        self.happened += happened or []
        return happened is not None

    def shown(self) -> list[str]:
        """What a nurse sees, the worst first: rule, state, priority."""
        return [f"{a.rule} {a.state} {a.priority.word}" for a in self.engine.open_alarms()]

    def story(self, rule: str) -> list[str]:
        """What happened to one rule's alarms, in order."""
        return [h.what.value for h in self.happened if h.alarm.rule == rule]

    def _send(self) -> None:
        at = moment(self.second)
        self._seq += 1
        sample = Sample(at, self._seq, dict(self._steady), self._quality)
        placed = Placed(MONITOR, at, at, clock_off=False, late=False)
        self.happened += self.engine.take_sample(sample, placed, at)
        self.past += self.engine.review(sample, placed)
