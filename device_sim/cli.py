"""Command line of the simulator: ``ward``, ``fleet``, ``replay`` and ``scenarios``.

Mistakes come out as one line on stderr and exit code 2; an interrupt ends in order and without a
traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from device_sim.errors import SimulatorError
from device_sim.faults import FaultPlan
from device_sim.fleet import FleetPlan, read_credentials, run_fleet
from device_sim.link import Broker
from device_sim.replay.command import add_replay, run_replay
from device_sim.scenario import load_scenario, scenario_names
from device_sim.ward import load, run_ward

Summary = dict[str, object]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        return int(arguments.run(arguments))
    except SimulatorError as error:
        print(f"device_sim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="device_sim", description="Simulated bedside monitors.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_ward(commands.add_parser("ward", help="run the monitors a TOML file describes"))
    _add_fleet(commands.add_parser("fleet", help="run many like monitors, for load"))
    replay = commands.add_parser("replay", help="send recordings as monitors would")
    _add_broker(replay)
    add_replay(replay)
    replay.set_defaults(run=_replay)
    listing = commands.add_parser("scenarios", help="list the scenarios")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list_scenarios)
    return parser


def _add_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="broker host")
    parser.add_argument("--port", type=int, default=1883, help="broker port")
    parser.add_argument("--tls-ca", metavar="FILE", help="CA certificate; turns TLS on")
    parser.add_argument(
        "--summary-json", metavar="FILE", help="write the summary to FILE, or '-' for stdout"
    )


def _broker(arguments: argparse.Namespace) -> Broker:
    if arguments.tls_ca and not Path(arguments.tls_ca).is_file():
        raise SimulatorError(f"--tls-ca: no such file: {arguments.tls_ca}")
    return Broker(arguments.host, arguments.port, bool(arguments.tls_ca), arguments.tls_ca)


def _add_ward(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ward", type=Path, metavar="WARD.toml")
    parser.add_argument("--duration", type=float, metavar="S", help="stop after so many seconds")
    parser.add_argument("--summary-json", metavar="FILE", help="summary at the end; '-' for stdout")
    parser.set_defaults(run=_ward)


def _add_fleet(parser: argparse.ArgumentParser) -> None:
    _add_broker(parser)
    parser.add_argument("--count", type=int, required=True, help="how many monitors")
    parser.add_argument("--prefix", default="sim-", help="use credentials whose id begins so")
    parser.add_argument("--credentials", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--scenario", action="append", help="repeat to deal several out")
    parser.add_argument("--vitals-interval", type=float, default=1.0, metavar="S")
    parser.add_argument("--waves-interval", type=float, default=1.0, metavar="S")
    parser.add_argument("--waves", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--waves-qos", type=int, choices=(0, 1), default=1)
    parser.add_argument(
        "--bank",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="share waveform blocks drawn beforehand",
    )
    parser.add_argument(
        "--repeat-episodic",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="cuff pressure and temperature in every sample, with their time",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duration", type=float, metavar="S")
    _add_faults(parser)
    parser.set_defaults(run=_fleet)


def _add_faults(parser: argparse.ArgumentParser) -> None:
    faults = parser.add_argument_group("faults")
    for name, metavar, text in (
        ("drop", "P", "lose a message"),
        ("duplicate", "P", "send a message twice"),
        ("reorder", "P", "send a message after the next"),
        ("delay", "S", "mean delay"),
        ("skew", "S", "clock ahead by"),
        ("cut-every", "S", "break the connection every"),
    ):
        faults.add_argument(f"--{name}", type=float, default=0.0, metavar=metavar, help=text)


def _faults(arguments: argparse.Namespace) -> FaultPlan:
    for name in ("drop", "duplicate", "reorder"):
        if not 0 <= getattr(arguments, name) <= 1:
            raise SimulatorError(f"--{name} must be from 0 to 1")
    return FaultPlan(
        arguments.drop,
        arguments.duplicate,
        max(0.0, arguments.delay),
        arguments.reorder,
        arguments.skew,
        max(0.0, arguments.cut_every),
    )


def _ward(arguments: argparse.Namespace) -> int:
    config = load(arguments.ward)

    async def run(stop: asyncio.Event) -> Summary:
        if arguments.duration is not None:
            asyncio.get_running_loop().call_later(arguments.duration, stop.set)
        return (await run_ward(config, stop)).summary()

    _write_summary(until_stopped(run), arguments.summary_json)
    return 0


def _fleet(arguments: argparse.Namespace) -> int:
    if arguments.count < 1 or min(arguments.vitals_interval, arguments.waves_interval) < 0.05:
        raise SimulatorError("--count must be at least 1 and intervals at least 0.05 s")
    plan = FleetPlan(
        arguments.count,
        arguments.prefix,
        read_credentials(arguments.credentials),
        tuple(arguments.scenario or ("stable",)),
        arguments.vitals_interval,
        arguments.waves_interval,
        arguments.waves,
        arguments.bank,
        arguments.repeat_episodic,
        arguments.waves_qos,
        arguments.seed,
        arguments.duration,
        _faults(arguments),
    )
    broker = _broker(arguments)
    summary = until_stopped(lambda stop: run_fleet(plan, broker, stop))
    _write_summary(summary, arguments.summary_json or "-")
    return 0 if summary["connects"] and not summary["outstanding"] else 1


def _replay(arguments: argparse.Namespace) -> int:
    broker = _broker(arguments)
    summary = until_stopped(lambda stop: run_replay(arguments, broker, stop))
    _write_summary(summary, arguments.summary_json or "-")
    return 0 if summary["complete"] else 1


def _list_scenarios(arguments: argparse.Namespace) -> int:
    scenarios = [load_scenario(name) for name in scenario_names()]
    if arguments.json:
        print(
            json.dumps([{"name": s.name, "title": s.title, "loop_s": s.loop_s} for s in scenarios])
        )
        return 0
    for scenario in scenarios:
        loop = f"{scenario.loop_s:.0f} s" if scenario.loop_s else "-"
        print(f"{scenario.name:22}{loop:>7}  {scenario.title}")
    return 0


def until_stopped(run: Callable[[asyncio.Event], Awaitable[Summary]]) -> Summary:
    """Run to the end, or until SIGINT or SIGTERM asks for an orderly one."""

    async def guarded() -> Summary:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        return await run(stop)

    return asyncio.run(guarded())


def _write_summary(summary: Summary, target: str | None) -> None:
    text = json.dumps(summary, indent=1)
    if target == "-":
        print(text)
    elif target:
        Path(target).write_text(text + "\n", encoding="utf-8")
