"""The station page in Chromium, signed in at a running hub."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from tests.e2e.hub_process import HubProcess
from tests.e2e.ward import NURSE, PASSWORD, UNIT


async def open_station(chromium: Browser, hub: HubProcess) -> Page:
    """The page, signed in through the form, once it is live."""
    page = await chromium.new_page(viewport={"width": 1920, "height": 1080})
    await page.goto(f"{hub.url}/login?next=/units/{UNIT}")
    await page.fill("input[name=login]", NURSE)
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await expect(page.locator("body")).to_have_attribute("data-page", "live")
    return page
