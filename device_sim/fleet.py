"""Many like monitors at once, for load: ends by itself and says what was sent and acknowledged."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from device_sim import clock
from device_sim.bank import draw_usual
from device_sim.errors import SimulatorError
from device_sim.faults import FaultPlan
from device_sim.link import Broker
from device_sim.monitor import DeviceSettings
from device_sim.scenario import load_scenario
from device_sim.tally import KindCount, Tally
from device_sim.ward import DEVICE_ID, WardConfig, WardMonitor, run_ward, spread_start_s
from device_sim.waveforms import Rates

SETTLE_S = 15.0


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What the fleet consists of; with `duration_s` None it runs until stopped."""

    count: int
    prefix: str
    passwords: dict[str, str]
    scenarios: tuple[str, ...] = ("stable",)
    vitals_interval_s: float = 1.0
    waves_interval_s: float = 1.0
    has_waves: bool = True
    has_banked_waves: bool = True
    repeats_episodic: bool = True
    waves_qos: int = 1
    seed: int = 1
    duration_s: float | None = None
    faults: FaultPlan = field(default_factory=FaultPlan)


def read_credentials(path: Path) -> dict[str, str]:
    """Read a JSON object of device id to password; raises SimulatorError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SimulatorError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise SimulatorError(f"{path}: must be an object of device id to password")
    bad = [name for name in found if not re.fullmatch(DEVICE_ID, name)]
    if bad:
        raise SimulatorError(f"{path}: {bad[0]!r} is not a device id ({DEVICE_ID})")
    return found


def device_ids(plan: FleetPlan) -> list[str]:
    """The ids with the prefix, in order; raises SimulatorError when there are too few."""
    known = sorted((i for i in plan.passwords if i.startswith(plan.prefix)), key=_natural)
    if len(known) < plan.count:
        raise SimulatorError(
            f"{plan.count} monitors wanted, only {len(known)} credentials begin {plan.prefix!r}"
        )
    return known[: plan.count]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def fleet_config(plan: FleetPlan, broker: Broker) -> WardConfig:
    """The ward a plan stands for."""
    scenarios = [load_scenario(name) for name in plan.scenarios]
    monitors = []
    for index, device_id in enumerate(device_ids(plan)):
        settings = DeviceSettings(
            device_id,
            scenarios[index % len(scenarios)],
            seed=plan.seed * 100_003 + index,
            start_s=spread_start_s(index),
            vitals_interval_s=plan.vitals_interval_s,
            waves_interval_s=plan.waves_interval_s,
            has_waves=plan.has_waves,
            has_banked_waves=plan.has_banked_waves,
            waves_qos=plan.waves_qos,
            repeats_episodic=plan.repeats_episodic,
        )
        monitors.append(WardMonitor(settings, plan.passwords[device_id], plan.faults))
    return WardConfig(broker, tuple(monitors), starts_together=True, farewell_s=SETTLE_S)


async def run_fleet(plan: FleetPlan, broker: Broker, stop: asyncio.Event) -> dict[str, object]:
    """Run the fleet for its duration or until `stop`; returns the summary."""
    config = fleet_config(plan, broker)
    if plan.has_waves and plan.has_banked_waves:
        draw_usual(Rates(), plan.waves_interval_s)
    tally = Tally()
    loop = asyncio.get_running_loop()
    began_s, cpu_began_s = loop.time(), clock.cpu_s()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_ward(config, stop, tally))
        ending = group.create_task(_end_after(plan, tally, stop))
        await running
        ending.cancel()
    wall_s, cpu_s = loop.time() - began_s, clock.cpu_s() - cpu_began_s
    return {
        "monitors": plan.count,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        **tally.summary(),
        "outstanding": sum(k.published - k.acknowledged for k in _acknowledgeable(plan, tally)),
    }


def _acknowledgeable(plan: FleetPlan, tally: Tally) -> list[KindCount]:
    return [k for kind, k in tally.kinds.items() if kind != "waves" or plan.waves_qos]


async def _end_after(plan: FleetPlan, tally: Tally, stop: asyncio.Event) -> None:
    """Set `stop` when the duration has passed since the first monitor began to send."""
    if plan.duration_s is None:
        return
    while not tally.late_ms:
        await asyncio.sleep(0.05)
    await asyncio.sleep(plan.duration_s)
    stop.set()
