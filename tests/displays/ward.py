"""An invented ward for the tests of the screens: two units, their people, a clock, an application.

The live ward here is a real implementation of `LiveWard` in memory; a test changes it and
publishes the events that the real one would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import msgspec
import psycopg
from fastapi import FastAPI

from ward_hub.bus import Bus
from ward_hub.core.events import AlarmHappened, BedChanged, WardChanged
from ward_hub.core.ids import AlarmId, BedId, StaffId, StayId, UnitId
from ward_hub.core.people import Person, Refused, Role, Session, SignedIn, SignInRefused
from ward_hub.core.station_view import AlarmView, BedView, StayView, ValueView, short_name
from ward_hub.core.ward import Bed, Stay, Unit, WardMap
from ward_hub.displays.deps import Pool, WebDeps, WebSettings
from ward_hub.displays.screens import Screens
from ward_hub.displays.web import create_web
from ward_hub.log import get_log
from ward_hub.supervise import Supervisor

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
NOI, NGOAI = UnitId("noi-3"), UnitId("ngoai-2")
DUNG, BINH, KHANH = BedId("noi-3-01"), BedId("noi-3-02"), BedId("ngoai-2-01")
PATIENTS = {DUNG: "Phạm Thị Dung", BINH: "Lê Văn Bình", KHANH: "Trần Quốc Khánh"}
PASSWORD = "một mật khẩu dài"


class StillClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self._passed = timedelta(0)

    def now(self) -> datetime:
        return START + self._passed

    def monotonic_s(self) -> float:
        return 1000.0 + self._passed.total_seconds()

    def advance(self, seconds: float) -> None:
        self._passed += timedelta(seconds=seconds)


def a_stay(number: int, bed: BedId, name: str) -> Stay:
    born = date(1950, 3, 1)
    return Stay(StayId(number), bed, name, born, "F", f"BN-{number:04}", START - timedelta(days=1))


def a_ward() -> WardMap:
    stays = [a_stay(n, bed, name) for n, (bed, name) in enumerate(PATIENTS.items(), 11)]
    return WardMap(
        units={NOI: Unit(NOI, "Nội 3"), NGOAI: Unit(NGOAI, "Ngoại 2", 1)},
        beds={
            DUNG: Bed(DUNG, NOI, "01", 0),
            BINH: Bed(BINH, NOI, "02", 1),
            KHANH: Bed(KHANH, NGOAI, "01", 2),
        },
        stays={stay.bed: (stay,) for stay in stays},
    )


@dataclass
class MemoryWard:
    """The live ward of a test."""

    bus: Bus
    map: WardMap = field(default_factory=a_ward)
    heart_rates: dict[BedId, float] = field(default_factory=dict)
    alarms: dict[str, AlarmView] = field(default_factory=dict)
    views_made: int = 0
    recording: str = "ok"

    def ward(self) -> WardMap:
        return self.map

    def bed_view(self, bed: BedId, now: datetime) -> BedView | None:
        self.views_made += 1
        there = self.map.beds.get(bed)
        if there is None:
            return None
        stay = self.map.stay_on(bed, now)
        rate = self.heart_rates.get(bed)
        return BedView(
            bed=bed,
            label=there.label,
            unit=there.unit,
            stay=StayView(stay.id, short_name(stay.name), "70–79", stay.sex) if stay else None,
            device=None,
            live=rate is not None,
            last_at=now,
            values={} if rate is None else {"hr": ValueView(rate, now, "fresh", "ok", 50, 130)},
            alarms=[alarm for alarm in self.alarms.values() if alarm.bed == bed],
        )

    def alarm(self, alarm: AlarmId) -> AlarmView | None:
        return self.alarms.get(alarm)

    async def acknowledge(
        self, alarm: AlarmId, staff: Person, now: datetime
    ) -> AlarmView | Refused:
        view = self.alarms[alarm]
        if view.state == "acknowledged":
            return Refused("already taken")
        until = now + timedelta(minutes=3)
        taken = msgspec.structs.replace(view, state="acknowledged", by=staff.name, until=until)
        self.alarms[alarm] = taken
        return taken

    def system(self) -> Mapping[str, object]:
        return {
            "recording": {"state": self.recording, "waiting": 0, "since": None},
            "broker": {"state": "connected", "since": None},
        }

    # -- what a test lets happen ---------------------------------------------------------------

    def measure(self, bed: BedId, heart_rate: float) -> None:
        self.heart_rates[bed] = heart_rate
        self.bus.publish(BedChanged(self.map.beds[bed].unit, bed))

    def alarm_on(self, bed: BedId, number: int = 1, what: str = "raised") -> str:
        there = self.map.beds[bed]
        stay = self.map.stay_on(bed, START)
        view = AlarmView(
            id=f"{bed}:hr_high:{number}",
            bed=bed,
            label=there.label,
            unit=there.unit,
            stay=stay.id if stay else None,
            patient=short_name(stay.name) if stay else "",
            rule="hr_high",
            kind="physiological",
            state="active",
            priority="high",
            vital="hr",
            side="high",
            value=141.0,
            limit=130.0,
            text="",
            began_at=START,
            raised_at=START,
            ended_at=None,
            by=None,
            until=None,
        )
        self.alarms[view.id] = view
        self.bus.publish(AlarmHappened(there.unit, bed, view.id, what, START))
        return view.id

    def discharge(self, bed: BedId, at: datetime) -> None:
        stays = {**self.map.stays}
        stays[bed] = tuple(replace(stay, discharged_at=at) for stay in stays[bed])
        self.map = replace(self.map, stays=stays)
        self.bus.publish(WardChanged())

    def admit(self, number: int, bed: BedId, name: str, at: datetime) -> None:
        stay = replace(a_stay(number, bed, name), admitted_at=at)
        self.map = replace(
            self.map, stays={**self.map.stays, bed: (stay, *self.map.stays.get(bed, ()))}
        )
        self.bus.publish(WardChanged())


PEOPLE = {
    "hoa": Person(StaffId(1), "Trần Thị Hoa", Role.NURSE, frozenset({NOI})),
    "lan": Person(StaffId(2), "Đỗ Lan", Role.NURSE, frozenset({NGOAI})),
    "minh": Person(StaffId(3), "Ngô Minh", Role.BIOMED, frozenset()),
    "an": Person(StaffId(4), "Vũ An", Role.ADMINISTRATOR, frozenset()),
    "thu": Person(StaffId(5), "Hồ Thu", Role.FAMILY_DESK, frozenset({NOI})),
}


@dataclass
class MemoryAccounts:
    """Accounts in memory. `is_away` makes every question fail as a dead database would."""

    people: dict[str, Person] = field(default_factory=lambda: dict(PEOPLE))
    good: dict[str, Session] = field(default_factory=dict)
    touched: list[tuple[str, datetime]] = field(default_factory=list)
    is_away: bool = False
    asked: int = 0

    async def sign_in(
        self, login: str, password: str, now: datetime, *, replaces: str | None = None
    ) -> SignedIn | SignInRefused:
        self._ask()
        if login not in self.people or password != PASSWORD:
            return SignInRefused("wrong")
        self.good.pop(replaces or "", None)
        return self.open(login, now, f"token-{login}-{len(self.good)}-{self.asked}")

    def open(self, login: str, now: datetime, token: str) -> SignedIn:
        key = hashlib.sha256(token.encode()).hexdigest()
        ends_at = now + timedelta(hours=13)
        self.good[key] = Session(key, self.people[login], f"csrf-{login}", now, ends_at)
        return SignedIn(token, self.good[key])

    async def sessions(self, keys: Collection[str], now: datetime) -> dict[str, Session]:
        self._ask()
        found = {key: self.good[key] for key in keys if key in self.good}
        return {key: session for key, session in found.items() if now < session.ends_at}

    async def touch(self, keys: Collection[str], now: datetime) -> None:
        self._ask()
        self.touched.extend((key, now) for key in keys)

    async def sign_out(self, key: str) -> None:
        self._ask()
        self.good.pop(key, None)

    async def set_language(self, staff: StaffId, language: str) -> None:
        self._ask()
        for key, session in self.good.items():
            if session.person.id == staff:
                person = replace(session.person, language=language)
                self.good[key] = replace(session, person=person)

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise psycopg.OperationalError("the database is away")


def raise_it(error: BaseException, _event: object) -> None:
    raise error


@dataclass
class House:
    """A hub with its screens, and everything a test wants to turn."""

    clock: StillClock
    bus: Bus
    live: MemoryWard
    accounts: MemoryAccounts
    app: FastAPI

    @property
    def screens(self) -> Screens:
        return cast(Screens, self.app.state.screens)

    def cookie(self, login: str) -> dict[str, str]:
        """A session for one of `PEOPLE`, as request headers."""
        token = f"token-{login}"
        self.accounts.open(login, self.clock.now(), token)
        return {"cookie": f"ward_session={token}"}

    def changing(self, login: str) -> dict[str, str]:
        """The same with what our own page adds to a change."""
        return {
            **self.cookie(login),
            "x-csrf-token": f"csrf-{login}",
            "sec-fetch-site": "same-origin",
            "origin": "http://hub",
        }


def a_house(change: Callable[[WebDeps], WebDeps] = lambda deps: deps, **settings: Any) -> House:
    """A hub that listens to its bus; nothing runs on its own."""
    clock, bus, accounts = StillClock(), Bus(raise_it), MemoryAccounts()
    live = MemoryWard(bus)
    chosen: dict[str, Any] = {"version": "1.2.3", "cookie_secure": False, **settings}
    deps = WebDeps(
        live=live,
        accounts=accounts,
        pool=cast(Pool, None),
        bus=bus,
        clock=clock,
        settings=WebSettings(**chosen),
        supervisor=Supervisor(get_log("test")),
    )
    app = create_web(change(deps))
    house = House(clock, bus, live, accounts, app)
    house.screens.fanout.listen(bus)
    return house
