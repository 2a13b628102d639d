"""The scripted hub, served on loopback, and a browser page that plays by the test's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, Page

from tests.frontend import scene
from tests.frontend.hub import Hub, make_app
from tests.frontend.screen import Screen


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    made = Hub(tmp_path)
    made.beds = scene.ward(made.now, 16)
    config = uvicorn.Config(
        make_app(made),
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_level="error",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    made.cut()
    server.should_exit = True
    await serving


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context(viewport={"width": 1920, "height": 1080})
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def screen(hub: Hub, page: Page) -> AsyncIterator[Screen]:
    """A screen whose clock stands still unless moved; a broken script fails the test."""
    made = Screen(hub, page)
    yield made
    assert made.errors == []
