"""What the screens are given by the composition root: small protocols and one bundle.

The screens never import the engine, the registry or the store; `app.py` hands them in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fastapi import APIRouter
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ward_hub.bus import Bus
from ward_hub.clock import Clock
from ward_hub.core.audit import AuditTrail
from ward_hub.core.devices import DeviceRegistry
from ward_hub.core.ids import AlarmId, BedId, StaffId, UnitId
from ward_hub.core.people import Person, Refused, Session, SignedIn, SignInRefused
from ward_hub.core.station_view import AlarmView, BedView
from ward_hub.core.stays import StayRegistry
from ward_hub.core.ward import WardMap
from ward_hub.displays.history import History
from ward_hub.supervise import Supervisor

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]
"""An open pool of autocommit connections."""


class LiveWard(Protocol):
    """The ward as it is now: who lies where, the newest values, the open alarms."""

    def ward(self) -> WardMap:
        """Who is where."""
        ...

    def bed_view(self, bed: BedId, now: datetime) -> BedView | None:
        """What a screen shows of a bed; None for a bed that is not there."""
        ...

    def alarm(self, alarm: AlarmId) -> AlarmView | None:
        """An alarm that is open, or ended just now; None for any other."""
        ...

    async def acknowledge(
        self, alarm: AlarmId, staff: Person, now: datetime
    ) -> AlarmView | Refused:
        """Take over an alarm. It is durable when this returns a view; rights are the caller's."""
        ...

    def system(self) -> Mapping[str, object]:
        """`recording` and `broker` as the pages' contract has them."""
        ...


class Accounts(Protocol):
    """Who may sign in, and which sessions are good. Raises psycopg.OperationalError when away."""

    async def sign_in(
        self, login: str, password: str, now: datetime, *, replaces: str | None = None
    ) -> SignedIn | SignInRefused:
        """A new session, ending the one whose key is `replaces`."""
        ...

    async def sessions(self, keys: Collection[str], now: datetime) -> dict[str, Session]:
        """Those of the sessions that are good now, with the person's rights as they are now."""
        ...

    async def touch(self, keys: Collection[str], now: datetime) -> None:
        """These sessions are in use."""
        ...

    async def sign_out(self, key: str) -> None:
        """End a session."""
        ...

    async def set_language(self, staff: StaffId, language: str) -> None:
        """The person's own choice of language."""
        ...


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What an operator may set about the screens.

    `full_names` shows a patient's full name on the bed page, else the short form of the station.
    `fail_open_s` is how long a person already signed in keeps the screen while the database is
    away. `verify_s` is how often the sessions of open streams are checked. `timezone` is the IANA
    name the pages show times in; empty means the browser's own.
    """

    version: str
    timezone: str = ""
    cookie_secure: bool = True
    full_names: bool = True
    flush_s: float = 0.08
    beat_s: float = 2.0
    verify_s: float = 1.0
    fail_open_s: float = 900.0
    send_timeout_s: float = 10.0
    body_limit: int = 64 * 1024
    streams_per_session: int = 12


async def nothing_to_refresh() -> None:
    """For screens whose ward nobody else keeps."""


@dataclass(frozen=True, slots=True)
class WebDeps:
    """Everything the screens need. `routers` are mounted as they are (health, metrics).

    Without `history` there are no ways to ask for the past, without `stays` and `devices` none to
    change the registry. `refresh` returns when the hub has its picture of the ward anew.
    """

    live: LiveWard
    accounts: Accounts
    pool: Pool
    bus: Bus
    clock: Clock
    settings: WebSettings
    supervisor: Supervisor
    history: History | None = None
    stays: StayRegistry | None = None
    devices: DeviceRegistry | None = None
    audit: AuditTrail | None = None
    refresh: Callable[[], Awaitable[None]] = nothing_to_refresh
    routers: tuple[APIRouter, ...] = field(default=())


def units_for(person: Person, ward: WardMap) -> list[dict[str, str]]:
    """The units this person may watch, in the hospital's order."""
    units = sorted(ward.units.values(), key=lambda unit: (unit.position, unit.name))
    return [{"id": u.id, "name": u.name} for u in units if person.may_watch(UnitId(u.id))]
