"""Faults on request: messages dropped, doubled, delayed or out of order, and the connection cut.
Seeded.

Decides what happens to a message; whoever sends it carries that out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from device_sim.payload import Message


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Probabilities from 0 to 1; mean delay and interval between cuts in seconds (0 is never)."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay_mean_s: float = 0.0
    reorder: float = 0.0
    clock_off_s: float = 0.0
    cut_every_s: float = 0.0

    @property
    def touches_messages(self) -> bool:
        """Whether any fault concerns messages rather than the connection or clock."""
        return bool(self.drop or self.duplicate or self.delay_mean_s or self.reorder)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and how long to hold it."""

    message: Message
    delay_s: float = 0.0


class FaultInjector:
    """Applies a plan to one device's messages."""

    def __init__(self, plan: FaultPlan, rng: random.Random) -> None:
        self._plan = plan
        self._rng = rng
        self._held: list[Message] = []
        self.dropped = 0
        self.duplicated = 0
        self.reordered = 0

    def apply(self, message: Message) -> list[Delivery]:
        """What to send, and when, now that `message` is due; a held one follows the next."""
        if not self._plan.touches_messages:
            return [Delivery(message)]
        if self._happens(self._plan.drop):
            self.dropped += 1
            return []
        if not self._held and self._happens(self._plan.reorder):
            self.reordered += 1
            self._held.append(message)
            return []
        due = [message, *self._held]
        self._held.clear()
        if self._happens(self._plan.duplicate):
            self.duplicated += 1
            due.insert(0, message)
        return [Delivery(one, self._delay_s()) for one in due]

    def release(self) -> list[Message]:
        """Messages still held back, for the end."""
        held, self._held = self._held, []
        return held

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability

    def _delay_s(self) -> float:
        mean_s = self._plan.delay_mean_s
        return self._rng.expovariate(1 / mean_s) if mean_s else 0.0
