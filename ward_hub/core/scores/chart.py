"""A chart, and the one evaluator of all scores.

The answer is `Complete` when every row is known, else `Partial`: the sum so far, a lower bound,
with what is missing. A partial sum never claims a total and never reassures, but it calls for
help: a red value or a sum over a threshold stands, whatever the missing values may be.

Risk and response are codes; their wording belongs to the pages and is translated there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ward_hub.core.scores.inputs import CODES, Absence, Absent, Given, Input, MaxAges, Name
from ward_hub.core.scores.rows import Part, Row


class Risk(StrEnum):
    """What a sum or a trigger means, in the words of its chart. Each chart uses some of these."""

    NONE = "none"
    LOW = "low"
    LOW_MEDIUM = "low-medium"
    MEDIUM = "medium"
    HIGH = "high"
    EMERGENCY = "emergency"
    NOT_TRIGGERED = "not_triggered"
    TRIGGERED = "triggered"
    NEGATIVE = "negative"
    POSITIVE = "positive"
    NORMAL = "normal"
    ELEVATED = "elevated"
    SEVERE = "severe"


class Response(StrEnum):
    """Who has to do what; the chart's table of responses in a word or two."""

    ROUTINE = "routine"
    NURSE_ASSESSES = "nurse_assesses"
    TEAM_REVIEWS = "team_reviews"
    URGENT_ASSESSMENT = "urgent_assessment"
    EMERGENCY_ASSESSMENT = "emergency_assessment"
    TELL_NURSE_IN_CHARGE = "tell_nurse_in_charge"
    MEDICAL_REVIEW = "medical_review"
    RAPID_REVIEW = "rapid_review"
    EMERGENCY_CALL = "emergency_call"
    INFORM = "inform"
    """A flag for the clinician to weigh; the chart demands nothing by itself."""


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a chart. `from_total` None: reached by a red value or a trigger only.

    `observe_every_s` is the longest time to the next set of observations, None where the source
    gives none. `calls` says whether the band calls for somebody beyond routine care.
    """

    risk: Risk
    response: Response
    from_total: int | None
    observe_every_s: float | None = None
    calls: bool = True


@dataclass(frozen=True, slots=True)
class Red:
    """So many points in one row alone reach this risk."""

    points: int
    risk: Risk


@dataclass(frozen=True, slots=True)
class Trigger:
    """An input that gives no points but reaches a risk by its code (None: it reaches none)."""

    name: Name
    risks: tuple[tuple[str, Risk | None], ...]

    def __post_init__(self) -> None:
        if {code for code, _ in self.risks} != set(CODES[self.name]):
            raise ValueError(f"{self.name}: every code needs a risk or None")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to think of when `row` gives any points; it raises neither sum nor risk."""

    code: str
    row: Row


@dataclass(frozen=True, slots=True)
class Chart:
    """A score as data. `bands` run from mild to severe and begin at a total of 0.

    `source` says where the table is from, `unverified` what in it nobody could check.
    """

    score: str
    variant: str
    rows: tuple[Row, ...]
    bands: tuple[Band, ...]
    source: str
    unverified: str
    red: Red | None = None
    triggers: tuple[Trigger, ...] = ()
    prompts: tuple[Prompt, ...] = ()

    def __post_init__(self) -> None:
        froms = [band.from_total for band in self.bands if band.from_total is not None]
        if froms[:1] != [0] or froms != sorted(set(froms)):
            raise ValueError(f"{self.score}: bands must rise from 0")

    def index_by_total(self, total: int) -> int:
        """The place among `bands` of the band that a total reaches."""
        froms = ((i, band.from_total) for i, band in enumerate(self.bands))
        return max(i for i, start in froms if start is not None and total >= start)

    def index_of(self, risk: Risk) -> int:
        """The place among `bands` of the mildest band of this risk."""
        return next(i for i, band in enumerate(self.bands) if band.risk is risk)


@dataclass(frozen=True, slots=True)
class Standing:
    """The band that is reached, and by what: `total`, and the names of red rows and triggers."""

    band: Band
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """Every row is known. `total` is the sum of the parts.

    `red` names the rows that are red by themselves; `set_aside` the triggers that were given and
    could not be used (a chart is complete without its triggers).
    """

    score: str
    variant: str
    total: int
    parts: tuple[Part, ...]
    standing: Standing
    red: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    set_aside: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """Some rows are unknown: the total is at least `sum_so_far`, and there is no total.

    `standing` is the band already reached when that calls for somebody, else None: too little is
    known to say that all is well.
    """

    score: str
    variant: str
    sum_so_far: int
    parts: tuple[Part, ...]
    missing: tuple[Absent, ...]
    standing: Standing | None
    red: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    set_aside: tuple[Absent, ...] = ()


Result = Complete | Partial

_USUAL_AGES: Final = MaxAges()


def evaluate(
    chart: Chart,
    inputs: Mapping[Name, Input],
    now: datetime,
    max_ages: MaxAges = _USUAL_AGES,
) -> Result:
    """Score a patient on a chart at one moment. Never raises for what the inputs contain.

    `now` must know its zone. A caller that narrows `max_ages` to the monitoring interval of the
    present band takes that band from the last result, complete or not.
    """
    given = Given(inputs, now, max_ages)
    answers = [row.read(given) for row in chart.rows]
    parts = tuple(answer for answer in answers if isinstance(answer, Part))
    missing = tuple(dict.fromkeys(answer for answer in answers if isinstance(answer, Absent)))
    total = sum(part.points for part in parts)
    red = _red(chart, parts)
    reached, set_aside = _triggered(chart, given)
    standing = _standing(chart, total, red, reached)
    prompts = _prompts(chart, given)
    if not missing:
        return Complete(chart.score, chart.variant, total, parts, standing, red, prompts, set_aside)
    stands = standing if standing.band.calls else None
    return Partial(
        chart.score, chart.variant, total, parts, missing, stands, red, prompts, set_aside
    )


def _red(chart: Chart, parts: tuple[Part, ...]) -> tuple[str, ...]:
    if chart.red is None:
        return ()
    return tuple(part.name for part in parts if part.points >= chart.red.points)


def _triggered(chart: Chart, given: Given) -> tuple[dict[str, Risk], tuple[Absent, ...]]:
    """The risk that each trigger reaches, and the triggers that could not be used."""
    reached: dict[str, Risk] = {}
    set_aside: list[Absent] = []
    for trigger in chart.triggers:
        found = given.code(trigger.name)
        if isinstance(found, Absent):
            if found.why is not Absence.MISSING:
                set_aside.append(found)
            continue
        risks = dict(trigger.risks)
        if (risk := risks[found[0]]) is not None:
            reached[trigger.name] = risk
    return reached, tuple(set_aside)


def _standing(
    chart: Chart, total: int, red: tuple[str, ...], reached: Mapping[str, Risk]
) -> Standing:
    """The most severe band that anything reaches, and all that reach it."""
    indexes = {"total": chart.index_by_total(total)}
    if chart.red is not None:
        indexes |= dict.fromkeys(red, chart.index_of(chart.red.risk))
    indexes |= {name: chart.index_of(risk) for name, risk in reached.items()}
    highest = max(indexes.values())
    because = tuple(name for name, index in indexes.items() if index == highest)
    return Standing(chart.bands[highest], because)


def _prompts(chart: Chart, given: Given) -> tuple[str, ...]:
    answers = ((prompt.code, prompt.row.read(given)) for prompt in chart.prompts)
    return tuple(code for code, answer in answers if isinstance(answer, Part) and answer.points)
