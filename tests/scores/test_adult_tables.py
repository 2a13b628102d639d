"""MEOWS, MEWS, qSOFA, SIRS and the two indices are their tables, cell by cell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.scores.patients import NOW, WELL, complete, ends, given, parts, points, well
from ward_hub.core.scores.adult import MEWS
from ward_hub.core.scores.chart import Chart, Complete, Partial, Risk, evaluate
from ward_hub.core.scores.indices import ROX, SHOCK_INDEX
from ward_hub.core.scores.inputs import Absence, Absent, Name, Value
from ward_hub.core.scores.maternity import MEOWS
from ward_hub.core.scores.sepsis import QSOFA, SIRS

# Colours of MEOWS: 0 white, 1 yellow, 2 red.
WHOLE_NUMBERS = [
    (MEOWS, "sbp", "<=89:2 90-100:1 101-149:0 150-160:1 >=161:2"),
    (MEOWS, "dbp", "<=89:0 90-100:1 >=101:2"),
    (MEOWS, "pulse", "<=39:2 40-50:1 51-99:0 100-120:1 >=121:2"),
    (MEOWS, "rr", "<=9:2 10-20:0 21-30:1 >=31:2"),
    (MEOWS, "spo2", "<=94:2 >=95:0"),
    (MEOWS, "pain", "<=1:0 2-3:1"),
    (MEWS, "rr", "<=8:2 9-14:0 15-20:1 21-29:2 >=30:3"),
    (MEWS, "pulse", "<=40:2 41-50:1 51-100:0 101-110:1 111-129:2 >=130:3"),
    (MEWS, "sbp", "<=70:3 71-80:2 81-100:1 101-199:0 >=200:2"),
    (QSOFA, "rr", "<=21:0 >=22:1"),
    (QSOFA, "sbp", "<=100:1 >=101:0"),
    (SIRS, "pulse", "<=90:0 >=91:1"),
    (SIRS, "rr", "<=20:0 >=21:1"),
]
TENTHS = [
    (MEOWS, "temp_c", "<=34.9:2 35.0-36.0:1 36.1-38.0:0 >=38.1:2"),
    (MEWS, "temp_c", "<=34.9:2 35.0-38.4:0 >=38.5:2"),
    (SIRS, "temp_c", "<=35.9:1 36.0-38.0:0 >=38.1:1"),
    (SIRS, "wbc", "<=3.9:1 4.0-12.0:0 >=12.1:1"),
]


@pytest.mark.parametrize(
    ("chart", "row", "table", "step"),
    [(*line, "1") for line in WHOLE_NUMBERS] + [(*line, "0.1") for line in TENTHS],
    ids=[f"{chart.score}-{row}" for chart, row, _ in WHOLE_NUMBERS + TENTHS],
)
def test_both_ends_of_every_cell(chart: Chart, row: str, table: str, step: str) -> None:
    for value, expected in ends(table, step):
        assert points(chart, row, well(**{row: value})) == expected, value


@pytest.mark.parametrize(
    ("chart", "row", "by_code"),
    [
        (MEOWS, "acvpu", {"A": 0, "C": 1, "V": 1, "P": 2, "U": 2}),
        (MEWS, "acvpu", {"A": 0, "C": 1, "V": 1, "P": 2, "U": 3}),
        (QSOFA, "mentation", {"A": 0, "C": 1, "V": 1, "P": 1, "U": 1}),
    ],
)
def test_consciousness(chart: Chart, row: str, by_code: dict[str, int]) -> None:
    for code, expected in by_code.items():
        assert points(chart, row, well(acvpu=code)) == expected, code


@pytest.mark.parametrize(
    ("chart", "temp_c", "expected"),
    [
        (MEOWS, 38.04, 0),
        (MEOWS, 38.05, 2),
        (MEOWS, 36.04, 1),
        (MEOWS, 36.05, 0),
        (MEOWS, 34.94, 2),
        (MEOWS, 34.95, 1),
        (MEWS, 38.44, 0),
        (MEWS, 38.45, 2),
        (SIRS, 35.94, 1),
        (SIRS, 35.95, 0),
        (SIRS, 38.05, 1),
    ],
)
def test_temperatures_between_cells(chart: Chart, temp_c: float, expected: int) -> None:
    assert points(chart, "temp_c", well(temp_c=temp_c)) == expected


@pytest.mark.parametrize(
    ("changes", "risk"),
    [
        ({}, Risk.NOT_TRIGGERED),
        ({"pulse": 100}, Risk.NOT_TRIGGERED),
        ({"pulse": 100, "sbp": 150}, Risk.TRIGGERED),
        ({"pulse": 121}, Risk.TRIGGERED),
        ({"pain": 2, "acvpu": "V"}, Risk.TRIGGERED),
        ({"temp_c": 38.1}, Risk.TRIGGERED),
    ],
)
def test_one_red_or_two_yellow_trigger(changes: dict[str, Value], risk: Risk) -> None:
    assert complete(evaluate(MEOWS, well(**changes), NOW)).standing.band.risk is risk


def test_a_red_value_of_meows_is_named_and_a_yellow_one_is_not() -> None:
    assert evaluate(MEOWS, well(pulse=121, sbp=150), NOW).red == ("pulse",)


@pytest.mark.parametrize(
    ("chart", "changes", "risk"),
    [
        (QSOFA, {"rr": 22}, Risk.NEGATIVE),
        (QSOFA, {"rr": 22, "sbp": 100}, Risk.POSITIVE),
        (SIRS, {"rr": 21}, Risk.NEGATIVE),
        (SIRS, {"rr": 21, "wbc": 3.9}, Risk.POSITIVE),
        (MEWS, {"rr": 30}, Risk.LOW),
        (MEWS, {"rr": 30, "pulse": 101}, Risk.LOW),
        (MEWS, {"rr": 30, "pulse": 111}, Risk.HIGH),
    ],
)
def test_sums_and_thresholds(chart: Chart, changes: dict[str, Value], risk: Risk) -> None:
    assert complete(evaluate(chart, well(**changes), NOW)).standing.band.risk is risk


def test_the_worse_of_glasgow_scale_and_acvpu_counts_and_either_is_enough() -> None:
    assert points(QSOFA, "mentation", well(acvpu=None, gcs=15)) == 0
    assert points(QSOFA, "mentation", well(acvpu=None, gcs=14)) == 1
    assert points(QSOFA, "mentation", well(acvpu="A", gcs=14)) == 1
    assert points(QSOFA, "mentation", well(acvpu="V", gcs=15)) == 1


@pytest.mark.parametrize(
    ("changes", "row", "expected"),
    [
        ({"paco2_mmhg": 31.9}, "rr", 1),
        ({"paco2_mmhg": 32}, "rr", 0),
        ({"rr": None, "paco2_mmhg": 31.9}, "rr", 1),
        ({"bands_percent": 11}, "wbc", 1),
        ({"bands_percent": 10}, "wbc", 0),
        ({"wbc": None, "bands_percent": 11}, "wbc", 1),
    ],
)
def test_blood_results_can_answer_a_row_of_sirs(
    changes: dict[str, Value | None], row: str, expected: int
) -> None:
    assert points(SIRS, row, well(**changes)) == expected


def test_a_normal_blood_gas_does_not_replace_the_respiratory_rate() -> None:
    result = evaluate(SIRS, well(rr=None, paco2_mmhg=40), NOW)
    assert isinstance(result, Partial)
    assert result.missing == (Absent(Name.RR, Absence.MISSING),)


@pytest.mark.parametrize(
    ("pulse", "sbp", "index", "risk"),
    [
        (70, 120, "0.58", Risk.NORMAL),
        (89, 100, "0.89", Risk.NORMAL),
        (179, 200, "0.90", Risk.ELEVATED),
        (90, 100, "0.90", Risk.ELEVATED),
        (99, 100, "0.99", Risk.ELEVATED),
        (100, 100, "1.00", Risk.SEVERE),
        (140, 70, "2.00", Risk.SEVERE),
    ],
)
def test_shock_index(pulse: int, sbp: int, index: str, risk: Risk) -> None:
    result = complete(evaluate(SHOCK_INDEX, given({"pulse": pulse, "sbp": sbp}), NOW))
    assert result.parts[0].value == Decimal(index)
    assert result.standing.band.risk is risk


@pytest.mark.parametrize(
    ("spo2", "fio2_percent", "rr", "index", "risk"),
    [
        (97, 21, 16, "28.87", Risk.LOW),
        (92, 60, 30, "5.11", Risk.LOW),
        (100, 50, 41, "4.88", Risk.LOW),
        (100, 60, 35, "4.76", Risk.MEDIUM),
        (77, 80, 25, "3.85", Risk.MEDIUM),
        (90, 80, 30, "3.75", Risk.HIGH),
    ],
)
def test_rox(spo2: int, fio2_percent: int, rr: int, index: str, risk: Risk) -> None:
    values: dict[str, Value] = {"spo2": spo2, "fio2_percent": fio2_percent, "rr": rr}
    result = complete(evaluate(ROX, given(values), NOW))
    assert result.parts[0].value == Decimal(index)
    assert result.standing.band.risk is risk


@pytest.mark.parametrize(
    ("chart", "changes"),
    [
        (SHOCK_INDEX, {"pulse": 0}),
        (SHOCK_INDEX, {"sbp": 0}),
        (SHOCK_INDEX, {"pulse": 0, "sbp": 0}),
        (ROX, {"rr": 0}),
        (ROX, {"rr": 0.4}),
        (ROX, {"spo2": 0}),
    ],
)
def test_no_pulse_no_pressure_and_no_breath_are_never_reassuring(
    chart: Chart, changes: dict[str, Value]
) -> None:
    result = evaluate(chart, well(**changes), NOW)
    assert isinstance(result, Complete)
    assert result.parts[0].value is None
    assert result.standing.band is chart.bands[-1]


@pytest.mark.parametrize("chart", [MEOWS, MEWS, QSOFA, SIRS, SHOCK_INDEX, ROX])
def test_the_well_adult_is_well_on_every_chart(chart: Chart) -> None:
    result = complete(evaluate(chart, well(rr=14), NOW))
    assert result.total == 0
    assert not result.standing.band.calls
    assert set(parts(result)) <= {*WELL, "mentation", "shock_index", "rox"}
