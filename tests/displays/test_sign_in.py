"""Signing in and out, and what protects changes from other sites."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.displays.ward import DUNG, PASSWORD, House, a_house
from tests.displays.wire_reader import browser
from ward_hub.displays.sign_in import own_path

FORM = {"login": "hoa", "password": PASSWORD}


async def post(house: House, path: str, headers: dict[str, str], **more: Any) -> Any:
    async with browser(house.app) as client:
        return await client.post(path, headers=headers, **more)


async def test_the_right_password_opens_a_session() -> None:
    house = a_house()
    got = await post(house, "/login", {}, data={**FORM, "next": "/units/noi-3"})
    assert (got.status_code, got.headers["location"]) == (303, "/units/noi-3")
    cookie = got.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


async def test_over_https_the_cookie_never_travels_in_the_clear() -> None:
    house = a_house(cookie_secure=True)
    got = await post(house, "/login", {}, data=FORM)
    cookie = got.headers["set-cookie"]
    assert cookie.startswith("__Host-ward_session=")
    assert "Secure" in cookie


@pytest.mark.parametrize(
    "form",
    [
        {"login": "hoa", "password": "wrong"},
        {"login": "nobody", "password": PASSWORD},
        {"login": "", "password": ""},
        {"login": "hoa", "password": "x" * 300},
        {},
    ],
)
async def test_a_refusal_never_says_why(form: dict[str, str]) -> None:
    house = a_house()
    got = await post(house, "/login", {"accept-language": "en"}, data=form)
    assert got.status_code == 401
    assert "set-cookie" not in got.headers
    assert "not right, or there were too many" in got.text


async def test_what_was_typed_comes_back_escaped_and_the_password_never() -> None:
    house = a_house()
    form = {"login": '"><script>', "password": "geheim-wort"}
    got = await post(house, "/login", {}, data=form)
    assert "<script>" not in got.text.replace('<script type="', "")
    assert "geheim-wort" not in got.text


async def test_signing_in_ends_the_session_this_browser_had() -> None:
    house = a_house()
    before = house.cookie("lan")
    (old,) = house.accounts.good
    got = await post(house, "/login", before, data=FORM)
    assert got.status_code == 303
    assert old not in house.accounts.good
    async with browser(house.app) as client:
        assert (await client.get("/api/v1/units", headers=before)).status_code == 401


async def test_signing_out_ends_the_session_and_the_cookie() -> None:
    house = a_house()
    headers = house.changing("hoa")
    got = await post(house, "/logout", headers)
    assert got.headers["location"] == "/login"
    assert 'ward_session=""' in got.headers["set-cookie"]
    async with browser(house.app) as client:
        assert (await client.get("/api/v1/units", headers=headers)).status_code == 401


async def test_one_can_sign_out_while_the_database_is_away() -> None:
    house = a_house()
    headers = house.changing("hoa")
    async with browser(house.app) as client:
        await client.get("/api/v1/units", headers=headers)
        house.accounts.is_away = True
        assert (await client.post("/logout", headers=headers)).status_code == 303
        house.accounts.is_away = False
        assert (await client.get("/api/v1/units", headers=headers)).status_code == 401
        assert len(house.accounts.good) == 1
        await house.screens.sessions.verify_streams()
        assert house.accounts.good == {}
        assert (await client.get("/api/v1/units", headers=headers)).status_code == 401


async def test_a_login_tried_too_often_must_wait() -> None:
    house = a_house()
    form = {"login": "hoa", "password": "wrong"}
    statuses = [(await post(house, "/login", {}, data=form)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    asked = house.accounts.asked
    late = await post(house, "/login", {}, data=FORM)
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert house.accounts.asked == asked
    house.clock.advance(60)
    assert (await post(house, "/login", {}, data=FORM)).status_code == 303


async def test_an_address_that_tries_many_logins_must_wait() -> None:
    house = a_house()
    for n in range(60):
        await post(house, "/login", {}, data={"login": f"x{n}", "password": "wrong"})
    got = await post(house, "/api/v1/session", {}, json={"login": "hoa", "password": PASSWORD})
    assert got.status_code == 429
    assert got.headers["content-type"] == "application/problem+json"


async def test_programs_sign_in_with_json() -> None:
    house = a_house()
    got = await post(house, "/api/v1/session", {}, json={"login": "hoa", "password": PASSWORD})
    assert got.status_code == 200
    assert got.json()["csrf"] == "csrf-hoa"
    assert got.json()["units"] == [{"id": "noi-3", "name": "Nội 3"}]
    wrong = await post(house, "/api/v1/session", {}, json={"login": "hoa", "password": "no"})
    assert (wrong.status_code, wrong.json()["status"]) == (401, 401)
    for body in (b"", b"[]", b"{", b'{"login": 1, "password": "x"}', b"\xff"):
        bad = await post(house, "/api/v1/session", {}, content=body)
        assert bad.status_code == 422


async def test_a_change_needs_the_token_of_its_own_session() -> None:
    house = a_house()
    path = f"/api/v1/alarms/{house.live.alarm_on(DUNG)}/ack"
    good = house.changing("hoa")
    for token in (None, "", "csrf-lan"):
        headers = {k: v for k, v in good.items() if k != "x-csrf-token"}
        headers |= {"x-csrf-token": token} if token is not None else {}
        got = await post(house, path, headers)
        assert got.status_code == 403
        assert house.live.alarms[f"{DUNG}:hr_high:1"].state == "active"
    assert (await post(house, path, good)).status_code == 200


@pytest.mark.parametrize(
    "foreign",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_what_another_site_sends_is_refused(foreign: dict[str, str]) -> None:
    house = a_house()
    alarm = house.live.alarm_on(DUNG)
    headers = house.changing("hoa") | foreign
    assert (await post(house, f"/api/v1/alarms/{alarm}/ack", headers)).status_code == 403
    assert (await post(house, "/logout", headers)).status_code == 403
    assert (await post(house, "/login", foreign, data=FORM)).status_code == 403
    assert house.live.alarms[alarm].state == "active"
    assert len(house.accounts.good) == 1


async def test_a_form_carries_the_token_in_a_field() -> None:
    house = a_house()
    headers = house.cookie("hoa")
    refused = await post(house, "/logout", headers, data={"csrf": "guess"})
    assert refused.status_code == 403
    assert (await post(house, "/logout", headers, data={"csrf": "csrf-hoa"})).status_code == 303
    assert house.accounts.good == {}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/units/noi-3", "/units/noi-3"),
        ("/beds/noi-3-06", "/beds/noi-3-06"),
        ("/", "/"),
        (None, "/"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/units/../logout", "/"),
        ("/units/a\r\nset-cookie: x", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_site(given: str | None, path: str) -> None:
    assert own_path(given) == path


async def test_the_language_is_kept_by_browser_and_by_person() -> None:
    house = a_house()
    got = await post(house, "/language", {}, data={"language": "fr", "next": "/login"})
    assert got.headers["location"] == "/login"
    assert "ward_language=fr" in got.headers["set-cookie"]
    mine = house.cookie("hoa")
    data = {"language": "en", "next": "/units/noi-3", "csrf": "csrf-hoa"}
    assert (await post(house, "/language", mine, data=data)).status_code == 303
    async with browser(house.app) as client:
        page = await client.get("/units/noi-3", headers=mine | {"accept-language": "fr"})
    assert page.headers["content-language"] == "en"
    assert (await post(house, "/language", mine, data={"language": "de"})).status_code == 422
    no_token = {"language": "vi", "next": "/"}
    assert (await post(house, "/language", mine, data=no_token)).status_code == 403


async def test_neither_login_nor_password_nor_patient_is_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    house = a_house()
    await post(house, "/login", {}, data={"login": "hoa", "password": "wrong"})
    alarm = house.live.alarm_on(DUNG)
    await post(house, f"/api/v1/alarms/{alarm}/ack", house.changing("hoa"))
    out, err = capsys.readouterr()
    logged = caplog.text + out + err
    assert "alarm acknowledged" in logged
    assert not any(word in logged for word in ("wrong", PASSWORD, "Hoa", "Dung", "token-hoa"))
