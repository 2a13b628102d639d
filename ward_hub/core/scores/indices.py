"""Shock index and ROX index: ratios of vital signs, judged in bands.

Shock index = heart rate / systolic pressure; from 0.9 elevated, from 1.0 severe. ROX = (SpO2 /
FiO2) / respiratory rate, for patients on high-flow nasal oxygen; below 4.88 the treatment is at
risk of failing, below 3.85 (at 12 hours) at high risk. The ratio, rounded to two decimals, is the
part's `value`; its points (0, 1, 2) are the band.

A heart rate, pressure, saturation or respiratory rate of 0 has no ratio and is in the worst band:
the arithmetic would call a patient without a pulse normal, and one without breath well.

Unverified: every threshold here is from memory in the clinical reference. ROX has lower limits
for the first hours of treatment; they are not used.
"""

from __future__ import annotations

from typing import Final

from ward_hub.core.scores.chart import Band, Chart, Response, Risk
from ward_hub.core.scores.inputs import Name
from ward_hub.core.scores.rows import Ratio, bands

_FROM_MEMORY: Final = "all thresholds are from memory"

SHOCK_INDEX: Final = Chart(
    score="shock_index",
    variant="",
    rows=(
        Ratio(
            name="shock_index",
            over=(Name.PULSE,),
            under=(Name.SBP,),
            bands=bands(0, (0.9, 1), (1.0, 2), decimals=2),
        ),
    ),
    bands=(
        Band(Risk.NORMAL, Response.ROUTINE, 0, calls=False),
        Band(Risk.ELEVATED, Response.INFORM, 1),
        Band(Risk.SEVERE, Response.INFORM, 2),
    ),
    source="Allgöwer and Burri 1967; thresholds as in the clinical reference",
    unverified=_FROM_MEMORY,
)

ROX: Final = Chart(
    score="rox",
    variant="",
    rows=(
        Ratio(
            name="rox",
            over=(Name.SPO2,),
            under=(Name.FIO2_PERCENT, Name.RR),
            bands=bands(2, (3.85, 1), (4.88, 0), decimals=2),
            factor=100,
        ),
    ),
    bands=(
        Band(Risk.LOW, Response.ROUTINE, 0, calls=False),
        Band(Risk.MEDIUM, Response.INFORM, 1),
        Band(Risk.HIGH, Response.INFORM, 2),
    ),
    source="Roca and others 2016 and 2019; thresholds as in the clinical reference",
    unverified=_FROM_MEMORY,
)
