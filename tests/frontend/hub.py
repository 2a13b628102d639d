"""A hub for the screens' tests: serves the real templates and plays what a test scripts.

It keeps the contract between server and pages and nothing else: no database, no broker, and no
time of its own: `now` moves only when a test (or the preview) moves it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.frontend import scene
from ward_hub.displays.strings import page_strings

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "ward_hub" / "locale"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
Json = dict[str, Any]


def translations(language: str, folder: Path) -> Translations:
    """The catalogue of a language, compiled into `folder`."""
    source = LOCALES / language / "LC_MESSAGES" / "messages.po"
    target = folder / f"{language}.mo"
    with source.open("rb") as po, target.open("wb") as mo:
        write_mo(mo, read_po(po, locale=language))
    with target.open("rb") as mo:
        return Translations(mo)


class Hub:
    """What the pages see: a unit, its stream, and how the server answers."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.now: datetime = scene.START
        self.version = "1.0.0"
        self.language = "vi"
        self.person: Json | None = {"name": "Trần Thị Hoa", "role": "nurse"}
        self.units = [{"id": "noi-3", "name": "Khoa Nội 3"}, {"id": "icu", "name": "ICU"}]
        self.beds: list[Json] = []
        self.recording: Json = {"state": "ok", "waiting": 0, "since": None}
        self.broker: Json = {"state": "connected", "since": None}
        self.sends_snapshot = True
        self.is_up = True
        self.gives_streams = True
        self.ack_status = 200
        self.vitals_status = 200
        self.trend: Callable[[float, float], Json] = self._whole_trend
        self.history: list[Json] = []
        self.acked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.streams_opened = 0
        self.answer_ack = asyncio.Event()
        self.answer_ack.set()
        self._queues: list[asyncio.Queue[bytes]] = []
        loader = FileSystemLoader(ROOT / "dashboards" / "templates")
        self._pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._catalogues = {each: translations(each, folder) for each in ("vi", "fr", "en")}

    # -- what a test scripts ---------------------------------------------------------------------
    def advance(self, seconds: float) -> None:
        """Let so many seconds go by on the server."""
        self.now += timedelta(seconds=seconds)

    def snapshot(self) -> Json:
        """The first event of a stream."""
        return {
            "at": scene.stamp(self.now),
            "version": self.version,
            "unit": self.units[0],
            "recording": self.recording,
            "broker": self.broker,
            "beds": self.beds,
        }

    def push(self, event: str, data: Json) -> None:
        """Send an event to every open stream."""
        self._spread(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

    def beat(self) -> None:
        """Say that the hub lives."""
        state = {"recording": self.recording, "broker": self.broker}
        self.push("beat", {"at": scene.stamp(self.now), **state})

    def patch(self, *beds: Json) -> None:
        """Replace these beds, here and on every page."""
        changed = {bed["bed"]: bed for bed in beds}
        self.beds = [changed.get(bed["bed"], bed) for bed in self.beds]
        self.push("patch", {"at": scene.stamp(self.now), "beds": list(beds)})

    def fresh(self) -> list[Json]:
        """Every live bed's values again, measured now."""
        at = scene.stamp(self.now)
        made = []
        for bed in self.beds:
            continuous = ("hr", "pr", "spo2", "rr")
            values = {
                name: each | {"at": at} if name in continuous else each
                for name, each in bed["values"].items()
            }
            made.append(bed | {"values": values, "last_at": at} if bed["live"] else bed)
        return made

    def cut(self) -> None:
        """Close every open stream, as a dying server does."""
        self._spread(b"")

    def _spread(self, frame: bytes) -> None:
        for queue in self._queues:
            queue.put_nowait(frame)

    def _whole_trend(self, start: float, end: float) -> Json:
        hours = max(1, round((end - start) / 3_600_000))
        return scene.trend(self.now, hours)

    # -- what the routes use ---------------------------------------------------------------------
    async def events(self) -> AsyncIterator[bytes]:
        """One stream: a snapshot, then whatever is pushed, until it is cut."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queues.append(queue)
        self.streams_opened += 1
        try:
            yield b": hello\n\n"
            if self.sends_snapshot:
                yield f"event: snapshot\ndata: {json.dumps(self.snapshot())}\n\n".encode()
            while frame := await queue.get():
                yield frame
        finally:
            self._queues.remove(queue)

    def render(self, name: str, **context: object) -> HTMLResponse:
        """A page in the language of the session, with the headers the hub sends."""
        words = self._catalogues[self.language]
        page = {
            "language": self.language,
            "languages": ["vi", "fr", "en"],
            "csrf": "token-1",
            "person": self.person,
            "version": self.version,
            "units": self.units,
            "timezone": "Asia/Ho_Chi_Minh",
        }
        strings = page_strings(words.gettext)
        html = self._pages.get_template(name).render(
            page=page,
            strings=strings,
            _=words.gettext,
            gettext=words.gettext,
            ngettext=words.ngettext,
            **context,
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": CSP})

    def find_alarm(self, alarm_id: str) -> Json | None:
        """An open alarm by its id."""
        every = (each for bed in self.beds for each in bed["alarms"])
        found: Json | None = next((each for each in every if each["id"] == alarm_id), None)
        return found

    def acknowledge(self, alarm_id: str) -> tuple[int, Json]:
        """Take an alarm as the hub does, or answer as the test wants."""
        found = self.find_alarm(alarm_id)
        if self.ack_status != 200 or found is None:
            return self.ack_status if found else 404, {"title": "no"}
        self.acked.append(alarm_id)
        taken = found | {"state": "acknowledged", "by": "Trần Thị Hoa"}
        self.beds = [
            bed | {"alarms": [taken if a["id"] == alarm_id else a for a in bed["alarms"]]}
            for bed in self.beds
        ]
        return 200, taken


def make_app(hub: Hub) -> FastAPI:
    """The routes of the contract that pages use."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=ROOT / "dashboards" / "static"))
    _add_pages(app, hub)
    _add_api(app, hub)
    return app


def _add_pages(app: FastAPI, hub: Hub) -> None:
    @app.get("/login")
    async def login(next: str = "", error: str = "", login: str = "") -> Response:  # noqa: A002
        words = error or None
        return hub.render("login.html", error=words, login=login, next=next)

    @app.get("/about")
    async def about() -> Response:
        return hub.render("about.html")

    @app.get("/broken")
    async def broken() -> Response:
        texts = {"title": "Không có trang này", "what": "Địa chỉ sai.", "what_to_do": "Về đầu."}
        return hub.render("error.html", home="/units/noi-3", **texts)

    @app.post("/language")
    async def language(language: str = Form(), next: str = Form()) -> Response:  # noqa: A002
        hub.language = language
        return RedirectResponse(next, status_code=303)

    @app.get("/units/{unit}")
    async def station(unit: str) -> Response:
        return hub.render("station.html", unit=hub.units[0], beds=hub.beds)

    @app.get("/beds/{bed_id}")
    async def bed(bed_id: str) -> Response:
        found = next(each for each in hub.beds if each["bed"] == bed_id)
        place = {"id": bed_id, "label": found["label"]}
        unit = {"unit_id": hub.units[0]["id"], "unit_name": hub.units[0]["name"]}
        stay = None
        if found["stay"]:
            stay = {"id": found["stay"]["id"], "name": found["stay"]["name"], "age": 74}
            stay |= {"sex": found["stay"]["sex"], "record_number": "26-11-0482"}
            stay |= {"admitted_at": "2026-11-20T01:31:00.000Z"}
        return hub.render("bed.html", bed=place | unit, stay=stay)


def _add_api(app: FastAPI, hub: Hub) -> None:
    @app.get("/stream/{kind}/{name}")
    async def stream(kind: str, name: str) -> Response:
        if not (hub.is_up and hub.gives_streams):
            return Response(status_code=503)
        return StreamingResponse(hub.events(), media_type="text/event-stream")

    @app.get("/api/v1/units")
    async def units() -> Response:
        if hub.person is None:
            return JSONResponse({"title": "signed out"}, status_code=401)
        return JSONResponse(hub.units, status_code=200 if hub.is_up else 503)

    @app.post("/api/v1/alarms/{alarm_id}/ack")
    async def ack(alarm_id: str, request: Request) -> Response:
        hub.headers.append(dict(request.headers))
        await hub.answer_ack.wait()
        status, answer = hub.acknowledge(alarm_id)
        return JSONResponse(answer, status_code=status)

    @app.get("/api/v1/stays/{stay}/vitals")
    async def vitals(stay: int, request: Request) -> Response:
        if hub.vitals_status != 200:
            return JSONResponse({"title": "no"}, status_code=hub.vitals_status)
        start = datetime.fromisoformat(request.query_params["from"]).timestamp() * 1000
        end = datetime.fromisoformat(request.query_params["to"]).timestamp() * 1000
        return JSONResponse(hub.trend(start, end))

    @app.get("/api/v1/stays/{stay}/alarms")
    async def alarms(stay: int) -> Response:
        return JSONResponse(hub.history)
