"""A screen in the ward: the browser page, with hub and page living in the same scripted time."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import ConsoleMessage, Locator, Page, expect

from tests.frontend.hub import Hub

STATION = "/units/noi-3"
NO_VALUE = "–?–"


class Screen:
    """Opens pages of the hub and moves time on both sides at once."""

    def __init__(self, hub: Hub, page: Page) -> None:
        self.hub = hub
        self.page = page
        self.errors: list[str] = []
        self._is_stopped = False
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note_violation)

    def _note_violation(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    async def open(self, path: str = STATION, *, live: bool = True) -> None:
        """Load a page with its clock stopped; wait for the first snapshot if it is to be live."""
        if not self._is_stopped:
            await self.page.clock.install(time=self.hub.now - timedelta(minutes=1))
            await self.page.clock.pause_at(self.hub.now)
            self._is_stopped = True
        await self.page.goto(self.hub.url + path)
        if live:
            await expect(self.page.locator("body")).to_have_attribute("data-page", "live")

    async def wait(self, seconds: float, *, beats: bool = True, fresh: bool = True) -> None:
        """Let time go by, second by second, with what a healthy hub sends in it."""
        for _ in range(round(seconds)):
            await self.page.clock.run_for(1000)
            self.hub.advance(1)
            if fresh:
                self.hub.patch(*self.hub.fresh())
            if beats:
                self.hub.beat()

    async def silence(self, seconds: float) -> None:
        """Let time go by without a word from the hub."""
        self.hub.advance(seconds)
        await self.page.clock.run_for(round(seconds * 1000))

    def tile(self, bed: int) -> Locator:
        """The tile of a bed."""
        return self.page.locator(f'.tile[data-bed="noi-3-{bed:02}"]')

    def number(self, bed: int, cell: str) -> Locator:
        """A figure on a tile."""
        return self.tile(bed).locator(f"dd[data-f={cell}]")

    @property
    def cards(self) -> Locator:
        """The alarms in the bar, worst first."""
        return self.page.locator("#bar .al")

    @property
    def mode(self) -> Locator:
        """The element that says whether the page is live."""
        return self.page.locator("body")
