"""The ``replay`` command: which file goes to which device, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from device_sim.clock import Stamp, wall_s
from device_sim.errors import SimulatorError
from device_sim.fleet import read_credentials
from device_sim.link import Broker, Identity
from device_sim.payload import Kind, Message
from device_sim.replay.courier import Courier
from device_sim.replay.player import Player, PlayPlan
from device_sim.replay.read import read_recording
from device_sim.replay.recording import Recording


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``replay``."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="csv, hea, dat, mat, parquet; A.csv+A.hea together"
    )
    parser.add_argument(
        "--device",
        action="append",
        metavar="ID",
        help="device; repeat for several, files are dealt in order (default: those in FILE.json)",
    )
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE.json", help="device id to password"
    )
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="one password for all")
    parser.add_argument("--speed", default="1", metavar="X", help="times real time, or 'max'")
    parser.add_argument("--times", choices=("recorded", "now"), default="now")
    parser.add_argument("--start", default="now", metavar="T", help="instant of recorded second 0")
    parser.add_argument("--block", type=float, default=1.0, metavar="S", help="waveform block")
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="samples in a message")
    parser.add_argument("--column", action="append", default=[], metavar="LABEL=NAME")
    parser.add_argument("--time-format", choices=("rfc3339", "epoch_ms"), default="rfc3339")


@dataclass(frozen=True, slots=True)
class Part:
    """What one device plays."""

    device_id: str
    password: str
    recordings: tuple[Recording, ...]


async def run_replay(
    arguments: argparse.Namespace, broker: Broker, stop: asyncio.Event
) -> dict[str, object]:
    """Replay until the last acknowledgement, or until `stop`; returns the summary."""
    plan = _plan(arguments)
    parts = _parts(arguments)
    couriers = {part.device_id: _courier(part, broker) for part in parts}
    players = {part.device_id: Player(plan, couriers[part.device_id]) for part in parts}
    began_s = asyncio.get_running_loop().time()
    playing = asyncio.create_task(_play_all(parts, players, couriers))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    complete = playing.done()
    stopping.cancel()
    if complete:
        playing.result()
    else:
        playing.cancel()
        await asyncio.wait({playing})
        await asyncio.gather(*(courier.close(_status("offline")) for courier in couriers.values()))
    took_s = asyncio.get_running_loop().time() - began_s
    return {
        "complete": complete,
        "wall_s": round(took_s, 3),
        "devices": {name: _summary(players[name], couriers[name]) for name in players},
    }


def _summary(player: Player, courier: Courier) -> dict[str, object]:
    kinds = (Kind.VITALS, Kind.WAVES)
    return {
        **asdict(player.played),
        "published": {kind.value: courier.published[kind] for kind in kinds},
        "acknowledged": {kind.value: courier.acknowledged[kind] for kind in kinds},
        "resent": courier.resent,
        "outstanding": courier.outstanding,
    }


async def _play_all(
    parts: list[Part], players: dict[str, Player], couriers: dict[str, Courier]
) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts:
            device = part.device_id
            group.create_task(_play(part, players[device], couriers[device]), name=device)


async def _play(part: Part, player: Player, courier: Courier) -> None:
    await courier.send(_status("online"))
    await player.play(part.recordings)
    await courier.send(_status("offline"))
    await courier.drain()
    await courier.close()


def _status(state: str) -> Message:
    t = Stamp().write(wall_s())
    payload = f'{{"t":{t},"state":"{state}","model":"Replay","firmware":"sim-1.0"}}'
    return Message(Kind.STATUS, payload.encode(), retain=True)


def _courier(part: Part, broker: Broker) -> Courier:
    topic = f"ward/v1/{part.device_id}/status"
    identity = Identity(part.device_id, part.password, topic, _status("offline").payload)
    return Courier(broker, identity)


def _plan(arguments: argparse.Namespace) -> PlayPlan:
    if arguments.block <= 0 or arguments.batch < 1:
        raise SimulatorError("--block must be more than 0 and --batch at least 1")
    start_s = _start_s(arguments.start) if arguments.times == "recorded" else None
    stamp = Stamp(arguments.time_format == "epoch_ms")
    return PlayPlan(_speed(arguments.speed), start_s, arguments.block, arguments.batch, stamp)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise SimulatorError(f"--speed must be a number above 0 or 'max', is {text!r}")
    return speed


def _start_s(text: str) -> float:
    """An instant as epoch seconds, from ``now``, RFC 3339 or epoch seconds."""
    if text == "now":
        return wall_s()
    try:
        return float(text)
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise SimulatorError(f"--start: {text!r} is not an instant") from None
    if instant.tzinfo is None:
        raise SimulatorError(f"--start: {text!r} needs an offset, such as Z or +07:00")
    return instant.timestamp()


def _parts(arguments: argparse.Namespace) -> list[Part]:
    """Deal the files to the devices in order, each device in turn."""
    passwords = read_credentials(arguments.credentials) if arguments.credentials else {}
    columns = dict(_column(text) for text in arguments.column)
    recordings = [read_recording(name, columns) for name in arguments.files]
    devices = arguments.device or list(passwords)[: len(recordings)]
    if not devices:
        raise SimulatorError("which device? Give --device or --credentials")
    devices = devices[: len(recordings)]
    if len(set(devices)) < len(devices):
        raise SimulatorError("--device: the same device is named twice")
    return [
        Part(device, _password(arguments, passwords, device), tuple(recordings[i :: len(devices)]))
        for i, device in enumerate(devices)
    ]


def _column(text: str) -> tuple[str, str]:
    label, equals, name = text.partition("=")
    if not (label and equals and name):
        raise SimulatorError(f"--column must be LABEL=NAME, is {text!r}")
    return label, name


def _password(arguments: argparse.Namespace, passwords: dict[str, str], device: str) -> str:
    if device in passwords:
        return passwords[device]
    if arguments.password_file is None:
        raise SimulatorError(f"no password for {device}: give --credentials or --password-file")
    try:
        return str(arguments.password_file.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise SimulatorError(f"{arguments.password_file}: {error.strerror}") from None
