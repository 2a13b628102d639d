"""One monitor on the network: keeps it connected, gives it its ticks, sends what it says.

Two loops a device: one connects, again and again with jittered back-off, for as long as the
device is there; the other ticks on the device's schedule whether or not there is a connection.
The first tick comes with the first connection. Must never let one device's trouble reach another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass

from device_sim import commands
from device_sim.clock import wall_s
from device_sim.faults import FaultInjector, FaultPlan
from device_sim.link import Broker, Identity, Link, LinkRefused
from device_sim.monitor import Monitor
from device_sim.outbox import Outbox
from device_sim.payload import Kind, Message
from device_sim.schedule import Schedule
from device_sim.tally import Tally

LOG = logging.getLogger("device_sim")
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 5.0
FAREWELL_S = 1.0


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """What a session needs besides its monitor; `offset_s` is its place within the interval."""

    broker: Broker
    password: str
    faults: FaultPlan = FaultPlan()
    offset_s: float = 0.0
    farewell_s: float = FAREWELL_S


class Session:
    """Runs one monitor until told to stop."""

    def __init__(self, monitor: Monitor, setup: SessionSetup, tally: Tally) -> None:
        settings = monitor.settings
        self.device_id = settings.device_id
        self._monitor = monitor
        self._setup = setup
        self._tally = tally
        self._rng = random.Random(f"session {settings.device_id} {settings.seed}")
        self._faults = FaultInjector(setup.faults, random.Random(f"faults {settings.seed}"))
        waves_s = settings.waves_interval_s if settings.has_waves else None
        self._schedule = Schedule(settings.vitals_interval_s, waves_s)
        self._outbox = Outbox(int(settings.store_s / settings.vitals_interval_s), tally)
        self._link: Link | None = None
        self.ready = asyncio.Event()
        self._is_there = asyncio.Event()
        self._is_there.set()
        self._started_s = 0.0
        self._cut_due_s = setup.faults.cut_every_s
        self._said: str | None = None
        self._waiting: set[asyncio.TimerHandle] = set()

    @property
    def outstanding(self) -> int:
        """Messages not yet acknowledged by the broker."""
        return self._outbox.outstanding

    async def run(self, stop: asyncio.Event, go: asyncio.Event | None = None) -> None:
        """Run until `stop`; ticks begin after the first connection (and after `go`)."""
        async with asyncio.TaskGroup() as group:
            loops = [
                group.create_task(self._keep_connected(), name=f"{self.device_id} link"),
                group.create_task(self._tick(go), name=f"{self.device_id} ticks"),
            ]
            await stop.wait()
            for loop in loops:
                loop.cancel()
        await self._farewell()

    async def _keep_connected(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            await self._is_there.wait()
            link = await self._connect()
            if link is not None and not self._is_there.is_set():
                link.cut()
                continue
            if link is None:
                await asyncio.sleep(backoff_s * self._rng.uniform(0.6, 1.0))
                backoff_s = min(LONGEST_BACKOFF_S, backoff_s * 1.7)
                continue
            backoff_s = FIRST_BACKOFF_S
            self._greet(link)
            await asyncio.shield(link.lost)
            self._tally.connections_lost += 1
            self._end_link()
            self._say("connection lost")
            await asyncio.sleep(FIRST_BACKOFF_S * self._rng.uniform(0.2, 1.0))

    async def _connect(self) -> Link | None:
        will = self._monitor.status(wall_s(), "offline")
        identity = Identity(
            self.device_id, self._setup.password, self._topic(Kind.STATUS), will.payload
        )
        link = Link(self._setup.broker, identity, self._acknowledged, self._commanded)
        try:
            await link.open()
        except LinkRefused as refused:
            self._tally.connects_failed += 1
            self._say(f"no connection: {refused}")
            return None
        self._tally.connects += 1
        return link

    def _say(self, text: str) -> None:
        """Log a change in the device's connection, once."""
        if text != self._said:
            LOG.warning("%s: %s", self.device_id, text)
            self._said = text

    def _greet(self, link: Link) -> None:
        if self._said is not None:
            self._said = None
            LOG.warning("%s: connected", self.device_id)
        self._link = link
        self._monitor.announce_again()
        link.subscribe(self._topic_of("cmd"))
        self._send(self._monitor.status(wall_s()))
        for message in self._outbox.take():
            self._tally.kinds[message.kind].resent += message.sample_count
            self._send(message)
        self.ready.set()

    def _end_link(self) -> None:
        self._link = None
        self._outbox.connection_ended()

    async def _tick(self, go: asyncio.Event | None) -> None:
        await self.ready.wait()
        if go is not None:
            await go.wait()
        loop = asyncio.get_running_loop()
        phase_s = (self._setup.offset_s - loop.time()) % self._monitor.settings.vitals_interval_s
        self._started_s = loop.time() + phase_s
        while True:
            due_s = self._started_s + self._schedule.next_due_s
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            late_s = loop.time() - due_s
            self._tally.note_late(late_s)
            self._tally.ticks_skipped += self._schedule.skip_missed(late_s)
            self._act()

    def _act(self) -> None:
        elapsed_s, due = self._schedule.pop()
        if "upkeep" in due:
            self._look_after_link(elapsed_s)
        if not self._is_there.is_set():
            return
        if "vitals" in due:
            self._emit(self._monitor.vitals(elapsed_s, wall_s()))
        if "waves" in due and (block := self._monitor.waves(elapsed_s, wall_s())):
            self._emit(block)
        if "upkeep" in due:
            for message in self._monitor.upkeep(elapsed_s, wall_s()):
                self._emit(message)

    def _look_after_link(self, elapsed_s: float) -> None:
        is_lost = self._monitor.situation(elapsed_s).lost
        if is_lost and self._is_there.is_set():
            self._vanish()
        elif not is_lost and not self._is_there.is_set():
            self._monitor.restart()
            self._is_there.set()
        if self._link is None:
            return
        if self._cut_due_s and elapsed_s >= self._cut_due_s:
            self._cut_due_s = elapsed_s + self._setup.faults.cut_every_s
            self._link.cut()
        else:
            self._link.tend()

    def _vanish(self) -> None:
        self._is_there.clear()
        if self._link is not None:
            self._link.cut()
            self._end_link()
        self._outbox.forget()

    def _emit(self, message: Message) -> None:
        self._tally.kinds[message.kind].made += 1
        for delivery in self._faults.apply(message):
            if delivery.delay_s > 0:
                self._send_later(delivery.message, delivery.delay_s)
            else:
                self._send(delivery.message)

    def _send_later(self, message: Message, delay_s: float) -> None:
        handle: asyncio.TimerHandle

        def send() -> None:
            self._waiting.discard(handle)
            if self._is_there.is_set():
                self._send(message)

        handle = asyncio.get_running_loop().call_later(delay_s, send)
        self._waiting.add(handle)

    def _send(self, message: Message) -> None:
        link = self._link
        mid = None
        if link is not None:
            topic = self._topic(message.kind)
            mid = link.send(topic, message.payload, message.qos, retain=message.retain)
        if mid is None:
            self._outbox.keep(message)
            return
        self._tally.kinds[message.kind].published += 1
        if message.qos:
            self._outbox.sent(mid, message)

    def _acknowledged(self, mid: int) -> None:
        message = self._outbox.acknowledged(mid)
        if message is not None:
            count = self._tally.kinds[message.kind]
            count.acknowledged += 1
            count.samples_acknowledged += message.sample_count

    def _commanded(self, payload: bytes) -> None:
        self._tally.commands += 1
        settings = self._monitor.settings
        reply = commands.answer(
            payload,
            {
                "device": settings.device_id,
                "model": settings.model,
                "serial": settings.serial or settings.device_id,
                "firmware": settings.firmware,
            },
        )
        if reply is None:
            return
        if reply.intervals is not None:
            self._schedule.change(reply.intervals.vitals_s, reply.intervals.waves_s)
            self._monitor.change_waves_interval(reply.intervals.waves_s)
        message = Message(Kind.RESULT, reply.payload)
        asyncio.get_running_loop().call_soon(self._send, message)

    async def settle(self, within_s: float) -> None:
        """Wait until the broker has acknowledged everything sent, at most `within_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._outbox.outstanding and self._link is not None:
                    await asyncio.sleep(0.02)

    async def _farewell(self) -> None:
        for handle in self._waiting:
            handle.cancel()
        self._tally.dropped += self._faults.dropped
        self._tally.duplicated += self._faults.duplicated
        self._tally.reordered += self._faults.reordered
        if self._link is None:
            self._outbox.forget()
            return
        for message in self._faults.release():
            self._send(message)
        self._send(self._monitor.status(wall_s(), "offline"))
        await self.settle(self._setup.farewell_s)
        self._link.close()

    def _topic(self, kind: Kind) -> str:
        return self._topic_of(kind.value)

    def _topic_of(self, tail: str) -> str:
        return f"ward/v1/{self.device_id}/{tail}"
