"""National PEWS is the configuration document, cell by cell, and its chart goes by birthday."""

from __future__ import annotations

from datetime import date

import pytest

from tests.scores.patients import NOW, complete, ends, given, parts, points
from ward_hub.core.scores.chart import Partial, Result, Risk
from ward_hub.core.scores.inputs import Absence, Absent, Name, Value
from ward_hub.core.scores.npews import NPEWS, AgeBand, age_band, npews

INFANT, TODDLER, CHILD, TEENAGER = AgeBand

# The document's tables, written down a second time; its numbers end at .99.
TABLE = {
    (INFANT, "rr"): "<=9.99:4 10-19.99:2 20-29.99:1 30-49.99:0 50-59.99:1 60-69.99:2 >=70:4",
    (TODDLER, "rr"): "<=9.99:4 10-19.99:2 20-39.99:0 40-49.99:1 50-59.99:2 >=60:4",
    (CHILD, "rr"): "<=9.99:4 10-14.99:2 15-19.99:1 20-24.99:0 25-39.99:1 40-49.99:2 >=50:4",
    (TEENAGER, "rr"): "<=9.99:4 10-14.99:1 15-24.99:0 25-29.99:1 30-39.99:2 >=40:4",
    (INFANT, "pulse"): (
        "<=79.99:4 80-89.99:2 90-109.99:1 110-149.99:0 150-169.99:1 170-179.99:2 >=180:4"
    ),
    (TODDLER, "pulse"): (
        "<=59.99:4 60-69.99:2 70-89.99:1 90-139.99:0 140-149.99:1 150-169.99:2 >=170:4"
    ),
    (CHILD, "pulse"): (
        "<=59.99:4 60-69.99:2 70-79.99:1 80-119.99:0 120-139.99:1 140-159.99:2 >=160:4"
    ),
    (TEENAGER, "pulse"): (
        "<=49.99:4 50-59.99:2 60-69.99:1 70-99.99:0 100-119.99:1 120-129.99:2 >=130:4"
    ),
    (INFANT, "sbp"): "<=49.99:4 50-59.99:2 60-69.99:1 70-89.99:0 90-99.99:1 100-109.99:2 >=110:4",
    (TODDLER, "sbp"): (
        "<=49.99:4 50-59.99:2 60-79.99:1 80-99.99:0 100-119.99:1 120-129.99:2 >=130:4"
    ),
    (CHILD, "sbp"): (
        "<=69.99:4 70-79.99:2 80-89.99:1 90-109.99:0 110-119.99:1 120-129.99:2 >=130:4"
    ),
    (TEENAGER, "sbp"): (
        "<=79.99:4 80-89.99:2 90-99.99:1 100-119.99:0 120-129.99:1 130-139.99:2 >=140:4"
    ),
}
ALL_AGES = {
    "spo2": "<=91:4 91.01-94.99:1 >=95:0",
    "capillary_refill_s": "<=2:0 2.01-2.99:2 >=3:2",
}
WELL_CHILD: dict[str, Value] = {
    "rr": 22,
    "respiratory_distress": "none",
    "spo2": 98,
    "oxygen_device": "air",
    "pulse": 100,
    "sbp": 100,
    "capillary_refill_s": 1,
}


def child(**changes: Value | None) -> Result:
    return npews(given({**WELL_CHILD, **changes}), NOW, CHILD)


@pytest.mark.parametrize(("band", "row"), TABLE)
def test_both_ends_of_every_cell(band: AgeBand, row: str) -> None:
    for value, expected in ends(TABLE[band, row], "0.01"):
        assert points(NPEWS[band], row, given({row: value})) == expected, value


@pytest.mark.parametrize("band", AgeBand)
@pytest.mark.parametrize("row", ALL_AGES)
def test_both_ends_of_every_cell_for_all_ages(band: AgeBand, row: str) -> None:
    for value, expected in ends(ALL_AGES[row], "0.01"):
        assert points(NPEWS[band], row, given({row: value})) == expected, value


def test_there_is_no_three() -> None:
    for band in AgeBand:
        for value in range(301):
            inputs = given({"rr": value, "pulse": value, "sbp": value})
            found = parts(npews(inputs, NOW, band))
            assert len(found) == 3
            assert set(found.values()) <= {0, 1, 2, 4}


def test_a_rate_in_the_gap_of_closed_bands_is_scored() -> None:
    assert parts(child(rr=9.99))["rr"] == 4
    assert parts(child(rr=9.995))["rr"] == 2


