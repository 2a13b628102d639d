"""Who is behind a cookie, remembered for a short time.

The truth is the registry's table. What is remembered here serves two ends: a page need not ask the
database for every request, and a station that is signed in keeps its screen while the database is
away (for `fail_open_s` at most, and never beyond the session's own end). Nobody can *become*
signed in without the database.

The sessions of open streams are checked every `verify_s` in one query, so that a session that was
ended elsewhere, or a right that was taken away, closes its streams within two seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import psycopg

from ward_hub.clock import Clock
from ward_hub.core.people import Session
from ward_hub.displays.deps import Accounts, WebSettings

DATABASE_AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What is raised when the database cannot be asked."""

Answer = TypeVar("Answer")

_ASK_S: Final = 1.5
_TOUCH_EVERY_S: Final = 30.0


def session_key(token: str) -> str:
    """The name a session is stored under: SHA-256 of its token, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _within(seconds: float, answer: Coroutine[None, None, Answer]) -> Answer:
    """The answer, or OperationalError when the database lets us wait for too long."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError as error:
        raise psycopg.OperationalError("no answer in time") from error


@dataclass(frozen=True, slots=True)
class _Held:
    session: Session
    verified_s: float


class Sessions:
    """The sessions this process has seen."""

    def __init__(self, accounts: Accounts, clock: Clock, settings: WebSettings) -> None:
        self._accounts = accounts
        self._clock = clock
        self._settings = settings
        self._held: dict[str, _Held] = {}
        self._streams: Counter[str] = Counter()
        self._used: set[str] = set()
        self._ended: set[str] = set()
        self._away_until_s = float("-inf")
        self._touched_s = float("-inf")
        self.on_change: Callable[[], None] = lambda: None

    async def find(self, token: str | None) -> Session | None:
        """The session of a cookie. Raises one of DATABASE_AWAY when that cannot be known."""
        if not token:
            return None
        key = session_key(token)
        if key in self._ended:
            return None
        held = self._held.get(key)
        if held is None or self._age_s(held) >= self._settings.verify_s:
            await self._ask_or_remember(key)
        session = self.held(key)
        if session is not None:
            self._used.add(key)
        return session

    def held(self, key: str) -> Session | None:
        """The session as last seen, if that may still be relied on."""
        held = self._held.get(key)
        if held is None or key in self._ended or self._clock.now() >= held.session.ends_at:
            return None
        return held.session if self._age_s(held) < self._settings.fail_open_s else None

    def hold(self, session: Session) -> None:
        """Remember a session just made."""
        self._held[session.key] = _Held(session, self._clock.monotonic_s())

    def drop(self, key: str) -> None:
        """Forget a session: it has ended."""
        self._held.pop(key, None)
        self.on_change()

    async def sign_out(self, key: str) -> None:
        """End a session, here at once; in the database as soon as that can be reached."""
        self._ended.add(key)
        self.drop(key)
        with suppress(*DATABASE_AWAY):
            await self._end_in_database()

    async def _end_in_database(self) -> None:
        for key in tuple(self._ended):
            await _within(_ASK_S, self._accounts.sign_out(key))
            self._held.pop(key, None)
            self._ended.discard(key)

    def outdate(self, key: str) -> None:
        """Ask again for this session at its next request: the person has changed something."""
        held = self._held.get(key)
        if held is not None:
            verified_s = held.verified_s - self._settings.verify_s
            self._held[key] = _Held(held.session, verified_s)

    def may_stream(self, key: str) -> bool:
        """Whether this session may open one more stream."""
        return self._streams[key] < self._settings.streams_per_session

    def stream_opened(self, key: str) -> None:
        """From now on this session is checked on its own."""
        self._streams[key] += 1

    def stream_closed(self, key: str) -> None:
        """One stream less."""
        self._streams[key] -= 1
        if self._streams[key] <= 0:
            del self._streams[key]

    async def verify_streams(self) -> None:
        """Check the sessions of all open streams, and note which sessions are in use."""
        keys = set(self._streams)
        self._used |= keys
        before = {key: self.held(key) for key in keys}
        try:
            await self._end_in_database()
            if keys:
                await self._ask(keys)
            await self._touch()
        except DATABASE_AWAY:
            self._rest()
        self._prune()
        if any(self.held(key) != before[key] for key in keys):
            self.on_change()

    async def _ask_or_remember(self, key: str) -> None:
        """Ask the database; while it is away, what is remembered must do."""
        remembered = self.held(key) is not None
        if remembered and self._clock.monotonic_s() < self._away_until_s:
            return
        try:
            await self._ask({key})
        except DATABASE_AWAY:
            self._rest()
            if not remembered:
                raise

    async def _ask(self, keys: Collection[str]) -> None:
        asked = self._accounts.sessions(keys, self._clock.now())
        good = await _within(_ASK_S, asked)
        for key in keys:
            if key in good:
                self.hold(good[key])
            else:
                self._held.pop(key, None)

    async def _touch(self) -> None:
        if not self._used or self._clock.monotonic_s() - self._touched_s < _TOUCH_EVERY_S:
            return
        used, self._used = self._used, set()
        self._touched_s = self._clock.monotonic_s()
        await _within(_ASK_S, self._accounts.touch(used, self._clock.now()))

    def _rest(self) -> None:
        """Do not make every page wait for a database that has just not answered."""
        self._away_until_s = self._clock.monotonic_s() + _ASK_S

    def _age_s(self, held: _Held) -> float:
        return self._clock.monotonic_s() - held.verified_s

    def _prune(self) -> None:
        now: datetime = self._clock.now()
        over = [
            key
            for key, held in self._held.items()
            if now >= held.session.ends_at or self._age_s(held) >= self._settings.fail_open_s
        ]
        for key in over:
            del self._held[key]
