"""Scenarios: what happens to a patient, the sensors and the device, and when.

A scenario is a timeline of events in TOML. Asked for an instant it answers with the `Situation`
then; it keeps no state, so a loop comes round exactly. It must never look at a clock.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from device_sim.errors import ConfigError
from device_sim.patient import Baseline, Drivers, Rhythm
from device_sim.tomlcheck import Table, parse

V = TypeVar("V")
FOREVER_S = float("inf")
DRIVER_LIMITS: Mapping[str, float] = MappingProxyType(
    {d.name: 0.48 if d.name == "volume_loss" else 1.0 for d in fields(Drivers)}
)


class Sensor(StrEnum):
    """A sensor on the patient; a flag on it marks every value it gives."""

    ECG = "ecg"
    SPO2 = "spo2"
    RESP = "resp"
    NIBP = "nibp"
    TEMP = "temp"


class Flag(StrEnum):
    """Quality of a reading, as the contract writes it."""

    MOTION = "motion"
    ARTIFACT = "artifact"
    LOW_PERFUSION = "low_perfusion"
    SENSOR_OFF = "sensor_off"
    LEADS_OFF = "leads_off"
    CALIBRATING = "calibrating"

    @property
    def is_blind(self) -> bool:
        """Whether there is no reading at all."""
        return self in (Flag.SENSOR_OFF, Flag.LEADS_OFF, Flag.CALIBRATING)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a scenario says about one instant."""

    drivers: Drivers = Drivers()
    rhythm: Rhythm = Rhythm.SINUS
    flags: Mapping[Sensor, Flag] = field(default_factory=dict)
    lost: bool = False
    clock_off_s: float = 0.0
    rubbish: float = 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A driver over time: straight lines between corners."""

    corners: tuple[tuple[float, float], ...]

    def at(self, time_s: float) -> float:
        """The driver's value at an instant."""
        if not self.corners or time_s <= self.corners[0][0]:
            return 0.0 if not self.corners else self.corners[0][1]
        right = bisect_right(self.corners, (time_s, FOREVER_S))
        if right == len(self.corners):
            return self.corners[-1][1]
        (t0, v0), (t1, v1) = self.corners[right - 1], self.corners[right]
        return v0 + (v1 - v0) * (time_s - t0) / (t1 - t0)

    def bent(self, at_s: float, over_s: float, target: float) -> Curve:
        """The curve that leaves its course at `at_s` and reaches `target` after `over_s`."""
        value = self.at(at_s)
        kept = tuple(corner for corner in self.corners if corner[0] < at_s)
        end_s = at_s + max(over_s, 1e-3)
        return Curve((*kept, (at_s, value), (end_s, target)))


