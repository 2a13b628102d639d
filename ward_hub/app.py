"""The hub put together: the only place where the features meet.

`Hub` is one straight start and one straight stop. Each part registers its own teardown the moment
it exists, and stopping goes through them last in, first out: the pages first, then the broker (so
that nothing more comes in), then the recorder (so that all that came in is on disk).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
import uvicorn
from psycopg_pool import AsyncConnectionPool

from ward_hub import __version__, pg
from ward_hub.alerts.watch import TICK_S, WardWatch
from ward_hub.bus import Bus
from ward_hub.clock import Clock, SystemClock
from ward_hub.core.events import SystemChanged, WardChanged
from ward_hub.core.ids import AlarmId, BedId, UnitId
from ward_hub.core.people import Person, Refused
from ward_hub.core.station_view import AlarmView, BedView
from ward_hub.core.ward import WardMap
from ward_hub.displays.deps import WebDeps, WebSettings
from ward_hub.displays.history import History
from ward_hub.displays.web import create_web, end_streams, open_streams
from ward_hub.figures import hub_figures
from ward_hub.health import Health, Probe, health_router
from ward_hub.ingest import blocks
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.recorder import Recorder
from ward_hub.ingest.recording import Recording, RecordingState
from ward_hub.ingest.retention import DEFAULT_KEEP
from ward_hub.ingest.spool import Spool
from ward_hub.ingest.store import Store
from ward_hub.ingest.upkeep import Upkeep
from ward_hub.log import get_log
from ward_hub.mqtt import BrokerAddress, BrokerLink, Delivery, LinkState, Will
from ward_hub.registry.audit import Audit
from ward_hub.registry.belonging import settle, unsettled
from ward_hub.registry.devices import Devices
from ward_hub.registry.passwords import Passwords
from ward_hub.registry.picture import load_ward
from ward_hub.registry.staff import SignInRules, StaffAccounts
from ward_hub.registry.stays import Stays
from ward_hub.restore import bring_back, read_back
from ward_hub.settings import Settings
from ward_hub.supervise import Supervisor
from ward_hub.topics import EVERYTHING, HUB_STATUS, unit_alarms_topic

SWEEP_S: Final = 5.0
REFRESH_S: Final = 5.0
RETRY_S: Final = 1.0
DRAIN_WITHIN_S: Final = 60.0
MIB: Final = 1024 * 1024

Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]


class Hub:
    """One running hub. Use `async with running(settings) as hub`."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.log = get_log("hub")
        self.supervisor = Supervisor(self.log)
        self.bus = Bus(self._listener_failed)
        self.ward = WardMap()
        self._one_refresh = asyncio.Lock()
        self.health = Health(__version__)
        self.port = 0
        dsn = settings.database_url.get_secret_value()
        self.pool: Pool = pg.pool(dsn, "pages")
        spool = Spool(settings.spool_path, clock, limit_bytes=settings.spool_most_mib * MIB)
        self.recorder = Recorder(
            Store(dsn, clock), spool, clock, on_change=lambda _: self.bus.publish(SystemChanged())
        )
        self.intake = Intake(lambda: self.ward, self.bus, self.recorder)
        self.watch = WardWatch(lambda: self.ward, self.bus, self.recorder, self._announce)
        self.upkeep = Upkeep(dsn, clock, _kept_for(settings))
        self.broker = self._make_broker_link()
        self._watch_health()

    async def load(self) -> None:
        """Read the ward and what was known of it before; waits for a database that is away."""
        self.ward = await self._database(lambda: load_ward(self.pool, self.clock.now()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_WITHIN_S):
                while self.recorder.state.waiting:
                    await asyncio.sleep(0.1)
        now = self.clock.now()
        stored = await self._database(lambda: read_back(self.pool, now))
        self.watch.follow_ward(now)
        bring_back(stored, self.watch, self.intake)
        self.watch.listen(self.clock.now)

    async def keep_ticking(self) -> None:
        """Tell the watch that time passes."""
        while True:
            self.watch.tick(self.clock.now())
            await asyncio.sleep(TICK_S)

    async def keep_sweeping(self) -> None:
        """Write down refusals and silent devices; read on when the recorder has room again."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.intake.sweep(self.clock.now())

    async def keep_reading(self) -> None:
        """Stop taking from the broker while nothing more can be kept; it holds the rest."""
        while True:
            if self.recorder.is_full:
                self.broker.pause()
            else:
                self.broker.resume()
            await asyncio.sleep(TICK_S)

    async def keep_picture(self) -> None:
        """Notice what others change in the registry (another program, another hub)."""
        while True:
            await asyncio.sleep(REFRESH_S)
            with contextlib.suppress(psycopg.OperationalError, TimeoutError):
                await self.look_again()

    async def look_again(self) -> None:
        """Read the registry, then settle the rows that were made by the picture before it."""
        numbers = await unsettled(self.pool)
        await self.refresh()
        if not numbers:
            return
        async with asyncio.timeout(REFRESH_S):
            await self.recorder.durable()
        if not self.recorder.state.waiting:
            await settle(self.pool, numbers, self.clock.now())

    async def refresh(self) -> None:
        """Read the registry and tell everybody when it changed; one at a time, in order."""
        async with self._one_refresh:
            ward = await load_ward(self.pool, self.clock.now())
            if ward != self.ward:
                self.ward = ward
                self.bus.publish(WardChanged())

    async def refresh_now(self) -> None:
        """After a change that is committed: without a database the next look will show it."""
        with contextlib.suppress(psycopg.OperationalError):
            await self.refresh()

    def system(self) -> dict[str, object]:
        """How recording and the broker are, as the pages are told."""
        recording, broker = self.recorder.state, self.broker.state
        state = "connected" if broker.connected else "lost"
        return {
            "recording": {
                "state": recording.status.value,
                "waiting": recording.waiting,
                "since": recording.since,
            },
            "broker": {"state": state, "since": None if broker.connected else broker.since},
        }

    async def _database(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await ask()
            except psycopg.OperationalError as error:
                self.log.warning("waiting for the database", reason=str(error).strip()[:200])
                await asyncio.sleep(RETRY_S)

    def _make_broker_link(self) -> BrokerLink:
        settings = self.settings
        address = BrokerAddress(
            host=settings.mqtt_host,
            port=settings.mqtt_port,
            username=settings.mqtt_username,
            password=settings.mqtt_password.get_secret_value(),
            client_id=settings.mqtt_client_id,
            protocol=settings.mqtt_protocol,
            tls=settings.mqtt_tls,
            ca_file=settings.mqtt_ca_file,
        )
        return BrokerLink(
            address,
            (EVERYTHING,),
            clock=self.clock,
            log=get_log("broker"),
            on_message=self._take,
            on_state=self._broker_changed,
            will=Will(HUB_STATUS, b'{"state":"offline"}'),
            birth=Will(HUB_STATUS, b'{"state":"online"}'),
        )

    def _take(self, delivery: Delivery) -> None:
        self.supervisor.attempt("intake", lambda: self.intake.take(delivery))

    def _broker_changed(self, _state: LinkState) -> None:
        self.bus.publish(SystemChanged())

    def _listener_failed(self, error: BaseException, event: object) -> None:
        self.supervisor.count(f"listener of {type(event).__name__}", error)

    def _announce(self, unit: UnitId, notice: bytes) -> None:
        self.broker.publish(unit_alarms_topic(unit), notice)

    def _watch_health(self) -> None:
        self.health.watch("broker", self._broker_probe)
        self.health.watch("recording", lambda: _recording_probe(self.recorder.state))
        self.health.measure(
            lambda: hub_figures(self.intake, self.watch, self.recorder, self.supervisor)
        )

    def _broker_probe(self) -> Probe:
        state = self.broker.state
        return Probe(state.connected, "connected" if state.connected else state.reason)


def _kept_for(settings: Settings) -> dict[str, timedelta]:
    chosen = {
        "wave_block": timedelta(hours=settings.keep_waves_hours),
        "vital": timedelta(days=settings.keep_vitals_days),
        "vital_minute": timedelta(days=settings.keep_minutes_days),
    }
    return {**DEFAULT_KEEP, **chosen}


def _recording_probe(state: RecordingState) -> Probe:
    detail = f"{state.status.value}, {state.waiting} waiting"
    return Probe(state.status is Recording.OK, detail, vital=state.status is Recording.FAILING)


@dataclass(frozen=True, slots=True)
class LiveDesk:
    """The watch as the screens see it."""

    hub: Hub

    def ward(self) -> WardMap:
        """Who is where."""
        return self.hub.ward

    def bed_view(self, bed: BedId, now: datetime) -> BedView | None:
        """What a screen shows of a bed."""
        return self.hub.watch.bed_view(bed, now)

    def alarm(self, alarm: AlarmId) -> AlarmView | None:
        """An alarm that is open, or ended just now."""
        return self.hub.watch.alarm(alarm)

    async def acknowledge(
        self, alarm: AlarmId, staff: Person, now: datetime
    ) -> AlarmView | Refused:
        """Take over an alarm; durable when it returns a view."""
        return await self.hub.watch.acknowledge(alarm, str(staff.id), now)

    def system(self) -> dict[str, object]:
        """How recording and the broker are."""
        return self.hub.system()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the hub stops in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs the hub."""
        yield


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock | None = None, *, migrate: bool = False
) -> AsyncIterator[Hub]:
    """A hub that runs until the block ends. With port 0 its port is `hub.port`."""
    if migrate:
        await asyncio.to_thread(pg.migrate, settings.database_url.get_secret_value())
    hub = Hub(settings, clock or SystemClock())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hub.pool)
        await stack.enter_async_context(_recording(hub))
        await hub.load()
        loops = {
            "broker": hub.broker.run,
            "reading": hub.keep_reading,
            "ticking": hub.keep_ticking,
            "sweeping": hub.keep_sweeping,
            "picture": hub.keep_picture,
            "minute figures": hub.upkeep.keep_rolling_up,
            "retention": hub.upkeep.keep_tidy,
        }
        for name, loop in loops.items():
            await stack.enter_async_context(_kept(hub.supervisor, name, loop))
        await stack.enter_async_context(_pages(hub))
        hub.log.info("running", port=hub.port, beds=len(hub.ward.beds))
        yield hub
        hub.log.info("stopping")


