"""The hub as an operator runs it: `python -m ward_hub run` as a process of its own.

The test holds the process: it can stop it in an orderly way, kill it outright and start it again
on the same port, settings and spool.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from tests.e2e.waiting import until
from tests.services.mosquitto import Mosquitto
from tests.services.network import LOOPBACK, free_port
from tests.services.settings import ROOT

STARTS_WITHIN_S: Final = 30.0
STOPS_WITHIN_S: Final = 30.0


class HubProcess:
    """One hub on one database, broker and folder: `start`, `stop`, `kill9`, and start again."""

    def __init__(self, dsn: str, broker: Mosquitto, folder: Path) -> None:
        """Choose its port and folder; nothing runs yet."""
        self.port: Final = free_port()
        self.url: Final = f"http://{LOOPBACK}:{self.port}"
        self._folder: Final = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: Final = {
            "WARD_DATABASE_URL": dsn,
            "WARD_MQTT_HOST": broker.host,
            "WARD_MQTT_PORT": str(broker.port),
            "WARD_MQTT_USERNAME": broker.hub_user,
            "WARD_MQTT_PASSWORD": broker.hub_password,
            "WARD_HTTP_HOST": LOOPBACK,
            "WARD_HTTP_PORT": str(self.port),
            "WARD_COOKIE_SECURE": "false",
            "WARD_SPOOL_PATH": str(folder / "spool.sqlite"),
        }

    @property
    def log(self) -> str:
        """Everything it has said since the folder was made."""
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def is_running(self) -> bool:
        """Whether the process still lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def rss_mib(self) -> float:
        """Resident memory, in MiB."""
        assert self._process is not None
        return psutil.Process(self._process.pid).memory_info().rss / 1024**2

    def launch(self) -> None:
        """Start the process; `ready` waits for it."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith("WARD_")}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ward_hub", "run"],
                cwd=ROOT,
                env=plain | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ready(self, *, connected: bool = True) -> None:
        """Wait until it answers and, unless told otherwise, has its broker."""
        await until(self._answers, f"the hub's start\n{self.log[-2000:]}", within_s=STARTS_WITHIN_S)
        if connected:
            await until(lambda: self.health["parts"]["broker"]["well"], "the hub's broker link")

    async def start(self) -> None:
        """Start and wait until it answers and has its broker."""
        self.launch()
        await self.ready()

    def _answers(self) -> bool:
        assert self.is_running, f"the hub ended:\n{self.log[-4000:]}"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code in {200, 503}
        return False

    @property
    def health(self) -> dict[str, Any]:
        """Its own report."""
        report: dict[str, Any] = httpx.get(f"{self.url}/healthz", timeout=5).json()
        return report

    def figures(self, name: str) -> dict[str, float]:
        """The values of one metric, by its labels as written."""
        text = httpx.get(f"{self.url}/metrics", timeout=5).text
        found: dict[str, float] = {}
        for line in text.splitlines():
            head, _, value = line.rpartition(" ")
            metric, _, labels = head.partition("{")
            if metric == name:
                found[labels.rstrip("}")] = float(value)
        return found

    def stop(self) -> None:
        """Stop it in an orderly way (SIGTERM); fails when it does not end well."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=STOPS_WITHIN_S)
        self._process = None
        assert code == 0, f"the hub ended with {code}:\n{self.log[-4000:]}"

    def kill9(self) -> None:
        """Kill it outright."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)
        self._process = None

    def complaints(self) -> list[str]:
        """What it logged as an error, and whatever a library said beside its log."""
        return [line for line in self.log.splitlines() if _is_complaint(line)]

    def close(self) -> None:
        """End it, however it is."""
        if self.is_running:
            self.kill9()


def _is_complaint(line: str) -> bool:
    try:
        return bool(json.loads(line)["level"] == "error")
    except (ValueError, KeyError, TypeError):
        return bool(line.strip())


@contextmanager
def hub_on(dsn: str, broker: Mosquitto, folder: Path) -> Iterator[HubProcess]:
    """A hub not started yet; ended at the end, and its log must then hold no complaint."""
    hub = HubProcess(dsn, broker, folder / "hub")
    try:
        yield hub
    finally:
        hub.close()
    complaints = hub.complaints()
    assert not complaints, "the hub complained:\n" + "\n".join(complaints[:20])
