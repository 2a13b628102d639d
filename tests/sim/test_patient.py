"""The body's numbers move together, stay reportable, and depend on seed and time alone."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.course import Course
from device_sim.patient import Physiology, Rhythm
from device_sim.scenario import load_scenario, scenario_names
from tests.sim.runs import scenario_of


def course_of(events: str, seed: int = 1) -> Course:
    return Course(scenario_of(events), seed)


def mean_over(course: Course, from_s: int, until_s: int) -> dict[str, float]:
    seen = [course.step(t) for t in range(from_s, until_s)]
    names = ("hr_bpm", "spo2_pct", "rr_bpm", "temp_c", "sys_mmhg", "dia_mmhg", "map_mmhg")
    return {name: statistics.fmean(getattr(p, name) for p in seen) for name in names}


def driven(drivers: str, seconds: int = 240) -> tuple[dict[str, float], dict[str, float]]:
    course = course_of(f"[[event]]\nat_s = 60\nramp_s = 30\ndrivers = {{ {drivers} }}")
    return mean_over(course, 30, 60), mean_over(course, seconds - 30, seconds)


@given(st.integers(0, 10_000), st.lists(st.floats(0, 400), min_size=1, max_size=20))
def test_numbers_depend_on_seed_and_time_however_often_one_asks(
    seed: int, instants: list[float]
) -> None:
    scenario = load_scenario("haemorrhage")
    asked_often = Course(scenario, seed)
    seen = [asked_often.step(instant) for instant in sorted(instants)]
    assert seen[-1] == Course(scenario, seed).step(max(instants))


def test_two_seeds_are_two_people() -> None:
    scenario = load_scenario("stable")
    assert Course(scenario, 1).step(30) != Course(scenario, 2).step(30)


def test_haemorrhage_raises_pulse_and_breathing_and_lowers_pressure() -> None:
    before, after = driven("volume_loss = 0.38")
    assert after["hr_bpm"] > before["hr_bpm"] + 25
    assert after["sys_mmhg"] < before["sys_mmhg"] - 30
    assert after["map_mmhg"] < before["map_mmhg"] - 20
    assert after["rr_bpm"] > before["rr_bpm"] + 5


def test_sepsis_brings_fever_fast_pulse_fast_breathing_and_low_pressure() -> None:
    before, after = driven("sepsis = 0.9", seconds=300)
    assert after["temp_c"] > before["temp_c"] + 1.5
    assert after["hr_bpm"] > before["hr_bpm"] + 25
    assert after["rr_bpm"] > before["rr_bpm"] + 6
    assert after["map_mmhg"] < before["map_mmhg"] - 12


def test_an_opioid_slows_breathing_first_and_saturation_follows() -> None:
    course = course_of("[[event]]\nat_s = 60\nramp_s = 20\ndrivers = { opioid = 0.75 }")
    course.step(60)
    slow_at_s = next(t for t in range(61, 400) if course.step(t).rr_bpm < 9)
    low_at_s = next(t for t in range(slow_at_s, 400) if course.step(t).spo2_pct < 90)
    assert low_at_s - slow_at_s >= 10


def test_lung_injury_lowers_saturation_and_oxygen_does_not_hurt() -> None:
    before, after = driven("lung_injury = 0.8")
    assert after["spo2_pct"] < before["spo2_pct"] - 5
    assert after["rr_bpm"] > before["rr_bpm"] + 5
    _, helped = driven("lung_injury = 0.8, oxygen = 0.6")
    assert helped["spo2_pct"] > after["spo2_pct"]


def test_a_blocked_airway_stops_breaths_and_saturation_falls_after_a_lag() -> None:
    course = course_of("[[event]]\nat_s = 60\nramp_s = 1\ndrivers = { airway_block = 1.0 }")
    assert course.step(75).rr_bpm == 0
    assert course.step(76).spo2_pct > 93
    assert course.step(110).spo2_pct < 90


def test_asystole_ends_pulse_and_pressure_and_later_breathing() -> None:
    course = course_of('[[event]]\nat_s = 60\nrhythm = "asystole"')
    after = course.step(61)
    assert after.hr_bpm == 0
    assert after.pulse == 0
    assert course.step(75).map_mmhg < 30
    assert course.step(120).rr_bpm == 0


def test_vt_is_fast_and_weak_and_af_is_fast() -> None:
    course = course_of(
        '[[event]]\nat_s = 60\nfor_s = 30\nrhythm = "vt"\n'
        '[[event]]\nat_s = 200\nfor_s = 60\nrhythm = "af"'
    )
    well = course.step(55)
    vt = course.step(85)
    assert vt.hr_bpm > 150
    assert vt.map_mmhg < well.map_mmhg - 20
    assert course.step(230).hr_bpm > well.hr_bpm + 25


def test_everyone_recovers_when_the_cause_is_gone() -> None:
    for name in ("haemorrhage", "sepsis", "respiratory_failure", "opioid_depression"):
        scenario = load_scenario(name)
        course = Course(scenario, 3)
        assert scenario.loop_s
        before = course.step(25)
        after = course.step(scenario.loop_s - 2)
        assert abs(after.hr_bpm - before.hr_bpm) < 12, name
        assert abs(after.spo2_pct - before.spo2_pct) < 4, name
        assert abs(after.map_mmhg - before.map_mmhg) < 15, name


@pytest.mark.parametrize("name", scenario_names())
def test_readings_stay_within_what_a_monitor_can_report(name: str) -> None:
    course = Course(load_scenario(name), 7)
    for t in range(700):
        assert_reportable(course.step(t))


@given(
    st.fixed_dictionaries(
        {
            name: st.floats(0, 0.48 if name == "volume_loss" else 1)
            for name in ("volume_loss", "lung_injury", "sepsis", "opioid", "pain", "airway_block")
        }
    ),
    st.sampled_from(list(Rhythm)),
)
def test_no_combination_of_causes_leaves_the_range(
    drivers: dict[str, float], rhythm: Rhythm
) -> None:
    table = ", ".join(f"{name} = {value:.4f}" for name, value in drivers.items())
    course = course_of(
        f'[[event]]\nat_s = 5\ndrivers = {{ {table} }}\n[[event]]\nat_s = 60\nrhythm = "{rhythm}"'
    )
    for t in range(0, 160, 5):
        assert_reportable(course.step(t))


def assert_reportable(now: Physiology) -> None:
    assert 0 <= now.hr_bpm <= 300
    assert 0 <= now.pr_bpm <= 300
    assert 0 < now.spo2_pct <= 100
    assert 0 <= now.rr_bpm <= 150
    assert 25 <= now.temp_c <= 45
    assert 0 < now.dia_mmhg <= now.map_mmhg <= now.sys_mmhg <= 300
