"""The fan-out's promises: newest wins, oldest wave goes, no alarm is dropped, nothing is missed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.displays.ward import (
    BINH,
    DUNG,
    KHANH,
    NGOAI,
    NOI,
    START,
    MemoryWard,
    StillClock,
    raise_it,
)
from ward_hub.bus import Bus
from ward_hub.core.events import WavesArrived
from ward_hub.core.ids import BedId, DeviceId, StayId
from ward_hub.displays.fanout import Fanout
from ward_hub.displays.viewers import Audience, Limits, Viewer

NOI_STATION = Audience(NOI)


class Room:
    """A fan-out whose flush the test does by hand."""

    def __init__(self, **limits: Any) -> None:
        self.bus = Bus(raise_it)
        self.clock = StillClock()
        self.live = MemoryWard(self.bus)
        self.flushes: list[object] = []
        self.fanout = Fanout(
            self.live, self.clock, "1", Limits(**limits), lambda _, do: self.flushes.append(do)
        )
        self.fanout.listen(self.bus)

    def join(self, audience: Audience = NOI_STATION) -> Viewer:
        viewer, _ = self.fanout.join(audience, lambda: True)
        return viewer

    def wave(self, bed: BedId, number: int) -> None:
        unit = self.live.map.beds[bed].unit
        event = WavesArrived(unit, bed, DeviceId("mon-1"), START, b'{"n":%d}' % number)
        self.bus.publish(event)

    def take(self, viewer: Viewer) -> list[tuple[str, Any]]:
        taken = self.fanout.take(viewer)
        assert taken is not None
        return read(taken)


def read(taken: bytes) -> list[tuple[str, Any]]:
    blocks = [block.split(b"\n") for block in taken.split(b"\n\n") if block]
    return [(name[7:].decode(), json.loads(data[6:])) for name, data in blocks]


def test_of_many_changes_the_newest_is_sent_once() -> None:
    room = Room()
    viewer = room.join()
    room.take(viewer)
    for rate in range(60, 90):
        room.live.measure(DUNG, rate)
        room.fanout.flush()
    ((name, document),) = room.take(viewer)
    assert name == "patch"
    assert [bed["values"]["hr"]["v"] for bed in document["beds"]] == [89]
    assert room.take(viewer) == []


def test_of_too_many_waves_the_oldest_go() -> None:
    room = Room(waves_per_bed=2)
    viewer = room.join()
    room.take(viewer)
    for number in range(100):
        room.wave(DUNG, number)
        room.fanout.flush()
    kept = [document["w"]["n"] for _, document in room.take(viewer)]
    assert kept == list(range(84, 100))


def test_a_wave_of_the_patient_before_is_shown_to_nobody() -> None:
    room = Room()
    station = room.join()
    room.clock.advance(60)
    room.live.discharge(DUNG, room.clock.now())
    room.live.admit(40, DUNG, "Đinh Mới", room.clock.now())
    room.take(station)
    room.wave(DUNG, 1)
    room.wave(BINH, 2)
    room.fanout.flush()
    assert [document["w"]["n"] for _, document in room.take(station)] == [2]


def test_a_viewer_too_slow_for_alarms_is_cut_off_and_others_are_not() -> None:
    room = Room(alarms=3)
    slow, quick = room.join(), room.join()
    room.take(slow)
    heard = []
    for number in range(4):
        room.live.alarm_on(DUNG, number)
        heard += [d["alarm"]["id"] for name, d in room.take(quick) if name == "alarm"]
    assert heard == [f"{DUNG}:hr_high:{number}" for number in range(4)]
    assert room.fanout.take(slow) is None
    assert slow.ended == "too slow for alarms"
    again = room.join()
    ((name, document),) = room.take(again)
    assert name == "snapshot"
    assert len(document["beds"][0]["alarms"]) == 4


def test_every_alarm_event_comes_once_and_in_order() -> None:
    room = Room()
    viewer = room.join()
    for what in ("raised", "worse", "acknowledged", "ended"):
        room.live.alarm_on(DUNG, what=what)
    events = [document["event"] for name, document in room.take(viewer) if name == "alarm"]
    assert events == ["raised", "worse", "acknowledged", "ended"]


def test_a_view_is_encoded_once_for_all_viewers() -> None:
    room = Room()
    viewers = [room.join() for _ in range(50)]
    taken = {room.fanout.take(viewer) for viewer in viewers}
    assert len(taken) == 1
    assert room.live.views_made == 2
    room.live.measure(DUNG, 70)
    room.fanout.flush()
    assert len({room.fanout.take(viewer) for viewer in viewers}) == 1
    assert room.live.views_made == 3


def test_a_picture_grows_old_by_itself() -> None:
    room = Room()
    room.live.heart_rates[DUNG] = 70
    room.take(room.join())
    room.clock.advance(1)
    del room.live.heart_rates[DUNG]
    ((_, document),) = room.take(room.join())
    assert document["beds"][0]["live"] is False


def test_many_changes_ask_for_one_flush() -> None:
    room = Room()
    room.join()
    for rate in range(10):
        room.live.measure(DUNG, rate)
        room.wave(DUNG, rate)
    assert len(room.flushes) == 1


def test_a_viewer_that_left_is_told_nothing() -> None:
    room = Room()
    viewer = room.join()
    room.fanout.leave(viewer)
    room.live.measure(DUNG, 70)
    room.fanout.flush()
    assert not viewer.dirty
    assert room.fanout.viewers == 0


ACTIONS = st.one_of(
    st.tuples(st.just("measure"), st.sampled_from([DUNG, BINH, KHANH]), st.integers(0, 300)),
    st.tuples(st.just("alarm"), st.sampled_from([DUNG, BINH, KHANH]), st.integers(0, 5)),
    st.tuples(st.just("flush"), st.none(), st.none()),
    st.tuples(st.just("join"), st.sampled_from([Audience(NOI), Audience(NGOAI)]), st.none()),
    st.tuples(st.just("take"), st.none(), st.integers(0, 9)),
    st.tuples(st.just("move"), st.sampled_from([DUNG, BINH, KHANH]), st.integers(100, 120)),
    st.tuples(st.just("wait"), st.none(), st.integers(1, 3)),
)


class Page:
    """What a browser knows from what it was sent, and nothing else."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.beds: dict[str, Any] = {}
        self.heard: list[str] = []

    def read(self, events: list[tuple[str, Any]]) -> None:
        for name, document in events:
            if name == "snapshot":
                self.beds = {bed["bed"]: bed for bed in document["beds"]}
            elif name == "patch":
                assert self.beds, "a patch before the snapshot"
                self.beds |= {bed["bed"]: bed for bed in document["beds"]}
            elif name == "alarm":
                self.heard.append(document["alarm"]["id"])


