"""A signed-in person's browser without the browser: real HTTP, and streams byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.e2e.waiting import until
from tests.e2e.ward import PASSWORD

Json = dict[str, Any]
AGAIN_S = 0.3


class Watch:
    """A stream as a page keeps it: opened again when it ends, folded into what a page would show.

    `raw` holds every byte received; `alarms` every alarm event in order; `recording` and `broker`
    every state that was shown, in order, without repetitions.
    """

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self._client = client
        self._path = path
        self.status = 0
        self.opened = 0
        self.closed = 0
        self.raw = bytearray()
        self.beds: dict[str, Json] = {}
        self.alarms: list[Json] = []
        self.recording: list[str] = []
        self.broker: list[str] = []
        self.beats = 0

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                await self._read_once()
            self.closed = self.opened
            await asyncio.sleep(AGAIN_S)

    async def _read_once(self) -> None:
        async with self._client.stream("GET", self._path) as answer:
            self.status = answer.status_code
            if answer.status_code != 200:
                self.raw += await answer.aread()
                return
            self.opened += 1
            waiting = b""
            async for piece in answer.aiter_raw():
                self.raw += piece
                *whole, waiting = (waiting + piece).split(b"\n\n")
                for block in whole:
                    self._take(block)

    def _take(self, block: bytes) -> None:
        lines = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line)
        name, data = lines["event"], json.loads(lines["data"])
        if name == "snapshot":
            self.beds = {}
        if name in {"snapshot", "patch"}:
            self.beds |= {bed["bed"]: bed for bed in data["beds"]}
        if name in {"snapshot", "beat"}:
            self._note(self.recording, data["recording"]["state"])
            self._note(self.broker, data["broker"]["state"])
            self.beats += name == "beat"
        if name == "alarm":
            self.alarms.append(data)

    @staticmethod
    def _note(states: list[str], state: str) -> None:
        if states[-1:] != [state]:
            states.append(state)

    @property
    def is_open(self) -> bool:
        """Whether the stream is open now."""
        return self.opened > self.closed

    def alarm(self, bed: str, rule: str) -> Json | None:
        """The open alarm of a rule on a bed, as the page would show it now."""
        shown = self.beds.get(bed, {"alarms": []})["alarms"]
        return next((each for each in shown if each["rule"] == rule), None)

    def has(self, bed: str, rule: str, state: str) -> bool:
        """Whether the page shows that alarm in that state."""
        alarm = self.alarm(bed, rule)
        return alarm is not None and alarm["state"] == state

    def announced(self, bed: str, rule: str) -> list[str]:
        """The events of a rule on a bed, in the order in which they came."""
        return [
            each["event"]
            for each in self.alarms
            if (each["alarm"]["bed"], each["alarm"]["rule"]) == (bed, rule)
        ]

    def number(self, bed: str, vital: str) -> float | None:
        """The number a page would show, None for none."""
        value = self.beds.get(bed, {"values": {}})["values"].get(vital)
        return None if value is None else value["v"]


class Browser:
    """One browser; `sign_in` gives it a session."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._csrf = ""

    async def sign_in(self, login: str, password: str = PASSWORD) -> None:
        """Sign in as a member of staff."""
        answer = await self.client.post(
            "/api/v1/session", json={"login": login, "password": password}
        )
        assert answer.status_code == 200, answer.text
        self._csrf = answer.json()["csrf"]

    async def get(self, path: str) -> Any:
        """The JSON at a path."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def acknowledge(self, alarm: str) -> httpx.Response:
        """Take over an alarm, as the page does."""
        return await self.client.post(
            f"/api/v1/alarms/{alarm}/ack", json={}, headers={"X-CSRF-Token": self._csrf}
        )

    @asynccontextmanager
    async def watching(self, path: str) -> AsyncIterator[Watch]:
        """A stream, read until the block ends; its first snapshot, or its refusal, is there."""
        watch = Watch(self.client, path)
        task = asyncio.create_task(watch.run(), name=f"watch {path}")
        try:
            await until(
                lambda: watch.recording or watch.status not in {0, 200}, f"{path} to answer"
            )
            yield watch
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def browser(url: str, login: str | None = None) -> AsyncIterator[Browser]:
    """A browser at the hub, signed in when a login is given."""
    limits = httpx.Timeout(15.0, read=30.0)
    async with httpx.AsyncClient(base_url=url, timeout=limits) as client:
        opened = Browser(client)
        if login is not None:
            await opened.sign_in(login)
        yield opened
