"""National PEWS of England (NHSE, RCPCH, RCN; charts of 2023): children and young people to 18.

Rows give 0, 1, 2 or 4; there is no 3. The chart is chosen by exact birthday: 0 to 11 months, 1 to
4, 5 to 12, and from 13 years. Temperature and AVPU give no points: AVPU reaches a level as a
trigger, a temperature of 38 and more or below 36 asks to think of sepsis. The level is the highest
of the score and every trigger. The tables are those of the SPOT configuration document, which
the clinical reference compared with the published charts.

Its numbers end at .99, so values are compared at two decimals: 19.99 is below 20, 9.995 is 10.
A value between bands takes the higher score, so a capillary refill of 2.01 to 2.99 s scores 2.

This project's choices, each the more cautious reading: oxygen given in any amount scores at least
1 (the document's table begins at 16 %); 21 % without a device counts as given, on a device «air»
it does not; air together with a level that is not air is scored by the level; oxygen in both % and
L/min takes the higher; a pressure beside a code for «not done» takes the higher; new confusion (C)
is treated like V. `calls` begins at the medium level. The reference gives no interval for 0.

Left to the caller: `other_0` or `other_4`, chosen by whoever could not measure a pressure; the
level that a clinician picks for their intuition or a carer's concern; an adjacent band at a
birthday (allowed by the document's C2.2), by passing that band's chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from ward_hub.core.scores.chart import (
    Band,
    Chart,
    Prompt,
    Response,
    Result,
    Risk,
    Trigger,
    evaluate,
)
from ward_hub.core.scores.inputs import Input, MaxAges, Name
from ward_hub.core.scores.rows import Bands, Depending, Highest, Measured, Observed, Row, bands

ADULT_YEARS: Final = 18


class AgeBand(StrEnum):
    """Which of the four charts applies."""

    INFANT = "0-11m"
    TODDLER = "1-4y"
    CHILD = "5-12y"
    TEENAGER = "13y+"


def _hundredths(low: int, *steps: tuple[float, int]) -> Bands:
    return bands(low, *steps, decimals=2)


# fmt: off
_RR: Final = {
    AgeBand.INFANT: _hundredths(4, (10, 2), (20, 1), (30, 0), (50, 1), (60, 2), (70, 4)),
    AgeBand.TODDLER: _hundredths(4, (10, 2), (20, 0), (40, 1), (50, 2), (60, 4)),
    AgeBand.CHILD: _hundredths(4, (10, 2), (15, 1), (20, 0), (25, 1), (40, 2), (50, 4)),
    AgeBand.TEENAGER: _hundredths(4, (10, 1), (15, 0), (25, 1), (30, 2), (40, 4)),
}
_PULSE: Final = {
    AgeBand.INFANT: _hundredths(4, (80, 2), (90, 1), (110, 0), (150, 1), (170, 2), (180, 4)),
    AgeBand.TODDLER: _hundredths(4, (60, 2), (70, 1), (90, 0), (140, 1), (150, 2), (170, 4)),
    AgeBand.CHILD: _hundredths(4, (60, 2), (70, 1), (80, 0), (120, 1), (140, 2), (160, 4)),
    AgeBand.TEENAGER: _hundredths(4, (50, 2), (60, 1), (70, 0), (100, 1), (120, 2), (130, 4)),
}
_SBP: Final = {
    AgeBand.INFANT: _hundredths(4, (50, 2), (60, 1), (70, 0), (90, 1), (100, 2), (110, 4)),
    AgeBand.TODDLER: _hundredths(4, (50, 2), (60, 1), (80, 0), (100, 1), (120, 2), (130, 4)),
    AgeBand.CHILD: _hundredths(4, (70, 2), (80, 1), (90, 0), (110, 1), (120, 2), (130, 4)),
    AgeBand.TEENAGER: _hundredths(4, (80, 2), (90, 1), (100, 0), (120, 1), (130, 2), (140, 4)),
}
# fmt: on

LEVEL_DEVICES: Final = ("np", "fm", "hb", "nrb")
"""Nasal prongs, face mask, head box, non-rebreathing mask: scored by how much they give."""

HIGH_FLOW_DEVICES: Final = ("high_flow", "bipap", "cpap")
"""Always 4, however much they give."""

_GIVEN_PERCENT: Final = Measured(Name.FIO2_PERCENT, _hundredths(1, (30, 2), (50, 4)))
_ABOVE_AIR_PERCENT: Final = Measured(
    Name.FIO2_PERCENT, _hundredths(0, (21.01, 1), (30, 2), (50, 4))
)
_GIVEN_LPM: Final = Measured(Name.OXYGEN_LPM, _hundredths(1, (2, 2), (6, 4)))
_ABOVE_AIR_LPM: Final = Measured(Name.OXYGEN_LPM, _hundredths(0, (0.01, 1), (2, 2), (6, 4)))
_ABOVE_AIR: Final = (_ABOVE_AIR_PERCENT, _ABOVE_AIR_LPM)

_BY_LEVEL: Final = Highest("oxygen", (_GIVEN_PERCENT, _GIVEN_LPM))
_ON_AIR: Final = Highest("oxygen", (Observed(Name.OXYGEN_DEVICE, (("air", 0),)),), _ABOVE_AIR)
_DEVICE_UNKNOWN: Final = Depending(
    name="oxygen",
    on=Name.ON_OXYGEN,
    cases=(
        ("false", Highest("oxygen", (Observed(Name.ON_OXYGEN, (("false", 0),)),), _ABOVE_AIR)),
        ("true", _BY_LEVEL),
    ),
    otherwise=Highest("oxygen", (Observed(Name.ON_OXYGEN, ()), _GIVEN_PERCENT, _ABOVE_AIR_LPM)),
)


def _high_flow(device: str) -> Row:
    return Observed(Name.OXYGEN_DEVICE, ((device, 4),))


_OXYGEN: Final = Depending(
    name="oxygen",
    on=Name.OXYGEN_DEVICE,
    cases=(
        ("air", _ON_AIR),
        *((device, _BY_LEVEL) for device in LEVEL_DEVICES),
        *((device, _high_flow(device)) for device in HIGH_FLOW_DEVICES),
    ),
    otherwise=_DEVICE_UNKNOWN,
)

_NOT_DONE: Final = Observed(
    Name.BP_NOT_DONE, (("nco", 0), ("u0", 0), ("u4", 4), ("other_0", 0), ("other_4", 4))
)
"""No concern; unsuccessful without and with concern; another reason, scored by the user."""

_LEVELS: Final = (
    ("none", None),
    ("low", Risk.LOW),
    ("medium", Risk.MEDIUM),
    ("high", Risk.HIGH),
    ("emergency", Risk.EMERGENCY),
)
_CONSCIOUSNESS: Final = (
    ("a", None),
    ("c", Risk.HIGH),
    ("v", Risk.HIGH),
    ("p", Risk.EMERGENCY),
    ("u", Risk.EMERGENCY),
)


def _if_true(name: Name, risk: Risk) -> Trigger:
    return Trigger(name, (("false", None), ("true", risk)))


_TRIGGERS: Final = (
    Trigger(Name.ACVPU, _CONSCIOUSNESS),
    _if_true(Name.PUPILS_ABNORMAL, Risk.EMERGENCY),
    _if_true(Name.NEW_SEPSIS_SUSPECTED, Risk.MEDIUM),
    _if_true(Name.NEW_SEPTIC_SHOCK_SUSPECTED, Risk.HIGH),
    Trigger(Name.CLINICAL_INTUITION, _LEVELS),
    Trigger(Name.CARER_CONCERN, _LEVELS),
)

_BANDS: Final = (
    Band(Risk.NONE, Response.ROUTINE, 0, calls=False),
    Band(Risk.LOW, Response.TELL_NURSE_IN_CHARGE, 1, 3600, calls=False),
    Band(Risk.MEDIUM, Response.MEDICAL_REVIEW, 5, 1800),
    Band(Risk.HIGH, Response.RAPID_REVIEW, 9, 1800),
    Band(Risk.EMERGENCY, Response.EMERGENCY_CALL, 13, 900),
)


def _chart(age: AgeBand) -> Chart:
    return Chart(
        score="npews",
        variant=age,
        rows=(
            Measured(Name.RR, _RR[age]),
            Observed(
                Name.RESPIRATORY_DISTRESS,
                (("none", 0), ("mild", 1), ("moderate", 2), ("severe", 4)),
            ),
            Measured(Name.SPO2, _hundredths(4, (91.01, 1), (95, 0))),
            _OXYGEN,
            Measured(Name.PULSE, _PULSE[age]),
            Highest(Name.SBP, (Measured(Name.SBP, _SBP[age]), _NOT_DONE)),
            Measured(Name.CAPILLARY_REFILL_S, _hundredths(0, (2.01, 2))),
        ),
        bands=_BANDS,
        triggers=_TRIGGERS,
        prompts=(
            Prompt(
                "think_sepsis",
                Measured(Name.TEMP_C, bands(1, (36, 0), (38, 1), decimals=1)),
            ),
        ),
        source="NHS England: Configuration Document for SPOT NPEWS, and the charts of 2023",
        unverified="nothing in the bands; the cautious readings listed in the module",
    )


NPEWS: Final = {age: _chart(age) for age in AgeBand}
"""The chart of each age band."""


def age_band(born: date, on: date) -> AgeBand | None:
    """The chart for a child on a day; None from 18 years, and before birth.

    Years are completed on the birthday; born on 29 February, on 1 March of other years.
    """
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 0 or years >= ADULT_YEARS:
        return None
    return band_for_years(years)


def band_for_years(years: int) -> AgeBand:
    """The chart for a number of completed years."""
    if years < 1:
        return AgeBand.INFANT
    if years < 5:
        return AgeBand.TODDLER
    return AgeBand.CHILD if years < 13 else AgeBand.TEENAGER


def npews(
    inputs: Mapping[Name, Input],
    now: datetime,
    age: AgeBand,
    *,
    max_ages: MaxAges | None = None,
) -> Result:
    """The national PEWS on the chart of an age band."""
    return evaluate(NPEWS[age], inputs, now, max_ages or MaxAges())
