"""A ward of simulated monitors described in TOML, and running it.

``[broker]`` host, port, tls, tls_ca, keepalive_s; ``[faults]`` for all; ``[defaults]`` with any
monitor key; ``[[monitor]]`` id, password or password_file, scenario, seed and the keys of
`read_device`. Paths are relative to the file. Passwords stay in the session; nothing here may log
them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from device_sim.clock import Stamp
from device_sim.errors import ConfigError
from device_sim.faults import FaultPlan
from device_sim.link import Broker
from device_sim.monitor import DeviceSettings, Monitor
from device_sim.scenario import load_scenario
from device_sim.session import FAREWELL_S, Session, SessionSetup
from device_sim.tally import Tally
from device_sim.tomlcheck import Table, parse
from device_sim.waveforms import Rates

DEVICE_ID = r"[a-z0-9][a-z0-9-]{2,31}"
SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class WardMonitor:
    """One monitor of a ward: its settings, password and faults."""

    settings: DeviceSettings
    password: str
    faults: FaultPlan = FaultPlan()


@dataclass(frozen=True, slots=True)
class WardConfig:
    """A ward to run. With `starts_together` nobody sends before all have connected."""

    broker: Broker
    monitors: tuple[WardMonitor, ...]
    starts_together: bool = False
    farewell_s: float = FAREWELL_S


def load(path: Path | str) -> WardConfig:
    """Read a ward file; raises ConfigError naming the file, line and key that is wrong."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(file), None, "", f"cannot be read: {error.strerror}") from None
    return parse_ward(text, str(file), file.parent)


def parse_ward(text: str, name: str, folder: Path) -> WardConfig:
    """Read a ward from TOML text; `folder` is where relative paths begin."""
    top = parse(text, name)
    broker = read_broker(top.table("broker"), folder)
    fleet_faults = read_faults(top.table("faults"), FaultPlan())
    defaults = _device(
        top.table("defaults"), DeviceSettings("default", load_scenario("stable")), folder
    )
    tables = top.tables("monitor")
    top.finish()
    if not tables:
        top.fail("monitor", "there is none; add a [[monitor]] table")
    monitors = tuple(
        _monitor(table, defaults, fleet_faults, folder, index) for index, table in enumerate(tables)
    )
    seen: set[str] = set()
    for table, monitor in zip(tables, monitors, strict=True):
        if monitor.settings.device_id in seen:
            table.fail("id", f"'{monitor.settings.device_id}' is used twice")
        seen.add(monitor.settings.device_id)
    return WardConfig(broker, monitors)


def read_broker(table: Table, folder: Path) -> Broker:
    """Read a ``[broker]`` table."""
    tls_ca = table.text("tls_ca", "")
    if tls_ca and not (folder / tls_ca).is_file():
        table.fail("tls_ca", f"no such file: {folder / tls_ca}")
    broker = Broker(
        host=table.text("host", "127.0.0.1"),
        port=table.whole("port", 1883, low=1, high=65535),
        has_tls=table.flag("tls", default=bool(tls_ca)),
        tls_ca=str(folder / tls_ca) if tls_ca else None,
        keepalive_s=table.whole("keepalive_s", 20, low=5, high=600),
    )
    table.finish()
    return broker


def read_faults(table: Table, default: FaultPlan) -> FaultPlan:
    """Read a table of faults; what is left out is as in `default`."""
    plan = FaultPlan(
        drop=table.number("drop", default.drop, low=0, high=1),
        duplicate=table.number("duplicate", default.duplicate, low=0, high=1),
        delay_mean_s=table.number("delay_mean_s", default.delay_mean_s, low=0, high=600),
        reorder=table.number("reorder", default.reorder, low=0, high=1),
        clock_off_s=table.number("clock_off_s", default.clock_off_s),
        cut_every_s=table.number("cut_every_s", default.cut_every_s, low=0),
    )
    table.finish()
    return plan


def _monitor(
    table: Table, defaults: DeviceSettings, faults: FaultPlan, folder: Path, index: int
) -> WardMonitor:
    device_id = table.text("id", pattern=DEVICE_ID)
    password = _password(table, folder)
    plan = read_faults(table.table("faults"), faults)
    seed = table.whole("seed", index + 1)
    base = _with(defaults, device_id=device_id, seed=seed)
    return WardMonitor(_device(table, base, folder), password, plan)


def _password(table: Table, folder: Path) -> str:
    if "password" in table and "password_file" in table:
        table.fail("password_file", "give either password or password_file")
    if "password_file" not in table:
        return table.text("password")
    path = folder / table.text("password_file")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        table.fail("password_file", f"{path} cannot be read: {error.strerror}")


def _with(settings: DeviceSettings, **changes: object) -> DeviceSettings:
    values = {name: getattr(settings, name) for name in DeviceSettings.__dataclass_fields__}
    return DeviceSettings(**{**values, **changes})


