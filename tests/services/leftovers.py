"""What a test must not leave behind: threads and asyncio tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection


def threads_left(before: Collection[threading.Thread], *, within_s: float = 3.0) -> list[str]:
    """The names of threads that are not in `before` and do not end in a moment by themselves."""
    give_up_at = time.monotonic() + within_s
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(max(0.0, give_up_at - time.monotonic()))
    return [thread.name for thread in left if thread.is_alive()]


async def tasks_left(
    before: Collection[asyncio.Task[object]], *, within_s: float = 3.0
) -> list[str]:
    """The names of this loop's tasks that are not in `before` and do not end in a moment."""
    left = asyncio.all_tasks() - set(before) - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=within_s)
    return [repr(task) for task in left]
