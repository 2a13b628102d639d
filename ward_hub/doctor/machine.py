"""The machine the hub runs on: spool, disk, clock, files with passwords, the port of the pages."""

from __future__ import annotations

import contextlib
import ctypes
import difflib
import http.client
import json
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ward_hub import __version__
from ward_hub.doctor.findings import Finding, State, fault, ok, warning
from ward_hub.settings import PREFIX, SECRETS, Settings, known_variables, unknown_variables

MIB: Final = 1024 * 1024
LEAST_FREE_MIB: Final = 512
ANSWER_WITHIN_S: Final = 2.0
LARGEST_ANSWER: Final = 64 * 1024
TIME_ERROR: Final = 5
"""What adjtimex returns while nothing keeps the kernel's clock right."""

ANY_ADDRESS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


_AS_THE_HUB: Final = "run the doctor under the hub's account, or set WARD_SPOOL_PATH"


@dataclass(frozen=True, slots=True)
class Answer:
    """What listens on the hub's port: `hub` is its health report when it is a hub."""

    somebody: bool
    hub: dict[str, Any] | None = None


def examine_settings(environment: Mapping[str, str]) -> Finding:
    """Whether a variable looks like a setting and is none: a typo must not pass silently."""
    unknown = unknown_variables(environment)
    if not unknown:
        given = sum(name in environment for name in known_variables())
        return ok("settings", f"readable, {given} given, the others at their defaults")
    hints = "\n".join(_hint(name) for name in unknown)
    return warning("settings", f"not settings, ignored: {', '.join(unknown)}", hints)


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, known_variables(), n=1, cutoff=0.6)
    return f"write {close[0]} for {name}" if close else f"take {name} away"


def ask_hub(settings: Settings) -> Answer:
    """Who listens on the hub's port."""
    if settings.http_port == 0:
        return Answer(somebody=False)
    try:
        report = _health(settings)
    except ConnectionRefusedError:
        return Answer(somebody=False)
    except (OSError, http.client.HTTPException, ValueError):
        return Answer(somebody=_is_taken(settings))
    if isinstance(report, dict) and {"status", "version", "parts"} <= report.keys():
        return Answer(somebody=True, hub=report)
    return Answer(somebody=True)


def _health(settings: Settings) -> object:
    host = ANY_ADDRESS.get(settings.http_host, settings.http_host)
    link = http.client.HTTPConnection(host, settings.http_port, timeout=ANSWER_WITHIN_S)
    with contextlib.closing(link):
        link.request("GET", "/healthz")
        return json.loads(link.getresponse().read(LARGEST_ANSWER))


def _is_taken(settings: Settings) -> bool:
    host = ANY_ADDRESS.get(settings.http_host, settings.http_host)
    try:
        socket.create_connection((host, settings.http_port), timeout=ANSWER_WITHIN_S).close()
    except (OSError, UnicodeError):
        return False
    return True


def examine_port(settings: Settings, answer: Answer) -> Finding:
    """Whether the pages can be served, or are."""
    where = f"{settings.http_host}:{settings.http_port}"
    if answer.hub is not None:
        return _running(answer.hub, where)
    if answer.somebody:
        return fault(
            "http port",
            f"{where} is taken by another program",
            f"ss -ltnp 'sport = :{settings.http_port}' shows it; or set another WARD_HTTP_PORT",
        )
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    try:
        socket.create_server((settings.http_host, settings.http_port), family=family).close()
    except (OSError, UnicodeError) as error:
        mend = "set WARD_HTTP_HOST to an address of this machine, WARD_HTTP_PORT to 1024 or more"
        return fault("http port", f"{where}: {error}", mend)
    return ok("http port", f"{where} is free; no hub runs here")


def _running(report: dict[str, Any], where: str) -> Finding:
    version, state = report["version"], report["status"]
    ill = [f"{name}: {part['detail']}" for name, part in _parts(report) if not part.get("well")]
    found = f"a hub runs at {where}: {state}" + (f" ({'; '.join(ill)})" if ill else "")
    if version != __version__:
        text = f"{found}; it is version {version}, this one is {__version__}"
        return warning("hub", text, "systemctl restart ward-hub")
    if state == "ok":
        return ok("hub", found)
    mend = "mend what is named; see the other findings and journalctl -u ward-hub"
    return (fault if state == "failing" else warning)("hub", found, mend)


