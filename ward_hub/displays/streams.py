"""Server-sent events over HTTP: one open stream is one viewer of the fan-out.

The response is our own (decision «streams»): frames come ready-made and shared between viewers,
so there is nothing left for a library to encode, and the beat, the end of a session and an
orderly stop are the fan-out's business. One send carries everything that waits; a send that
does not get through within `send_timeout_s` ends the stream, and the page comes back to a snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Scope, Send

from ward_hub.displays.fanout import Fanout
from ward_hub.displays.viewers import Audience, Viewer

RETRY: Final = b"retry: 1000\n"
"""Becomes a line of the first event: a block of its own is an event to some readers."""

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """An ASGI response that streams one viewer's events until it ends or the reader leaves."""

    def __init__(
        self,
        fanout: Fanout,
        audience: Audience,
        may: Callable[[], bool],
        *,
        send_timeout_s: float,
        opened: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        self._fanout = fanout
        self._audience = audience
        self._may = may
        self._send_timeout_s = send_timeout_s
        self._opened = opened
        self._closed = closed

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Stream. Returns when the stream is over, for whatever reason."""
        viewer, wake = self._fanout.join(self._audience, self._may)
        self._opened()
        gone = asyncio.create_task(_until_gone(receive, viewer, wake), name="stream reader")
        try:
            await self._stream(viewer, wake, send)
        except TimeoutError:
            viewer.end("too slow")
        finally:
            gone.cancel()
            self._fanout.leave(viewer)
            self._closed()

    async def _stream(self, viewer: Viewer, wake: asyncio.Event, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await self._send(send, RETRY)
        while True:
            await wake.wait()
            wake.clear()
            taken = self._fanout.take(viewer)
            if taken is None:
                break
            if taken:
                await self._send(send, taken)
        await self._send(send, b"", more=False)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._send_timeout_s):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive, viewer: Viewer, wake: asyncio.Event) -> None:
    """Wait until the browser has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.end("left")
    wake.set()
