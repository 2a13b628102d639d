"""Pages and errors: what is written into them, in which language, with which headers."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from fastapi import APIRouter

from tests.displays.ward import BINH, DUNG, House, a_house, a_stay
from tests.displays.wire_reader import browser
from ward_hub.displays.deps import WebDeps
from ward_hub.displays.headers import CONTENT_POLICY
from ward_hub.displays.language import choose

EVIL = "Phạm <script>alert(1)</script>"


def renamed(house: House) -> House:
    stay = a_stay(11, DUNG, EVIL)
    house.live.map = replace(house.live.map, stays={**house.live.map.stays, DUNG: (stay,)})
    return house


@pytest.mark.parametrize("path", ["/units/noi-3", "/beds/noi-3-01"])
async def test_a_name_cannot_become_markup(path: str) -> None:
    house = renamed(a_house())
    async with browser(house.app) as client:
        page = await client.get(path, headers=house.cookie("hoa"))
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


@pytest.mark.parametrize("path", ["/units/noi-3", "/beds/noi-3-01", "/login", "/about", "/x"])
async def test_pages_keep_to_their_own_content_policy(path: str) -> None:
    house = a_house()
    headers = {} if path == "/login" else house.cookie("hoa")
    async with browser(house.app) as client:
        page = await client.get(path, headers=headers)
    assert page.headers["content-security-policy"] == CONTENT_POLICY
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|https?://(?!www\.w3\.org)", page.text)
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page.text)
    assert all("application/json" in attributes for attributes in inline)


async def test_no_number_is_rendered_by_the_server() -> None:
    house = a_house()
    house.live.measure(DUNG, 123.456)
    async with browser(house.app) as client:
        page = await client.get("/units/noi-3", headers=house.cookie("hoa"))
    assert "123" not in page.text
    assert "P.T. Dung" in page.text
    assert "L.V. Bình" in page.text


@pytest.mark.parametrize(("full_names", "shown"), [(True, "Phạm Thị Dung"), (False, "P.T. Dung")])
async def test_the_bed_page_shows_names_as_the_operator_chose(full_names: bool, shown: str) -> None:
    house = a_house(full_names=full_names)
    async with browser(house.app) as client:
        page = await client.get("/beds/noi-3-01", headers=house.cookie("hoa"))
    assert shown in page.text
    assert ("Phạm Thị Dung" in page.text) == full_names
    assert ("BN-0011" in page.text) == full_names


async def test_an_empty_bed_has_a_page() -> None:
    house = a_house()
    house.live.discharge(BINH, house.clock.now())
    async with browser(house.app) as client:
        page = await client.get("/beds/noi-3-02", headers=house.cookie("hoa"))
    assert page.status_code == 200
    assert "Bình" not in page.text


async def test_the_texts_for_scripts_are_json_in_the_language_of_the_page() -> None:
    house = a_house()
    async with browser(house.app) as client:
        page = await client.get("/units/noi-3", headers=house.cookie("hoa"))
    found = re.search(r'<script type="application/json" id="strings">(.*?)</script>', page.text)
    assert found is not None
    assert json.loads(found[1])["page.live"]


@pytest.mark.parametrize(
    ("own", "cookie", "accept", "language"),
    [
        ("fr", "en", "vi", "fr"),
        (None, "en", "fr", "en"),
        (None, None, "de, fr;q=0.8, en;q=0.9", "en"),
        (None, None, "fr-CH, fr;q=0.9", "fr"),
        (None, None, "en-GB", "en"),
        (None, None, "vi-VN,vi;q=0.9,en;q=0.5", "vi"),
        (None, None, "en;q=0, fr;q=0.1", "fr"),
        (None, None, "en;q=x", "vi"),
        (None, None, "*", "vi"),
        (None, None, None, "vi"),
        ("xx", "../../etc", ";;;,,,q=", "vi"),
    ],
)
def test_which_language(
    own: str | None, cookie: str | None, accept: str | None, language: str
) -> None:
    assert choose(own, cookie, accept) == language


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
async def test_a_page_is_in_the_language_asked_for(language: str) -> None:
    house = a_house()
    async with browser(house.app) as client:
        page = await client.get("/login", headers={"accept-language": language})
    assert page.headers["content-language"] == language
    assert f'<html lang="{language}"' in page.text


async def test_a_person_who_is_not_signed_in_comes_back_afterwards() -> None:
    house = a_house()
    async with browser(house.app) as client:
        got = await client.get("/units/noi-3")
        form = await client.get(got.headers["location"])
    assert got.headers["location"] == "/login?next=%2Funits%2Fnoi-3"
    assert 'value="/units/noi-3"' in form.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/stream/units/nowhere", "/stream/stays/x"])
async def test_programs_are_told_in_problem_documents(path: str) -> None:
    house = a_house()
    async with browser(house.app) as client:
        got = await client.get(path, headers=house.cookie("hoa"))
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["status"] == got.status_code
    assert got.json()["title"]


async def test_taking_an_alarm_twice_is_a_conflict() -> None:
    house = a_house()
    path = f"/api/v1/alarms/{house.live.alarm_on(DUNG)}/ack"
    async with browser(house.app) as client:
        first = await client.post(path, headers=house.changing("hoa"), json={})
        second = await client.post(path, headers=house.changing("hoa"), json={})
    assert first.json()["by"] == "Trần Thị Hoa"
    assert second.status_code == 409
    assert second.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "already taken",
    }


async def test_without_the_database_a_stranger_sees_why_and_a_nurse_goes_on() -> None:
    house = a_house()
    known, unknown = house.cookie("hoa"), {"cookie": "ward_session=other"}
    async with browser(house.app) as client:
        await client.get("/units/noi-3", headers=known)
        house.accounts.is_away = True
        house.clock.advance(120)
        page = await client.get("/units/noi-3", headers=known)
        stranger = await client.get("/units/noi-3", headers=unknown)
        program = await client.get("/api/v1/units", headers=unknown)
        signing_in = await client.post("/login", data={"login": "hoa", "password": "x"})
    assert page.status_code == 200
    assert (stranger.status_code, stranger.headers["retry-after"]) == (503, "5")
    assert "text/html" in stranger.headers["content-type"]
    assert program.json()["status"] == 503
    assert signing_in.status_code == 503


@pytest.mark.parametrize("path", ["/broken", "/api/broken"])
async def test_a_defect_shows_nothing_of_itself(path: str) -> None:
    router = APIRouter()

    @router.get(path)
    async def broken() -> None:
        raise RuntimeError("the secret inside")

    def with_router(deps: WebDeps) -> WebDeps:
        return replace(deps, routers=(router,))

    house = a_house(with_router)
    async with browser(house.app) as client:
        got = await client.get(path)
    assert got.status_code == 500
    assert "secret" not in got.text
    assert got.headers["content-security-policy"] == CONTENT_POLICY
    assert got.headers["cache-control"] == "no-store"


async def test_a_request_too_large_is_refused_whether_it_says_so_or_not() -> None:
    house = a_house(body_limit=1000)

    async def pieces() -> object:
        for _ in range(50):
            yield b"x" * 100

    async with browser(house.app) as client:
        told = await client.post("/api/v1/session", content=b"x" * 1001)
        untold = await client.post("/api/v1/session", content=pieces())  # type: ignore[arg-type]
        form = await client.post("/login", data={"login": "x" * 2000, "password": "y"})
    assert [told.status_code, untold.status_code, form.status_code] == [413, 413, 413]


async def test_static_files_are_checked_anew_each_time_and_nothing_else_is_served() -> None:
    house = a_house()
    async with browser(house.app) as client:
        css = await client.get("/static/css/tokens.css")
        again = await client.get(
            "/static/css/tokens.css", headers={"if-none-match": css.headers["etag"]}
        )
        above = await client.get("/static/%2e%2e/templates/base.html")
    assert css.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
    assert above.status_code == 404


async def test_the_interface_is_described_without_scripts() -> None:
    house = a_house()
    async with browser(house.app) as client:
        page = await client.get("/api/docs")
        described = (await client.get("/api/openapi.json")).json()
    assert "/api/v1/alarms/{alarm}/ack" in described["paths"]
    assert "/api/v1/alarms/{alarm}/ack" in page.text
    assert "<script" not in page.text
