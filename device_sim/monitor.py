"""The monitor's own brain: from a patient and its sensors to the messages a device publishes.

Pure: no clock, no network. The session that drives it says how much time has passed and what the
wall clock shows, and sends what comes back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from device_sim import FIRMWARE
from device_sim.bank import BankedWaves
from device_sim.clock import Stamp
from device_sim.conditions import CONDITIONS, ConditionTracker, present_codes
from device_sim.course import Course
from device_sim.patient import Physiology
from device_sim.payload import (
    Condition,
    Kind,
    Message,
    alarms_body,
    sample_body,
    sample_message,
    stamped,
    waves_body,
)
from device_sim.rubbish import Rubbish
from device_sim.scenario import Flag, Scenario, Sensor, Situation
from device_sim.sensors import Reading, Sensors
from device_sim.waveforms import Rates, WaveSource

ALARMS_EVERY_S = 10.0
STATUS_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One simulated monitor: who it is and how it behaves. Intervals in seconds."""

    device_id: str
    scenario: Scenario
    seed: int = 1
    rate: float | None = None
    start_s: float = 0.0
    vitals_interval_s: float = 1.0
    waves_interval_s: float = 1.0
    has_waves: bool = True
    has_banked_waves: bool = False
    waves_qos: int = 1
    rates: Rates = field(default_factory=Rates)
    nibp_interval_s: float = 150.0
    temp_interval_s: float = 120.0
    repeats_episodic: bool = True
    stamp: Stamp = field(default_factory=Stamp)
    clock_off_s: float = 0.0
    store_s: float = 600.0
    model: str = "SimMon 8"
    serial: str = ""
    firmware: str = FIRMWARE
    battery_percent: float = 90.0
    is_charging: bool = True


