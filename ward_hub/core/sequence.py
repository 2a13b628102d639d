"""Finding what never arrived: sequence numbers of one device and one kind of message.

A number that jumps leaves a gap; a number that comes back within a gap fills it; the same number
and time twice is a duplicate; a number that starts again with a newer time is a device that
restarted. The hub counts and shows every gap: a silence nobody explains is never drawn over.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

REMEMBERED: Final = 64
"""How many of the newest messages are known by (seq, t), to tell a duplicate from a restart."""

OPEN_GAPS: Final = 32
"""How many gaps of one device and kind may still be filled; older ones stay as they are."""


class Arrival(StrEnum):
    """What a sequence number says."""

    NEXT = "next"
    GAP = "gap"
    FILLS_GAP = "fills_gap"
    DUPLICATE = "duplicate"
    OLD = "old"
    RESTART = "restart"


@dataclass(slots=True)
class Gap:
    """Numbers that have not arrived. Shrinks as late ones come in."""

    first_seq: int
    last_seq: int
    missing: int
    from_at: datetime
    to_at: datetime


class SequenceTracker:
    """The numbers seen from one device and kind."""

    __slots__ = ("_filled", "_gaps", "_last", "_last_at", "_recent")

    def __init__(self, last_seq: int | None = None, last_at: datetime | None = None) -> None:
        self._last = last_seq
        self._last_at = last_at
        self._recent: OrderedDict[tuple[int, datetime], None] = OrderedDict()
        self._gaps: list[Gap] = []
        self._filled: set[int] = set()
        if last_seq is not None and last_at is not None:
            self._recent[last_seq, last_at] = None

    def observe(self, seq: int, at: datetime) -> tuple[Arrival, Gap | None]:
        """Take the next number in; returns what it means and the gap it opened or narrowed."""
        if (seq, at) in self._recent:
            return Arrival.DUPLICATE, None
        self._note(seq, at)
        last, last_at = self._last, self._last_at
        if last is None or last_at is None:
            return self._advance(seq, at, Arrival.NEXT)
        if seq == last + 1:
            return self._advance(seq, at, Arrival.NEXT)
        if seq > last:
            return self._open_gap(last, last_at, seq, at)
        filled = self._fill(seq, at)
        if filled is not None:
            return Arrival.FILLS_GAP, filled
        if at <= last_at:
            return Arrival.OLD, None
        self._gaps.clear()
        self._filled.clear()
        return self._advance(seq, at, Arrival.RESTART)

    def _note(self, seq: int, at: datetime) -> None:
        self._recent[seq, at] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _advance(self, seq: int, at: datetime, what: Arrival) -> tuple[Arrival, None]:
        self._last, self._last_at = seq, at
        return what, None

    def _open_gap(
        self, last: int, last_at: datetime, seq: int, at: datetime
    ) -> tuple[Arrival, Gap]:
        gap = Gap(last + 1, seq - 1, seq - last - 1, last_at, at)
        self._gaps.append(gap)
        del self._gaps[:-OPEN_GAPS]
        self._last, self._last_at = seq, at
        return Arrival.GAP, gap

    def _fill(self, seq: int, at: datetime) -> Gap | None:
        for gap in self._gaps:
            inside = gap.first_seq <= seq <= gap.last_seq and gap.from_at <= at <= gap.to_at
            if inside and seq not in self._filled:
                gap.missing -= 1
                self._filled.add(seq)
                self._forget_closed()
                return gap
        return None

    def _forget_closed(self) -> None:
        closed = [gap for gap in self._gaps if gap.missing == 0]
        for gap in closed:
            self._filled.difference_update(range(gap.first_seq, gap.last_seq + 1))
        self._gaps = [gap for gap in self._gaps if gap.missing > 0]
