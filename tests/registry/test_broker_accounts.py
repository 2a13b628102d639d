"""One stored hash for both brokers: our own check, and mosquitto's password file."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from tests.services.mosquitto import Mosquitto
from ward_hub.core.ids import DeviceId
from ward_hub.registry.broker_accounts import (
    hash_device_password,
    new_device_password,
    password_file,
    verify_device_password,
)


def test_a_password_fits_its_own_hash_only() -> None:
    stored = hash_device_password("một mật khẩu")
    assert verify_device_password("một mật khẩu", stored)
    assert not verify_device_password("một mật khẩu ", stored)
    assert not verify_device_password("", stored)


def test_the_form_is_that_of_mosquitto() -> None:
    _, kind, iterations, salt, digest = hash_device_password("x").split("$")
    assert kind == "7"
    raw_salt = base64.b64decode(salt)
    assert len(raw_salt) == 12
    expected = hashlib.pbkdf2_hmac("sha512", b"x", raw_salt, int(iterations))
    assert base64.b64decode(digest) == expected


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_device_password("x") != hash_device_password("x")
    assert len({new_device_password() for _ in range(100)}) == 100
    assert len(new_device_password()) >= 24


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "x",
        "$7$1000$!!$!!",
        "$7$0$AAAA$AAAA",
        "$7$-1$AAAA$AAAA",
        "$7$99999999999$AAAA$AAAA",
        "$6$AAAA$AAAA",
        "$7$1000$AAAA",
        "$7$1000$AAAA$",
        "plain",
    ],
)
def test_a_hash_that_cannot_be_read_fits_nothing(stored: str | None) -> None:
    assert not verify_device_password("plain", stored)
    assert not verify_device_password("", stored)


def test_what_mosquitto_hashes_is_accepted_here(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.touch(mode=0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", str(file), "mon-01", "geheim-wort"], check=True, timeout=20
    )
    device, stored = file.read_text().strip().split(":", 1)
    assert device == "mon-01"
    assert verify_device_password("geheim-wort", stored)
    assert not verify_device_password("geheim-worT", stored)


def test_the_file_has_a_line_for_each_device() -> None:
    accounts = {DeviceId("mon-02"): "$7$b", DeviceId("mon-01"): "$7$a"}
    assert password_file(accounts) == "mon-01:$7$a\nmon-02:$7$b\n"


def connect_code(port: int, user: str, password: str) -> int:
    """What mosquitto answers to an MQTT 3.1.1 CONNECT: 0 for welcome, 4 or 5 for refused."""

    def text(value: str) -> bytes:
        return struct.pack(">H", len(value.encode())) + value.encode()

    body = text("MQTT") + b"\x04\xc2\x00\x3c" + text(user) + text(user) + text(password)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(b"\x10" + bytes([len(body)]) + body)
        answer = link.recv(4)
    assert answer[0] == 0x20
    return answer[3]


def test_mosquitto_accepts_what_we_hash(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    accounts = {DeviceId("mon-01"): hash_device_password("mật-khẩu")}
    with (mosquitto.folder / "passwd").open("a") as file:
        file.write(password_file(accounts))
    mosquitto.start()
    assert connect_code(mosquitto.port, "mon-01", "mật-khẩu") == 0
    assert connect_code(mosquitto.port, "mon-01", "mật-khẩu2") in {4, 5}
