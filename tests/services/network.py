"""Loopback ports, and the rule that a test talks to nothing else."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_WATCHED: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0}


class OutsideAddressError(Exception):
    """A test tried to reach something that is not on this machine."""


def is_loopback(host: object) -> bool:
    """Whether a socket address' host part can only mean this machine."""
    if host in {None, "", b"", "localhost", b"localhost"}:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(text.partition("%")[0])
        return address.is_loopback or address.is_unspecified
    return False


def refuse_outside_addresses() -> None:
    """From now on, raise OutsideAddressError for every Python socket that leaves this machine.

    An audit hook sees asyncio's sockets too, but not those that C libraries open by themselves
    (libpq, uvloop, Chromium): those get their addresses from fixtures that know only loopback.
    """

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event not in _WATCHED:
            return
        address = arguments[_WATCHED[event]]
        host = address[0] if isinstance(address, tuple) else address
        is_unix_path = event != "socket.getaddrinfo" and not isinstance(address, tuple)
        if not is_unix_path and not is_loopback(host):
            raise OutsideAddressError(f"{event} to {host!r}: tests talk to loopback only")

    sys.addaudithook(watch)


def free_port() -> int:
    """A TCP port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_true: Callable[[], bool], what: str, *, within_s: float = 20.0) -> None:
    """Wait for another process. Raises TimeoutError, naming `what`, when it takes too long."""
    give_up_at = time.monotonic() + within_s
    while not is_true():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} did not happen within {within_s:g} s")
        time.sleep(0.02)


def accepts_connections(port: int) -> bool:
    """Whether somebody listens on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def server_account(name: str) -> str | None:
    """The account to start a server under: `name` when the tests run as root, else ours (None)."""
    if os.getuid() != 0:
        return None
    pwd.getpwnam(name)
    return name


def give_to(account: str | None, *paths: Path) -> None:
    """Hand files over to a server's account; None means they are ours and stay so."""
    if account is None:
        return
    entry = pwd.getpwnam(account)
    for path in paths:
        os.chown(path, entry.pw_uid, entry.pw_gid)
