"""Waiting for another process to do something: on the condition, with a deadline, never blindly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

POLL_S = 0.05


async def until(look: Callable[[], Found | None], what: str, *, within_s: float = 20.0) -> Found:
    """The first true answer of `look`. Raises TimeoutError, naming `what`, when it comes too late.

    The event loop goes on in between, so streams opened by the test are read.
    """
    give_up_at = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} did not happen within {within_s:g} s")
        await asyncio.sleep(POLL_S)
    return found
