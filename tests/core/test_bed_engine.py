"""Timelines of one bed: what a nurse sees, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.timeline import Timeline, moment
from ward_hub.core.rules import ADULT_LIMITS, Priority
from ward_hub.core.sample import Quality

WELL = {"hr": 76.0, "pr": 76.0, "spo2": 97.0, "rr": 16.0}


@pytest.fixture
def bed() -> Timeline:
    timeline = Timeline()
    timeline.at(0, **WELL)
    return timeline


def test_a_well_patient_has_no_alarm(bed: Timeline) -> None:
    bed.until(120)
    assert bed.shown() == []
    assert bed.happened == []


def test_spo2_84_at_30_s_is_shown_between_45_and_47_s(bed: Timeline) -> None:
    bed.at(30, spo2=84)
    bed.until(44.75)
    assert bed.shown() == []
    bed.until(45)
    assert bed.shown() == ["spo2_low active medium"]


def test_a_dip_shorter_than_the_delay_raises_nothing(bed: Timeline) -> None:
    bed.at(30, spo2=84)
    bed.at(44, spo2=95)
    bed.until(120)
    assert bed.happened == []


def test_passing_the_high_limit_makes_the_same_alarm_worse(bed: Timeline) -> None:
    bed.at(30, spo2=84)
    bed.at(60, spo2=78)
    bed.until(70)
    assert bed.shown() == ["spo2_low active high"]
    assert bed.story("spo2_low") == ["raised", "worse"]
    assert len({h.alarm.id for h in bed.happened}) == 1


def test_priority_falls_again_by_itself(bed: Timeline) -> None:
    bed.at(30, spo2=78)
    bed.until(50)
    bed.at(60, spo2=86)
    assert bed.shown() == ["spo2_low active medium"]
    assert bed.story("spo2_low")[-1] == "eased"


def test_a_medium_alarm_ends_by_itself_and_a_high_one_latches(bed: Timeline) -> None:
    bed.at(10, rr=33)
    bed.until(30)
    bed.at(40, rr=18)
    assert bed.shown() == []
    bed.at(50, rr=40)
    bed.until(70)
    bed.at(80, rr=18)
    assert bed.shown() == ["rr_high latched high"]
    assert bed.acknowledge()
    assert bed.shown() == []
    assert bed.story("rr_high")[-2:] == ["latched", "reset"]


def test_values_inside_the_hysteresis_do_not_flap(bed: Timeline) -> None:
    bed.at(30, spo2=87)
    bed.until(50)
    for second in range(50, 90, 2):
        bed.at(second, spo2=89 if second % 4 else 87)
    assert bed.story("spo2_low") == ["raised"]
    bed.at(90, spo2=90)
    assert bed.story("spo2_low") == ["raised", "ended"]


def test_the_words_of_an_alarm_are_true(bed: Timeline) -> None:
    """A value that is back inside but within the hysteresis is not told as beyond the limit."""
    bed.at(10, rr=5)
    bed.until(30)
    bed.at(31, rr=9)
    (alarm,) = bed.engine.open_alarms()
    assert (alarm.value, alarm.worst) == (5, 5)
    bed.at(40, rr=16)
    (latched,) = bed.engine.open_alarms()
    assert (latched.state, latched.value, latched.limit) == ("latched", 5, 7)


def test_zero_is_a_value(bed: Timeline) -> None:
    bed.at(30, rr=0)
    bed.until(40)
    assert bed.shown() == ["rr_low active high"]


def test_the_alarm_agrees_with_the_number_on_the_screen(bed: Timeline) -> None:
    bed.at(30, spo2=87.6)
    bed.until(60)
    assert bed.shown() == [], "87.6 is shown as 88, and 88 is not below 88"


def test_acknowledged_alarm_comes_back_when_the_condition_persists(bed: Timeline) -> None:
    bed.at(10, spo2=84)
    bed.until(30)
    assert bed.acknowledge()
    assert bed.shown() == ["spo2_low acknowledged medium"]
    bed.until(30 + 599)
    assert bed.shown() == ["spo2_low acknowledged medium"]
    bed.until(30 + 600)
    assert bed.shown() == ["spo2_low active medium"]
    assert bed.story("spo2_low")[-1] == "returned"


def test_acknowledged_alarm_comes_back_when_it_gets_worse(bed: Timeline) -> None:
    bed.at(10, spo2=84)
    bed.until(30)
    bed.acknowledge()
    bed.at(40, spo2=75)
    bed.until(50)
    assert bed.shown() == ["spo2_low active high"]


def test_a_second_condition_is_not_acknowledged_with_the_first(bed: Timeline) -> None:
    bed.at(10, spo2=84)
    bed.until(30)
    bed.acknowledge()
    bed.at(31, hr=140)
    bed.until(45)
    assert bed.shown() == ["hr_high active medium", "spo2_low acknowledged medium"]


def test_acknowledging_a_lost_monitor_leaves_the_patients_alarm_unseen(bed: Timeline) -> None:
    bed.at(10, hr=140)
    bed.until(30)
    bed.until(60, sending=False)
    assert sorted(bed.shown()) == ["hr_high active medium", "no_data active medium"]
    no_data = next(a for a in bed.engine.open_alarms() if a.rule == "no_data")
    bed.engine.acknowledge(no_data.id, "7", moment(bed.second))
    assert "hr_high active medium" in bed.shown()


def test_a_lost_signal_is_not_the_end_of_an_alarm(bed: Timeline) -> None:
    bed.at(10, spo2=84)
    bed.until(30)
    bed.quality(spo2=Quality.SENSOR_OFF)
    bed.at(31, spo2=None)
    bed.until(60)
    assert "spo2_low active medium" in bed.shown()
    assert "sensor_off active low" in bed.shown()


def test_a_condition_present_when_the_signal_went_still_calls(bed: Timeline) -> None:
    bed.at(30, spo2=84)
    bed.until(32)
    bed.until(46, sending=False)
    assert "spo2_low active medium" in bed.shown()


def test_a_silent_monitor_is_an_alarm_after_10_s_and_its_numbers_are_gone(bed: Timeline) -> None:
    bed.until(30)
    bed.until(40, sending=False)
    assert bed.shown() == []
    bed.until(40.5, sending=False)
    assert bed.shown() == ["no_data active medium"]
    assert not bed.engine.bedside.is_live(moment(bed.second))
    bed.until(42)
    assert bed.shown() == []


def test_a_hub_that_just_started_waits_for_the_brokers_backlog_before_it_says_no_data() -> None:
    bed = Timeline()
    bed.engine.bedside.vitals_at = moment(-30)
    bed.until(15, sending=False)
    assert bed.shown() == []
    bed.until(15.25, sending=False)
    assert bed.shown() == ["no_data active medium"]


def test_a_lost_monitor_matters_more_when_the_patient_is_in_danger(bed: Timeline) -> None:
    bed.at(10, spo2=70)
    bed.until(30)
    bed.until(45, sending=False)
    assert "no_data active high" in bed.shown()


def test_offline_latches_until_a_person_has_seen_it(bed: Timeline) -> None:
    bed.until(20)
    bed.status(online=False)
    assert bed.shown() == ["device_offline active medium"]
    bed.until(40, sending=False)
    assert bed.shown() == ["device_offline active medium"], "one alarm, not two"
    bed.status(online=True)
    bed.until(45)
    assert bed.shown() == ["device_offline latched medium"]


def test_leads_off_moves_heart_rate_to_the_pulse(bed: Timeline) -> None:
    bed.quality(hr=Quality.LEADS_OFF, rr=Quality.LEADS_OFF)
    bed.at(10, hr=None, rr=None, pr=140)
    bed.until(25)
    assert "hr_high active medium" in bed.shown()
    assert "leads_off active medium" in bed.shown()


def test_the_monitors_own_alarm_is_shown_at_once_and_gone_with_it(bed: Timeline) -> None:
    bed.until(10)
    bed.conditions("asystole")
    assert bed.shown() == ["monitor:asystole active high"]
    bed.until(12)
    bed.conditions()
    assert bed.shown() == ["monitor:asystole latched high"]


def test_low_battery_is_low_then_medium(bed: Timeline) -> None:
    bed.status(online=True, battery_percent=18)
    assert bed.shown() == ["battery_low active low"]
    bed.status(online=True, battery_percent=9)
    assert bed.shown() == ["battery_low active medium"]


def test_late_data_sounds_no_alarm_and_is_recorded_as_past(bed: Timeline) -> None:
    bed.until(120, sending=False)
    before = len(bed.happened)
    for second in range(20, 60):
        bed.late(second, spo2=80)
    for second in range(60, 80):
        bed.late(second, spo2=97)
    assert [h for h in bed.happened[before:] if h.alarm.rule == "spo2_low"] == []
    assert [h.what.value for h in bed.past] == ["raised", "latched"]
    assert all(h.at < moment(80) for h in bed.past)


def test_a_condition_that_went_on_through_late_data_calls_with_the_first_live_sample(
    bed: Timeline,
) -> None:
    bed.until(100, sending=False)
    for second in range(20, 85):
        bed.late(second, spo2=84)
    assert "spo2_low active medium" not in bed.shown()
    bed.at(100, spo2=84)
    assert "spo2_low active medium" in bed.shown()


def test_late_data_never_replaces_the_present(bed: Timeline) -> None:
    bed.at(60, spo2=97)
    bed.late(20, spo2=50)
    reading = bed.engine.bedside.readings["spo2"]
    assert reading.value == 97


def test_an_empty_bed_with_a_monitor_alarms_for_a_patient_but_not_for_equipment() -> None:
    bed = Timeline()
    bed.engine.bedside.stay = None
    bed.at(0, **WELL)
    bed.at(5, hr=30)
    bed.until(12)
    assert bed.shown() == ["hr_low active high"]
    bed.until(60, sending=False)
    assert bed.shown() == ["hr_low active high"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["spo2", "hr", "rr", "nothing", "silence", "ack"]),
            st.floats(0, 250, allow_nan=False),
            st.integers(1, 40),
        ),
        max_size=25,
    )
)
def test_any_course_of_events_keeps_the_books_right(
    course: list[tuple[str, float, int]],
) -> None:
    """Every alarm's story begins with raised, and says once that it is over."""
    bed = Timeline()
    bed.at(0, **WELL)
    for what, value, seconds in course:
        match what:
            case "silence":
                bed.until(bed.second + seconds, sending=False)
            case "ack":
                if bed.engine.open_alarms():
                    bed.acknowledge()
            case "nothing":
                bed.until(bed.second + seconds)
            case vital:
                bed.at(int(bed.second) + seconds, **{vital: min(value, 100.0)})
    stories: dict[str, list[str]] = {}
    for happening in bed.happened:
        stories.setdefault(happening.alarm.id, []).append(happening.what.value)
    still_open = {alarm.id for alarm in bed.engine.open_alarms()}
    for alarm, story in stories.items():
        assert story[0] == "raised"
        assert story.count("raised") == 1
        is_over = story[-1] in {"ended", "reset"}
        assert is_over is (alarm not in still_open)


def test_the_adult_limits_are_those_of_the_reference() -> None:
    table = {
        rule.id: {level.priority: (level.limit, level.delay_s) for level in rule.levels}
        for rule in ADULT_LIMITS
    }
    medium, high = Priority.MEDIUM, Priority.HIGH
    assert table["spo2_low"][medium] == (88, 15)
    assert table["spo2_low"][high] == (82, 10)
    assert {r: table[r][medium][0] for r in table} == {
        "hr_low": 50,
        "hr_high": 130,
        "spo2_low": 88,
        "rr_low": 8,
        "rr_high": 30,
        "nibp_sys_low": 90,
        "nibp_sys_high": 180,
        "temp_low": 35.0,
        "temp_high": 39.0,
    }
    assert (table["hr_low"][high][0], table["hr_high"][high][0]) == (40, 150)
    assert (table["rr_low"][high][0], table["rr_high"][high][0]) == (7, 35), (
        "6 and less, 36 and more"
    )
