"""The screens behind a real server on loopback: beats, leaving, an orderly stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import httpx_sse
import uvicorn

from tests.displays.ward import DUNG, House, a_house
from ward_hub.displays.web import end_streams, open_streams


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The house on a port of its own; stops as the hub does."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = QuietServer(uvicorn.Config(house.app, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        end_streams(house.app)
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


async def test_beats_come_by_themselves_and_a_stop_is_quick() -> None:
    house = a_house(beat_s=0.02)
    names: list[str] = []
    async with served(house) as base, httpx.AsyncClient(base_url=base) as client:
        headers = house.cookie("hoa")
        async with httpx_sse.aconnect_sse(
            client, "GET", "/stream/units/noi-3", headers=headers
        ) as source:
            async for event in source.aiter_sse():
                names.append(event.event)
                if names.count("beat") == 2:
                    end_streams(house.app)
    assert names[0] == "snapshot"
    assert names.count("beat") >= 2


async def test_a_change_on_the_bus_reaches_a_real_reader() -> None:
    house = a_house(flush_s=0.001)
    async with served(house) as base, httpx.AsyncClient(base_url=base) as client:
        headers = house.cookie("hoa")
        async with httpx_sse.aconnect_sse(
            client, "GET", "/stream/units/noi-3", headers=headers
        ) as source:
            events = source.aiter_sse()
            assert (await anext(events)).event == "snapshot"
            house.live.measure(DUNG, 83)
            while (event := await anext(events)).event != "patch":
                pass
            assert event.json()["beds"][0]["values"]["hr"]["v"] == 83


async def test_a_reader_that_closes_is_forgotten_by_the_server() -> None:
    house = a_house()
    async with served(house) as base:
        async with (
            httpx.AsyncClient(base_url=base) as client,
            httpx_sse.aconnect_sse(
                client, "GET", "/stream/units/noi-3", headers=house.cookie("hoa")
            ) as source,
        ):
            await anext(source.aiter_sse())
            assert open_streams(house.app) == 1
        async with asyncio.timeout(5):
            while open_streams(house.app):
                await asyncio.sleep(0.01)


async def test_a_session_ended_in_the_database_closes_the_stream_by_itself() -> None:
    house = a_house(beat_s=0.02, verify_s=0.02)
    async with served(house) as base, httpx.AsyncClient(base_url=base) as client:
        headers = house.cookie("hoa")
        async with httpx_sse.aconnect_sse(
            client, "GET", "/stream/units/noi-3", headers=headers
        ) as source:
            events = source.aiter_sse()
            await anext(events)
            house.accounts.good.clear()
            async with asyncio.timeout(5):
                assert {event.event async for event in events} <= {"beat"}
        house.clock.advance(1)
        assert (await client.get("/api/v1/units", headers=headers)).status_code == 401
