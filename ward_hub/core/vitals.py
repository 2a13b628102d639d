"""The one table of vital signs: name, unit, what a monitor can report, codes, and when it is stale.

The reportable range says what a *monitor* can physically send, never what is healthy: a heart
rate of 0 and a saturation of 40 are the sickest readings there are and must pass. Codes are from
IEEE 11073-10101 (MDC) and LOINC, units from UCUM. Everything that needs a list of vital signs
(parser, store, screens, exports) reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONTINUOUS_STALE_S: Final = 10.0
"""A continuous value older than this is no longer shown (design part 3)."""

NIBP_INTERVAL_S: Final = 3600.0
TEMPERATURE_INTERVAL_S: Final = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Vital:
    """One kind of vital sign.

    `low` and `high` bound what a monitor can report, both ends included. `stale_after_s` is the
    age from which a value is no longer shown. `group` is the name under which the wire gives an
    episodic value's own time (`at`), the vital's own name unless several are measured together.
    """

    name: str
    unit: str
    low: float
    high: float
    decimals: int
    mdc_code: int
    mdc_id: str
    loinc: str
    ucum: str
    stale_after_s: float = CONTINUOUS_STALE_S
    group: str = ""

    @property
    def measured_with(self) -> str:
        """The `at` key on the wire that dates this value."""
        return self.group or self.name

    @property
    def is_episodic(self) -> bool:
        """Whether the value is measured now and then (cuff, thermometer), not all the time."""
        return self.stale_after_s > CONTINUOUS_STALE_S


def _pressure(name: str, mdc_code: int, mdc_id: str, loinc: str, *, cuff: bool) -> Vital:
    return Vital(
        name=name,
        unit="mmHg",
        low=0.0 if cuff else -50.0,
        high=350.0 if cuff else 400.0,
        decimals=0,
        mdc_code=mdc_code,
        mdc_id=mdc_id,
        loinc=loinc,
        ucum="mm[Hg]",
        stale_after_s=NIBP_INTERVAL_S if cuff else CONTINUOUS_STALE_S,
        group="nibp" if cuff else "",
    )


def _temperature(name: str, mdc_code: int, mdc_id: str, loinc: str) -> Vital:
    return Vital(name, "°C", 0.0, 50.0, 1, mdc_code, mdc_id, loinc, "Cel", TEMPERATURE_INTERVAL_S)


# fmt: off
_TABLE: Final = (
    Vital("hr", "/min", 0, 400, 0, 147842, "MDC_ECG_HEART_RATE", "8867-4", "/min"),
    Vital("pr", "/min", 0, 400, 0, 149530, "MDC_PULS_OXIM_PULS_RATE", "8889-8", "/min"),
    Vital("spo2", "%", 0, 100, 0, 150456, "MDC_PULS_OXIM_SAT_O2", "59408-5", "%"),
    Vital("rr", "/min", 0, 250, 0, 151562, "MDC_RESP_RATE", "9279-1", "/min"),
    _temperature("temp", 150344, "MDC_TEMP", "8310-5"),
    _pressure("nibp_sys", 150021, "MDC_PRESS_BLD_NONINV_SYS", "8480-6", cuff=True),
    _pressure("nibp_dia", 150022, "MDC_PRESS_BLD_NONINV_DIA", "8462-4", cuff=True),
    _pressure("nibp_map", 150023, "MDC_PRESS_BLD_NONINV_MEAN", "8478-0", cuff=True),
    _pressure("ibp_sys", 150033, "MDC_PRESS_BLD_ART_SYS", "76215-3", cuff=False),
    _pressure("ibp_dia", 150034, "MDC_PRESS_BLD_ART_DIA", "76213-8", cuff=False),
    _pressure("ibp_map", 150035, "MDC_PRESS_BLD_ART_MEAN", "76214-6", cuff=False),
    Vital("etco2", "mmHg", 0, 200, 0, 151708, "MDC_CONC_AWAY_CO2_ET", "19891-1", "mm[Hg]"),
    Vital("fio2", "%", 0, 100, 0, 152196, "MDC_CONC_AWAY_O2_INSP", "3150-6", "%"),
    Vital("pi", "%", 0, 100, 1, 150488, "MDC_BLD_PERF_INDEX", "61006-3", "%"),
    Vital("pvc", "/min", 0, 400, 0, 148066, "MDC_ECG_V_P_C_RATE", "76126-2", "/min"),
    Vital("st_ii", "mm", -50, 50, 1, 131842, "MDC_ECG_AMPL_ST_II", "76056-1", "mm"),
    _temperature("temp2", 150364, "MDC_TEMP_BODY", "8310-5"),
)
# fmt: on

VITALS: Final[dict[str, Vital]] = {vital.name: vital for vital in _TABLE}
"""Every known vital sign by its short name, in the order the wire contract lists them."""

NAME_BY_MDC_ID: Final[dict[str, str]] = {
    **{vital.mdc_id: vital.name for vital in _TABLE},
    "MDC_ECG_CARD_BEAT_RATE": "hr",
    "MDC_PULS_RATE": "pr",
    "MDC_TTHOR_RESP_RATE": "rr",
    "MDC_CO2_RESP_RATE": "rr",
}
"""Reference ids accepted on the wire in place of a short name."""


def vital_name(wire_name: str) -> str | None:
    """The short name for what a device sent: itself, or translated from MDC; None if unknown."""
    if wire_name in VITALS:
        return wire_name
    return NAME_BY_MDC_ID.get(wire_name)
