"""What every answer carries and every request must keep to, as plain ASGI layers.

They wrap streams without buffering them, which is why they are not Starlette's BaseHTTPMiddleware.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ward_hub.displays.headers import HEADERS
from ward_hub.displays.problems import problem


class SecurityHeaders:
    """Puts the headers on every answer; what is not static is never stored by a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                static = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _TooLargeError(Exception):
    """More came than was announced or allowed."""


class BodyLimit:
    """Refuses bodies that are too large, whether or not they say so.

    `larger` holds the paths that may be sent more, with how much.
    """

    def __init__(
        self, app: ASGIApp, most_bytes: int, larger: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of acceptable size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._larger.get(scope["path"], self._most_bytes)
        if _announced(scope) > most:
            await _refuse(scope, receive, send)
        else:
            await self._counted(most, scope, receive, send)

    async def _counted(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0
        started = False

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _TooLargeError
            return message

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noting)
        except _TooLargeError:
            if not started:
                await _refuse(scope, receive, send)


def _announced(scope: Scope) -> int:
    """What the request says it carries; nonsense counts as too much."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 1 << 62
    return 0


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await problem(413, "The request is too large.")(scope, receive, send)
