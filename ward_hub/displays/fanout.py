"""From the bus to the viewers: what changed, made once, given to everybody who may see it.

A *viewer* is one open stream. Viewers of the same unit or stay form an *audience*. What happens on
the ward is noted with the audience at once and handed to its viewers when the flush interval is
over; each viewer then takes its own bytes whenever its connection can carry them. So a slow reader
costs nobody else anything, and each queue has its own policy:

- beds: a set of names; the view is made when it is taken, so the newest always wins;
- waveforms: a bounded queue that drops the oldest;
- alarm events: never dropped. A viewer whose queue is full is cut off; it comes back to a snapshot.

Nothing is lost between a snapshot and the patches after it: a viewer listens from the moment it
exists, and takes snapshot and dirty beds in one step on the event loop's own thread.

This module must never hand out a bed without checking the viewer's right to it at that moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from ward_hub.bus import Bus
from ward_hub.clock import Clock
from ward_hub.core.events import AlarmHappened, BedChanged, SystemChanged, WardChanged, WavesArrived
from ward_hub.core.ids import AlarmId, BedId, UnitId
from ward_hub.displays.deps import LiveWard
from ward_hub.displays.pictures import Pictures
from ward_hub.displays.viewers import Audience, Group, Limits, Viewer
from ward_hub.displays.wire import (
    encode,
    frame,
    time_text,
    waves_frame,
)


class Fanout:
    """The audiences of one hub.

    `later` runs a function after some seconds (`loop.call_later`); a test passes its own and
    calls `flush()`.
    """

    def __init__(
        self,
        live: LiveWard,
        clock: Clock,
        version: str,
        limits: Limits,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        self._live = live
        self._clock = clock
        self._limits = limits
        self._later = later or _call_later
        self._units: dict[UnitId, dict[Audience, Group]] = {}
        self._pictures = Pictures(live, version)
        self._flush_waits = False
        self._closing = False

    # -- what happens on the ward --------------------------------------------------------------

    def listen(self, bus: Bus) -> Callable[[], None]:
        """Hear the ward; returns how to stop that."""
        stops = (
            bus.listen(BedChanged, self._on_bed),
            bus.listen(AlarmHappened, self._on_alarm),
            bus.listen(WavesArrived, self._on_waves),
            bus.listen(WardChanged, self._on_ward),
            bus.listen(SystemChanged, self._on_system),
        )

        def stop() -> None:
            for each in stops:
                each()

        return stop

    def _on_bed(self, event: BedChanged) -> None:
        self._pictures.forget(event.bed)
        for _, group in self._audiences_for(event.unit, event.bed):
            group.changed.add(event.bed)
        self._flush_soon()

    def _on_waves(self, event: WavesArrived) -> None:
        """A block from before the bed changed hands is shown to nobody as the one there now."""
        ward = self._live.ward()
        stay = ward.stay_on(event.bed, event.at)
        if stay != ward.stay_on(event.bed, self._clock.now()):
            return
        document = b""
        for audience, group in self._audiences_for(event.unit, event.bed):
            if audience.stay in {None, stay.id if stay else None}:
                document = document or waves_frame(event.bed, event.at, event.document)
                group.waves.append(document)
        if document:
            self._flush_soon()

    def _on_alarm(self, event: AlarmHappened) -> None:
        self._pictures.forget(event.bed)
        view = self._live.alarm(AlarmId(event.alarm))
        heads = {"at": time_text(event.at), "event": event.what, "alarm": view}
        document = frame(b"alarm", encode(heads)) if view is not None else b""
        for audience, group in self._audiences_for(event.unit, event.bed):
            group.changed.add(event.bed)
            group.flush()
            if view is None or view.unit != audience.unit:
                continue
            if audience.stay in {None, view.stay}:
                group.announce(document)

    def _on_ward(self, _event: WardChanged) -> None:
        """Who lies where is different: everybody starts again from a snapshot."""
        self._pictures.forget_all()
        for group in self._groups():
            group.changed.clear()
            group.waves.clear()
            for viewer, wake in group.viewers.items():
                viewer.fresh = False
                viewer.waves.clear()
                wake.set()

    def _on_system(self, _event: SystemChanged) -> None:
        self._pictures.forget_all()
        self.beat()

    def _audiences_for(self, unit: UnitId, bed: BedId) -> Iterator[tuple[Audience, Group]]:
        groups = self._units.get(unit, {})
        return ((a, group) for a, group in groups.items() if a.includes(unit, bed))

    def _groups(self) -> Iterator[Group]:
        return (group for groups in self._units.values() for group in groups.values())

    # -- when viewers are told -----------------------------------------------------------------

    def _flush_soon(self) -> None:
        if not self._flush_waits:
            self._flush_waits = True
            self._later(self._limits.flush_s, self.flush)

    def flush(self) -> None:
        """Hand every audience what has happened since the last flush."""
        self._flush_waits = False
        for group in self._groups():
            group.flush()

    def beat(self) -> None:
        """Tell every viewer that the hub lives, and how recording and the broker are."""
        document = {"at": time_text(self._clock.now()), **self._live.system()}
        self._to_all(frame(b"beat", encode(document)))

    def recheck(self) -> None:
        """Wake every viewer so that one whose rights are gone ends now."""
        self._to_all(b"")

    def _to_all(self, beat: bytes) -> None:
        for group in self._groups():
            for viewer, wake in group.viewers.items():
                viewer.beat = beat or viewer.beat
                wake.set()

    def close(self) -> None:
        """The hub stops: end every stream, and every one that still comes."""
        self._closing = True
        for group in self._groups():
            for viewer, wake in group.viewers.items():
                viewer.end("closing")
                wake.set()

    # -- viewers -------------------------------------------------------------------------------

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return sum(len(group.viewers) for group in self._groups())

    def join(self, audience: Audience, may: Callable[[], bool]) -> tuple[Viewer, asyncio.Event]:
        """A new viewer that listens from now on, and the event that wakes it.

        `may` answers whether the viewer may (still) see its audience; it is asked whenever bytes
        are about to leave.
        """
        beds = 1 if audience.bed else len(self._live.ward().beds_of(audience.unit))
        viewer, wake = Viewer(audience, may, self._limits, beds), asyncio.Event()
        group = self._units.setdefault(audience.unit, {}).setdefault(audience, Group())
        group.viewers[viewer] = wake
        wake.set()
        if self._closing:
            viewer.end("closing")
        return viewer, wake

    def leave(self, viewer: Viewer) -> None:
        """The stream is over."""
        groups = self._units[viewer.audience.unit]
        group = groups[viewer.audience]
        group.viewers.pop(viewer, None)
        if not group.viewers:
            del groups[viewer.audience]

    def take(self, viewer: Viewer) -> bytes | None:
        """Everything this viewer should be sent now; b"" for nothing, None when it has ended."""
        if not viewer.ended and not viewer.may():
            viewer.end("rights")
        picture = b"" if viewer.ended else self._picture_for(viewer)
        if viewer.ended:
            return None
        taken = b"".join((picture, *viewer.alarms, *viewer.waves, viewer.beat))
        viewer.alarms.clear()
        viewer.waves.clear()
        viewer.beat = b""
        return taken

    def _picture_for(self, viewer: Viewer) -> bytes:
        now = self._clock.now()
        if not viewer.fresh:
            picture = self._pictures.snapshot(viewer.audience, now)
        elif viewer.dirty:
            picture = self._pictures.patch(viewer.audience, frozenset(viewer.dirty), now)
        else:
            return b""
        if not picture:
            viewer.end("stay over")
        viewer.fresh = True
        viewer.dirty.clear()
        return picture


def _call_later(delay_s: float, function: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay_s, function)