@dataclass(frozen=True, slots=True)
class Span(Generic[V]):
    """Something that holds from one instant up to another."""

    from_s: float
    until_s: float
    value: V

    def holds(self, time_s: float) -> bool:
        """Whether it holds at an instant."""
        return self.from_s <= time_s < self.until_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """The events of a scenario, arranged for asking."""

    curves: Mapping[str, Curve]
    rhythms: tuple[Span[Rhythm], ...]
    flags: tuple[Span[tuple[Sensor, Flag]], ...]
    lost: tuple[Span[None], ...]
    clock_off_s: tuple[Span[float], ...]
    rubbish: tuple[Span[float], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named course of events; `rate` is how many scenario seconds pass in a second."""

    name: str
    title: str
    rate: float
    loop_s: float | None
    baseline: Baseline
    timeline: Timeline

    def at(self, time_s: float) -> Situation:
        """The situation `time_s` scenario seconds after the beginning."""
        t = time_s % self.loop_s if self.loop_s else time_s
        line = self.timeline
        return Situation(
            drivers=Drivers(**{name: curve.at(t) for name, curve in line.curves.items()}),
            rhythm=_last(line.rhythms, t, Rhythm.SINUS),
            flags={span.value[0]: span.value[1] for span in line.flags if span.holds(t)},
            lost=any(span.holds(t) for span in line.lost),
            clock_off_s=_last(line.clock_off_s, t, 0.0),
            rubbish=_last(line.rubbish, t, 0.0),
        )


def _last(spans: tuple[Span[V], ...], time_s: float, otherwise: V) -> V:
    found = otherwise
    for span in spans:
        if span.holds(time_s):
            found = span.value
    return found


class _Builder:
    """Collects events into a timeline."""

    def __init__(self) -> None:
        self.curves = dict.fromkeys(DRIVER_LIMITS, Curve(()))
        self.rhythms: list[Span[Rhythm]] = []
        self.flags: list[Span[tuple[Sensor, Flag]]] = []
        self.lost: list[Span[None]] = []
        self.clock_off_s: list[Span[float]] = []
        self.rubbish: list[Span[float]] = []

    def add(self, event: Table) -> None:
        """Read one ``[[event]]``."""
        at_s = event.number("at_s", low=0)
        until_s = at_s + event.number("for_s", FOREVER_S, low=0.1, high=FOREVER_S)
        over_s = event.number("ramp_s", 0.0, low=0)
        self._add_drivers(event.table("drivers"), at_s, over_s)
        if "rhythm" in event:
            rhythm = Rhythm(event.choice("rhythm", [r.value for r in Rhythm]))
            self.rhythms.append(Span(at_s, until_s, rhythm))
        self._add_signals(event.table("signal"), at_s, until_s)
        if event.flag("lost", default=False):
            self.lost.append(Span(at_s, until_s, None))
        if "clock_off_s" in event:
            skew_s = event.number("clock_off_s", low=-86_400 * 365, high=86_400 * 365)
            self.clock_off_s.append(Span(at_s, until_s, skew_s))
        if "rubbish" in event:
            self.rubbish.append(Span(at_s, until_s, event.number("rubbish", low=0, high=1)))
        event.finish()

    def _add_drivers(self, targets: Table, at_s: float, over_s: float) -> None:
        for name in targets.names():
            if name not in DRIVER_LIMITS:
                targets.fail(name, f"is not a driver; drivers: {', '.join(DRIVER_LIMITS)}")
            target = targets.number(name, low=0, high=DRIVER_LIMITS[name])
            self.curves[name] = self.curves[name].bent(at_s, over_s, target)

    def _add_signals(self, signals: Table, at_s: float, until_s: float) -> None:
        known = [sensor.value for sensor in Sensor]
        for name in signals.names():
            if name not in known:
                signals.fail(name, f"is not a sensor; sensors: {', '.join(known)}")
            flag = Flag(signals.choice(name, [f.value for f in Flag]))
            self.flags.append(Span(at_s, until_s, (Sensor(name), flag)))

    def timeline(self) -> Timeline:
        return Timeline(
            {name: curve for name, curve in self.curves.items() if curve.corners},
            tuple(self.rhythms),
            tuple(self.flags),
            tuple(self.lost),
            tuple(self.clock_off_s),
            tuple(self.rubbish),
        )


def parse_scenario(text: str, file: str) -> Scenario:
    """Read a scenario, or raise ConfigError naming the file, line and key that is wrong."""
    top = parse(text, file)
    name = top.text("name", pattern=r"[a-z][a-z0-9_]{1,40}")
    title = top.text("title")
    rate = top.number("rate", 1.0, low=0.01, high=600)
    loop_s = top.number("loop_s", 0.0, low=0, high=86_400)
    baseline = _baseline(top.table("patient"))
    builder = _Builder()
    last_at_s = 0.0
    for event in top.tables("event"):
        at_s = event.number("at_s", low=0)
        if at_s < last_at_s:
            event.fail("at_s", f"events stand in order of time; the one before is at {last_at_s:g}")
        if loop_s and at_s >= loop_s:
            event.fail("at_s", f"is never reached: the scenario loops at {loop_s:g}")
        last_at_s = at_s
        builder.add(event)
    top.finish()
    return Scenario(name, title, rate, loop_s or None, baseline, builder.timeline())


def _baseline(table: Table) -> Baseline:
    well = Baseline()
    baseline = Baseline(
        table.number("hr_bpm", well.hr_bpm, low=35, high=130),
        table.number("sys_mmhg", well.sys_mmhg, low=80, high=200),
        table.number("dia_mmhg", well.dia_mmhg, low=40, high=120),
        table.number("rr_bpm", well.rr_bpm, low=8, high=30),
        table.number("temp_c", well.temp_c, low=34, high=40),
    )
    if baseline.dia_mmhg + 15 > baseline.sys_mmhg:
        table.fail("dia_mmhg", "must be at least 15 below sys_mmhg")
    table.finish()
    return baseline


def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that come with the simulator."""
    folder = resources.files("device_sim") / "scenarios"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_scenario(name: str, folder: Path | None = None) -> Scenario:
    """Load a scenario by its name, or from a path ending in .toml (relative to `folder`)."""
    if name.endswith(".toml"):
        path = (folder or Path()) / name
        try:
            return parse_scenario(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ConfigError(str(path), None, "", f"cannot be read: {error.strerror}") from None
    if name not in scenario_names():
        raise ConfigError(name, None, "scenario", f"unknown; known: {', '.join(scenario_names())}")
    entry = resources.files("device_sim") / "scenarios" / f"{name}.toml"
    return parse_scenario(entry.read_text(encoding="utf-8"), f"device_sim/scenarios/{name}.toml")
