"""NEWS2 is the chart, cell by cell, and what the college says follows from it."""

from __future__ import annotations

import pytest

from tests.scores.patients import NOW, complete, ends, parts, points, well
from ward_hub.core.scores.adult import (
    NEWS2_SCALE_1,
    NEWS2_SCALE_2,
    Scale2Decision,
    news2,
)
from ward_hub.core.scores.chart import Complete, Response, Result, Risk
from ward_hub.core.scores.inputs import Value

DECISION = Scale2Decision("nurse-7", NOW, "hypercapnic failure, target 88 to 92 %")

# The chart of the college, written down a second time.
TABLE = {
    "rr": "<=8:3 9-11:1 12-20:0 21-24:2 >=25:3",
    "sbp": "<=90:3 91-100:2 101-110:1 111-219:0 >=220:3",
    "pulse": "<=40:3 41-50:1 51-90:0 91-110:1 111-130:2 >=131:3",
    "spo2": "<=91:3 92-93:2 94-95:1 >=96:0",
}
TEMPERATURE = "<=35.0:3 35.1-36.0:1 36.1-38.0:0 38.1-39.0:1 >=39.1:2"
SCALE_2_AIR = "<=83:3 84-85:2 86-87:1 >=88:0"
SCALE_2_OXYGEN = "<=83:3 84-85:2 86-87:1 88-92:0 93-94:1 95-96:2 >=97:3"


def scored(scale: int = 1, /, **changes: Value | None) -> Result:
    return news2(well(**changes), NOW, scale_2=DECISION if scale == 2 else None)


@pytest.mark.parametrize("row", TABLE)
def test_both_ends_of_every_cell(row: str) -> None:
    for value, expected in ends(TABLE[row], "1"):
        assert points(NEWS2_SCALE_1, row, well(**{row: value})) == expected, value


def test_both_ends_of_every_cell_of_temperature() -> None:
    for value, expected in ends(TEMPERATURE, "0.1"):
        assert points(NEWS2_SCALE_1, "temp_c", well(temp_c=value)) == expected, value


@pytest.mark.parametrize(
    ("on_oxygen", "table"), [(False, SCALE_2_AIR), (True, SCALE_2_OXYGEN)], ids=["air", "oxygen"]
)
def test_both_ends_of_every_cell_of_scale_2(on_oxygen: bool, table: str) -> None:
    for value, expected in ends(table, "1"):
        inputs = well(spo2=value, on_oxygen=on_oxygen)
        assert points(NEWS2_SCALE_2, "spo2", inputs) == expected, value


@pytest.mark.parametrize(("on_oxygen", "expected"), [(False, 0), (True, 2)])
def test_oxygen(on_oxygen: bool, expected: int) -> None:
    assert points(NEWS2_SCALE_1, "on_oxygen", well(on_oxygen=on_oxygen)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3), ("a", 0), (" c ", 3)],
)
def test_consciousness(code: str, expected: int) -> None:
    assert points(NEWS2_SCALE_1, "acvpu", well(acvpu=code)) == expected


@pytest.mark.parametrize(
    ("temp_c", "expected"),
    [
        (35.04, 3),
        (35.05, 1),
        (36.04, 1),
        (36.05, 0),
        (38.04, 0),
        (38.05, 1),
        (39.04, 1),
        (39.05, 2),
    ],
)
def test_a_temperature_is_rounded_half_up_to_what_the_chart_shows(
    temp_c: float, expected: int
) -> None:
    assert points(NEWS2_SCALE_1, "temp_c", well(temp_c=temp_c)) == expected


@pytest.mark.parametrize(("spo2", "expected"), [(91.49, 3), (91.5, 2), (95.5, 0)])
def test_a_saturation_is_rounded_half_up_to_a_whole_number(spo2: float, expected: int) -> None:
    assert points(NEWS2_SCALE_1, "spo2", well(spo2=spo2)) == expected


# The same chart once more as plain conditions, which share nothing with tables or rounding.


def rr_points(rr: int) -> int:
    if rr <= 8 or rr >= 25:
        return 3
    if rr >= 21:
        return 2
    return 1 if rr <= 11 else 0


def spo2_points(spo2: int, scale: int, on_oxygen: bool) -> int:
    if scale == 1:
        return 3 if spo2 <= 91 else 2 if spo2 <= 93 else 1 if spo2 <= 95 else 0
    if spo2 <= 83:
        return 3
    if spo2 <= 85:
        return 2
    if spo2 <= 87:
        return 1
    if spo2 <= 92 or not on_oxygen:
        return 0
    return 1 if spo2 <= 94 else 2 if spo2 <= 96 else 3


def sbp_points(sbp: int) -> int:
    if sbp <= 90 or sbp >= 220:
        return 3
    return 2 if sbp <= 100 else 1 if sbp <= 110 else 0


