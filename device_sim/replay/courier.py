"""Carries messages to the broker and does not rest until each has been acknowledged.

Sends in order, a bounded number at a time; after a lost connection everything unacknowledged is
sent again, in order (at least once: the hub stores duplicates once).
"""

from __future__ import annotations

import asyncio
import logging

from device_sim.link import Broker, Identity, Link, LinkRefused
from device_sim.payload import Kind, Message

LOG = logging.getLogger("device_sim")
WINDOW = 200
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 5.0


class Courier:
    """One device's reliable way to the broker."""

    def __init__(self, broker: Broker, identity: Identity) -> None:
        self._broker = broker
        self._identity = identity
        self._link: Link | None = None
        self._in_flight: dict[int, Message] = {}
        self._changed = asyncio.Event()
        self.published = dict.fromkeys(Kind, 0)
        self.acknowledged = dict.fromkeys(Kind, 0)
        self.resent = 0

    @property
    def outstanding(self) -> int:
        """Messages not acknowledged yet."""
        return len(self._in_flight)

    async def send(self, message: Message) -> None:
        """Send once there is a connection and room; returns when it is on its way."""
        while self.outstanding >= WINDOW:
            await self._change()
        while not self._hand_over(message):
            await self._reconnect()
        self.published[message.kind] += 1

    async def drain(self) -> None:
        """Wait until everything sent is acknowledged, reconnecting as often as it takes."""
        while self.outstanding:
            await self._change()

    async def close(self, last: Message | None = None) -> None:
        """Say goodbye, with a last message when the connection still takes one."""
        if last is not None:
            self._hand_over(last)
        if self._link is not None:
            self._link.close()
            self._link = None

    def _hand_over(self, message: Message) -> bool:
        if self._link is None:
            return False
        topic = f"ward/v1/{self._identity.device_id}/{message.kind.value}"
        mid = self._link.send(topic, message.payload, message.qos, retain=message.retain)
        if mid is None:
            return False
        if message.qos:
            self._in_flight[mid] = message
        return True

    async def _change(self) -> None:
        """Wait for an acknowledgement or the end of the connection; then reconnect if it ended."""
        if self._link is None or self._link.lost.done():
            await self._reconnect()
            return
        self._changed.clear()
        self._link.lost.add_done_callback(self._wake)
        try:
            await asyncio.wait_for(self._changed.wait(), 1.0)
        except TimeoutError:
            self._link.tend()
        finally:
            if self._link is not None:
                self._link.lost.remove_done_callback(self._wake)

    def _wake(self, _lost: asyncio.Future[None]) -> None:
        self._changed.set()

    async def idle(self, seconds: float) -> None:
        """Wait, keeping the connection alive."""
        while seconds > 0:
            await asyncio.sleep(min(1.0, seconds))
            seconds -= 1.0
            if self._link is not None:
                self._link.tend()

    async def _reconnect(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        again = list(self._in_flight.values())
        self._link = None
        while self._link is None:
            link = Link(self._broker, self._identity, self._acknowledged, _ignore)
            try:
                await link.open()
            except LinkRefused as refused:
                LOG.warning("%s: no connection: %s", self._identity.device_id, refused)
                await asyncio.sleep(backoff_s)
                backoff_s = min(LONGEST_BACKOFF_S, backoff_s * 1.7)
                continue
            self._link = link
        self._in_flight.clear()
        for message in again:
            self.resent += 1
            self._hand_over_again(message)

    def _hand_over_again(self, message: Message) -> None:
        if not self._hand_over(message):
            self._in_flight[-1 - len(self._in_flight)] = message

    def _acknowledged(self, mid: int) -> None:
        message = self._in_flight.pop(mid, None)
        if message is not None:
            self.acknowledged[message.kind] += 1
            self._changed.set()


def _ignore(_command: bytes) -> None:
    """A replayed monitor does not answer commands."""
