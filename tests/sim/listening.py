"""Hears what the broker hands out, as the hub would, and waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from tests.services.mosquitto import Mosquitto


@dataclass(frozen=True, slots=True)
class Heard:
    """One message from the broker."""

    topic: str
    payload: bytes
    retained: bool

    @property
    def kind(self) -> str:
        return self.topic.split("/", 3)[3]

    def json(self) -> dict[str, Any]:
        found = json.loads(self.payload)
        assert isinstance(found, dict)
        return found


@dataclass(slots=True)
class Ear:
    """Everything heard so far."""

    client: aiomqtt.Client
    heard: list[Heard] = field(default_factory=list)

    def kind(self, kind: str, device: str = "mon-01") -> list[Heard]:
        return [h for h in self.heard if h.topic == f"ward/v1/{device}/{kind}"]

    def samples(self, device: str = "mon-01") -> list[dict[str, Any]]:
        """Samples in the order heard, batches taken apart."""
        messages = [heard.json() for heard in self.kind("vitals", device)]
        return [s for message in messages for s in message.get("samples", [message])]

    def states(self, device: str = "mon-01") -> list[str]:
        return [heard.json()["state"] for heard in self.kind("status", device)]

    async def until(self, holds: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait until it holds; fails the test with what was heard when it does not."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            kinds = [heard.topic for heard in self.heard[-20:]]
            raise AssertionError(f"not within {within_s} s; heard last {kinds}") from None


@contextlib.asynccontextmanager
async def listening(broker: Mosquitto, session: str | None = None) -> AsyncIterator[Ear]:
    """Listen to every device until the block ends; the broker keeps for a named `session`."""
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.hub_user,
        password=broker.hub_password,
        identifier=session,
        clean_session=session is None,
    )
    async with client:
        await client.subscribe("ward/v1/#", qos=1)
        ear = Ear(client)
        hearing = asyncio.create_task(_hear(client, ear))
        try:
            yield ear
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await hearing


async def _hear(client: aiomqtt.Client, ear: Ear) -> None:
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        ear.heard.append(Heard(str(message.topic), message.payload, message.retain))
