"""Pictures of the ward as bytes, each made once and shared by everybody who may have it.

A picture is asked for by an audience, and only beds that are that audience's to see go into it.
What is kept is forgotten when its bed changes, and after a second in any case: freshness ages by
itself, and a picture must never be older than it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ward_hub.core.ids import BedId
from ward_hub.core.station_view import BedView
from ward_hub.displays.deps import LiveWard
from ward_hub.displays.viewers import Audience
from ward_hub.displays.wire import encode, patch_frame, snapshot_frame, time_text

_KEEPS: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One bed's view as bytes, with what decides who may have it."""

    document: bytes
    unit: str
    stay: int | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """An event made for one audience."""

    event: bytes
    made_at: datetime


class Pictures:
    """The encoded views, patches and snapshots of one hub."""

    def __init__(self, live: LiveWard, version: str) -> None:
        self._live = live
        self._version = version
        self._encoded: dict[BedId, _Encoded | None] = {}
        self._patches: dict[tuple[Audience, frozenset[BedId]], _Kept] = {}
        self._snapshots: dict[Audience, _Kept] = {}

    def forget(self, bed: BedId) -> None:
        """This bed has changed."""
        self._encoded.pop(bed, None)
        self._patches.clear()
        self._snapshots.clear()

    def forget_all(self) -> None:
        """Who lies where has changed, or the state of the hub."""
        self._encoded.clear()
        self._patches.clear()
        self._snapshots.clear()

    def patch(self, audience: Audience, beds: frozenset[BedId], now: datetime) -> bytes:
        """The event that brings these beds up to date; b"" when the audience's stay is over."""
        kept = self._patches.get((audience, beds))
        if kept is None or now - kept.made_at >= _KEEPS:
            kept = _Kept(self._make_patch(audience, beds, now), now)
            self._patches[audience, beds] = kept
        return kept.event

    def _make_patch(self, audience: Audience, beds: frozenset[BedId], now: datetime) -> bytes:
        shown = self._shown(audience, sorted(beds), now)
        return patch_frame(now, shown) if shown or audience.stay is None else b""

    def snapshot(self, audience: Audience, now: datetime) -> bytes:
        """The event with everything; b"" when there is no such unit or the stay is over."""
        kept = self._snapshots.get(audience)
        if kept is None or now - kept.made_at >= _KEEPS:
            kept = self._snapshots[audience] = _Kept(self._make_snapshot(audience, now), now)
        return kept.event

    def _make_snapshot(self, audience: Audience, now: datetime) -> bytes:
        ward = self._live.ward()
        unit = ward.units.get(audience.unit)
        beds = [audience.bed] if audience.bed else [bed.id for bed in ward.beds_of(audience.unit)]
        shown = self._shown(audience, beds, now)
        if unit is None or (audience.stay is not None and not shown):
            return b""
        head = {
            "at": time_text(now),
            "version": self._version,
            "unit": {"id": unit.id, "name": unit.name},
            **self._live.system(),
        }
        return snapshot_frame(head, shown)

    def _shown(self, audience: Audience, beds: list[BedId], now: datetime) -> list[bytes]:
        """The encoded views of those beds that are this audience's to see."""
        made = (self._encode(bed, now) for bed in beds)
        return [
            each.document
            for each in made
            if each is not None
            and each.unit == audience.unit
            and audience.stay in {None, each.stay}
        ]

    def _encode(self, bed: BedId, now: datetime) -> _Encoded | None:
        held = self._encoded.get(bed)
        if held is None or now - held.made_at >= _KEEPS:
            held = self._encoded[bed] = _encoded(self._live.bed_view(bed, now), now)
        return held


def _encoded(view: BedView | None, now: datetime) -> _Encoded | None:
    if view is None:
        return None
    return _Encoded(encode(view), view.unit, view.stay.id if view.stay else None, now)
