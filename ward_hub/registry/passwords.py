"""Passwords of people: argon2id, checked off the event loop and a few at a time."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE: Final = 2
"""A check takes 64 MiB and tens of milliseconds on purpose; a flood must not take the machine."""

_FIRST_PASSWORD_GROUPS: Final = 4
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class Passwords:
    """Hashes and checks. A test passes a hasher that is quick."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """What is stored of a password."""
        return self._hasher.hash(password)

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether the password fits. Without a stored hash the same work is done for nothing."""
        async with self._turns:
            fits = await asyncio.to_thread(self.fits, password, stored or self._nobodys)
        return fits and stored is not None

    def fits(self, password: str, stored: str) -> bool:
        """Whether the password belongs to the stored hash. Takes long: not for the event loop."""
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def first_password() -> str:
    """A first password to be told once: 16 letters and digits nobody mistakes, in groups."""
    groups = range(_FIRST_PASSWORD_GROUPS)
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in groups)
