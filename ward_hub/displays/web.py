"""The web application of the staff screens, put together.

`create_web` makes it; `end_streams` must be called before the server is told to stop: a server
waits for open connections, and a stream never ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, cast

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ward_hub.displays import (
    api,
    api_docs,
    devices,
    devices_api,
    live,
    problems,
    sign_in,
    staff_pages,
    stays,
    stays_api,
)
from ward_hub.displays.deps import WebDeps
from ward_hub.displays.fanout import Fanout
from ward_hub.displays.screens import Screens, dashboards
from ward_hub.displays.sessions import DATABASE_AWAY, Sessions
from ward_hub.displays.shield import BodyLimit, SecurityHeaders
from ward_hub.displays.viewers import Limits

ROUTERS: Final = (
    staff_pages.router,
    sign_in.router,
    api.router,
    devices.router,
    live.router,
    api_docs.router,
)
"""Every way in, apart from static files, the past and what the composition root adds."""


LARGER: Final = {"/api/v1/devices.csv": 4 * 1024 * 1024}
"""Where more than the usual limit may be sent: a file of a thousand devices, with notes."""


def create_web(deps: WebDeps) -> FastAPI:
    """The application. It listens to the bus and keeps time from start-up to shutdown."""
    app = FastAPI(
        title="Ward hub",
        version=deps.settings.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_run,
    )
    app.state.screens = _screens(deps)
    app.add_middleware(BodyLimit, most_bytes=deps.settings.body_limit, larger=LARGER)
    app.add_middleware(SecurityHeaders)
    _handle_errors(app)
    for router in (*deps.routers, *ROUTERS, *_further(deps)):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=dashboards() / "static"), name="static")
    return app


def _further(deps: WebDeps) -> Iterator[APIRouter]:
    """Ways in to what this hub was given."""
    if deps.history:
        yield stays.router
    if deps.stays:
        yield stays_api.router
    if deps.devices:
        yield devices_api.router


def end_streams(app: FastAPI) -> None:
    """End every open stream, and each that still comes, so that the server can stop."""
    _of(app).fanout.close()


def open_streams(app: FastAPI) -> int:
    """How many streams are open (for metrics)."""
    return _of(app).fanout.viewers


def _of(app: FastAPI) -> Screens:
    return cast(Screens, app.state.screens)


def _screens(deps: WebDeps) -> Screens:
    settings = deps.settings
    sessions = Sessions(deps.accounts, deps.clock, settings)
    fanout = Fanout(deps.live, deps.clock, settings.version, Limits(flush_s=settings.flush_s))
    sessions.on_change = fanout.recheck
    return Screens(deps, sessions, fanout)


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(RequestValidationError, problems.on_invalid)
    app.add_exception_handler(problems.NotSignedInError, problems.on_not_signed_in)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, problems.on_database_away)
    app.add_exception_handler(Exception, problems.on_defect)


@asynccontextmanager
async def _run(app: FastAPI) -> AsyncIterator[None]:
    screens = _of(app)
    settings, keep = screens.deps.settings, screens.deps.supervisor.keep
    stop_listening = screens.fanout.listen(screens.deps.bus)

    async def beat() -> None:
        while True:
            screens.fanout.beat()
            await asyncio.sleep(settings.beat_s)

    async def verify() -> None:
        while True:
            await screens.sessions.verify_streams()
            await asyncio.sleep(settings.verify_s)

    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(keep("stream beat", beat), name="stream beat"),
            group.create_task(keep("session check", verify), name="session check"),
        ]
        yield
        screens.fanout.close()
        stop_listening()
        for each in loops:
            each.cancel()
