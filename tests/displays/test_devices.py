"""The devices as engineers see them, from a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.displays.ward import START, House, a_house
from tests.displays.wire_reader import browser
from ward_hub import pg
from ward_hub.displays.deps import WebDeps

PATHS = ("/api/v1/devices", "/api/v1/devices/mon-01/rejects")


@pytest.fixture
async def house(migrated_database: str) -> AsyncIterator[House]:
    with pg.connect(migrated_database, "test") as connection:
        connection.execute("INSERT INTO unit VALUES ('noi-3', 'Nội 3')")
        connection.execute("INSERT INTO bed VALUES ('noi-3-01', 'noi-3', '01')")
        connection.execute("INSERT INTO device (id, kind, model) VALUES ('mon-01', 'monitor', 'S')")
        connection.execute(
            "INSERT INTO assignment (device_key, device_kind, bed_id, from_at)"
            " SELECT key, kind, 'noi-3-01', %s FROM device",
            (START,),
        )
        connection.execute(
            "INSERT INTO device_state VALUES ('mon-01', 'online', %s, %s,"
            ' \'{"model": "S"}\', 81.2)',
            (START, START),
        )
        for device, reason, count in (("mon-01", "json", 3), ("stray", "topic", 9)):
            connection.execute(
                "INSERT INTO reject_count VALUES (%s, %s, %s, %s, %s, 't/x', 'd', %s)",
                (device, reason, count, START, START, b"\xff<script>"),
            )
        for hours, missing in ((1, 5), (2, 7), (2, 0), (30, 100)):
            at = START - timedelta(hours=hours)
            connection.execute(
                "INSERT INTO gap VALUES (%s, %s, NULL, %s, 200, %s, 'mon-01', 'vitals')",
                (at, at, missing, missing),
            )
    async with pg.pool(migrated_database, "test", max_size=1) as pool:

        def with_pool(deps: WebDeps) -> WebDeps:
            return replace(deps, pool=pool)

        yield a_house(with_pool)


async def get(house: House, path: str, login: str) -> Any:
    headers = house.cookie(login) if login else {}
    async with browser(house.app) as client:
        return await client.get(path, headers=headers)


async def test_a_device_is_told_with_its_link_rejects_and_gaps(house: House) -> None:
    monitor, stray = (await get(house, PATHS[0], "minh")).json()
    assert monitor == {
        "id": "mon-01",
        "is_registered": True,
        "kind": "monitor",
        "model": "S",
        "serial": "",
        "is_suspended": False,
        "bed": "noi-3-01",
        "state": "online",
        "state_at": "2026-11-22T07:00:00.000Z",
        "status": {"model": "S"},
        "clock_offset_s": 81.2,
        "rejects": {"json": 3},
        "gaps": 2,
        "missing": 12,
    }
    assert (stray["id"], stray["is_registered"], stray["rejects"]) == ("stray", False, {"topic": 9})


async def test_what_was_refused_is_told_with_its_first_bytes(house: House) -> None:
    (refused,) = (await get(house, PATHS[1], "an")).json()
    assert bytes.fromhex(refused["first_bytes"]) == b"\xff<script>"
    assert (refused["reason"], refused["count"], refused["topic"]) == ("json", 3, "t/x")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("login", "status"),
    [("", 401), ("hoa", 403), ("lan", 403), ("minh", 200), ("an", 200), ("thu", 403)],
)
async def test_devices_are_for_engineers(house: House, path: str, login: str, status: int) -> None:
    assert (await get(house, path, login)).status_code == status