class Monitor:
    """One device. `elapsed_s` is the time since it was switched on, `wall_s` a true clock's."""

    def __init__(self, settings: DeviceSettings) -> None:
        self.settings = settings
        self._course = Course(
            settings.scenario, settings.seed, rate=settings.rate, start_s=settings.start_s
        )
        rng = random.Random(f"monitor {settings.seed}")
        self._rubbish = Rubbish(random.Random(rng.getrandbits(32)))
        self._sensors = Sensors(settings.nibp_interval_s, settings.temp_interval_s, rng)
        self._waves_interval_s = settings.waves_interval_s
        self._waves = self._wave_source(rng) if settings.has_waves else None
        self._switch_on()

    def _wave_source(self, rng: random.Random) -> WaveSource | BankedWaves:
        if self.settings.has_banked_waves:
            return BankedWaves(
                self.settings.rates, self.settings.waves_interval_s, rng.randrange(60)
            )
        return WaveSource(rng, self.settings.rates)

    def _switch_on(self) -> None:
        self._seq = dict.fromkeys(Kind, 0)
        self._tracker = ConditionTracker()
        self._announced: tuple[str, ...] | None = None
        self._alarms_due_s = 0.0
        self._status_due_s = 0.0

    def restart(self) -> None:
        """Switched off and on again: sequence numbers begin at 0. The patient has not noticed."""
        self._switch_on()

    def change_waves_interval(self, interval_s: float | None) -> None:
        """Draw blocks of another length from now on; None leaves it as it is."""
        if interval_s is not None:
            self._waves_interval_s = interval_s
            if isinstance(self._waves, BankedWaves):
                self._waves = BankedWaves(self.settings.rates, interval_s, 0)

    def announce_again(self) -> None:
        """Send the alarms again at the next upkeep, changed or not: nobody may have heard them."""
        self._announced = None

    def situation(self, elapsed_s: float) -> Situation:
        """What the scenario says now."""
        return self._course.situation(elapsed_s)

    def vitals(self, elapsed_s: float, wall_s: float) -> Message:
        """The sample due now (or rubbish, where the scenario says so)."""
        situation = self.situation(elapsed_s)
        now = self._course.step(elapsed_s)
        if situation.rubbish and self._rubbish.strikes(situation.rubbish):
            return self._rubbish.message()
        reading = self._sensors.read(
            elapsed_s, self._shown_s(wall_s, situation), now, situation.flags
        )
        body = self._sample_body(reading)
        return sample_message(self._stamped(Kind.VITALS, wall_s, situation, body))

    def _sample_body(self, reading: Reading) -> str:
        values, at = reading.values, reading.at
        if not self.settings.repeats_episodic:
            values, at = reading.without_repeats()
        write = self.settings.stamp.write
        return sample_body(values, {name: write(when) for name, when in at.items()}, reading.flags)

    def waves(self, elapsed_s: float, wall_s: float) -> Message | None:
        """The waveform block that begins now; None when no channel has a signal."""
        if self._waves is None:
            return None
        situation = self.situation(elapsed_s)
        now = self._course.step(elapsed_s)
        body = self._waves_body(self._waves, elapsed_s, now, situation.flags)
        if not body:
            return None
        payload = self._stamped(Kind.WAVES, wall_s, situation, body)
        return Message(Kind.WAVES, payload, qos=self.settings.waves_qos)

    def _waves_body(
        self,
        source: WaveSource | BankedWaves,
        elapsed_s: float,
        now: Physiology,
        flags: Mapping[Sensor, Flag],
    ) -> str:
        blind = _blind_channels(flags)
        if isinstance(source, BankedWaves):
            return source.body(elapsed_s, now, blind)
        lines = source.block(elapsed_s + self._waves_interval_s, now, _shaken(flags))
        lines = {name: line for name, line in lines.items() if name not in blind}
        return waves_body(source.channels, lines) if lines else ""

    def upkeep(self, elapsed_s: float, wall_s: float) -> list[Message]:
        """Alarms and status messages due now; called about once a second."""
        due = []
        situation = self.situation(elapsed_s)
        announced = self._conditions(elapsed_s, wall_s, situation)
        codes = tuple(announced)
        if codes != self._announced or elapsed_s >= self._alarms_due_s - 1e-6:
            self._announced = codes
            self._alarms_due_s = elapsed_s + ALARMS_EVERY_S
            due.append(self._alarms(announced, wall_s, situation))
        if elapsed_s >= self._status_due_s - 1e-6:
            due.append(self.status(wall_s))
            self._status_due_s = elapsed_s + STATUS_EVERY_S
        return due

    def _conditions(
        self, elapsed_s: float, wall_s: float, situation: Situation
    ) -> Mapping[str, float]:
        now = self._course.step(elapsed_s)
        codes = present_codes(now, situation.flags, self.settings.battery_percent)
        return self._tracker.update(codes, elapsed_s, self._shown_s(wall_s, situation))

    def _alarms(
        self, announced: Mapping[str, float], wall_s: float, situation: Situation
    ) -> Message:
        write = self.settings.stamp.write
        conditions = [
            Condition(code, CONDITIONS[code].priority, CONDITIONS[code].text, write(since_s))
            for code, since_s in announced.items()
        ]
        body = alarms_body(conditions)
        return Message(Kind.ALARMS, self._stamped(Kind.ALARMS, wall_s, situation, body))

    def status(self, wall_s: float, state: str = "online") -> Message:
        """The retained status message."""
        s = self.settings
        t = s.stamp.write(wall_s + s.clock_off_s)
        charging = "true" if s.is_charging else "false"
        payload = (
            f'{{"t":{t},"state":"{state}","model":"{s.model}","serial":"{s.serial or s.device_id}",'
            f'"firmware":"{s.firmware}","battery":{{"percent":{s.battery_percent:.0f},'
            f'"charging":{charging}}}}}'
        )
        return Message(Kind.STATUS, payload.encode(), retain=True)

    def _shown_s(self, wall_s: float, situation: Situation) -> float:
        """What the device's own clock shows."""
        return wall_s + self.settings.clock_off_s + situation.clock_off_s

    def _stamped(self, kind: Kind, wall_s: float, situation: Situation, body: str) -> bytes:
        seq = self._seq[kind]
        self._seq[kind] = seq + 1
        return stamped(self.settings.stamp.write(self._shown_s(wall_s, situation)), seq, body)


def _blind_channels(flags: Mapping[Sensor, Flag]) -> frozenset[str]:
    blind = {sensor for sensor, flag in flags.items() if flag.is_blind}
    names = {"pleth"} if Sensor.SPO2 in blind else set()
    if Sensor.ECG in blind:
        names |= {"ecg_ii", "resp"}
    return frozenset(names | ({"resp"} if Sensor.RESP in blind else set()))


def _shaken(flags: Mapping[Sensor, Flag]) -> frozenset[str]:
    channels = {Sensor.ECG: "ecg_ii", Sensor.SPO2: "pleth", Sensor.RESP: "resp"}
    return frozenset(
        channels[s] for s, f in flags.items() if s in channels and f in (Flag.MOTION, Flag.ARTIFACT)
    )
