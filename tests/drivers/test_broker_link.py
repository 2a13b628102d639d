"""The link to a real broker: what is not acknowledged comes again, and nothing is dropped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from tests.services.mosquitto import Mosquitto
from ward_hub.clock import SystemClock
from ward_hub.log import get_log
from ward_hub.mqtt import BrokerAddress, BrokerLink, Delivery, LinkState, Will

DEVICE, PASSWORD = "mon-01", "a-device-password"
TOPIC = f"ward/v1/{DEVICE}/vitals"


class Receiver:
    """Keeps what arrives, and acknowledges only when told."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.states: list[LinkState] = []

    @property
    def payloads(self) -> list[bytes]:
        return [delivery.payload for delivery in self.deliveries]


@asynccontextmanager
async def linked(broker: Mosquitto, receiver: Receiver, protocol: str) -> AsyncIterator[BrokerLink]:
    address = BrokerAddress(
        broker.host, broker.port, broker.hub_user, broker.hub_password, "hub-test", protocol
    )
    link = BrokerLink(
        address,
        ("ward/v1/#",),
        clock=SystemClock(),
        log=get_log("test"),
        on_message=receiver.deliveries.append,
        on_state=receiver.states.append,
        will=Will("hub/v1/status", b"offline"),
        birth=Will("hub/v1/status", b"online"),
    )
    task = asyncio.create_task(link.run())
    try:
        await until(lambda: link.state.connected)
        yield link
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


async def publish(broker: Mosquitto, *payloads: bytes) -> None:
    async with aiomqtt.Client(
        broker.host, broker.port, username=DEVICE, password=PASSWORD, identifier=DEVICE
    ) as device:
        for payload in payloads:
            await device.publish(TOPIC, payload, qos=1)


@pytest.fixture
def broker(mosquitto: Mosquitto) -> Mosquitto:
    mosquitto.add_user(DEVICE, PASSWORD)
    return mosquitto


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_what_was_not_acknowledged_comes_again(broker: Mosquitto, protocol: str) -> None:
    first, second = Receiver(), Receiver()
    async with linked(broker, first, protocol):
        await publish(broker, *(b"%d" % n for n in range(10)))
        await until(lambda: len(first.deliveries) == 10)
        for delivery in first.deliveries[:4]:
            delivery.acknowledge()
    await publish(broker, b"while away")
    async with linked(broker, second, protocol):
        await until(lambda: len(second.deliveries) == 7)
    assert second.payloads == [b"4", b"5", b"6", b"7", b"8", b"9", b"while away"]


async def test_an_acknowledgement_of_an_earlier_connection_is_dropped(broker: Mosquitto) -> None:
    """Its number may by now stand for a message that is not on disk yet."""
    receiver = Receiver()
    async with linked(broker, receiver, "5") as link:
        await publish(broker, b"before")
        await until(lambda: receiver.payloads == [b"before"])
        broker.kill9()
        await until(lambda: not link.state.connected)
        broker.start()
        await until(lambda: link.state.connected)
        await publish(broker, b"after")
        await until(lambda: b"after" in receiver.payloads)
        receiver.deliveries[0].acknowledge()
    again = Receiver()
    async with linked(broker, again, "5"):
        await until(lambda: b"after" in again.payloads)


async def test_a_paused_link_reads_nothing_and_loses_nothing(broker: Mosquitto) -> None:
    receiver = Receiver()
    async with linked(broker, receiver, "5") as link:
        link.pause()
        await publish(broker, b"kept")
        await asyncio.sleep(0)
        assert receiver.payloads == []
        link.resume()
        await until(lambda: receiver.payloads == [b"kept"])


async def told(watcher: aiomqtt.Client) -> bytes:
    message = await anext(aiter(watcher.messages))
    return bytes(message.payload)


async def test_everybody_is_told_when_the_hub_comes_and_goes(broker: Mosquitto) -> None:
    said: list[bytes] = []
    async with aiomqtt.Client(
        broker.host, broker.port, username=broker.hub_user, password=broker.hub_password
    ) as watcher:
        await watcher.subscribe("hub/v1/status", qos=1)
        async with linked(broker, Receiver(), "5"):
            said.append(await told(watcher))
        said.append(await told(watcher))
    assert said == [b"online", b"offline"]


async def test_a_wrong_password_is_told_and_not_fatal(broker: Mosquitto) -> None:
    receiver = Receiver()
    address = BrokerAddress(broker.host, broker.port, broker.hub_user, "wrong", "hub-test")
    link = BrokerLink(
        address,
        ("ward/v1/#",),
        clock=SystemClock(),
        log=get_log("test"),
        on_message=receiver.deliveries.append,
        on_state=receiver.states.append,
    )
    task = asyncio.create_task(link.run())
    await until(lambda: "uthor" in link.state.reason)
    assert not link.state.connected
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
