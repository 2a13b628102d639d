"""Runs a monitor through time without a network, and takes its messages apart."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from device_sim.monitor import DeviceSettings, Monitor
from device_sim.payload import Kind, Message
from device_sim.scenario import Scenario, load_scenario, parse_scenario

EPOCH_S = 1_795_000_000.0


def settings(scenario: str | Scenario = "stable", **changes: Any) -> DeviceSettings:
    found = load_scenario(scenario) if isinstance(scenario, str) else scenario
    return DeviceSettings("mon-01", found, **changes)


def scenario_of(events: str, top: str = "") -> Scenario:
    return parse_scenario(f'name = "made_up"\ntitle = "Made up"\n{top}\n{events}', "made_up.toml")


def messages(monitor: Monitor, seconds: float, every_s: float = 1.0) -> Iterator[Message]:
    """Everything the monitor says in `seconds`, ticking all kinds together."""
    for k in range(round(seconds / every_s)):
        elapsed_s = k * every_s
        wall_s = EPOCH_S + elapsed_s
        yield monitor.vitals(elapsed_s, wall_s)
        block = monitor.waves(elapsed_s, wall_s)
        if block is not None:
            yield block
        yield from monitor.upkeep(elapsed_s, wall_s)


def of_kind(found: list[Message], kind: Kind) -> list[dict[str, Any]]:
    return [json.loads(message.payload) for message in found if message.kind is kind]


def joined(blocks: list[dict[str, Any]], channel: str) -> npt.NDArray[np.float64]:
    """A channel's samples in physical units, all blocks after another."""
    parts = []
    for block in blocks:
        line = block["w"][channel]
        counts = np.frombuffer(base64.b64decode(line["data"]), dtype="<i2")
        parts.append(counts * line["scale"])
    return np.concatenate(parts)


def r_peaks(ecg: npt.NDArray[np.float64], rate_hz: float) -> npt.NDArray[np.int64]:
    """Indices of R peaks: the largest sample of each stretch above half the usual height."""
    threshold = 0.5 * float(np.percentile(ecg, 99.7))
    above = np.flatnonzero(ecg > threshold)
    if not above.size:
        return above
    groups = np.split(above, np.flatnonzero(np.diff(above) > 0.15 * rate_hz) + 1)
    return np.array([group[np.argmax(ecg[group])] for group in groups])
