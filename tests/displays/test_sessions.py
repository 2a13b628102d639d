"""Remembered sessions: how long they may be relied on, and what the database is asked."""

from __future__ import annotations

import psycopg
import pytest

from tests.displays.ward import MemoryAccounts, StillClock
from ward_hub.core.people import Session
from ward_hub.displays.deps import WebSettings
from ward_hub.displays.sessions import Sessions, session_key


class Desk:
    """Sessions over accounts in memory, and the clock between them."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.accounts = MemoryAccounts()
        settings = WebSettings(version="1", fail_open_s=600, verify_s=1)
        self.sessions = Sessions(self.accounts, self.clock, settings)
        self.session = self.accounts.open("hoa", self.clock.now(), "secret").session

    async def find(self) -> Session | None:
        return await self.sessions.find("secret")


async def test_within_a_second_the_database_is_asked_once() -> None:
    desk = Desk()
    for _ in range(5):
        assert await desk.find() == desk.session
    assert desk.accounts.asked == 1
    desk.clock.advance(1)
    await desk.find()
    assert desk.accounts.asked == 2


@pytest.mark.parametrize("token", [None, "", "wrong", "secret "])
async def test_another_token_is_nobody(token: str | None) -> None:
    assert await Desk().sessions.find(token) is None


async def test_a_session_ended_elsewhere_is_noticed_after_a_second() -> None:
    desk = Desk()
    await desk.find()
    desk.accounts.good.clear()
    desk.clock.advance(1)
    assert await desk.find() is None


async def test_a_session_ends_at_its_time_even_when_remembered() -> None:
    desk = Desk()
    await desk.find()
    desk.accounts.is_away = True
    desk.clock.advance(13 * 3600)
    assert desk.sessions.held(desk.session.key) is None


async def test_without_the_database_a_known_session_lasts_for_a_while() -> None:
    desk = Desk()
    await desk.find()
    desk.accounts.is_away = True
    desk.clock.advance(599)
    assert await desk.find() == desk.session
    desk.clock.advance(1)
    with pytest.raises(psycopg.OperationalError):
        await desk.find()


async def test_without_the_database_nobody_becomes_known() -> None:
    desk = Desk()
    desk.accounts.is_away = True
    with pytest.raises(psycopg.OperationalError):
        await desk.find()


async def test_a_database_that_does_not_answer_is_left_in_peace_for_a_moment() -> None:
    desk = Desk()
    await desk.find()
    desk.accounts.is_away = True
    desk.clock.advance(1)
    asked = desk.accounts.asked
    for _ in range(10):
        await desk.find()
    assert desk.accounts.asked == asked + 1


async def test_an_open_stream_is_use() -> None:
    desk = Desk()
    await desk.find()
    desk.sessions.stream_opened(desk.session.key)
    for _ in range(120):
        desk.clock.advance(1)
        await desk.sessions.verify_streams()
    assert [key for key, _ in desk.accounts.touched] == [desk.session.key] * 4
    desk.sessions.stream_closed(desk.session.key)
    desk.clock.advance(30)
    await desk.sessions.verify_streams()
    asked = desk.accounts.asked
    desk.clock.advance(30)
    await desk.sessions.verify_streams()
    assert desk.accounts.asked == asked


async def test_viewers_are_woken_only_when_something_changed() -> None:
    desk = Desk()
    woken: list[bool] = []
    desk.sessions.on_change = lambda: woken.append(True)
    await desk.find()
    desk.sessions.stream_opened(desk.session.key)
    await desk.sessions.verify_streams()
    assert woken == []
    desk.accounts.good.clear()
    await desk.sessions.verify_streams()
    assert woken == [True]


async def test_a_key_is_the_hash_of_its_token() -> None:
    assert session_key("secret") == Desk().session.key
    assert "secret" not in session_key("secret")
