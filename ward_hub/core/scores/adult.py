"""Adults: NEWS2 with both saturation scales, and MEWS.

NEWS2 (Royal College of Physicians, 2017) is for adults from 16 years, neither pregnant nor with a
spinal cord injury; whoever chooses the chart for a patient sees to that. Its table was compared
by the clinical reference with the chart, with the PMJ's table and with the openEHR GDL2 rules
(19 of 19 cases and 1,507 points equal). Its chart has whole numbers and tenths of a degree.

Scale 2 is for patients in hypercapnic respiratory failure with a target of 88 to 92 %, and only
by a clinician's recorded decision (`Scale2Decision`), never from a diagnosis. On air, 93 % and
more gives 0 points there: only oxygen can be too much.

Unverified: the wording of RCP Chart 2, from which the names of the risks come (the thresholds
agree with Chart 4 and the GDL2 rules). This project's choices: a total of 0 is `low`, as in Chart
2 and GDL2, and differs from 1 to 4 by its response; spot values of a patient at 7 or more may be
15 minutes old; a total of 1 to 4 is observed every 6 hours, the longer end of Chart 4.

MEWS (Subbe 2001) is as in the GDL2 guideline MEWS.v1.2, with new confusion as 1 point. Its 5
points for high risk are the only threshold in the reference; it names no observation intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ward_hub.core.scores.chart import Band, Chart, Red, Response, Result, Risk, evaluate
from ward_hub.core.scores.inputs import Input, MaxAges, Name
from ward_hub.core.scores.rows import Depending, Measured, Observed, Row, bands

_HOUR_S: Final = 3600.0

_TOO_LOW: Final = (84, 2), (86, 1), (88, 0)
_TOO_HIGH: Final = (93, 1), (95, 2), (97, 3)

_SCALE_1: Final = Measured(Name.SPO2, bands(3, (92, 2), (94, 1), (96, 0)))
_SCALE_2: Final = Depending(
    name=Name.SPO2,
    on=Name.ON_OXYGEN,
    cases=(
        ("false", Measured(Name.SPO2, bands(3, *_TOO_LOW))),
        ("true", Measured(Name.SPO2, bands(3, *_TOO_LOW, *_TOO_HIGH))),
    ),
)


def _news2(variant: str, spo2: Row) -> Chart:
    return Chart(
        score="news2",
        variant=variant,
        rows=(
            Measured(Name.RR, bands(3, (9, 1), (12, 0), (21, 2), (25, 3))),
            spo2,
            Observed(Name.ON_OXYGEN, (("false", 0), ("true", 2))),
            Measured(Name.SBP, bands(3, (91, 2), (101, 1), (111, 0), (220, 3))),
            Measured(Name.PULSE, bands(3, (41, 1), (51, 0), (91, 1), (111, 2), (131, 3))),
            Observed(Name.ACVPU, (("a", 0), ("c", 3), ("v", 3), ("p", 3), ("u", 3))),
            Measured(
                Name.TEMP_C,
                bands(3, (35.1, 1), (36.1, 0), (38.1, 1), (39.1, 2), decimals=1),
            ),
        ),
        bands=(
            Band(Risk.LOW, Response.ROUTINE, 0, 12 * _HOUR_S, calls=False),
            Band(Risk.LOW, Response.NURSE_ASSESSES, 1, 6 * _HOUR_S, calls=False),
            Band(Risk.LOW_MEDIUM, Response.TEAM_REVIEWS, None, _HOUR_S),
            Band(Risk.MEDIUM, Response.URGENT_ASSESSMENT, 5, _HOUR_S),
            Band(Risk.HIGH, Response.EMERGENCY_ASSESSMENT, 7, _HOUR_S / 4),
        ),
        red=Red(3, Risk.LOW_MEDIUM),
        source="Royal College of Physicians: National Early Warning Score (NEWS) 2, 2017",
        unverified="the wording of Chart 2 (names of the risks)",
    )


NEWS2_SCALE_1: Final = _news2("scale_1", _SCALE_1)
NEWS2_SCALE_2: Final = _news2("scale_2", _SCALE_2)

MEWS: Final = Chart(
    score="mews",
    variant="",
    rows=(
        Measured(Name.RR, bands(2, (9, 0), (15, 1), (21, 2), (30, 3))),
        Measured(Name.PULSE, bands(2, (41, 1), (51, 0), (101, 1), (111, 2), (130, 3))),
        Measured(Name.SBP, bands(3, (71, 2), (81, 1), (101, 0), (200, 2))),
        Measured(Name.TEMP_C, bands(2, (35, 0), (38.5, 2), decimals=1)),
        Observed(Name.ACVPU, (("a", 0), ("c", 1), ("v", 1), ("p", 2), ("u", 3))),
    ),
    bands=(
        Band(Risk.LOW, Response.ROUTINE, 0, calls=False),
        Band(Risk.HIGH, Response.URGENT_ASSESSMENT, 5),
    ),
    source="Subbe and others, QJM 2001, as in the GDL2 guideline MEWS.v1.2",
    unverified="compared with the GDL2 rules only, not with the paper",
)


@dataclass(frozen=True, slots=True)
class Scale2Decision:
    """A clinician's decision that this patient is scored on SpO2 scale 2. `by` is a staff id."""

    by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise ValueError("a decision for scale 2 needs who and why")


def news2(
    inputs: Mapping[Name, Input],
    now: datetime,
    *,
    scale_2: Scale2Decision | None = None,
    max_ages: MaxAges | None = None,
) -> Result:
    """NEWS2, on scale 1 unless a recorded decision for scale 2 is passed."""
    chart = NEWS2_SCALE_1 if scale_2 is None else NEWS2_SCALE_2
    return evaluate(chart, inputs, now, max_ages or MaxAges())
