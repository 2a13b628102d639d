"""Accounts of staff: signing in, lock-out, sessions.

A try is counted before the password is looked at, so that many tries at once cannot slip past the
lock-out. Unknown, disabled and locked logins cost the same work as known ones and give the same
answer. Of a session only the SHA-256 of its token is stored: who reads the table cannot use it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from ward_hub import pg
from ward_hub.core.ids import StaffId, UnitId
from ward_hub.core.people import Person, Role, Session, SignedIn, SignInRefused
from ward_hub.registry.passwords import Passwords

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class SignInRules:
    """After `most_failures` in a row an account is locked, each time twice as long.

    A session ends `session_lasts` after it began (a shift and its handover), or when nothing has
    used it for `idle`; an open station page is use.
    """

    most_failures: int = 5
    lock: timedelta = timedelta(minutes=5)
    longest_lock: timedelta = timedelta(hours=8)
    session_lasts: timedelta = timedelta(hours=13)
    idle: timedelta = timedelta(hours=1)


class StaffAccounts:
    """The accounts in the database. Methods raise psycopg.OperationalError when it is away."""

    def __init__(
        self, pool: Pool, rules: SignInRules | None = None, passwords: Passwords | None = None
    ) -> None:
        self._pool = pool
        self._rules = rules or SignInRules()
        self._passwords = passwords or Passwords()

    async def sign_in(
        self, login: str, password: str, now: datetime, *, replaces: str | None = None
    ) -> SignedIn | SignInRefused:
        """A new session for the right password; the session `replaces` (its key) then ends."""
        found = await self._try(login.strip().lower(), now)
        staff, stored = found or (None, None)
        if not await self._passwords.is_right(password, stored) or staff is None:
            return SignInRefused("wrong password" if found else "unknown, disabled or locked")
        token = secrets.token_urlsafe(32)
        key = hashlib.sha256(token.encode()).hexdigest()
        await self._open(staff, key, now, replaces)
        session = (await self.sessions([key], now)).get(key)
        return SignedIn(token, session) if session else SignInRefused("disabled meanwhile")

    async def _try(self, login: str, now: datetime) -> tuple[int, str] | None:
        values = {
            "login": login,
            "now": now,
            "most": self._rules.most_failures,
            "lock": self._rules.lock,
            "longest_lock": self._rules.longest_lock,
        }
        async with self._pool.connection() as connection:
            tried = await connection.execute(pg.query("staff_try"), values)
            row = await tried.fetchone()
        return (row[0], row[1]) if row else None

    async def _open(self, staff: int, key: str, now: datetime, replaces: str | None) -> None:
        values = {
            "staff": staff,
            "token_hash": bytes.fromhex(key),
            "replaces": bytes.fromhex(replaces) if replaces else None,
            "csrf": secrets.token_urlsafe(24),
            "now": now,
            "expires_at": now + self._rules.session_lasts,
        }
        async with self._pool.connection() as connection:
            await connection.execute(pg.query("staff_session_open"), values)

    async def sessions(self, keys: Collection[str], now: datetime) -> dict[str, Session]:
        """Those of the sessions that are good now, by key, with each person's present rights."""
        values = {"now": now, **self._named(keys, now)}
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(pg.query("staff_sessions"), values)
            return {row["key"]: _session(row) async for row in cursor}

    async def touch(self, keys: Collection[str], now: datetime) -> None:
        """These sessions are in use."""
        values = {"now": now, **self._named(keys, now)}
        async with self._pool.connection() as connection:
            await connection.execute(pg.query("staff_sessions_touch"), values)

    def _named(self, keys: Collection[str], now: datetime) -> dict[str, object]:
        return {
            "token_hashes": [bytes.fromhex(key) for key in keys],
            "idle_since": now - self._rules.idle,
        }

    async def sign_out(self, key: str) -> None:
        """End a session."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "DELETE FROM session WHERE token_hash = %s", (bytes.fromhex(key),)
            )

    async def set_language(self, staff: StaffId, language: str) -> None:
        """The language this person reads."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "UPDATE staff SET language = %s WHERE id = %s", (language, staff)
            )


def _session(row: dict[str, Any]) -> Session:
    person = Person(
        id=StaffId(row["id"]),
        name=row["full_name"],
        role=Role(row["role"]),
        units=frozenset(UnitId(unit) for unit in row["units"]),
        language=row["language"],
    )
    return Session(row["key"], person, row["csrf"], row["created_at"], row["expires_at"])
