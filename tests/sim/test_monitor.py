"""What a monitor says keeps to the contract, and says what the scenario means."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.clock import Stamp
from device_sim.monitor import Monitor
from device_sim.payload import Kind, batches
from device_sim.rubbish import BROKEN
from device_sim.scenario import scenario_names
from tests.sim.contract import faults_in
from tests.sim.runs import EPOCH_S, messages, of_kind, scenario_of, settings

WELL_BEHAVED = [name for name in scenario_names() if name != "rubbish_sender"]


@pytest.mark.parametrize("name", WELL_BEHAVED)
@pytest.mark.parametrize("stamp", [Stamp(), Stamp(epoch_ms=True), Stamp(utc_offset_minutes=420)])
def test_every_payload_keeps_to_the_contract(name: str, stamp: Stamp) -> None:
    monitor = Monitor(settings(name, stamp=stamp, rate=8.0))
    for message in messages(monitor, 80):
        assert faults_in(message.kind.value, message.payload) == []


@pytest.mark.parametrize("name", WELL_BEHAVED)
def test_seq_grows_by_one_per_kind_from_nought(name: str) -> None:
    found = list(messages(Monitor(settings(name, rate=5.0)), 70))
    for kind in (Kind.VITALS, Kind.WAVES, Kind.ALARMS):
        seen = [message["seq"] for message in of_kind(found, kind)]
        assert seen == list(range(len(seen)))
        assert seen


def test_a_restart_begins_again_at_nought() -> None:
    monitor = Monitor(settings())
    list(messages(monitor, 5))
    monitor.restart()
    assert json.loads(monitor.vitals(6, EPOCH_S + 6).payload)["seq"] == 0


def test_the_same_seed_says_the_same() -> None:
    one, two, other = (
        [m.payload for m in messages(Monitor(settings("arrhythmia", seed=seed)), 30)]
        for seed in (4, 4, 5)
    )
    assert one == two
    assert one != other


@given(st.integers(0, 2**42), st.integers(-840, 840))
def test_a_stamp_is_the_instant_to_the_millisecond(millis: int, offset: int) -> None:
    text = json.loads(Stamp(utc_offset_minutes=offset).write(millis / 1000))
    assert round(datetime.fromisoformat(text).timestamp() * 1000) == millis
    assert Stamp(epoch_ms=True).write(millis / 1000) == str(millis)


def samples_of(events: str, seconds: int = 60, **changes: Any) -> list[dict[str, Any]]:
    monitor = Monitor(settings(scenario_of(events), **changes))
    return of_kind(list(messages(monitor, seconds)), Kind.VITALS)


def test_cuff_pressure_is_repeated_with_the_time_it_was_measured() -> None:
    samples = samples_of("", 400, nibp_interval_s=150.0)
    measured = [sample["at"]["nibp"] for sample in samples if "nibp" in sample.get("at", {})]
    assert len(set(measured)) == 3
    for sample in samples:
        assert ("nibp_sys" in sample["v"]) == ("nibp" in sample.get("at", {}))
        if "nibp" in sample.get("at", {}):
            assert sample["at"]["nibp"] <= sample["t"]


def test_episodic_values_may_be_sent_only_when_measured() -> None:
    samples = samples_of("", 400, nibp_interval_s=150.0, repeats_episodic=False)
    with_cuff = [sample for sample in samples if "nibp_sys" in sample["v"]]
    assert len(with_cuff) == 3
    assert all(sample["at"]["nibp"] == sample["t"] for sample in with_cuff)


def test_sensor_off_gives_null_and_says_why_and_the_trace_stops() -> None:
    events = '[[event]]\nat_s = 10\nfor_s = 20\nsignal = { spo2 = "sensor_off" }'
    found = list(messages(Monitor(settings(scenario_of(events))), 40))
    off = of_kind(found, Kind.VITALS)[15]
    assert off["v"]["spo2"] is None
    assert off["v"]["pr"] is None
    assert off["q"]["spo2"] == "sensor_off"
    assert off["v"]["hr"] is not None
    blocks = of_kind(found, Kind.WAVES)
    assert set(blocks[15]["w"]) == {"ecg_ii", "resp"}
    assert set(blocks[35]["w"]) == {"ecg_ii", "pleth", "resp"}


def test_leads_off_takes_heart_rate_and_breathing_but_leaves_the_pulse() -> None:
    sample = samples_of('[[event]]\nat_s = 10\nsignal = { ecg = "leads_off" }')[20]
    assert sample["v"]["hr"] is None
    assert sample["v"]["rr"] is None
    assert sample["v"]["pr"] is not None
    assert sample["q"]["hr"] == "leads_off"


def test_motion_leaves_doubtful_numbers_marked() -> None:
    samples = samples_of('[[event]]\nat_s = 0\nsignal = { spo2 = "motion" }')
    assert all(sample["q"]["spo2"] == "motion" for sample in samples)
    assert len({sample["v"]["spo2"] for sample in samples}) > 5


def test_asystole_shows_nought_and_no_pulse() -> None:
    sample = samples_of('[[event]]\nat_s = 10\nrhythm = "asystole"')[20]
    assert sample["v"]["hr"] == 0
    assert sample["v"]["pr"] is None
    assert sample["q"]["spo2"] == "low_perfusion"


def test_the_device_alarms_with_the_whole_set_on_change_and_every_ten_seconds() -> None:
    events = '[[event]]\nat_s = 30\nfor_s = 12\nrhythm = "asystole"'
    found = of_kind(list(messages(Monitor(settings(scenario_of(events))), 90)), Kind.ALARMS)
    sets = [(m["t"], [alarm["code"] for alarm in m["alarms"]]) for m in found]
    assert ["asystole"] in [codes[:1] for _, codes in sets]
    assert sets[-1][1] == []
    instants = [datetime.fromisoformat(t).timestamp() for t, _ in sets]
    gaps = [later - earlier for earlier, later in itertools.pairwise(instants)]
    assert max(gaps) <= 10
    alarm = next(a for m in found for a in m["alarms"] if a["code"] == "asystole")
    assert datetime.fromisoformat(alarm["since"]).timestamp() == pytest.approx(EPOCH_S + 30, abs=1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("arrhythmia", "vtach"),
        ("arrhythmia", "afib"),
        ("lead_off", "leads_off"),
        ("sensor_off", "spo2_sensor_off"),
        ("sleep_apnoea", "apnea"),
        ("respiratory_failure", "desat"),
    ],
)
def test_device_alarms_come_and_go_with_the_scenario(name: str, code: str) -> None:
    monitor = Monitor(settings(name, has_waves=False))
    sets = of_kind(list(messages(monitor, 500)), Kind.ALARMS)
    present = [code in [alarm["code"] for alarm in m["alarms"]] for m in sets]
    assert any(present)
    assert False in present[present.index(True) :]


def test_a_clock_that_is_off_shows_in_every_stamp() -> None:
    monitor = Monitor(settings(scenario_of("[[event]]\nat_s = 0\nclock_off_s = 81")))
    for message in messages(monitor, 3):
        if message.kind is not Kind.STATUS:
            t = datetime.fromisoformat(json.loads(message.payload)["t"]).timestamp()
            assert 81 <= t - EPOCH_S <= 83


def test_rubbish_breaks_the_contract_or_is_cut_from_it() -> None:
    bad = [payload for payload in BROKEN if faults_in("vitals", payload)]
    assert bad == list(BROKEN)
    monitor = Monitor(settings(scenario_of("[[event]]\nat_s = 0\nrubbish = 1.0")))
    sent = {monitor.vitals(t, EPOCH_S + t).payload for t in range(300)}
    assert sent <= set(BROKEN)
    assert len(sent) > 20


def test_status_is_repeated_within_thirty_seconds_and_retained() -> None:
    found = [m for m in messages(Monitor(settings()), 91) if m.kind is Kind.STATUS]
    assert len(found) == 4
    assert all(message.retain for message in found)


def test_batches_hold_every_sample_once_in_order_below_the_limit() -> None:
    monitor = Monitor(settings(has_waves=False))
    samples = [monitor.vitals(t, EPOCH_S + t).payload for t in range(900)]
    made = batches(samples)
    assert len(made) > 1
    assert [part for batch in made for part in batch.parts] == samples
    for batch in made:
        assert faults_in("vitals", batch.payload) == []
        assert len(json.loads(batch.payload)["samples"]) == len(batch.parts)
