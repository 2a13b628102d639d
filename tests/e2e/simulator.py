"""The simulator as a process of its own: a fleet of monitors, or recordings replayed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.services.mosquitto import Mosquitto
from tests.services.settings import ROOT

Summary = dict[str, Any]
SETTLES_WITHIN_S: Final = 40.0


class Simulator:
    """One run of `python -m device_sim`; `finish` ends it and returns its summary."""

    def __init__(
        self,
        broker: Mosquitto,
        folder: Path,
        passwords: Mapping[str, str],
        command: str,
        *arguments: str,
    ) -> None:
        credentials = folder / "credentials.json"
        credentials.write_text(json.dumps(dict(passwords)))
        self._summary = folder / "summary.json"
        self._log = folder / "simulator.log"
        words = [sys.executable, "-m", "device_sim", command, *arguments]
        words += ["--host", broker.host, "--port", str(broker.port)]
        words += ["--credentials", str(credentials), "--summary-json", str(self._summary)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def is_running(self) -> bool:
        """Whether it is still at it."""
        return self._process.poll() is None

    def finish(self) -> Summary:
        """Ask it to stop if it has not; everything sent is settled with the broker first.

        It ends with 1 when a message went unacknowledged, as it does when a broker is killed (the
        samples in it are sent again in another); what that means is for the caller to judge.
        """
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=SETTLES_WITHIN_S)
        assert code in {0, 1}, self._log.read_text()[-3000:]
        summary: Summary = json.loads(self._summary.read_text())
        return summary

    def close(self) -> None:
        """End it if the test did not."""
        if self.is_running:
            self._process.kill()
            self._process.wait(timeout=10)


def fleet(
    broker: Mosquitto, folder: Path, passwords: Mapping[str, str], *arguments: str
) -> Simulator:
    """A monitor for each of the credentials, sending numbers every second and no waveforms."""
    words = ["--count", str(len(passwords)), "--prefix", "mon-", "--no-waves", *arguments]
    return Simulator(broker, folder, passwords, "fleet", *words)


def replay(
    broker: Mosquitto, folder: Path, passwords: Mapping[str, str], files: Sequence[Path], *how: str
) -> Simulator:
    """Each file on a device of its own, in the order of the credentials."""
    return Simulator(broker, folder, passwords, "replay", *map(str, files), *how)
