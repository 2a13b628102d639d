"""A real mosquitto of the test's own, run with the settings that deploy/mosquitto ships.

Only the paths, the port and the log are changed, so what a test sees is what a ward gets.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.services.network import (
    LOOPBACK,
    accepts_connections,
    free_port,
    give_to,
    server_account,
    wait_until,
)
from tests.services.settings import ROOT, setting

HUB_USER: Final = "ward-hub"
SHIPPED: Final = ROOT / "deploy" / "mosquitto"
_OURS: Final = re.compile(
    r"^(listener|include_dir|persistence_location|password_file|acl_file|pid_file|log_dest|log_type)"
    r" .*$\n?",
    re.MULTILINE,
)


def adapted_configuration(shipped: str, folder: Path, port: int) -> str:
    """The shipped mosquitto.conf with this test's port and folder."""
    return _OURS.sub("", shipped) + (
        f"\nlistener {port} {LOOPBACK}\n"
        f"persistence_location {folder}/\n"
        f"password_file {folder}/passwd\n"
        f"acl_file {folder}/acl\n"
        f"log_dest file {folder}/log\n"
        "log_type all\n"
    )


class Mosquitto:
    """One broker: `start`, `stop`, `kill9`, and start again on the same port and stored state."""

    def __init__(self) -> None:
        """Lay out its folder. Nothing runs until `start`; `close` removes everything."""
        self.host: Final = LOOPBACK
        self.port: Final = free_port()
        self.hub_user: Final = HUB_USER
        self.hub_password: Final = secrets.token_urlsafe(12)
        self.folder: Final = Path(tempfile.mkdtemp(prefix="ward-mosquitto-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._account: Final = server_account("mosquitto")
        shipped = (SHIPPED / "mosquitto.conf").read_text()
        self._conf.write_text(adapted_configuration(shipped, self.folder, self.port))
        shutil.copy(SHIPPED / "acl", self.folder / "acl")
        self._passwords.touch(mode=0o600)
        (self.folder / "acl").chmod(0o600)
        give_to(self._account, self.folder, *self.folder.iterdir())
        self.add_user(self.hub_user, self.hub_password)

    @property
    def _conf(self) -> Path:
        return self.folder / "mosquitto.conf"

    @property
    def _passwords(self) -> Path:
        return self.folder / "passwd"

    @property
    def is_running(self) -> bool:
        """Whether the process we started still lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has logged since the folder was made, complaints about its settings included."""
        parts = (self.folder / "output", self.folder / "log")
        return "".join(part.read_text(errors="replace") for part in parts if part.exists())

    def configure(self, lines: str) -> None:
        """Add or override settings (mosquitto.conf lines); they hold from the next `start`."""
        with self._conf.open("a") as conf:
            conf.write(f"\n{lines}\n")

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        if self.is_running:
            return
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [setting("WARD_TEST_MOSQUITTO"), "-c", str(self._conf)],
                cwd="/",
                user=self._account,
                group=self._account,
                extra_groups=[] if self._account else None,
                stdout=output,
                stderr=output,
            )
        wait_until(self._is_up_or_dead, "mosquitto's start")
        if not self.is_running:
            raise RuntimeError(f"mosquitto ended at once:\n{self.log}")

    def _is_up_or_dead(self) -> bool:
        return not self.is_running or accepts_connections(self.port)

    def stop(self) -> None:
        """Stop it in an orderly way: it saves its sessions and queues."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it outright: what it had not saved yet is gone."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None

    def save(self) -> None:
        """Have it write its sessions and queues now, as its autosave would."""
        assert self._process is not None
        store = self.folder / "mosquitto.db"
        before = store.stat().st_mtime_ns if store.exists() else 0
        self._process.send_signal(signal.SIGUSR1)
        wait_until(
            lambda: store.exists() and store.stat().st_mtime_ns != before, "mosquitto's save"
        )

    def add_user(self, user: str, password: str) -> None:
        """Give an account; it works when this returns. See `add_users` for many."""
        self.add_users({user: password})

    def add_users(self, accounts: Mapping[str, str]) -> None:
        """Give many accounts at once (a second call with the same name changes the password)."""
        kept = [line for line in self._passwords.read_text().splitlines() if line]
        kept = [line for line in kept if line.partition(":")[0] not in accounts]
        self._passwords.write_text("".join(f"{line}\n" for line in kept + self._hashed(accounts)))
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGHUP)
            user, password = list(accounts.items())[-1]
            wait_until(lambda: self.lets_in(user, password), f"mosquitto's new account {user}")

    def _hashed(self, accounts: Mapping[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "passwd"
            plain.write_text("".join(f"{user}:{word}\n" for user, word in accounts.items()))
            command = [setting("WARD_TEST_MOSQUITTO_PASSWD"), "-U", str(plain)]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            return plain.read_text().split()

    def lets_in(self, user: str, password: str) -> bool:
        """Whether the broker accepts this account now (an MQTT 3.1.1 CONNECT, sent by hand)."""
        fields = [b"MQTT\x04\xc2\x00\x0a", b"", user.encode(), password.encode()]
        body = b"\x00\x04" + fields[0]
        body += b"".join(struct.pack(">H", len(field)) + field for field in fields[1:])
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 2) as s:
            s.sendall(b"\x10" + _remaining_length(len(body)) + body)
            return s.recv(4) == b"\x20\x02\x00\x00"
        return False

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remaining_length(size: int) -> bytes:
    """MQTT's variable-length integer, two bytes being enough here."""
    return bytes([size]) if size < 128 else bytes([size % 128 | 128, size // 128])