def _parts(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = report["parts"]
    if isinstance(parts, dict):
        yield from ((str(name), part) for name, part in parts.items() if isinstance(part, dict))


def examine_spool(settings: Settings, *, hub_runs: bool) -> list[Finding]:
    """Folder, room and owner of the spool, and who holds it."""
    path = settings.spool_path
    try:
        folder = _folder(path)
        if folder.is_fault:
            return [folder]
        return [folder, _room(settings), *_held(path, hub_runs=hub_runs)]
    except OSError as error:
        return [fault("spool", f"{path}: {error.strerror}", _AS_THE_HUB)]


def _folder(path: Path) -> Finding:
    folder = path.parent
    make = f"install -d -m 700 -o ward-hub {folder}, or set WARD_SPOOL_PATH"
    if not folder.exists():
        return fault("spool", f"the folder {folder} is not there", make)
    if not os.access(folder, os.W_OK | os.X_OK):
        return fault("spool", f"account {os.getuid()} may not write in {folder}", make)
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return fault("spool", f"account {os.getuid()} may not write {path}", make)
    return ok("spool", f"{folder} can be written")


def _room(settings: Settings) -> Finding:
    folder = settings.spool_path.parent
    free_mib = shutil.disk_usage(folder).free // MIB
    found = f"{free_mib:,} MiB free in {folder}, the spool may take {settings.spool_most_mib:,}"
    mend = "make room, set a smaller WARD_SPOOL_MOST_MIB or put WARD_SPOOL_PATH on a larger disk"
    if free_mib < LEAST_FREE_MIB:
        return fault("disk", found, mend)
    return warning("disk", found, mend) if free_mib < settings.spool_most_mib else ok("disk", found)


def _held(path: Path, *, hub_runs: bool) -> Iterator[Finding]:
    if not path.exists():
        return
    if path.stat().st_mode & stat.S_IROTH:
        found = f"{path} can be read by everybody and holds vital signs"
        yield warning("spool rights", found, f"chmod 600 {path}")
    try:
        waiting = _waiting_in(path)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            yield fault("spool file", f"{path}: {error}", "the hub sets a damaged spool aside")
        elif hub_runs:
            yield ok("spool file", "held by the running hub")
        else:
            yield warning(
                "spool file",
                f"{path} is held by another process, and no hub answers on the port",
                f"fuser -v {path} shows it; two hubs must not share a spool",
            )
    except sqlite3.DatabaseError as error:
        yield fault("spool file", f"{path}: {error}", "the hub sets a damaged spool aside at start")
    else:
        yield ok("spool file", f"{waiting} records wait in it")


def _waiting_in(path: Path) -> int:
    """How many records wait. Never makes the file, never waits for its holder."""
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0.1)
    try:
        (count,) = file.execute("SELECT coalesce(sum(records), 0) FROM batch").fetchone()
    finally:
        file.close()
    return int(count)


def examine_secret_files(environment: Mapping[str, str]) -> list[Finding]:
    """Whether files that hold passwords are for their owner alone."""
    named = [f"{PREFIX}{secret}_FILE".upper() for secret in SECRETS]
    return [_secret_file(Path(environment[name])) for name in named if name in environment]


def _secret_file(path: Path) -> Finding:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return fault("secret file", f"{path}: {error.strerror}", f"make {path} readable")
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        found = f"{path} can be read by everybody (mode {mode:o})"
        return fault("secret file", found, f"chmod 600 {path}")
    return ok("secret file", f"{path} has mode {mode:o}")


def examine_clock() -> Finding:
    """Whether something keeps this machine's clock right (asked of the kernel)."""
    mend = "apt-get install systemd-timesyncd && timedatectl set-ntp true"
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return warning("clock", "this system cannot say whether its clock is kept right", mend)
    # modes = 0: only read. The kernel fills in at most a few hundred bytes.
    state = adjtimex(ctypes.create_string_buffer(512))
    if state == TIME_ERROR:
        return warning("clock", "not synchronised: times of alarms may be wrong", mend)
    if state < 0:
        return warning("clock", "the kernel does not say whether its clock is kept right", mend)
    return Finding("clock", State.OK, "synchronised")