def _device(table: Table, base: DeviceSettings, folder: Path) -> DeviceSettings:
    """Read the keys of one monitor over `base`."""
    scenario = (
        load_scenario(table.text("scenario"), folder) if "scenario" in table else base.scenario
    )
    rate = table.number("rate", low=0.01, high=600) if "rate" in table else base.rate
    changes = {
        **_intervals(table, base),
        **_labels(table, base),
        "scenario": scenario,
        "rate": rate,
        "start_s": table.number("start_s", base.start_s, low=0, high=1e7),
        "rates": _rates(table.table("rates"), base.rates),
        "stamp": _stamp(table, base.stamp),
        "clock_off_s": table.number("clock_off_s", base.clock_off_s),
        "store_s": 60 * table.number("store_minutes", base.store_s / 60, low=0, high=1440),
    }
    table.finish()
    return _with(base, **changes)


def _intervals(table: Table, base: DeviceSettings) -> Mapping[str, object]:
    return {
        "vitals_interval_s": table.number(
            "vitals_interval_s", base.vitals_interval_s, low=0.1, high=3600
        ),
        "waves_interval_s": table.number(
            "waves_interval_s", base.waves_interval_s, low=0.1, high=10
        ),
        "nibp_interval_s": table.number("nibp_interval_s", base.nibp_interval_s, low=5, high=86400),
        "temp_interval_s": table.number("temp_interval_s", base.temp_interval_s, low=1, high=86400),
        "has_waves": table.flag("waves", default=base.has_waves),
        "has_banked_waves": table.flag("banked_waves", default=base.has_banked_waves),
        "waves_qos": table.whole("waves_qos", base.waves_qos, low=0, high=1),
        "repeats_episodic": table.flag("repeat_episodic", default=base.repeats_episodic),
    }


def _labels(table: Table, base: DeviceSettings) -> Mapping[str, object]:
    plain = r"[A-Za-z0-9 ._/+-]{0,64}"
    return {
        "model": table.text("model", base.model, pattern=plain),
        "serial": table.text("serial", base.serial, pattern=plain),
        "firmware": table.text("firmware", base.firmware, pattern=plain),
        "battery_percent": table.number("battery_percent", base.battery_percent, low=0, high=100),
        "is_charging": table.flag("charging", default=base.is_charging),
    }


def _rates(table: Table, base: Rates) -> Rates:
    rates = Rates(
        table.number("ecg_hz", base.ecg_hz, low=50, high=1000),
        table.number("pleth_hz", base.pleth_hz, low=25, high=500),
        table.number("resp_hz", base.resp_hz, low=10, high=250),
    )
    table.finish()
    return rates


def _stamp(table: Table, base: Stamp) -> Stamp:
    written = table.choice("time_format", ("rfc3339", "epoch_ms"), _format_name(base))
    offset = table.whole("utc_offset_minutes", base.utc_offset_minutes, low=-840, high=840)
    return Stamp(written == "epoch_ms", offset)


def _format_name(stamp: Stamp) -> str:
    return "epoch_ms" if stamp.epoch_ms else "rfc3339"


def make_sessions(config: WardConfig, tally: Tally) -> list[Session]:
    """One session per monitor, spread evenly over the publishing interval."""
    sessions = []
    for index, monitor in enumerate(config.monitors):
        spread_s = monitor.settings.vitals_interval_s * index / len(config.monitors)
        setup = SessionSetup(
            config.broker, monitor.password, monitor.faults, spread_s, config.farewell_s
        )
        skewed_s = monitor.settings.clock_off_s + monitor.faults.clock_off_s
        sessions.append(
            Session(Monitor(_with(monitor.settings, clock_off_s=skewed_s)), setup, tally)
        )
    return sessions


async def run_ward(config: WardConfig, stop: asyncio.Event, tally: Tally | None = None) -> Tally:
    """Run every monitor until `stop` is set; returns what they did."""
    counts = tally or Tally()
    sessions = make_sessions(config, counts)
    go = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for session in sessions:
            group.create_task(session.run(stop, go), name=session.device_id)
        if config.starts_together:
            await all_ready(sessions, stop)
        go.set()
    return counts


async def all_ready(sessions: Sequence[Session], stop: asyncio.Event) -> None:
    """Wait until every session has connected once, or `stop`, or a minute has gone."""
    stopped = asyncio.create_task(stop.wait())
    ready = asyncio.create_task(_each_ready(sessions))
    await asyncio.wait({stopped, ready}, timeout=SETTLE_S, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopped, ready):
        task.cancel()


async def _each_ready(sessions: Sequence[Session]) -> None:
    for session in sessions:
        await session.ready.wait()


def spread_start_s(index: int) -> float:
    """Where in its scenario the `index`-th monitor of a fleet begins, so that they differ."""
    return random.Random(f"start {index}").uniform(0, 60)
