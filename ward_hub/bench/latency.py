"""From publish to the event in a nurse's stream, with every bed of the ward watched.

Real mosquitto, real PostgreSQL, the hub in a process of its own, simulated monitors in another, and
one watcher for each unit here. Prints percentiles of the delay and what was sent, stored and shown.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import sys
import tempfile
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psycopg

from ward_hub import pg
from ward_hub.bench.servers import HOST, BenchError, child, free_port, hub, mosquitto, postgres
from ward_hub.bench.watcher import Seen, watch
from ward_hub.clock import SystemClock
from ward_hub.core.people import Role
from ward_hub.registry.broker_accounts import (
    hash_device_password,
    load_accounts,
    password_file,
)
from ward_hub.registry.passwords import Passwords
from ward_hub.registry.ward_file import (
    BedEntry,
    DeviceEntry,
    StaffEntry,
    StayEntry,
    UnitEntry,
    WardFile,
)
from ward_hub.registry.ward_import import import_ward

BEDS_A_UNIT: Final = 32
STREAMS_A_SESSION: Final = 10
SETTLE_S: Final = 5.0
LOGIN: Final = "bench"


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """Delays from publish to the event received, over all watched beds, and the counts."""

    beds: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    sent: int
    stored: int
    shown: int
    lost: int
    hub_cpu: float
    hub_memory_mib: float


def bench_ward(beds: int, password: str, device_password: str) -> WardFile:
    """A ward of `beds` beds in units of 32; every monitor has the same password."""
    units = tuple(
        UnitEntry(id=f"u{n:02}", name=f"Unit {n}") for n in range(math.ceil(beds / BEDS_A_UNIT))
    )
    names = [f"sim-{n:04}" for n in range(beds)]
    unit_of = [f"u{n // BEDS_A_UNIT:02}" for n in range(beds)]
    return WardFile(
        units=units,
        beds=tuple(
            BedEntry(id=f"b-{name}", unit=unit, label=name[-4:])
            for name, unit in zip(names, unit_of, strict=True)
        ),
        stays=tuple(
            StayEntry(bed=f"b-{name}", name="Nguyễn Văn Thử", record_number=name) for name in names
        ),
        devices=tuple(
            DeviceEntry(id=name, bed=f"b-{name}", password=device_password) for name in names
        ),
        staff=(
            StaffEntry(
                login=LOGIN,
                name="Bench",
                role=Role.NURSE,
                units=tuple(unit.id for unit in units),
                password=password,
            ),
        ),
    )


def measure_latency(
    beds: int, seconds: float, database_url: str | None, *, waves: bool
) -> LatencyResult:
    """Run the whole ward for `seconds` and measure. Raises BenchError when something is missing."""
    password, device_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    ward = bench_ward(beds, password, device_password)
    with tempfile.TemporaryDirectory(prefix="ward-bench-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        credentials = folder / "credentials.json"
        credentials.write_text(json.dumps({device.id: device_password for device in ward.devices}))
        with postgres(folder, database_url) as url:
            accounts = _fill(url, ward)
            hub_password, port, http_port = secrets.token_urlsafe(12), free_port(), free_port()
            hub_line = f"ward-hub:{hash_device_password(hub_password)}\n"
            environment = _environment(url, port, hub_password, http_port, folder)
            with (
                mosquitto(folder, accounts, hub_line, port),
                hub(environment, http_port) as process,
            ):
                run = _Run(port, http_port, password, ward, credentials, seconds, waves=waves)
                return asyncio.run(_measure(run, url, process))


@dataclass(frozen=True, slots=True)
class _Run:
    mqtt_port: int
    http_port: int
    password: str
    ward: WardFile
    credentials: Path
    seconds: float
    waves: bool


def _fill(url: str, ward: WardFile) -> str:
    pg.migrate(url)
    with pg.connect(url, "bench") as connection:
        import_ward(connection, ward, SystemClock().now(), Passwords())
        return password_file(load_accounts(connection))


def _environment(
    url: str, mqtt_port: int, hub_password: str, http_port: int, folder: Path
) -> dict[str, str]:
    return {
        "WARD_DATABASE_URL": url,
        "WARD_MQTT_HOST": HOST,
        "WARD_MQTT_PORT": str(mqtt_port),
        "WARD_MQTT_PASSWORD": hub_password,
        "WARD_HTTP_PORT": str(http_port),
        "WARD_COOKIE_SECURE": "false",
        "WARD_SPOOL_PATH": str(folder / "spool.sqlite"),
        "WARD_LOG_LEVEL": "error",
    }


async def _measure(run: _Run, url: str, process: int) -> LatencyResult:
    clock = SystemClock()
    watchers: list[asyncio.Task[Seen]] = []
    cookie = ""
    for number, unit in enumerate(run.ward.units):
        if number % STREAMS_A_SESSION == 0:
            cookie = await asyncio.to_thread(_sign_in, run.http_port, run.password)
        watching = watch(HOST, run.http_port, unit.id, cookie, clock)
        watchers.append(asyncio.create_task(watching))
    before_s = cpu_seconds(process)
    began_s = clock.monotonic_s()
    sent = await _send(run)
    took_s = clock.monotonic_s() - began_s
    used_s = cpu_seconds(process) - before_s
    stored = await _all_stored(url, sent)
    for watcher in watchers:
        watcher.cancel()
    seen = await asyncio.gather(*watchers)
    delays = sorted(delay for each in seen for delay in each.delays_ms)
    if not delays or any(each.ended_early for each in seen):
        raise BenchError("the hub closed a stream, or showed nothing")
    return LatencyResult(
        beds=len(run.ward.beds),
        seconds=run.seconds,
        p50_ms=round(percentile(delays, 0.5), 1),
        p99_ms=round(percentile(delays, 0.99), 1),
        max_ms=round(delays[-1], 1),
        sent=sent,
        stored=stored,
        shown=len(delays),
        lost=sent - stored,
        hub_cpu=round(used_s / took_s, 2),
        hub_memory_mib=round(memory_mib(process), 1),
    )


def percentile(ordered: list[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _sign_in(port: int, password: str) -> str:
    body = json.dumps({"login": LOGIN, "password": password}).encode()
    address = f"http://{HOST}:{port}"
    headers = {"Content-Type": "application/json", "Origin": address}
    request = urllib.request.Request(f"{address}/api/v1/session", body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        cookie: str = answer.headers["Set-Cookie"]
    return cookie.partition(";")[0]


async def _send(run: _Run) -> int:
    """Run the monitors; returns how many vitals messages the broker accepted."""
    said = run.credentials.with_name("summary.json")
    command = [
        *(sys.executable, "-m", "device_sim", "fleet", "--count", str(len(run.ward.beds))),
        *("--credentials", str(run.credentials), "--host", HOST, "--port", str(run.mqtt_port)),
        *("--duration", str(run.seconds), "--summary-json", str(said)),
        "--waves" if run.waves else "--no-waves",
    ]
    with child(command) as fleet:
        await asyncio.to_thread(fleet.wait, run.seconds * 2 + 120)
    return int(json.loads(said.read_text())["kinds"]["vitals"]["acknowledged"])


async def _all_stored(url: str, sent: int) -> int:
    """How many messages are stored, once all are or none came for a while."""
    stored, before = 0, -1
    while stored < sent and stored != before:
        await asyncio.sleep(SETTLE_S)
        before, stored = stored, await asyncio.to_thread(_stored, url)
    return stored


def _stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM vital").fetchone()
    return int(row[0]) if row else 0


def cpu_seconds(process: int) -> float:
    """Processor time a process has used, from the kernel's own account."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_mib(process: int) -> float:
    """Memory a process holds now."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def as_json(result: LatencyResult) -> str:
    """The result as one JSON object."""
    return json.dumps(asdict(result))
