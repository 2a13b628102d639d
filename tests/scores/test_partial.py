"""Missing is missing: no score claims what it does not know, and none keeps silent for that.

The traps of other systems, each a test: zero taken for missing, missing taken for zero, the
sickest readings refused, sentinels scored, old values taken for new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.scores.patients import NOW, complete, continuous, given, parts, points, well
from ward_hub.core.scores.adult import MEWS, NEWS2_SCALE_1, NEWS2_SCALE_2, news2
from ward_hub.core.scores.chart import (
    Band,
    Chart,
    Complete,
    Partial,
    Response,
    Result,
    Risk,
    Trigger,
    evaluate,
)
from ward_hub.core.scores.inputs import (
    Absence,
    Absent,
    Input,
    MaxAges,
    Name,
    Source,
    Value,
)
from ward_hub.core.scores.maternity import MEOWS
from ward_hub.core.scores.npews import NPEWS, AgeBand
from ward_hub.core.scores.rows import Measured, bands

NEWS2_INPUTS = ["rr", "spo2", "on_oxygen", "sbp", "pulse", "acvpu", "temp_c"]


def partial(inputs: Mapping[Name, Input], max_ages: MaxAges | None = None) -> Partial:
    result = news2(inputs, NOW, max_ages=max_ages)
    assert isinstance(result, Partial), result
    return result


def why_absent(result: Result) -> dict[str, str]:
    return {a.name: a.why for a in result.missing} if isinstance(result, Partial) else {}


@pytest.mark.parametrize("left_out", NEWS2_INPUTS)
def test_without_any_one_input_there_is_no_total(left_out: str) -> None:
    result = partial(well(**{left_out: None}))
    assert result.missing == (Absent(Name(left_out), Absence.MISSING),)
    assert left_out not in parts(result)


def test_nothing_known_is_nothing_claimed() -> None:
    result = partial({})
    assert [absent.name for absent in result.missing] == NEWS2_INPUTS
    assert (result.sum_so_far, result.parts, result.standing) == (0, (), None)


def test_a_partial_score_does_not_reassure() -> None:
    assert partial(well(temp_c=None)).standing is None
    assert partial(well(temp_c=None, pulse=91)).standing is None


def test_a_red_value_calls_though_others_are_missing() -> None:
    result = partial(given({"rr": 30}))
    assert result.standing is not None
    assert result.standing.band.risk is Risk.LOW_MEDIUM
    assert result.red == ("rr",)


def test_a_partial_sum_over_a_threshold_calls() -> None:
    result = partial(well(rr=25, sbp=90, pulse=91, temp_c=None))
    assert result.standing is not None
    assert (result.sum_so_far, result.standing.band.risk) == (7, Risk.HIGH)


def test_one_red_value_triggers_meows_alone() -> None:
    result = evaluate(MEOWS, given({"sbp": 161}), NOW)
    assert isinstance(result, Partial)
    assert result.standing is not None
    assert result.standing.band.risk is Risk.TRIGGERED


def test_an_unconscious_child_calls_before_anything_is_measured() -> None:
    result = evaluate(NPEWS[AgeBand.CHILD], given({"acvpu": "U"}), NOW)
    assert isinstance(result, Partial)
    assert result.standing is not None
    assert result.standing.band.risk is Risk.EMERGENCY
    assert result.standing.because == ("acvpu",)


@pytest.mark.parametrize("name", ["rr", "pulse", "spo2", "sbp"])
@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Decimal(0)])
def test_zero_is_a_value(name: str, zero: Value) -> None:
    result = complete(news2(well(**{name: zero}), NOW))
    assert parts(result)[name] == 3
    assert result.red == (name,)


@pytest.mark.parametrize(("name", "value"), [("pulse", 12), ("spo2", 31), ("temp_c", 24.5)])
def test_the_sickest_readings_are_scored(name: str, value: Value) -> None:
    assert parts(complete(news2(well(**{name: value}), NOW)))[name] == 3


@pytest.mark.parametrize("spo2", [93, 94, 95, 96, 97, 100])
def test_on_air_no_saturation_is_too_high_on_scale_2(spo2: int) -> None:
    assert points(NEWS2_SCALE_2, "spo2", well(spo2=spo2, on_oxygen=False)) == 0


def test_scale_2_without_air_or_oxygen_knows_only_what_both_agree_on() -> None:
    low = evaluate(NEWS2_SCALE_2, well(spo2=83, on_oxygen=None), NOW)
    assert parts(low)["spo2"] == 3
    high = evaluate(NEWS2_SCALE_2, well(spo2=97, on_oxygen=None), NOW)
    assert "spo2" not in parts(high)
    assert why_absent(high) == {"on_oxygen": "missing"}


def test_scale_2_without_a_saturation_misses_it_too() -> None:
    result = evaluate(NEWS2_SCALE_2, well(spo2=None, on_oxygen=None), NOW)
    assert why_absent(result) == {"spo2": "missing", "on_oxygen": "missing"}


@pytest.mark.parametrize("sentinel", [-1, -100, -10000, -999, -99.9, 32767, 8388607])
@pytest.mark.parametrize("name", ["rr", "spo2", "pulse", "sbp", "temp_c"])
def test_a_sentinel_is_no_reading(name: str, sentinel: float) -> None:
    assert why_absent(news2(well(**{name: sentinel}), NOW)) == {name: "impossible"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temp_c", float("nan")),
        ("rr", float("inf")),
        ("pulse", Decimal("NaN")),
        ("rr", "16"),
        ("rr", True),
        ("on_oxygen", 0),
        ("on_oxygen", "air"),
        ("acvpu", "X"),
        ("acvpu", 15),
        ("acvpu", True),
    ],
)
def test_what_cannot_be_understood_is_said_and_not_guessed(name: str, value: Value) -> None:
    assert why_absent(news2(well(**{name: value}), NOW)) == {name: "not_understood"}


def test_fahrenheit_and_a_fraction_of_oxygen_are_refused() -> None:
    assert why_absent(news2(well(temp_c=98.6), NOW)) == {"temp_c": "impossible"}
    toddler = evaluate(NPEWS[AgeBand.TODDLER], given({"fio2_percent": 0.4}), NOW)
    assert parts(toddler) == {}


def aged(name: str, seconds: float, source: Source) -> dict[Name, Input]:
    at = NOW - timedelta(seconds=seconds)
    return {**well(), Name(name): Input(120, at, source)}


@pytest.mark.parametrize(
    ("seconds", "source", "is_usable"),
    [
        (60, Source.CONTINUOUS, True),
        (60.001, Source.CONTINUOUS, False),
        (43200, Source.SPOT, True),
        (43200.001, Source.SPOT, False),
        (-60, Source.CONTINUOUS, True),
        (-60, Source.SPOT, True),
    ],
)
def test_a_value_lasts_as_long_as_its_source_allows(
    seconds: float, source: Source, is_usable: bool
) -> None:
    result = news2(aged("sbp", seconds, source), NOW)
    assert why_absent(result) == ({} if is_usable else {"sbp": "too_old"})


def test_a_value_from_the_future_would_stay_fresh_for_ever_and_is_refused() -> None:
    assert why_absent(news2(aged("sbp", -61, Source.SPOT), NOW)) == {"sbp": "in_future"}


def test_a_shorter_monitoring_interval_makes_spot_values_too_old() -> None:
    inputs = aged("sbp", 1000, Source.SPOT)
    assert isinstance(news2(inputs, NOW, max_ages=MaxAges(spot_s=3600)), Complete)
    assert why_absent(partial(inputs, MaxAges(spot_s=900))) == {"sbp": "too_old"}


def test_an_old_red_value_no_longer_counts() -> None:
    inputs = {**well(), Name.RR: continuous(40, NOW - timedelta(minutes=2))}
    result = partial(inputs)
    assert (result.sum_so_far, result.red, result.standing) == (0, (), None)


def test_every_part_says_how_old_its_value_is_and_may_become() -> None:
    at = NOW - timedelta(seconds=30)
    result = news2({**well(), Name.RR: continuous(16, at)}, NOW)
    by_name = {part.name: part for part in result.parts}
    assert (by_name["rr"].at, by_name["rr"].max_age_s) == (at, 60)
    assert (by_name["sbp"].at, by_name["sbp"].max_age_s) == (NOW, 43200)


def test_a_part_keeps_the_number_that_the_chart_shows() -> None:
    result = news2(well(temp_c=36.05, acvpu="V"), NOW)
    by_name = {part.name: part.value for part in result.parts}
    assert (by_name["temp_c"], by_name["acvpu"]) == (Decimal("36.1"), "v")


def test_a_trigger_that_is_too_old_is_set_aside_and_said() -> None:
    child = given({"rr": 22})
    old = Input("U", NOW - timedelta(hours=13))
    result = evaluate(NPEWS[AgeBand.CHILD], {**child, Name.ACVPU: old}, NOW)
    assert result.set_aside == (Absent(Name.ACVPU, Absence.TOO_OLD),)
    assert result.standing is None


def test_an_unusable_alternative_is_named_before_one_that_was_not_given() -> None:
    child = given({"bp_not_done": "no idea"})
    result = evaluate(NPEWS[AgeBand.CHILD], child, NOW)
    assert isinstance(result, Partial)
    assert Absent(Name.BP_NOT_DONE, Absence.NOT_UNDERSTOOD) in result.missing


def test_an_unusable_oxygen_device_is_named() -> None:
    child = given({"oxygen_device": "tent", "oxygen_lpm": 2})
    result = evaluate(NPEWS[AgeBand.CHILD], child, NOW)
    assert why_absent(result)["oxygen_device"] == "not_understood"
    assert "oxygen" not in parts(result)


def test_an_input_knows_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Input(16, datetime(2026, 11, 22, 7, 0))  # noqa: DTZ001 - the naive time is the test


def test_a_table_that_does_not_rise_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="rise"):
        bands(3, (9, 1), (9, 0))
    with pytest.raises(ValueError, match="finer"):
        bands(3, (9.5, 1))


def test_a_chart_without_a_band_for_zero_cannot_be_built() -> None:
    row = Measured(Name.RR, bands(0, (9, 1)))
    high = Band(Risk.HIGH, Response.INFORM, 1)
    with pytest.raises(ValueError, match="rise from 0"):
        Chart("made_up", "", (row,), (high,), source="none", unverified="all")


def test_a_trigger_must_say_what_every_code_means() -> None:
    with pytest.raises(ValueError, match="every code"):
        Trigger(Name.ACVPU, (("a", None),))


def test_every_chart_says_where_it_is_from() -> None:
    charts = [NEWS2_SCALE_1, NEWS2_SCALE_2, MEWS, MEOWS, *NPEWS.values()]
    assert all(chart.source and chart.unverified for chart in charts)