@pytest.mark.parametrize(
    ("code", "expected"), [("none", 0), ("mild", 1), ("moderate", 2), ("severe", 4)]
)
def test_respiratory_distress(code: str, expected: int) -> None:
    assert parts(child(respiratory_distress=code))["respiratory_distress"] == expected


OXYGEN_PERCENT = [(16, 1), (29.99, 1), (30, 2), (49.99, 2), (50, 4), (100, 4)]
OXYGEN_LPM = [(0.01, 1), (1.99, 1), (2, 2), (5.99, 2), (6, 4), (15, 4)]


@pytest.mark.parametrize("device", ["np", "fm", "hb", "nrb", None])
@pytest.mark.parametrize(("percent", "expected"), OXYGEN_PERCENT)
def test_oxygen_in_percent(device: str | None, percent: float, expected: int) -> None:
    result = child(oxygen_device=device, fio2_percent=percent)
    assert parts(result)["oxygen"] == expected


@pytest.mark.parametrize("device", ["np", "fm", "hb", "nrb", None])
@pytest.mark.parametrize(("lpm", "expected"), OXYGEN_LPM)
def test_oxygen_in_litres(device: str | None, lpm: float, expected: int) -> None:
    assert parts(child(oxygen_device=device, oxygen_lpm=lpm))["oxygen"] == expected


@pytest.mark.parametrize(("percent", "expected"), [(21, 0), (21.01, 1), *OXYGEN_PERCENT[1:]])
def test_a_level_that_is_not_air_is_scored_though_air_was_said(
    percent: float, expected: int
) -> None:
    assert parts(child(oxygen_device="air", fio2_percent=percent))["oxygen"] == expected
    said_no_oxygen = child(oxygen_device=None, on_oxygen=False, fio2_percent=percent)
    assert parts(said_no_oxygen)["oxygen"] == expected


@pytest.mark.parametrize("device", ["high_flow", "BiPAP", "CPAP"])
@pytest.mark.parametrize("level", [{}, {"fio2_percent": 21}, {"oxygen_lpm": 0}])
def test_high_flow_is_four_whatever_its_level(device: str, level: dict[str, Value]) -> None:
    assert parts(child(oxygen_device=device, **level))["oxygen"] == 4


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"oxygen_device": "air"}, 0),
        ({"oxygen_device": "air", "fio2_percent": 21}, 0),
        ({"oxygen_device": "air", "fio2_percent": 40}, 2),
        ({"oxygen_device": "air", "oxygen_lpm": 0}, 0),
        ({"oxygen_device": "air", "oxygen_lpm": 6}, 4),
        ({"oxygen_device": None, "on_oxygen": False}, 0),
        ({"oxygen_device": None, "on_oxygen": False, "oxygen_lpm": 2}, 2),
        ({"oxygen_device": None, "on_oxygen": True, "oxygen_lpm": 0}, 1),
        ({"oxygen_device": None, "oxygen_lpm": 0}, 0),
        ({"oxygen_device": None, "fio2_percent": 25, "oxygen_lpm": 6}, 4),
        ({"oxygen_device": "np", "oxygen_lpm": 0}, 1),
    ],
)
def test_oxygen_said_in_several_ways_takes_the_higher(
    changes: dict[str, Value | None], expected: int
) -> None:
    assert parts(child(**changes))["oxygen"] == expected


@pytest.mark.parametrize(
    ("changes", "asked_for"),
    [
        ({"oxygen_device": None}, Name.ON_OXYGEN),
        ({"oxygen_device": None, "on_oxygen": True}, Name.FIO2_PERCENT),
        ({"oxygen_device": "np"}, Name.FIO2_PERCENT),
    ],
)
def test_oxygen_without_a_level_is_missing_and_not_air(
    changes: dict[str, Value | None], asked_for: Name
) -> None:
    result = child(**changes)
    assert isinstance(result, Partial)
    assert result.missing == (Absent(asked_for, Absence.MISSING),)


@pytest.mark.parametrize(
    ("code", "expected"), [("NCO", 0), ("U0", 0), ("U4", 4), ("other_0", 0), ("other_4", 4)]
)
def test_a_pressure_not_done(code: str, expected: int) -> None:
    result = child(sbp=None, bp_not_done=code)
    assert complete(result).total == expected
    assert parts(result)["sbp"] == expected


def test_a_pressure_beside_a_code_takes_the_higher() -> None:
    assert parts(child(sbp=65, bp_not_done="NCO"))["sbp"] == 4
    assert parts(child(sbp=100, bp_not_done="U4"))["sbp"] == 4


