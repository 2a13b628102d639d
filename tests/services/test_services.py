"""The fixtures themselves: they do what their users count on, and catch what they must catch."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import Browser

from tests.services.leftovers import tasks_left, threads_left
from tests.services.mosquitto import SHIPPED, Mosquitto, adapted_configuration
from tests.services.network import LOOPBACK, OutsideAddressError, is_loopback
from tests.services.postgres import OwnPostgres
from ward_hub import pg


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        (None, True),
        ("10.0.0.1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("monitor.example", False),
    ],
)
def test_only_this_machine_is_loopback(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_socket_that_leaves_the_machine_is_refused() -> None:
    with socket.socket() as outside, pytest.raises(OutsideAddressError):
        outside.connect(("192.0.2.1", 9))


async def test_asyncio_is_refused_too() -> None:
    with pytest.raises(OutsideAddressError):
        await asyncio.open_connection("192.0.2.1", 9)


def test_a_thread_left_running_is_found() -> None:
    before = threading.enumerate()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="forgotten")
    thread.start()
    try:
        assert threads_left(before, within_s=0.05) == ["forgotten"]
    finally:
        stop.set()
        thread.join()
    assert threads_left(before) == []


async def test_a_task_left_running_is_found() -> None:
    before = asyncio.all_tasks()
    task = asyncio.create_task(asyncio.Event().wait(), name="forgotten")
    (left,) = await tasks_left(before, within_s=0.05)
    assert "forgotten" in left
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await tasks_left(before) == []


def test_the_broker_keeps_the_shipped_limits() -> None:
    adapted = adapted_configuration((SHIPPED / "mosquitto.conf").read_text(), Path("/x"), 4321)
    lines = adapted.splitlines()
    assert "max_inflight_messages 20000" in lines
    assert "persistence true" in lines
    assert "allow_anonymous false" in lines
    assert [line for line in lines if line.startswith("listener")] == [f"listener 4321 {LOOPBACK}"]


def test_accounts_work_from_the_moment_they_are_given(mosquitto: Mosquitto) -> None:
    assert mosquitto.lets_in(mosquitto.hub_user, mosquitto.hub_password)
    assert not mosquitto.lets_in("mon-0101", "secret-1")
    mosquitto.add_users({"mon-0101": "secret-1", "mon-0102": "secret-2"})
    assert mosquitto.lets_in("mon-0101", "secret-1")
    mosquitto.add_user("mon-0101", "changed")
    assert not mosquitto.lets_in("mon-0101", "secret-1")
    assert mosquitto.lets_in("mon-0102", "secret-2")


def test_a_killed_broker_starts_again_on_its_port(mosquitto: Mosquitto) -> None:
    mosquitto.kill9()
    assert not mosquitto.lets_in(mosquitto.hub_user, mosquitto.hub_password)
    mosquitto.start()
    assert mosquitto.lets_in(mosquitto.hub_user, mosquitto.hub_password)


def test_a_fresh_database_is_empty(database: str, database_kind: str) -> None:
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (0,)
        loaded = connection.execute("SHOW shared_preload_libraries").fetchone()
        assert loaded == ("timescaledb" if database_kind == "timescale" else "",)


def test_a_migrated_database_has_the_schema(migrated_database: str, database_kind: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        assert pg.schema_version(connection) == pg.known_version()
        assert pg.has_timescale(connection) is (database_kind == "timescale")


def test_a_killed_database_keeps_what_was_committed(own_postgres: OwnPostgres) -> None:
    with psycopg.connect(own_postgres.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        own_postgres.kill9()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    own_postgres.restart()
    with psycopg.connect(own_postgres.dsn) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


async def test_the_browser_shows_a_page(chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.set_content("<h1>Khoa Hồi sức</h1>")
    assert await page.inner_text("h1") == "Khoa Hồi sức"


async def test_the_browser_reaches_nobody_outside(chromium: Browser) -> None:
    page = await chromium.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    await page.set_content('<img src="http://cdn.example/logo.png">', wait_until="load")
    assert failed == ["http://cdn.example/logo.png"]
