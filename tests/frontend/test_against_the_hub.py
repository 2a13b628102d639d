"""The pages against the hub's own server: both sides of the contract meet in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from tests.displays.test_served import served
from tests.displays.ward import DUNG, House, a_house


@pytest.fixture
async def house() -> House:
    return a_house(flush_s=0.001, beat_s=0.05)


async def open_station(house: House, page: Page, base: str) -> None:
    """A nurse's screen, its clock as still as the house's."""
    await page.clock.install(time=house.clock.now() - timedelta(minutes=1))
    await page.clock.pause_at(house.clock.now())
    house.cookie("hoa")
    await page.context.add_cookies([{"name": "ward_session", "value": "token-hoa", "url": base}])
    await page.goto(f"{base}/")
    await expect(page).to_have_url(f"{base}/units/noi-3")
    await expect(page.locator("body")).to_have_attribute("data-page", "live")


async def test_a_number_and_an_alarm_reach_the_screen_and_are_taken(
    house: House, page: Page
) -> None:
    async with served(house) as base:
        await open_station(house, page, base)
        house.live.measure(DUNG, 91.0)
        tile = page.locator(f'.tile[data-bed="{DUNG}"]')
        await expect(tile.locator("dd[data-f=hr]")).to_have_text("91")
        house.live.alarm_on(DUNG)
        await expect(tile).to_have_attribute("data-alarm", "active")
        await page.locator("#bar .al.first .take").click()
        await expect(tile).to_have_attribute("data-alarm", "acknowledged")


async def test_language_and_signing_out(house: House, page: Page) -> None:
    async with served(house) as base:
        await open_station(house, page, base)
        await page.get_by_role("button", name="FR", exact=True).click()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")
        await page.locator("form[action='/logout'] button").click()
        await expect(page).to_have_url(f"{base}/login")
        await page.get_by_label("Identifiant").fill("hoa")
        await page.get_by_label("Mot de passe").fill("not-this")
        await page.get_by_role("button", name="Connexion").click()
        await expect(page.locator("[role=alert]")).to_contain_text("Identifiant ou mot de passe")
        await expect(page.get_by_label("Identifiant")).to_have_value("hoa")
