"""What was recorded and not yet taken to be written: in order, whole, with its callbacks.

What is given together stays together. The queue itself has no bound; the recorder tells the
receiver to stop when `waiting` has grown too large.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ward_hub.core.records import Record

OnDurable = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to be committed together, and whom to tell when they are on disk."""

    records: tuple[Record, ...]
    callbacks: tuple[OnDurable, ...]


class Pending:
    """The queue in front of the writer. `waiting` counts records (and empty entries as one)."""

    def __init__(self, batch_records: int) -> None:
        self._batch_records = batch_records
        self._entries: deque[tuple[tuple[Record, ...], OnDurable | None]] = deque()
        self._something, self._at_once = asyncio.Event(), asyncio.Event()
        self._is_closed = False
        self.waiting = 0

    def __len__(self) -> int:
        """How many entries wait."""
        return len(self._entries)

    def add(self, records: tuple[Record, ...], on_durable: OnDurable | None) -> None:
        """Put an entry at the end."""
        self._entries.append((records, on_durable))
        self.waiting += max(1, len(records))
        self._something.set()
        if self.waiting >= self._batch_records:
            self._at_once.set()

    def hurry(self) -> None:
        """Do not wait for a batch to fill or its time to come."""
        self._at_once.set()

    def close(self) -> None:
        """Nothing more will come: `is_due` waits no longer."""
        self._is_closed = True
        self._something.set()
        self._at_once.set()

    async def is_due(self, within_s: float) -> bool:
        """Wait until a batch is full, hurried or `within_s` old; False when closed and empty."""
        await self._something.wait()
        if not self._at_once.is_set():
            await heard(self._at_once, within_s)
        return bool(self._entries)

    def take(self) -> Batch:
        """The next batch: entries until it is full."""
        records: list[Record] = []
        callbacks: list[OnDurable] = []
        while self._entries and len(records) < self._batch_records:
            taken, on_durable = self._entries.popleft()
            self.waiting -= max(1, len(taken))
            records += taken
            if on_durable is not None:
                callbacks.append(on_durable)
        if not self._is_closed:
            self._settle()
        return Batch(tuple(records), tuple(callbacks))

    def _settle(self) -> None:
        if not self._entries:
            self._something.clear()
        if self.waiting < self._batch_records:
            self._at_once.clear()


async def heard(event: asyncio.Event, within_s: float) -> bool:
    """Whether the event was set before the time was over."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