@given(st.lists(ACTIONS, max_size=40))
def test_no_interleaving_loses_anything(actions: list[tuple[str, Any, Any]]) -> None:
    """After a last flush every page knows exactly what the ward is, and heard every alarm."""
    room = Room()
    pages: list[Page] = []
    announced: list[tuple[Page, str]] = []
    for n, (what, subject, number) in enumerate(actions):
        match what:
            case "measure":
                room.live.measure(subject, number)
            case "alarm":
                alarm = room.live.alarm_on(subject, n)
                unit = room.live.map.beds[subject].unit
                announced += [(p, alarm) for p in pages if p.viewer.audience.unit == unit]
            case "flush":
                room.fanout.flush()
            case "join":
                pages.append(Page(room.join(subject)))
            case "take" if pages:
                page = pages[number % len(pages)]
                page.read(room.take(page.viewer))
            case "move":
                room.live.discharge(subject, room.clock.now())
                room.live.admit(number, subject, "Đinh Mới", room.clock.now())
            case "wait":
                room.clock.advance(number)
    room.fanout.flush()
    for page in pages:
        page.read(room.take(page.viewer))
        assert {bed: told(view) for bed, view in page.beds.items()} == truth(room, page)
        expected = [alarm for each, alarm in announced if each is page]
        assert page.heard == expected


def told(view: Any) -> tuple[object, ...]:
    rate = view["values"].get("hr", {}).get("v")
    stay = view["stay"]["id"] if view["stay"] else None
    return rate, stay, [alarm["id"] for alarm in view["alarms"]]


def truth(room: Room, page: Page) -> dict[str, tuple[object, ...]]:
    now = room.clock.now()
    found: dict[str, tuple[object, ...]] = {}
    for bed in room.live.map.beds_of(page.viewer.audience.unit):
        stay = room.live.map.stay_on(bed.id, now)
        alarms = [alarm.id for alarm in room.live.alarms.values() if alarm.bed == bed.id]
        rate = room.live.heart_rates.get(bed.id)
        found[bed.id] = (rate, stay.id if stay else None, alarms)
    return found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["measure", "alarm", "wave", "next patient", "take"]),
            st.sampled_from([DUNG, BINH]),
        ),
        max_size=30,
    )
)
def test_a_stay_stream_never_carries_anyone_else(actions: list[tuple[str, BedId]]) -> None:
    room = Room()
    viewer = room.join(Audience(NOI, DUNG, StayId(11)))
    taken = [room.fanout.take(viewer) or b""]
    for n, (what, bed) in enumerate(actions):
        room.clock.advance(1)
        match what:
            case "measure":
                room.live.measure(bed, 60 + n)
            case "alarm":
                room.live.alarm_on(bed, n)
            case "wave":
                room.wave(bed, n)
            case "next patient":
                room.live.discharge(bed, room.clock.now())
                room.live.admit(100 + n, bed, "Đinh Mới", room.clock.now())
            case "take":
                room.fanout.flush()
                taken.append(room.fanout.take(viewer) or b"")
    sent = b"".join(taken)
    assert "Mới".encode() not in sent
    assert BINH.encode() not in sent
