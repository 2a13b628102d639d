"""What holds of every score for any input at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.scores.patients import NOW, given, parts, points, well
from ward_hub.core.scores.adult import MEWS, NEWS2_SCALE_1, NEWS2_SCALE_2
from ward_hub.core.scores.chart import Chart, Complete, evaluate
from ward_hub.core.scores.indices import ROX, SHOCK_INDEX
from ward_hub.core.scores.inputs import CODES, POSSIBLE, Input, Name, Source, Value
from ward_hub.core.scores.maternity import MEOWS
from ward_hub.core.scores.npews import NPEWS, AgeBand
from ward_hub.core.scores.sepsis import QSOFA, SIRS

CHARTS = [
    NEWS2_SCALE_1,
    NEWS2_SCALE_2,
    *NPEWS.values(),
    MEOWS,
    QSOFA,
    SIRS,
    MEWS,
    SHOCK_INDEX,
    ROX,
]
charts = st.sampled_from(CHARTS)
names = st.sampled_from(list(Name))

codes = st.sampled_from(sorted({code for known in CODES.values() for code in known}))
any_values: st.SearchStrategy[Value] = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**5000, -(10**5000)]),
    st.decimals(),
    st.booleans(),
    st.text(max_size=8),
    codes,
)
any_inputs = st.builds(
    Input,
    any_values,
    st.integers(-200_000, 200_000).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.sampled_from(Source),
)


def sensible(name: Name) -> st.SearchStrategy[Value]:
    """Values that the input may really have."""
    if name in CODES:
        return st.sampled_from(CODES[name])
    low, high = POSSIBLE[name]
    return st.one_of(st.floats(low, high), st.integers(int(low), int(high)))


@st.composite
def patients(draw: st.DrawFn) -> dict[str, Value]:
    """Some or all inputs, each with a value that it may really have."""
    chosen = draw(st.one_of(st.just(set(Name)), st.sets(names)))
    return {str(name): draw(sensible(name)) for name in sorted(chosen)}


@for_all(charts, st.dictionaries(names, any_inputs))
def test_no_input_makes_a_score_raise(chart: Chart, inputs: dict[Name, Input]) -> None:
    result = evaluate(chart, inputs, NOW)
    assert isinstance(result, Complete) or result.missing


@for_all(charts, patients())
def test_a_total_is_the_sum_of_all_rows_and_a_partial_sum_of_those_known(
    chart: Chart, values: dict[str, Value]
) -> None:
    result = evaluate(chart, given(values), NOW)
    known = sum(part.points for part in result.parts)
    if isinstance(result, Complete):
        assert result.total == known
        assert len(result.parts) == len(chart.rows)
    else:
        assert result.sum_so_far == known
        assert len(result.parts) < len(chart.rows)


@for_all(charts, patients(), names)
def test_learning_more_never_lowers_what_a_partial_score_called_for(
    chart: Chart, values: dict[str, Value], forgotten: Name
) -> None:
    whole = evaluate(chart, given(values), NOW)
    without = evaluate(chart, given({k: v for k, v in values.items() if k != forgotten}), NOW)
    if isinstance(without, Complete) or without.standing is None:
        return
    if forgotten not in {Name.ON_OXYGEN, Name.OXYGEN_DEVICE}:  # air makes 21 % a 0 again
        assert whole.standing is not None
        before, after = without.standing.band, whole.standing.band
        assert chart.bands.index(after) >= chart.bands.index(before)


WORSE_DOWNWARDS = [
    (NEWS2_SCALE_1, "spo2"),
    (MEOWS, "spo2"),
    *((NPEWS[age], "spo2") for age in AgeBand),
    (QSOFA, "sbp"),
]
WORSE_UPWARDS = [
    (MEOWS, "dbp"),
    (MEOWS, "pain"),
    (QSOFA, "rr"),
    (SIRS, "rr"),
    (SIRS, "pulse"),
    (NPEWS[AgeBand.CHILD], "capillary_refill_s"),
]


@pytest.mark.parametrize(("chart", "row"), WORSE_DOWNWARDS + WORSE_UPWARDS)
@for_all(data=st.data())
def test_points_rise_where_the_chart_rises(chart: Chart, row: str, data: st.DataObject) -> None:
    low, high = POSSIBLE[Name(row)]
    first, second = sorted(data.draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    before, after = (points(chart, row, well(**{row: value})) for value in (first, second))
    assert before >= after if (chart, row) in WORSE_DOWNWARDS else before <= after


TWO_SIDED = [
    (chart, row, middle)
    for chart, row, middle in [
        (NEWS2_SCALE_1, "rr", 16),
        (NEWS2_SCALE_1, "sbp", 120),
        (NEWS2_SCALE_1, "pulse", 70),
        (NEWS2_SCALE_1, "temp_c", 37),
        (NEWS2_SCALE_2, "spo2", 90),
        (MEOWS, "sbp", 120),
        (MEOWS, "pulse", 70),
        (MEOWS, "rr", 15),
        (MEOWS, "temp_c", 37),
        (SIRS, "temp_c", 37),
        (SIRS, "wbc", 8),
        (MEWS, "rr", 12),
        (MEWS, "pulse", 70),
        (MEWS, "sbp", 150),
        (NPEWS[AgeBand.INFANT], "rr", 40),
        (NPEWS[AgeBand.TODDLER], "pulse", 110),
        (NPEWS[AgeBand.CHILD], "sbp", 100),
        (NPEWS[AgeBand.TEENAGER], "pulse", 80),
    ]
]


@pytest.mark.parametrize(("chart", "row", "middle"), TWO_SIDED)
@for_all(data=st.data())
def test_points_never_fall_on_the_way_out(
    chart: Chart, row: str, middle: float, data: st.DataObject
) -> None:
    low, high = POSSIBLE[Name(row)]
    side = st.floats(low, middle) if data.draw(st.booleans()) else st.floats(middle, high)
    near, far = sorted(data.draw(st.tuples(side, side)), key=lambda value: abs(value - middle))
    on_oxygen = chart is NEWS2_SCALE_2
    scored = [
        points(chart, row, well(on_oxygen=on_oxygen, **{row: value})) for value in (near, far)
    ]
    assert scored[0] <= scored[1]


@for_all(charts, patients())
def test_floats_decimals_and_time_of_evaluation_agree(
    chart: Chart, values: dict[str, Value]
) -> None:
    as_decimals = {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in values.items()
    }
    later = NOW + timedelta(hours=12)
    here = evaluate(chart, given(values), NOW)
    assert parts(evaluate(chart, given(as_decimals), NOW)) == parts(here)
    assert parts(evaluate(chart, given(values), later)) == parts(here)
