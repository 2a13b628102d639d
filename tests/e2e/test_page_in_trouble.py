"""The station page in a browser while hub, database and broker are killed one after another."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.hub_process import hub_on
from tests.e2e.pages import open_station
from tests.e2e.simulator import fleet
from tests.e2e.ward import open_ward
from tests.services.mosquitto import Mosquitto
from tests.services.postgres import OwnPostgres
from ward_hub import pg

NO_VALUE = "–?–"
LATEST_MS = 25_000


@pytest.mark.timeout(120)
async def test_the_page_says_what_is_wrong_and_recovers_by_itself(
    mosquitto: Mosquitto, own_postgres: OwnPostgres, tmp_path: Path, chromium: Browser
) -> None:
    pg.migrate(own_postgres.dsn)
    ward = open_ward(own_postgres.dsn, mosquitto, 4)
    with hub_on(own_postgres.dsn, mosquitto, tmp_path) as hub:
        await hub.start()
        with contextlib.closing(fleet(mosquitto, tmp_path, ward.passwords)):
            page = await open_station(chromium, hub)
            body = page.locator("body")
            heart = page.locator(".tile dd[data-f=hr]").first
            await expect(heart).not_to_have_text(NO_VALUE, timeout=LATEST_MS)

            recording = page.locator("[data-top=recording]")
            await expect(recording).to_be_hidden()
            own_postgres.kill9()
            await expect(recording).to_be_visible(timeout=LATEST_MS)
            await expect(heart).not_to_have_text(NO_VALUE)
            own_postgres.start()
            await expect(recording).to_be_hidden(timeout=LATEST_MS)

            broker = page.locator("[data-top=broker]")
            await expect(broker).to_be_hidden()
            mosquitto.kill9()
            await expect(broker).to_be_visible(timeout=LATEST_MS)
            await expect(heart).to_have_text(NO_VALUE, timeout=LATEST_MS)
            mosquitto.start()
            await expect(broker).to_be_hidden(timeout=LATEST_MS)
            await expect(heart).not_to_have_text(NO_VALUE, timeout=LATEST_MS)

            hub.kill9()
            await expect(body).to_have_attribute("data-page", "lost", timeout=LATEST_MS)
            await expect(heart).to_have_text(NO_VALUE)
            await hub.start()
            await expect(body).to_have_attribute("data-page", "live", timeout=LATEST_MS)
            await expect(heart).not_to_have_text(NO_VALUE, timeout=LATEST_MS)
            await page.close()
        hub.stop()
