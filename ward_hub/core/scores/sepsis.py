"""qSOFA and SIRS: flags for a clinician to weigh, never alarms by themselves.

qSOFA (Sepsis-3, JAMA 2016): one point each for a respiratory rate of 22 and more, a systolic
pressure of 100 and less, and altered mentation; two are positive. SIRS: two of temperature,
heart rate, respiration (or PaCO2) and white cells (or band forms). The Surviving Sepsis Campaign
of 2021 advises against qSOFA as the only screen.

This project's choices: mentation is altered below 15 on the Glasgow scale or with anything but
Alert; either is enough, and the worse counts. A respiratory rate and a white cell count answer
their rows alone; a PaCO2 or band forms answer them only when they are abnormal. PaCO2 and white
cells are compared at one decimal.
"""

from __future__ import annotations

from typing import Final

from ward_hub.core.scores.chart import Band, Chart, Response, Risk
from ward_hub.core.scores.inputs import Name
from ward_hub.core.scores.rows import Highest, Measured, Observed, bands

_ALTERED: Final = ("a", 0), ("c", 1), ("v", 1), ("p", 1), ("u", 1)
_POSITIVE_FROM_2: Final = (
    Band(Risk.NEGATIVE, Response.ROUTINE, 0, calls=False),
    Band(Risk.POSITIVE, Response.INFORM, 2),
)

QSOFA: Final = Chart(
    score="qsofa",
    variant="",
    rows=(
        Measured(Name.RR, bands(0, (22, 1))),
        Measured(Name.SBP, bands(1, (101, 0))),
        Highest(
            "mentation", (Observed(Name.ACVPU, _ALTERED), Measured(Name.GCS, bands(1, (15, 0))))
        ),
    ),
    bands=_POSITIVE_FROM_2,
    source="Singer and others, Sepsis-3, JAMA 2016",
    unverified="that anything but Alert stands for a Glasgow score below 15",
)

SIRS: Final = Chart(
    score="sirs",
    variant="",
    rows=(
        Measured(Name.TEMP_C, bands(1, (36, 0), (38.1, 1), decimals=1)),
        Measured(Name.PULSE, bands(0, (91, 1))),
        Highest(
            name=Name.RR,
            enough=(Measured(Name.RR, bands(0, (21, 1))),),
            more=(Measured(Name.PACO2_MMHG, bands(1, (32, 0), decimals=1)),),
        ),
        Highest(
            name=Name.WBC,
            enough=(Measured(Name.WBC, bands(1, (4, 0), (12.1, 1), decimals=1)),),
            more=(Measured(Name.BANDS_PERCENT, bands(0, (11, 1))),),
        ),
    ),
    bands=_POSITIVE_FROM_2,
    source="ACCP/SCCM consensus conference 1992, as in the clinical reference",
    unverified="the table was not compared with the paper",
)
