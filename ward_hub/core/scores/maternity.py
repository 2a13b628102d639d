"""MEOWS: the modified early obstetric warning chart (CEMACH; Singh and others, 2012).

The chart has colours, not points: one red or two yellow values at the same time trigger a review.
Here yellow is 1 and red 2, so that exactly a sum of 2 triggers; the sum has no meaning beyond.

The chart's bands touch. Red is taken first: 90 and 160 mmHg, 120 beats and 40 beats are yellow;
38.0 °C is normal and 38.1 red; 36.0 °C is yellow.

Unverified: the table is from two independent transcriptions that agree, not from the paper; some
charts make 37.5 to 38 °C or 140 to 149 mmHg yellow; the row for pain. The chart knows no new
confusion: it is yellow here, like a response to voice only (this project's choice).

England's national maternity score of 2024 would be another chart; its table was not to be had.
"""

from __future__ import annotations

from typing import Final

from ward_hub.core.scores.chart import Band, Chart, Red, Response, Risk
from ward_hub.core.scores.inputs import Name
from ward_hub.core.scores.rows import Measured, Observed, bands

YELLOW: Final = 1
RED: Final = 2
_Y, _R = YELLOW, RED

MEOWS: Final = Chart(
    score="meows",
    variant="",
    rows=(
        Measured(Name.TEMP_C, bands(_R, (35, _Y), (36.1, 0), (38.1, _R), decimals=1)),
        Measured(Name.SBP, bands(_R, (90, _Y), (101, 0), (150, _Y), (161, _R))),
        Measured(Name.DBP, bands(0, (90, _Y), (101, _R))),
        Measured(Name.PULSE, bands(_R, (40, _Y), (51, 0), (100, _Y), (121, _R))),
        Measured(Name.RR, bands(_R, (10, 0), (21, _Y), (31, _R))),
        Measured(Name.SPO2, bands(_R, (95, 0))),
        Measured(Name.PAIN, bands(0, (2, _Y))),
        Observed(Name.ACVPU, (("a", 0), ("c", _Y), ("v", _Y), ("p", _R), ("u", _R))),
    ),
    bands=(
        Band(Risk.NOT_TRIGGERED, Response.ROUTINE, 0, calls=False),
        Band(Risk.TRIGGERED, Response.URGENT_ASSESSMENT, 2),
    ),
    red=Red(RED, Risk.TRIGGERED),
    source="CEMACH chart; Singh and others, Anaesthesia 2012;67:12-18",
    unverified="transcribed twice, not compared with the paper; the row for pain",
)
