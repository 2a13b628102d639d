"""What a score is computed from: values with a time and a source, and why one cannot be used.

Zero is a value (a respiratory rate of 0 is apnoea); only what was not given is missing. A value
outside what can be measured at all is never scored: monitors send -1, 32767 or 8388607 for «no
reading», and a temperature of 98 is in the wrong unit. The bounds say what is *possible*, never
what is healthy.

Numbers are quantised half-up in decimal arithmetic before any comparison, so that a score always
belongs to the number that the chart would show: 35.04 °C is 35.0, 35.05 °C is 35.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

Value = float | Decimal | str
"""A number (never NaN in use), or a code; True and False stand for the codes `true`, `false`."""

AHEAD_S: Final = 60.0
"""A value dated further ahead of `now` than this is not believed (this project's choice)."""


class Name(StrEnum):
    """The inputs of all scores, with the unit in the name where it is not the usual one."""

    RR = "rr"
    SPO2 = "spo2"
    ON_OXYGEN = "on_oxygen"
    OXYGEN_DEVICE = "oxygen_device"
    OXYGEN_LPM = "oxygen_lpm"
    FIO2_PERCENT = "fio2_percent"
    SBP = "sbp"
    DBP = "dbp"
    BP_NOT_DONE = "bp_not_done"
    PULSE = "pulse"
    ACVPU = "acvpu"
    GCS = "gcs"
    TEMP_C = "temp_c"
    PAIN = "pain"
    RESPIRATORY_DISTRESS = "respiratory_distress"
    CAPILLARY_REFILL_S = "capillary_refill_s"
    PACO2_MMHG = "paco2_mmhg"
    WBC = "wbc"
    BANDS_PERCENT = "bands_percent"
    PUPILS_ABNORMAL = "pupils_abnormal"
    NEW_SEPSIS_SUSPECTED = "new_sepsis_suspected"
    NEW_SEPTIC_SHOCK_SUSPECTED = "new_septic_shock_suspected"
    CLINICAL_INTUITION = "clinical_intuition"
    CARER_CONCERN = "carer_concern"


# fmt: off
POSSIBLE: Final[Mapping[Name, tuple[float, float]]] = {
    Name.RR: (0, 300),                # breaths/min
    Name.SPO2: (0, 100),              # %
    Name.OXYGEN_LPM: (0, 100),        # L/min
    Name.FIO2_PERCENT: (15, 100),     # %; 0.4 is a fraction and would score far too low
    Name.SBP: (0, 400),               # mmHg
    Name.DBP: (0, 400),               # mmHg
    Name.PULSE: (0, 400),             # beats/min
    Name.GCS: (3, 15),                # points
    Name.TEMP_C: (0, 50),             # °C
    Name.PAIN: (0, 3),                # the four grades of the MEOWS chart
    Name.CAPILLARY_REFILL_S: (0, 60), # s
    Name.PACO2_MMHG: (0, 300),        # mmHg
    Name.WBC: (0, 1000),              # 10⁹/L
    Name.BANDS_PERCENT: (0, 100),     # % of the white cells
}
"""What can be measured at all, both ends included."""

_YES_NO: Final = ("false", "true")
_LEVELS: Final = ("none", "low", "medium", "high", "emergency")

CODES: Final[Mapping[Name, tuple[str, ...]]] = {
    Name.ON_OXYGEN: _YES_NO,
    Name.OXYGEN_DEVICE: ("air", "np", "fm", "hb", "nrb", "high_flow", "bipap", "cpap"),
    Name.ACVPU: ("a", "c", "v", "p", "u"),
    Name.RESPIRATORY_DISTRESS: ("none", "mild", "moderate", "severe"),
    Name.BP_NOT_DONE: ("nco", "u0", "u4", "other_0", "other_4"),
    Name.PUPILS_ABNORMAL: _YES_NO,
    Name.NEW_SEPSIS_SUSPECTED: _YES_NO,
    Name.NEW_SEPTIC_SHOCK_SUSPECTED: _YES_NO,
    Name.CLINICAL_INTUITION: _LEVELS,
    Name.CARER_CONCERN: _LEVELS,
}
"""The codes of every input that is not a number."""
# fmt: on


class Source(StrEnum):
    """How a value came about; it decides how long it may be used."""

    CONTINUOUS = "continuous"
    """From a monitor that measures all the time."""

    SPOT = "spot"
    """A single measurement or observation, by a person or by a cuff."""


@dataclass(frozen=True, slots=True)
class Input:
    """One value as it was measured or observed. `at` knows its zone."""

    value: Value
    at: datetime
    source: Source = Source.SPOT

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an input's time must know its zone")


@dataclass(frozen=True, slots=True)
class MaxAges:
    """How old a value may be, in seconds, by its source.

    A spot value may be as old as the patient's present monitoring interval; 12 hours is that of a
    NEWS2 of 0. The minute for monitor values is this project's choice.
    """

    continuous_s: float = 60.0
    spot_s: float = 12 * 3600.0

    def of(self, source: Source) -> float:
        """The greatest usable age of a value from this source, in seconds."""
        return self.continuous_s if source is Source.CONTINUOUS else self.spot_s


class Absence(StrEnum):
    """Why an input cannot be used."""

    MISSING = "missing"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    IMPOSSIBLE = "impossible"
    """Outside what can be measured: a sentinel or a wrong unit."""

    NOT_UNDERSTOOD = "not_understood"
    """Not a number where a number belongs, or a code that the chart does not know."""


@dataclass(frozen=True, slots=True)
class Absent:
    """An input that the score has to do without."""

    name: Name
    why: Absence


@dataclass(frozen=True, slots=True)
class Given:
    """All that is known of one patient at one moment."""

    inputs: Mapping[Name, Input]
    now: datetime
    max_ages: MaxAges

    def usable(self, name: Name) -> Input | Absent:
        """The input, unless it was not given or its time rules it out."""
        found = self.inputs.get(name)
        if found is None:
            return Absent(name, Absence.MISSING)
        age_s = (self.now - found.at).total_seconds()
        if age_s > self.max_ages.of(found.source):
            return Absent(name, Absence.TOO_OLD)
        if age_s < -AHEAD_S:
            return Absent(name, Absence.IN_FUTURE)
        return found

    def number(self, name: Name, decimals: int) -> tuple[Decimal, Input] | Absent:
        """The input as a number of that many decimals, rounded half-up."""
        found = self.usable(name)
        if isinstance(found, Absent):
            return found
        exact = readable_number(name, found.value)
        if isinstance(exact, Absence):
            return Absent(name, exact)
        return quantised(exact, decimals), found

    def code(self, name: Name) -> tuple[str, Input] | Absent:
        """The input as a code in lower case."""
        found = self.usable(name)
        if isinstance(found, Absent):
            return found
        code = readable_code(name, found.value)
        return Absent(name, code) if isinstance(code, Absence) else (code, found)


def fault(name: Name, value: Value) -> Absence | None:
    """Why a value can never be used for this input, whenever it was measured; None when it can."""
    read = readable_number(name, value) if name in POSSIBLE else readable_code(name, value)
    return read if isinstance(read, Absence) else None


def readable_number(name: Name, value: Value) -> Decimal | Absence:
    """The value as an exact number that can be measured, or what is wrong with it."""
    exact = exact_number(value)
    if exact is None:
        return Absence.NOT_UNDERSTOOD
    low, high = POSSIBLE[name]
    return exact if low <= exact <= high else Absence.IMPOSSIBLE


def readable_code(name: Name, value: Value) -> str | Absence:
    """The value as a known code in lower case, or what is wrong with it."""
    if isinstance(value, bool):
        code = "true" if value else "false"
    elif isinstance(value, str):
        code = value.strip().lower()
    else:
        return Absence.NOT_UNDERSTOOD
    return code if code in CODES[name] else Absence.NOT_UNDERSTOOD


def exact_number(value: Value) -> Decimal | None:
    """The number as a person would write it; None for codes, True, False, NaN and infinity."""
    if isinstance(value, bool | str):
        return None
    exact = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    return exact if exact.is_finite() else None


def quantised(exact: Decimal, decimals: int) -> Decimal:
    """Rounded half-up to a number of decimals."""
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
