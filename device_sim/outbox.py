"""What a device still owes the broker: messages not yet acknowledged, and samples kept while it
was cut off.

Bounded: samples older than the device's memory are given up (their sequence numbers then show as
a gap, as on a real monitor); of waveform blocks only those in flight are kept.
"""

from __future__ import annotations

from collections import deque

from device_sim.payload import Kind, Message, batches
from device_sim.tally import Tally

WAVES_KEPT = 16


class Outbox:
    """Store-and-forward memory of one device."""

    def __init__(self, sample_limit: int, tally: Tally) -> None:
        self._limit = max(1, sample_limit)
        self._tally = tally
        self._in_flight: dict[int, Message] = {}
        self._samples: deque[bytes] = deque()
        self._again: deque[Message] = deque()

    @property
    def outstanding(self) -> int:
        """Messages sent and not acknowledged."""
        return len(self._in_flight)

    @property
    def stored(self) -> int:
        """Samples kept for later."""
        return len(self._samples)

    def sent(self, mid: int, message: Message) -> None:
        """Remember a message handed to the connection."""
        self._in_flight[mid] = message

    def acknowledged(self, mid: int) -> Message | None:
        """The broker has it: forget and return it."""
        return self._in_flight.pop(mid, None)

    def keep(self, message: Message) -> None:
        """Keep what could not be sent, as far as this kind of message is kept."""
        if message.parts:
            self._samples.extend(message.parts)
            self._trim()
        elif message.kind is Kind.WAVES:
            self._tally.kinds[Kind.WAVES].lost += 1

    def connection_ended(self) -> None:
        """Take back what was in flight, older things first."""
        unacknowledged = list(self._in_flight.values())
        self._in_flight.clear()
        parts = [part for message in unacknowledged for part in message.parts]
        self._samples.extendleft(reversed(parts))
        self._trim()
        waves = [message for message in unacknowledged if message.kind is Kind.WAVES]
        self._again.extend(waves[-WAVES_KEPT:])
        self._tally.kinds[Kind.WAVES].lost += max(0, len(waves) - WAVES_KEPT)

    def take(self) -> list[Message]:
        """Everything kept, ready to send again."""
        messages = [*batches(tuple(self._samples)), *self._again]
        self._samples.clear()
        self._again.clear()
        return messages

    def forget(self) -> None:
        """Switched off: memory is lost."""
        self._tally.kinds[Kind.VITALS].lost += len(self._samples)
        self._tally.kinds[Kind.WAVES].lost += len(self._again)
        self._samples.clear()
        self._again.clear()

    def _trim(self) -> None:
        while len(self._samples) > self._limit:
            self._samples.popleft()
            self._tally.kinds[Kind.VITALS].lost += 1
