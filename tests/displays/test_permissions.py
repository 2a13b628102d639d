"""Each way in, for each kind of person: nobody, this unit's nurse, another unit's, engineer, admin.

A route that is added without a line here fails the last test.
"""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.displays.ward import DUNG, House, a_house
from tests.displays.wire_reader import browser
from ward_hub.displays.web import ROUTERS

ALARM = f"{DUNG}:hr_high:1"
VIEWERS = ("", "hoa", "lan", "minh", "an", "thu")
OPEN = (200, 200, 200, 200, 200, 200)

# Columns: nobody, nurse of noi-3, nurse of ngoai-2, engineer, administrator, family desk of noi-3.
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/"): (303, 303, 303, 303, 303, 403),
    ("GET", "/units/noi-3"): (303, 200, 403, 200, 200, 403),
    ("GET", "/units/nowhere"): (303, 404, 404, 404, 404, 404),
    ("GET", "/beds/noi-3-01"): (303, 200, 403, 200, 200, 403),
    ("GET", "/beds/nowhere"): (303, 404, 404, 404, 404, 404),
    ("GET", "/about"): OPEN,
    ("GET", "/login"): (200, 303, 303, 303, 303, 303),
    ("GET", "/api/docs"): OPEN,
    ("GET", "/api/openapi.json"): OPEN,
    ("GET", "/api/v1/session"): (401, 200, 200, 200, 200, 200),
    ("GET", "/api/v1/units"): (401, 200, 200, 200, 200, 200),
    ("GET", "/api/v1/beds"): (401, 200, 200, 200, 200, 200),
    ("GET", "/api/v1/beds?unit=noi-3"): (401, 200, 403, 200, 200, 403),
    ("GET", "/api/v1/alarms"): (401, 200, 200, 200, 200, 200),
    ("GET", "/api/v1/alarms?unit=noi-3"): (401, 200, 403, 200, 200, 403),
    ("GET", "/api/v1/alarms?unit=nowhere"): (401, 404, 404, 404, 404, 404),
    ("POST", f"/api/v1/alarms/{ALARM}/ack"): (401, 200, 404, 403, 403, 404),
    ("POST", "/api/v1/alarms/no-such-alarm/ack"): (401, 404, 404, 404, 404, 404),
    ("DELETE", "/api/v1/session"): (401, 204, 204, 204, 204, 204),
    ("POST", "/logout"): (303, 303, 303, 303, 303, 303),
}

# Routes whose table is elsewhere: they stream, need a database, or are how one signs in.
ELSEWHERE = {
    "/stream/units/{unit}",
    "/stream/stays/{stay}",
    "/api/v1/devices",
    "/api/v1/devices/{device}/rejects",
    "/login",
    "/language",
    "/api/v1/session",
}

PATHS = {route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}

CASES = [
    pytest.param(method, path, login, statuses[column], id=f"{method} {path} {login or 'nobody'}")
    for (method, path), statuses in TABLE.items()
    for column, login in enumerate(VIEWERS)
]


async def answer(house: House, method: str, path: str, login: str) -> Any:
    headers = house.changing(login) if login else {"sec-fetch-site": "same-origin"}
    async with browser(house.app) as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(("method", "path", "login", "status"), CASES)
async def test_each_way_in_for_each_person(method: str, path: str, login: str, status: int) -> None:
    house = a_house()
    house.live.alarm_on(DUNG)
    got = await answer(house, method, path, login)
    assert got.status_code == status
    may_know = login in {"hoa", "minh", "an"}
    assert may_know or "Dung" not in got.text


@pytest.mark.parametrize("path", ["/api/v1/beds", "/api/v1/alarms", "/api/v1/units"])
async def test_lists_hold_only_what_the_person_may_watch(path: str) -> None:
    house = a_house()
    house.live.alarm_on(DUNG)
    mine = await answer(house, "GET", path, "hoa")
    theirs = await answer(house, "GET", path, "lan")
    nobodys = await answer(house, "GET", path, "thu")
    assert "noi-3" in mine.text
    assert "ngoai-2" not in mine.text
    assert "noi-3" not in theirs.text
    assert nobodys.json() == []


def test_no_route_is_without_a_line_in_the_table() -> None:
    """Compared by shape: as many parts, the literal ones the same."""
    asked = [path.partition("?")[0].split("/") for _, path in TABLE]
    for path in sorted(PATHS):
        parts = path.split("/")
        fits = any(
            len(parts) == len(each)
            and all(p.startswith("{") or p == e for p, e in zip(parts, each, strict=True))
            for each in asked
        )
        assert fits or path in ELSEWHERE, path
    assert ELSEWHERE <= PATHS
