"""Waveforms agree with the numbers, with each other, and join without a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from device_sim.monitor import Monitor
from device_sim.payload import Kind
from device_sim.waveforms import Rates
from tests.sim.runs import joined, messages, of_kind, r_peaks, scenario_of, settings

MINUTE = 60


def minute_of(
    events: str, skip_s: int = 30, **changes: Any
) -> tuple[list[float], list[dict[str, Any]]]:
    """Heart rates shown and wave blocks over one minute."""
    monitor = Monitor(settings(scenario_of(events), **changes))
    found = list(messages(monitor, skip_s + MINUTE))
    shown = [sample["v"]["hr"] for sample in of_kind(found, Kind.VITALS)][skip_s:]
    return shown, of_kind(found, Kind.WAVES)[skip_s:]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "events",
    [
        "",
        "[[event]]\nat_s = 0\ndrivers = { sepsis = 0.8 }",
        '[[event]]\nat_s = 0\nrhythm = "vt"',
        '[[event]]\nat_s = 0\nrhythm = "af"',
    ],
    ids=["sinus", "fast", "vt", "af"],
)
def test_r_peaks_in_a_minute_equal_the_heart_rate(events: str, seed: int) -> None:
    shown, blocks = minute_of(events, skip_s=60, seed=seed)
    peaks = r_peaks(joined(blocks, "ecg_ii"), 250)
    assert abs(len(peaks) - np.mean(shown)) <= 2


def test_atrial_fibrillation_is_irregular_and_sinus_rhythm_is_not() -> None:
    _, sinus = minute_of("")
    _, af = minute_of('[[event]]\nat_s = 0\nrhythm = "af"')
    spread = [
        float(np.std(gaps) / np.mean(gaps))
        for gaps in (np.diff(r_peaks(joined(blocks, "ecg_ii"), 250)) for blocks in (sinus, af))
    ]
    assert spread[0] < 0.06
    assert spread[1] > 0.12


def test_asystole_is_flat_and_the_pulse_is_gone() -> None:
    _, blocks = minute_of('[[event]]\nat_s = 10\nrhythm = "asystole"')
    assert np.ptp(joined(blocks, "ecg_ii")) < 0.2
    assert np.ptp(joined(blocks, "pleth")) < 0.05


def test_vt_beats_are_wide() -> None:
    def width_s(events: str) -> float:
        _, blocks = minute_of(events)
        ecg = joined(blocks, "ecg_ii")
        return float((ecg > 0.4).sum() / len(r_peaks(ecg, 250)) / 250)

    assert width_s('[[event]]\nat_s = 0\nrhythm = "vt"') > 2.5 * width_s("")


def test_each_pulse_follows_its_r_peak_by_the_transit_time() -> None:
    _, blocks = minute_of("")
    ecg, pleth = joined(blocks, "ecg_ii"), joined(blocks, "pleth")
    lags = []
    for peak in r_peaks(ecg, 250)[2:-3]:
        from_index = round(peak / 2)
        window = pleth[from_index : from_index + 75]
        lags.append(int(np.argmax(window)) / 125)
    assert 0.25 < float(np.median(lags)) < 0.5
    assert np.std(lags) < 0.05


def test_breaths_in_the_respiration_curve_equal_the_breathing_rate() -> None:
    monitor = Monitor(settings())
    found = list(messages(monitor, 120))
    shown = np.mean([sample["v"]["rr"] for sample in of_kind(found, Kind.VITALS)])
    line = joined(of_kind(found, Kind.WAVES), "resp")
    smooth = np.convolve(line, np.ones(15) / 15, mode="same")
    risings = np.flatnonzero((smooth[:-1] < 0) & (smooth[1:] >= 0))
    breaths = 1 + int((np.diff(risings) > 50).sum())
    assert abs(breaths / 2 - shown) <= 1.5


@pytest.mark.parametrize("block_s", [0.25, 0.5, 1.0])
def test_blocks_join_without_a_step(block_s: float) -> None:
    monitor = Monitor(settings(waves_interval_s=block_s, seed=5))
    blocks = of_kind(list(messages(monitor, 20, block_s)), Kind.WAVES)
    for channel, limit in (("pleth", 0.12), ("resp", 0.15)):
        line = joined(blocks, channel)
        edges = np.cumsum([len(joined([block], channel)) for block in blocks])[:-1]
        steps = np.abs(np.diff(line))
        assert steps[edges - 1].max() <= max(limit, float(np.percentile(steps, 99.9)))


@pytest.mark.parametrize("block_s", [0.3, 0.5, 0.7, 1.0])
def test_no_sample_is_lost_or_doubled_between_blocks(block_s: float) -> None:
    rates = Rates(ecg_hz=125, pleth_hz=125, resp_hz=62.5)
    monitor = Monitor(settings(waves_interval_s=block_s, rates=rates))
    blocks = of_kind(list(messages(monitor, 21, block_s)), Kind.WAVES)
    for channel, rate_hz in (("ecg_ii", 125), ("pleth", 125), ("resp", 62.5)):
        assert blocks[0]["w"][channel]["rate"] == rate_hz
        assert abs(len(joined(blocks, channel)) - 21 * rate_hz) <= 1


def test_the_trace_does_not_depend_on_how_it_is_cut_into_blocks() -> None:
    def peaks(block_s: float) -> int:
        monitor = Monitor(settings(waves_interval_s=block_s, seed=9))
        blocks = of_kind(list(messages(monitor, 60, block_s)), Kind.WAVES)
        return len(r_peaks(joined(blocks, "ecg_ii"), 250))

    assert abs(peaks(0.5) - peaks(1.0)) <= 1


def test_banked_waves_beat_at_about_the_rate_shown() -> None:
    shown, blocks = minute_of("", has_banked_waves=True)
    peaks = r_peaks(joined(blocks, "ecg_ii"), 250)
    assert abs(len(peaks) - np.mean(shown)) <= 4
