"""Talking to the application as a browser would: requests, and streams byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import Message


@asynccontextmanager
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without cookies of its own; refusals and redirects are answers."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


class OpenStream:
    """A stream as it arrives. `stalled` keeps the connection from carrying anything more."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.received = b""
        self.is_over = False
        self.stalled = False
        self._left = asyncio.Event()

    def leave(self) -> None:
        """Close the connection from the browser's side."""
        self._left.set()

    async def receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.stalled:
            await asyncio.Event().wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.received += message.get("body", b"")

    def events(self) -> list[tuple[str, Any]]:
        """The named events so far, each with its document."""
        found = []
        for block in self.received.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in lines:
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [name for name, _ in self.events()]


async def settle() -> None:
    """Let everything that can run now run."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def stream(app: FastAPI, path: str, headers: dict[str, str]) -> AsyncIterator[OpenStream]:
    """A stream from `path`, read until the test leaves it."""
    opened = OpenStream()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"hub"), *((k.encode(), v.encode()) for k, v in headers.items())],
        "client": ("127.0.0.1", 50000),
        "server": ("hub", 80),
    }

    async def serve() -> None:
        await app(scope, opened.receive, opened.send)
        opened.is_over = True

    task = asyncio.create_task(serve())
    await settle()
    try:
        yield opened
    finally:
        opened.leave()
        opened.stalled = False
        await asyncio.wait_for(task, 5)