def pulse_points(pulse: int) -> int:
    if pulse <= 40 or pulse > 130:
        return 3
    if pulse > 110:
        return 2
    return 1 if pulse <= 50 or pulse > 90 else 0


def temp_points(tenths: int) -> int:
    if tenths <= 350:
        return 3
    if tenths > 390:
        return 2
    return 1 if tenths <= 360 or tenths > 380 else 0


def risk_of(total: int, single_3: bool) -> str:
    if total >= 7:
        return "high"
    if total >= 5:
        return "medium"
    return "low-medium" if single_3 else "low"


def same(result: Result, expected: dict[str, int]) -> None:
    total = sum(expected.values())
    found = complete(result)
    assert parts(found) == expected
    assert found.total == total
    assert found.standing.band.risk == risk_of(total, 3 in expected.values())


def plainly(
    rr: int, spo2: int, scale: int, on_oxygen: bool, sbp: int, pulse: int, tenths: int
) -> dict[str, int]:
    return {
        "rr": rr_points(rr),
        "spo2": spo2_points(spo2, scale, on_oxygen),
        "on_oxygen": 2 if on_oxygen else 0,
        "sbp": sbp_points(sbp),
        "pulse": pulse_points(pulse),
        "acvpu": 0,
        "temp_c": temp_points(tenths),
    }


@pytest.mark.parametrize("row", ["rr", "sbp", "pulse"])
def test_every_whole_number_to_300_equals_plain_conditions(row: str) -> None:
    for value in range(301):
        numbers = {"rr": 16, "sbp": 120, "pulse": 70} | {row: value}
        same(
            scored(**numbers),
            plainly(numbers["rr"], 98, 1, False, numbers["sbp"], numbers["pulse"], 370),
        )


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("on_oxygen", [False, True])
def test_every_saturation_equals_plain_conditions(scale: int, on_oxygen: bool) -> None:
    for spo2 in range(101):
        expected = plainly(16, spo2, scale, on_oxygen, 120, 70, 370)
        same(scored(scale, spo2=spo2, on_oxygen=on_oxygen), expected)


def test_every_tenth_of_a_degree_equals_plain_conditions() -> None:
    for tenths in range(250, 450):
        same(scored(temp_c=tenths / 10), plainly(16, 98, 1, False, 120, 70, tenths))


@pytest.mark.parametrize(
    ("changes", "total", "risk", "response", "every_s"),
    [
        ({}, 0, Risk.LOW, Response.ROUTINE, 43200),
        ({"pulse": 91}, 1, Risk.LOW, Response.NURSE_ASSESSES, 21600),
        ({"pulse": 111, "on_oxygen": True}, 4, Risk.LOW, Response.NURSE_ASSESSES, 21600),
        ({"acvpu": "C"}, 3, Risk.LOW_MEDIUM, Response.TEAM_REVIEWS, 3600),
        ({"acvpu": "C", "pulse": 91}, 4, Risk.LOW_MEDIUM, Response.TEAM_REVIEWS, 3600),
        ({"acvpu": "C", "pulse": 111}, 5, Risk.MEDIUM, Response.URGENT_ASSESSMENT, 3600),
        (
            {"rr": 21, "on_oxygen": True, "pulse": 91},
            5,
            Risk.MEDIUM,
            Response.URGENT_ASSESSMENT,
            3600,
        ),
        ({"rr": 25, "acvpu": "V"}, 6, Risk.MEDIUM, Response.URGENT_ASSESSMENT, 3600),
        ({"rr": 25, "acvpu": "V", "pulse": 50}, 7, Risk.HIGH, Response.EMERGENCY_ASSESSMENT, 900),
    ],
)
def test_risk_and_response(
    changes: dict[str, Value], total: int, risk: Risk, response: Response, every_s: float
) -> None:
    result = complete(scored(**changes))
    band = result.standing.band
    assert (result.total, band.risk, band.response) == (total, risk, response)
    assert band.observe_every_s == every_s


def test_the_worst_patient_has_20_points() -> None:
    worst: dict[str, Value] = {
        "rr": 0,
        "spo2": 0,
        "on_oxygen": True,
        "sbp": 0,
        "pulse": 0,
        "acvpu": "U",
    }
    result = complete(scored(**worst, temp_c=30))
    assert result.total == 20
    assert result.red == ("rr", "spo2", "sbp", "pulse", "acvpu", "temp_c")


def test_a_red_value_says_which_it_is() -> None:
    result = scored(sbp=90)
    assert result.red == ("sbp",)
    assert isinstance(result, Complete)
    assert result.standing.because == ("sbp",)


def test_scale_2_needs_a_decision_with_who_and_why() -> None:
    assert scored(1).variant == "scale_1"
    assert scored(2).variant == "scale_2"
    for who, why in (("", "target 88 to 92 %"), ("nurse-7", " ")):
        with pytest.raises(ValueError, match="who and why"):
            Scale2Decision(who, NOW, why)
