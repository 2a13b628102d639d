"""The accounts devices have with the broker, in the form mosquitto reads.

One hash serves both brokers: mosquitto's password file (`$7$iterations$salt$hash`, PBKDF2 with
SHA-512) and the embedded broker, which asks `verify_device_password`. A device's password is made
by the hub from 144 random bits, so it needs no slow hash, and a ward of 1,000 monitors that comes
back at once after a power cut can sign in within seconds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final

import psycopg

from ward_hub.core.ids import DeviceId

ITERATIONS: Final = 1000
_MOST_ITERATIONS: Final = 1_000_000
_SALT_BYTES: Final = 12
_PASSWORD_BYTES: Final = 18


def new_device_password() -> str:
    """A password nobody can guess, of characters every device can be given by hand."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def hash_device_password(password: str) -> str:
    """What is stored of a device's password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _digest(password, salt, ITERATIONS)
    return f"$7${ITERATIONS}${_text(salt)}${_text(digest)}"


def verify_device_password(password: str, stored: str | None) -> bool:
    """Whether the password belongs to the stored hash; a hash that cannot be read fits nothing."""
    match (stored or "").split("$"):
        case ["", "7", iterations, salt, digest] if iterations.isdecimal():
            return _fits(password, int(iterations), salt, digest)
        case _:
            return False


def password_file(accounts: Mapping[DeviceId, str]) -> str:
    """mosquitto's `password_file` for these devices and hashes."""
    return "".join(f"{device}:{stored}\n" for device, stored in sorted(accounts.items()))


def load_accounts(connection: psycopg.Connection[Any]) -> dict[DeviceId, str]:
    """The hashes of all devices that may connect now."""
    rows = connection.execute(
        "SELECT id, password_hash FROM device"
        " WHERE suspended_at IS NULL AND password_hash IS NOT NULL"
    )
    return {DeviceId(device): stored for device, stored in rows}


def _fits(password: str, iterations: int, salt: str, digest: str) -> bool:
    if not 1 <= iterations <= _MOST_ITERATIONS:
        return False
    try:
        made = _digest(password, base64.b64decode(salt, validate=True), iterations)
        return hmac.compare_digest(made, base64.b64decode(digest, validate=True))
    except binascii.Error:
        return False


def _digest(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