@asynccontextmanager
async def _recording(hub: Hub) -> AsyncIterator[None]:
    async with _kept(hub.supervisor, "recorder", hub.recorder.run):
        try:
            yield
        finally:
            hub.intake.sweep(hub.clock.now())
            await hub.recorder.close()


@asynccontextmanager
async def _kept(
    supervisor: Supervisor, name: str, loop: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.keep(name, loop), name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _pages(hub: Hub) -> AsyncIterator[None]:
    settings = hub.settings
    deps = WebDeps(
        live=LiveDesk(hub),
        accounts=StaffAccounts(hub.pool, SignInRules(), Passwords()),
        pool=hub.pool,
        bus=hub.bus,
        clock=hub.clock,
        settings=WebSettings(version=__version__, cookie_secure=settings.cookie_secure),
        routers=(health_router(hub.health),),
        supervisor=hub.supervisor,
        history=History(hub.pool, blocks.decode),
        stays=Stays(hub.pool),
        devices=Devices(hub.pool),
        audit=Audit(hub.pool),
        refresh=hub.refresh_now,
    )
    app = create_web(deps)
    hub.health.watch("streams", lambda: Probe(True, f"{open_streams(app)} open"))
    listener = socket.create_server((settings.http_host, settings.http_port), backlog=512)
    hub.port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="pages")
    try:
        while not (server.started or serving.done()):
            await asyncio.sleep(0.01)
        yield
    finally:
        end_streams(app)
        server.should_exit = True
        await serving
