"""Counting what was refused: by device and reason, with the newest first bytes, in bounded memory.

A sender of rubbish costs one counter and nothing else. Counts are written down every few seconds,
not message by message, so ten thousand bad messages are a handful of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ward_hub.core.records import RejectRecord
from ward_hub.core.sample import Rejected, RejectReason
from ward_hub.mqtt import Delivery

FIRST_BYTES: Final = 96
"""How much of a refused message is kept, to show an engineer what the device sends."""

MOST_SENDERS: Final = 500
"""How many different senders are told apart between two write-downs; the rest count together."""

MANY_SENDERS: Final = "(many)"
"""Stands for every sender beyond the bound."""


@dataclass(slots=True)
class _Count:
    count: int
    at: datetime
    topic: str
    detail: str
    first_bytes: bytes


class RejectCounter:
    """Refusals since the last write-down, and totals by reason since the start."""

    def __init__(self) -> None:
        self.totals: dict[RejectReason, int] = dict.fromkeys(RejectReason, 0)
        self._counts: dict[tuple[str, RejectReason], _Count] = {}

    def count(self, sender: str, rejected: Rejected, delivery: Delivery) -> None:
        """Count one refusal and keep what it looked like."""
        self.totals[rejected.reason] += 1
        key = (sender, rejected.reason)
        if key not in self._counts and len(self._counts) >= MOST_SENDERS:
            key = (MANY_SENDERS, rejected.reason)
        known = self._counts.get(key)
        self._counts[key] = _Count(
            (known.count if known else 0) + 1,
            delivery.received_at,
            delivery.topic[:200],
            rejected.detail,
            delivery.payload[:FIRST_BYTES],
        )

    def take(self) -> list[RejectRecord]:
        """What was refused since the last call, as records to write down."""
        counts, self._counts = self._counts, {}
        return [
            RejectRecord(
                device=sender,
                reason=reason,
                count=held.count,
                at=held.at,
                topic=held.topic,
                detail=held.detail,
                first_bytes=held.first_bytes,
            )
            for (sender, reason), held in counts.items()
        ]
