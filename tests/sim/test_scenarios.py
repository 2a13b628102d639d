"""Scenario files: all load, loop and recover; a bad one is refused with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from device_sim.errors import ConfigError
from device_sim.patient import Rhythm
from device_sim.scenario import Flag, Sensor, load_scenario, parse_scenario, scenario_names
from tests.sim.runs import scenario_of

ASKED_FOR = {
    "stable",
    "sepsis",
    "respiratory_failure",
    "haemorrhage",
    "opioid_depression",
    "arrhythmia",
    "sleep_apnoea",
    "sensor_off",
    "lead_off",
    "motion",
    "device_lost",
    "clock_off",
    "rubbish_sender",
}


def test_every_scenario_asked_for_is_there() -> None:
    assert set(scenario_names()) == ASKED_FOR


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_a_scenario_carries_its_own_name_and_loops_within_ten_minutes(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    if name != "stable":
        assert scenario.loop_s is not None
        assert 200 <= scenario.loop_s <= 600


@pytest.mark.parametrize("name", sorted(ASKED_FOR))
def test_a_loop_ends_as_it_began(name: str) -> None:
    scenario = load_scenario(name)
    end_s = (scenario.loop_s or 100) - 0.01
    assert scenario.at(end_s) == scenario.at(0)


def test_drivers_ramp_and_a_later_event_bends_them_from_where_they_are() -> None:
    scenario = scenario_of(
        "[[event]]\nat_s = 10\nramp_s = 10\ndrivers = { pain = 1.0 }\n"
        "[[event]]\nat_s = 15\nramp_s = 5\ndrivers = { pain = 0.0 }"
    )
    assert [round(scenario.at(t).drivers.pain, 2) for t in (0, 10, 12, 15, 17.5, 20, 99)] == [
        0,
        0,
        0.2,
        0.5,
        0.25,
        0,
        0,
    ]


def test_spans_hold_from_their_beginning_up_to_their_end() -> None:
    scenario = scenario_of(
        '[[event]]\nat_s = 10\nfor_s = 5\nrhythm = "vt"\nsignal = { spo2 = "motion" }\n'
        "lost = true\nclock_off_s = -3\nrubbish = 0.5"
    )
    assert scenario.at(9.9) == scenario.at(15)
    then = scenario.at(10)
    assert then.rhythm is Rhythm.VT
    assert then.flags == {Sensor.SPO2: Flag.MOTION}
    assert (then.lost, then.clock_off_s, then.rubbish) == (True, -3, 0.5)


BAD = {
    "not TOML": ("name = ", 1, ""),
    "no name": ('title = "x"', None, "name"),
    "wrong type": ('name = "x_y"\ntitle = 4', 2, "title"),
    "unknown key": ('name = "x_y"\ntitle = "x"\nspeed = 2', 3, "speed"),
    "loop too long": ('name = "x_y"\ntitle = "x"\nloop_s = 1e9', 3, "loop_s"),
    "bad patient": ('name = "x_y"\ntitle = "x"\n[patient]\nhr_bpm = 400', 4, "patient.hr_bpm"),
    "no time": ('name = "x_y"\ntitle = "x"\n[[event]]\nlost = true', 3, "event.at_s"),
    "unknown driver": (
        'name = "x_y"\ntitle = "x"\n[[event]]\nat_s = 1\ndrivers = { gravity = 1 }',
        5,
        "gravity",
    ),
    "driver too large": (
        'name = "x_y"\ntitle = "x"\n[[event]]\nat_s = 1\n\ndrivers = { volume_loss = 0.9 }',
        6,
        "volume_loss",
    ),
    "unknown rhythm": (
        'name = "x_y"\ntitle = "x"\n[[event]]\nat_s = 1\n[[event]]\nat_s = 2\nrhythm = "jazz"',
        7,
        "event.rhythm",
    ),
    "unknown flag": (
        'name = "x_y"\ntitle = "x"\n[[event]]\nat_s = 1\nsignal = { ecg = "wet" }',
        5,
        "ecg",
    ),
    "out of order": (
        'name = "x_y"\ntitle = "x"\n[[event]]\nat_s = 9\n[[event]]\nat_s = 2',
        6,
        "event.at_s",
    ),
    "after the loop": (
        'name = "x_y"\ntitle = "x"\nloop_s = 5\n[[event]]\nat_s = 9',
        5,
        "event.at_s",
    ),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_a_bad_scenario_is_refused_with_file_line_and_key(case: str) -> None:
    text, line, key = BAD[case]
    with pytest.raises(ConfigError) as refused:
        parse_scenario(text, "bad.toml")
    assert refused.value.file == "bad.toml"
    if line is not None:
        assert refused.value.line == line
        assert f"bad.toml:{line}" in str(refused.value)
    assert key in refused.value.key


def test_an_unknown_scenario_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="haemorrhage"):
        load_scenario("nonsense")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_scenario("missing.toml", tmp_path)
