"""`ward-hub score`: one line in, one line out, and a bad line harms no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ward_hub.cli import app
from ward_hub.core.scores.inputs import CODES, POSSIBLE, Name
from ward_hub.scoring_cli import ScoreName

WELL = {
    "rr": 16,
    "spo2": 98,
    "on_oxygen": False,
    "sbp": 120,
    "pulse": 70,
    "acvpu": "A",
    "temp_c": 37.0,
}


def run(score: str, text: str | bytes) -> Result:
    return CliRunner().invoke(app, ["score", score], input=text)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def scored(score: str, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    result = run(score, "\n".join(json.dumps(line) for line in lines))
    assert result.exit_code == 0, result.output
    return answers(result)


def refused(score: str, line: dict[str, Any]) -> dict[str, Any]:
    result = run(score, json.dumps(line))
    assert result.exit_code == 1
    (answer,) = answers(result)
    return answer


def test_a_complete_score() -> None:
    (answer,) = scored("news2", WELL | {"temp_c": 38.05, "rr": 25, "id": "bed 4"})
    assert answer == {
        "id": "bed 4",
        "score": "news2",
        "variant": "scale_1",
        "complete": True,
        "total": 4,
        "partial": None,
        "missing": [],
        "parts": {
            "rr": 3,
            "spo2": 0,
            "on_oxygen": 0,
            "sbp": 0,
            "pulse": 0,
            "acvpu": 0,
            "temp_c": 1,
        },
        "risk": "low-medium",
        "response": "team_reviews",
        "because": ["rr"],
        "triggered": True,
        "red": ["rr"],
        "prompts": [],
    }


def test_an_incomplete_score_has_no_total_and_still_calls() -> None:
    (answer,) = scored("news2", {"rr": 0, "spo2": None})
    assert (answer["complete"], answer["total"], answer["partial"]) == (False, None, 3)
    assert answer["missing"] == ["spo2", "on_oxygen", "sbp", "pulse", "acvpu", "temp_c"]
    assert (answer["risk"], answer["triggered"]) == ("low-medium", True)


def test_an_incomplete_score_that_calls_for_nobody_has_no_risk() -> None:
    (answer,) = scored("news2", {"rr": 16})
    assert (answer["partial"], answer["risk"], answer["triggered"]) == (0, None, False)


def test_scale_2_is_what_the_line_says() -> None:
    line = WELL | {"spo2": 97, "on_oxygen": True}
    one, two = scored("news2", line, line | {"spo2_scale": 2})
    assert (one["total"], one["variant"]) == (2, "scale_1")
    assert (two["total"], two["variant"], two["risk"]) == (5, "scale_2", "medium")


def test_the_next_line_is_scored_after_a_bad_one() -> None:
    lines = [json.dumps(WELL), "{", "", json.dumps(WELL | {"rr": "fast"}), json.dumps(WELL)]
    result = run("news2", "\n".join(lines))
    assert result.exit_code == 1
    first, second, third, fourth = answers(result)
    assert (first["total"], fourth["total"]) == (0, 0)
    assert (second["line"], second["field"]) == (2, None)
    assert third == {"error": 'rr: "fast" is not a number', "field": "rr", "line": 4}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"spo2": 101}, "spo2: 101 is not possible; 0 to 100 is"),
        ({"rr": -1}, "rr: -1 is not possible; 0 to 300 is"),
        ({"rr": float("nan")}, "rr: NaN is not a number"),
        ({"rr": 10**400}, "rr: the number is not possible; 0 to 300 is"),
        ({"rr": True}, "rr: true is not a number"),
        ({"rr": [16]}, "rr: neither a number nor a code"),
        ({"acvpu": "X"}, 'acvpu: "X" is not a or c or v or p or u'),
        ({"on_oxygen": 1}, "on_oxygen: 1 is not false or true"),
        ({"spo2_scale": 3}, "spo2_scale: neither 1 nor 2"),
        ({"spo2_scale": True}, "spo2_scale: neither 1 nor 2"),
        ({"spo2_scale": [2]}, "spo2_scale: neither 1 nor 2"),
        ({"pulse": 70, "hr": 71}, "hr: given twice, once by another name"),
    ],
)
def test_an_error_names_the_field(line: dict[str, Any], error: str) -> None:
    answer = refused("news2", {"id": 7} | line)
    assert answer == {"id": 7, "error": error, "field": error.split(":", maxsplit=1)[0], "line": 1}


@pytest.mark.parametrize(
    "raw", [b"[1]", b"17", b"\xff\xfe", b"[" * 100_000, b'{"rr": 1' + b"0" * 5000]
)
def test_a_line_that_is_no_object_is_answered(raw: bytes) -> None:
    result = run("news2", raw + b"\n" + json.dumps(WELL).encode())
    assert result.exit_code == 1
    bad, good = answers(result)
    assert (bad["field"], bad["line"]) == (None, 1)
    assert good["total"] == 0


def test_names_of_the_device_contract_are_understood_and_unknown_ones_listed() -> None:
    (answer,) = scored("mews", {"hr": 130, "temp": 38.5, "nibp_sys": 70, "sp02": 9})
    assert answer["parts"] == {"pulse": 3, "sbp": 3, "temp_c": 2}
    assert answer["ignored"] == ["sp02"]


CHILD = {
    "rr": 22,
    "respiratory_distress": "none",
    "spo2": 98,
    "oxygen_device": "air",
    "pulse": 100,
    "sbp": 100,
    "capillary_refill_s": 1,
}


@pytest.mark.parametrize(
    ("age", "band"),
    [
        ({"born": "2021-11-22", "on": "2026-11-22"}, "5-12y"),
        ({"born": "2021-11-23", "on": "2026-11-22"}, "1-4y"),
        ({"age_years": 12.9}, "5-12y"),
        ({"age_years": 0}, "0-11m"),
        ({"age_months": 11}, "0-11m"),
        ({"age_months": 12}, "1-4y"),
        ({"age_band": "13y+"}, "13y+"),
    ],
)
def test_the_chart_of_a_child_goes_by_age(age: dict[str, Any], band: str) -> None:
    (answer,) = scored("npews", CHILD | age)
    assert (answer["complete"], answer["variant"]) == (True, band)


@pytest.mark.parametrize(
    ("age", "field"),
    [
        ({}, "born"),
        ({"born": "2008-11-22", "on": "2026-11-22"}, "born"),
        ({"born": "22/11/2020"}, "born"),
        ({"born": 2020}, "born"),
        ({"born": "2020-11-22", "on": "today"}, "on"),
        ({"age_years": 18}, "age_years"),
        ({"age_years": -1}, "age_years"),
        ({"age_years": float("nan")}, "age_years"),
        ({"age_months": True}, "age_months"),
        ({"age_band": "adult"}, "age_band"),
    ],
)
def test_an_age_that_chooses_no_chart_is_an_error(age: dict[str, Any], field: str) -> None:
    assert refused("npews", CHILD | age)["field"] == field


@pytest.mark.parametrize(
    ("score", "line", "total", "risk"),
    [
        ("npews", CHILD | {"age_years": 6, "acvpu": "V"}, 0, "high"),
        ("meows", WELL | {"dbp": 101, "pain": 0}, 2, "triggered"),
        ("qsofa", WELL | {"rr": 22, "sbp": 100}, 2, "positive"),
        ("sirs", WELL | {"wbc": 12.1}, 1, "negative"),
        ("mews", WELL | {"rr": 30, "pulse": 130}, 6, "high"),
        ("shock_index", {"pulse": 120, "sbp": 100}, 2, "severe"),
        ("rox", {"spo2": 90, "fio2": 80, "rr": 30}, 2, "high"),
    ],
)
def test_every_other_score(score: str, line: dict[str, Any], total: int, risk: str) -> None:
    (answer,) = scored(score, line)
    assert (answer["total"], answer["risk"]) == (total, risk)


def test_an_index_prints_the_ratio_too() -> None:
    with_value, without = scored("shock_index", {"hr": 90, "sbp": 100}, {"hr": 0, "sbp": 100})
    assert (with_value["index"], with_value["risk"]) == (0.9, "elevated")
    assert (without["index"], without["risk"]) == (None, "severe")


@pytest.mark.parametrize("score", ScoreName)
def test_no_input_is_an_answer_for_every_score(score: ScoreName) -> None:
    (answer,) = scored(score, {"age_years": 3})
    assert (answer["total"], answer["partial"], answer["parts"]) == (None, 0, {})


def test_every_input_is_either_a_number_or_a_code() -> None:
    assert set(POSSIBLE) | set(CODES) == set(Name)
    assert not set(POSSIBLE) & set(CODES)


def test_nothing_in_nothing_out() -> None:
    result = run("news2", "\n \n")
    assert (result.exit_code, result.stdout) == (0, "")