@pytest.mark.parametrize(
    ("seconds", "expected"), [(2, 0), (2.01, 2), (2.5, 2), (2.99, 2), (3, 2), (0, 0)]
)
def test_capillary_refill_in_the_gap_takes_the_higher(seconds: float, expected: int) -> None:
    assert parts(child(capillary_refill_s=seconds))["capillary_refill_s"] == expected


@pytest.mark.parametrize(
    ("changes", "total", "risk"),
    [
        ({}, 0, Risk.NONE),
        ({"rr": 25}, 1, Risk.LOW),
        ({"rr": 50}, 4, Risk.LOW),
        ({"rr": 50, "pulse": 120}, 5, Risk.MEDIUM),
        ({"rr": 50, "pulse": 160}, 8, Risk.MEDIUM),
        ({"rr": 50, "pulse": 160, "sbp": 110}, 9, Risk.HIGH),
        ({"rr": 50, "pulse": 160, "sbp": 130}, 12, Risk.HIGH),
        ({"rr": 50, "pulse": 160, "sbp": 130, "spo2": 94}, 13, Risk.EMERGENCY),
    ],
)
def test_levels_by_score(changes: dict[str, Value], total: int, risk: Risk) -> None:
    result = complete(child(**changes))
    assert (result.total, result.standing.band.risk) == (total, risk)


@pytest.mark.parametrize(
    ("changes", "risk"),
    [
        ({"acvpu": "A"}, Risk.NONE),
        ({"acvpu": "C"}, Risk.HIGH),
        ({"acvpu": "V"}, Risk.HIGH),
        ({"acvpu": "P"}, Risk.EMERGENCY),
        ({"acvpu": "U"}, Risk.EMERGENCY),
        ({"pupils_abnormal": True}, Risk.EMERGENCY),
        ({"pupils_abnormal": False}, Risk.NONE),
        ({"new_sepsis_suspected": True}, Risk.MEDIUM),
        ({"new_septic_shock_suspected": True}, Risk.HIGH),
        ({"clinical_intuition": "high"}, Risk.HIGH),
        ({"carer_concern": "medium"}, Risk.MEDIUM),
        ({"carer_concern": "none"}, Risk.NONE),
        ({"carer_concern": "low", "acvpu": "V"}, Risk.HIGH),
    ],
)
def test_a_trigger_raises_the_level_and_not_the_score(
    changes: dict[str, Value], risk: Risk
) -> None:
    result = complete(child(**changes))
    assert (result.total, result.standing.band.risk) == (0, risk)


def test_a_trigger_never_lowers_the_level() -> None:
    result = complete(child(rr=50, pulse=160, sbp=130, spo2=91, carer_concern="low"))
    assert result.standing.band.risk is Risk.EMERGENCY
    assert result.standing.because == ("total",)


@pytest.mark.parametrize(
    ("temp_c", "is_prompted"),
    [(35.94, True), (35.95, False), (36, False), (37.9, False), (37.95, True), (38, True)],
)
def test_temperature_prompts_and_gives_no_points(temp_c: float, is_prompted: bool) -> None:
    result = complete(child(temp_c=temp_c))
    assert result.total == 0
    assert result.prompts == (("think_sepsis",) if is_prompted else ())


def test_the_worst_child_has_26_points() -> None:
    worst: dict[str, Value] = {
        "rr": 0,
        "respiratory_distress": "severe",
        "spo2": 0,
        "oxygen_device": "cpap",
        "pulse": 0,
        "sbp": 0,
        "capillary_refill_s": 5,
    }
    assert [complete(npews(given(worst), NOW, band)).total for band in AgeBand] == [26] * 4


@pytest.mark.parametrize(
    ("born", "on", "band"),
    [
        ("2025-11-22", "2025-11-22", INFANT),
        ("2025-11-23", "2026-11-22", INFANT),
        ("2025-11-22", "2026-11-22", TODDLER),
        ("2021-11-23", "2026-11-22", TODDLER),
        ("2021-11-22", "2026-11-22", CHILD),
        ("2013-11-23", "2026-11-22", CHILD),
        ("2013-11-22", "2026-11-22", TEENAGER),
        ("2008-11-23", "2026-11-22", TEENAGER),
        ("2008-11-22", "2026-11-22", None),
        ("2026-11-23", "2026-11-22", None),
        ("2024-02-29", "2025-02-28", INFANT),
        ("2024-02-29", "2025-03-01", TODDLER),
    ],
)
def test_the_chart_changes_on_the_birthday(born: str, on: str, band: AgeBand | None) -> None:
    assert age_band(date.fromisoformat(born), date.fromisoformat(on)) is band
