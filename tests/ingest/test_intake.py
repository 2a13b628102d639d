"""The live path: whose data it is, what is written down, and when the broker is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.timeline import moment
from tests.ingest.live import Live, monitor, stay
from ward_hub.core.events import WardChanged
from ward_hub.core.ids import BedId
from ward_hub.core.records import AlarmRecord, GapRecord, LinkRecord, RejectRecord, VitalRecord
from ward_hub.core.sample import RejectReason
from ward_hub.core.ward import Assignment, Device


@pytest.fixture
def live() -> Live:
    return Live("01", "02")


def test_a_sample_is_recorded_with_its_time_its_stay_and_its_device(live: Live) -> None:
    live.vitals("01", 0, 5, hr=76)
    (record,) = live.written.of(VitalRecord)
    assert (record.device, record.stay, record.at) == (monitor("01"), 1, moment(5))
    assert record.values == {"hr": 76}


def test_the_broker_is_told_only_when_it_is_on_disk(live: Live) -> None:
    number = live.vitals("01", 0, 5, hr=76)
    assert live.acknowledged == []
    live.written.commit()
    assert live.acknowledged == [number]


def test_refused_messages_are_acknowledged_too_or_they_would_come_for_ever(live: Live) -> None:
    number = live.send("ward/v1/mon-01/vitals", b"rubbish", 5)
    live.written.commit()
    assert live.acknowledged == [number]


def test_an_alarm_is_written_before_the_message_that_raised_it(live: Live) -> None:
    for second in range(20):
        live.vitals("01", second, second, spo2=84)
    kinds = [type(record).__name__ for record in live.written.records]
    raised = kinds.index("AlarmRecord")
    assert kinds[raised + 1] == "VitalRecord"
    assert live.written.of(VitalRecord)[15].at == moment(15)


def test_a_sample_belongs_to_the_stay_that_was_there_at_its_time(live: Live) -> None:
    """The first patient left at second 30; a message of second 29 comes at 33."""
    bed = BedId("01")
    left = replace(stay(1, bed), discharged_at=moment(30))
    live.ward = replace(live.ward, stays={bed: (stay(9, bed, moment(31)), left)})
    for seq, at in enumerate((29.0, 30.5, 32.0)):
        live.vitals("01", seq, 33 + seq / 10, at=at, hr=70 + seq)
    assert [record.stay for record in live.written.of(VitalRecord)] == [1, None, 9]


def test_late_numbers_of_the_former_patient_never_show_for_the_next(live: Live) -> None:
    bed = BedId("01")
    left = replace(stay(1, bed), discharged_at=moment(30))
    live.ward = replace(live.ward, stays={bed: (stay(9, bed, moment(31)), left)})
    live.watch.follow_ward(moment(32))
    live.vitals("01", 0, 33, at=29, hr=44)
    view = live.watch.bed_view(bed, moment(33))
    assert view is not None
    assert view.values == {}
    assert view.stay is not None
    assert view.stay.id == 9


def test_a_monitor_that_moved_shows_at_its_new_bed_only(live: Live) -> None:
    live.vitals("01", 0, 5, hr=76)
    moved = (
        Assignment(monitor("01"), BedId("02"), moment(10)),
        Assignment(monitor("01"), BedId("01"), moment(-100), moment(10)),
    )
    ward = live.ward
    del ward.assignments[monitor("02")]
    live.ward = replace(ward, assignments={**ward.assignments, monitor("01"): moved})
    live.watch.follow_ward(moment(10))
    live.vitals("01", 1, 11, hr=77)
    old, new = (live.watch.bed_view(BedId(bed), moment(11)) for bed in ("01", "02"))
    assert old is not None
    assert new is not None
    assert old.values == {}
    assert new.values["hr"].v == 77


def test_discharge_ends_the_patients_alarms(live: Live) -> None:
    for second in range(20):
        live.vitals("01", second, second, spo2=84)
    bed = BedId("01")
    live.ward = replace(live.ward, stays={bed: (replace(stay(1, bed), discharged_at=moment(20)),)})
    live.watch.follow_ward(moment(20))
    last = live.written.of(AlarmRecord)[-1]
    assert (last.event, last.stay) == ("ended", 1)
    view = live.watch.bed_view(bed, moment(20))
    assert view is not None
    assert (view.alarms, view.values, view.stay) == ([], {}, None)


def test_a_gap_is_counted_recorded_and_narrowed_when_it_fills(live: Live) -> None:
    for seq in (0, 1, 5, 3):
        live.vitals("01", seq, 10 + seq, at=float(seq + 9), hr=76)
    gaps = live.written.of(GapRecord)
    assert [(gap.first_seq, gap.last_seq, gap.missing) for gap in gaps] == [(2, 4, 3), (2, 4, 2)]
    assert live.intake.tracks[monitor("01")].missing == 3


def test_the_same_message_twice_is_recorded_once(live: Live) -> None:
    for _ in range(2):
        live.vitals("01", 7, 5, at=5, hr=76)
    assert len(live.written.of(VitalRecord)) == 1
    live.written.commit()
    assert len(live.acknowledged) == 2, "the broker must be told of both"


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("ward/v1/mon-01/nonsense", RejectReason.UNKNOWN_TOPIC),
        ("ward/v2/mon-01/vitals", RejectReason.UNKNOWN_TOPIC),
        ("ward/v1/vitals", RejectReason.UNKNOWN_TOPIC),
        ("", RejectReason.UNKNOWN_TOPIC),
        ("ward/v1/Mon_01/vitals", RejectReason.BAD_DEVICE_ID),
        ("ward/v1/mon-99/vitals", RejectReason.UNKNOWN_DEVICE),
    ],
)
def test_what_comes_from_nowhere_is_refused_with_its_reason(
    live: Live, topic: str, reason: RejectReason
) -> None:
    live.send(topic, b"{}", 5)
    live.intake.sweep(moment(6))
    (record,) = live.written.of(RejectRecord)
    assert (record.reason, record.topic, record.first_bytes) == (reason, topic, b"{}")


def test_a_suspended_device_is_refused(live: Live) -> None:
    live.ward.devices[monitor("01")] = Device(monitor("01"), "monitor", suspended=True)
    live.vitals("01", 0, 5, hr=76)
    assert live.intake.rejects.totals[RejectReason.SUSPENDED_DEVICE] == 1
    assert live.written.of(VitalRecord) == []


def test_rubbish_from_one_monitor_costs_the_next_nothing(live: Live) -> None:
    for number in range(500):
        live.send("ward/v1/mon-01/vitals", b"%d rubbish" % number, 5)
    live.vitals("02", 0, 5, hr=76)
    live.intake.sweep(moment(6))
    (record,) = live.written.of(RejectRecord)
    assert (record.count, record.first_bytes) == (500, b"499 rubbish")
    assert len(live.written.of(VitalRecord)) == 1


def test_a_device_is_online_then_silent_then_online_again(live: Live) -> None:
    live.vitals("01", 0, 5, hr=76)
    live.intake.sweep(moment(14))
    live.intake.sweep(moment(16))
    live.intake.sweep(moment(21))
    live.vitals("01", 1, 30, hr=76)
    assert [link.state for link in live.written.of(LinkRecord)] == ["online", "silent", "online"]


def test_other_systems_are_told_of_every_alarm_without_a_name(live: Live) -> None:
    for second in range(20):
        live.vitals("01", second, second, spo2=84)
    (unit, notice) = live.notices[0]
    assert (unit, notice["event"], notice["rule"], notice["bed"]) == (
        "noi-3",
        "raised",
        "spo2_low",
        "01",
    )
    assert "Nguyễn" not in str(live.notices)


async def test_acknowledging_returns_when_it_is_on_disk_and_says_who(live: Live) -> None:
    for second in range(20):
        live.vitals("01", second, second, spo2=84)
    view = live.watch.bed_view(BedId("01"), moment(20))
    assert view is not None
    (alarm,) = view.alarms
    outcome = await live.watch.acknowledge(live.watch.open_alarms()[0][1].id, "7", moment(20))
    assert getattr(outcome, "by", None) == "Trần Thị Hoa"
    assert live.written.of(AlarmRecord)[-1].by == "7"
    assert live.acknowledged, "everything before it is on disk as well"
    again = await live.watch.acknowledge(live.watch.open_alarms()[0][1].id, "7", moment(21))
    assert getattr(again, "state", None) == "acknowledged"
    assert alarm.state == "active"


def test_a_change_of_the_ward_reaches_the_watch_over_the_bus(live: Live) -> None:
    live.vitals("01", 0, 0, hr=76)
    bed = BedId("01")
    live.ward = replace(live.ward, stays={bed: (stay(9, bed),)})
    live.bus.publish(WardChanged())
    view = live.watch.bed_view(bed, moment(1))
    assert view is not None
    assert view.values == {}
    assert live.failures == []


@given(st.binary(max_size=200), st.text(max_size=60))
def test_nothing_a_device_sends_raises(payload: bytes, tail: str) -> None:
    live = Live("01")
    for topic in (f"ward/v1/mon-01/{tail}", "ward/v1/mon-01/vitals", "ward/v1/mon-01/alarms", tail):
        live.send(topic, payload, 5)
    live.intake.sweep(moment(6))
    assert live.failures == []
