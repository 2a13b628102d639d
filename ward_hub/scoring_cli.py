"""`ward-hub score CHART`: the scores on JSON lines, without a server.

One JSON object a line in, one a line out, in order. Fields are the names of the inputs
(`core/scores/inputs.py`) or those of the device contract (`hr`, `temp`, `nibp_sys`, …); null and a
field left out are missing. What is on a line is taken as present now. `spo2_scale: 2` on a line is
itself the decision for scale 2. National PEWS needs the age: `born` (and `on`, else today),
`age_years`, `age_months` or `age_band`. `id` is handed through; fields that nobody knows are
listed as `ignored`.

A line that cannot be used is answered with `error`, `field` and `line`, and the next is scored;
the exit code is then 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from ward_hub.clock import SystemClock
from ward_hub.core.scores.adult import MEWS, Scale2Decision, news2
from ward_hub.core.scores.chart import Chart, Complete, Partial, Result, evaluate
from ward_hub.core.scores.indices import ROX, SHOCK_INDEX
from ward_hub.core.scores.inputs import CODES, POSSIBLE, Absence, Input, Name, exact_number, fault
from ward_hub.core.scores.maternity import MEOWS
from ward_hub.core.scores.npews import AgeBand, age_band, band_for_years, npews
from ward_hub.core.scores.sepsis import QSOFA, SIRS

Inputs = Mapping[Name, Input]
Document = dict[str, Any]

ALSO_CALLED: Final[Mapping[str, Name]] = {
    "hr": Name.PULSE,
    "temp": Name.TEMP_C,
    "nibp_sys": Name.SBP,
    "nibp_dia": Name.DBP,
    "fio2": Name.FIO2_PERCENT,
}
_FIELDS: Final[Mapping[str, Name]] = {
    **{name.value: name for name in Name},
    **ALSO_CALLED,
}
_BESIDE_INPUTS: Final = frozenset(
    ("id", "spo2_scale", "born", "on", "age_years", "age_months", "age_band")
)


class ScoreName(StrEnum):
    """The charts by the name on the command line."""

    NEWS2 = "news2"
    NPEWS = "npews"
    MEOWS = "meows"
    QSOFA = "qsofa"
    SIRS = "sirs"
    MEWS = "mews"
    SHOCK_INDEX = "shock_index"
    ROX = "rox"


@dataclass(frozen=True, slots=True)
class BadField:
    """What is wrong with a line, and in which field ("" when it is the line itself)."""

    field: str
    error: str


def score(
    chart: Annotated[ScoreName, typer.Argument(help="Which score.")],
) -> None:
    """Score JSON lines from standard input; one line of JSON out for each."""
    failed = False
    for answer in answers(chart, sys.stdin.buffer, SystemClock().now()):
        failed = failed or "error" in answer
        typer.echo(json.dumps(answer))
    if failed:
        raise SystemExit(1)


def answers(chart: ScoreName, lines: Iterable[bytes], now: datetime) -> Iterator[Document]:
    """The answer to each line that is not blank. `now` is the time of every value."""
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            yield _answer(chart, raw, number, now)


def _answer(chart: ScoreName, raw: bytes, number: int, now: datetime) -> Document:
    line = _parsed(raw)
    if isinstance(line, BadField):
        return _error(line, number, {})
    inputs = _inputs(line, now)
    if isinstance(inputs, BadField):
        return _error(inputs, number, line)
    result = _SCORING[chart](line, inputs, now)
    if isinstance(result, BadField):
        return _error(result, number, line)
    return _with_id(line) | _document(result) | _ignored(line)


def _error(bad: BadField, number: int, line: Document) -> Document:
    return _with_id(line) | {"error": bad.error, "field": bad.field or None, "line": number}


def _with_id(line: Document) -> Document:
    return {"id": line["id"]} if "id" in line else {}


def _ignored(line: Document) -> Document:
    ignored = [field for field in line if field not in _FIELDS and field not in _BESIDE_INPUTS]
    return {"ignored": ignored} if ignored else {}


def _parsed(raw: bytes) -> Document | BadField:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        return BadField("", f"not a line of JSON: {problem}")
    return line if isinstance(line, dict) else BadField("", "not a JSON object")


def _inputs(line: Document, now: datetime) -> Inputs | BadField:
    inputs: dict[Name, Input] = {}
    for field, value in line.items():
        name = _FIELDS.get(field)
        if name is None or value is None:
            continue
        if name in inputs:
            return BadField(field, f"{field}: given twice, once by another name")
        wrong = _wrong(name, value)
        if wrong is not None:
            return BadField(field, f"{field}: {wrong}")
        inputs[name] = Input(value, now)
    return inputs


def _wrong(name: Name, value: object) -> str | None:
    """What is wrong with a value as it came, in words; None if nothing is."""
    if not isinstance(value, int | float | str):
        return "neither a number nor a code"
    match fault(name, value):
        case None:
            return None
        case Absence.IMPOSSIBLE:
            low, high = POSSIBLE[name]
            return f"{_short(value)} is not possible; {low:g} to {high:g} is"
        case _:
            expected = " or ".join(CODES[name]) if name in CODES else "a number"
            return f"{_short(value)} is not {expected}"


def _short(value: float | str) -> str:
    if isinstance(value, int) and abs(value) > 10**9:
        return "the number"
    return json.dumps(value)[:40]


def _news2(line: Document, inputs: Inputs, now: datetime) -> Result | BadField:
    scale = line.get("spo2_scale")
    if scale is not None and (isinstance(scale, bool) or scale not in (1, 2)):
        return BadField("spo2_scale", "spo2_scale: neither 1 nor 2")
    decision = Scale2Decision("command line", now, "spo2_scale is 2 on the line")
    return news2(inputs, now, scale_2=decision if scale == 2 else None)


def _npews(line: Document, inputs: Inputs, now: datetime) -> Result | BadField:
    band = _age(line, now)
    return band if isinstance(band, BadField) else npews(inputs, now, band)


def _age(line: Document, now: datetime) -> AgeBand | BadField:
    if line.get("age_band") is not None:
        return _age_band_by_name(line["age_band"])
    if line.get("born") is not None:
        return _age_band_by_birthday(line, now)
    for field, per_year in (("age_years", 1), ("age_months", 12)):
        age = line.get(field)
        if age is not None:
            return _age_band_by_number(field, age, per_year)
    return BadField("born", "born: missing (or age_years, age_months, age_band)")


def _age_band_by_name(text: object) -> AgeBand | BadField:
    known = next((band for band in AgeBand if band == text), None)
    return known or BadField("age_band", f"age_band: not {' or '.join(AgeBand)}")


def _age_band_by_birthday(line: Document, now: datetime) -> AgeBand | BadField:
    days: dict[str, date] = {"on": now.date()}
    for field in ("born", "on"):
        if line.get(field) is not None:
            try:
                days[field] = date.fromisoformat(line[field])
            except (TypeError, ValueError):
                return BadField(field, f"{field}: not a date like 2024-02-29")
    band = age_band(days["born"], days["on"])
    return band or BadField("born", "born: not yet born, or 18 years and older")


def _age_band_by_number(field: str, age: object, per_year: int) -> AgeBand | BadField:
    years = exact_number(age) if isinstance(age, int | float) else None
    if years is None or not 0 <= years < 18 * per_year:
        return BadField(field, f"{field}: not a number from 0 to below {18 * per_year}")
    return band_for_years(int(years // per_year))


def _plain(chart: Chart) -> Callable[[Document, Inputs, datetime], Result | BadField]:
    return lambda _, inputs, now: evaluate(chart, inputs, now)


_SCORING: Final[Mapping[ScoreName, Callable[[Document, Inputs, datetime], Result | BadField]]] = {
    ScoreName.NEWS2: _news2,
    ScoreName.NPEWS: _npews,
    ScoreName.MEOWS: _plain(MEOWS),
    ScoreName.QSOFA: _plain(QSOFA),
    ScoreName.SIRS: _plain(SIRS),
    ScoreName.MEWS: _plain(MEWS),
    ScoreName.SHOCK_INDEX: _plain(SHOCK_INDEX),
    ScoreName.ROX: _plain(ROX),
}


def _document(result: Result) -> Document:
    standing = result.standing
    missing = result.missing if isinstance(result, Partial) else ()
    document: Document = {
        "score": result.score,
        "variant": result.variant or None,
        "complete": isinstance(result, Complete),
        "total": result.total if isinstance(result, Complete) else None,
        "partial": result.sum_so_far if isinstance(result, Partial) else None,
        "missing": [absent.name for absent in missing],
        "parts": {part.name: part.points for part in result.parts},
        "risk": standing.band.risk if standing else None,
        "response": standing.band.response if standing else None,
        "because": list(standing.because) if standing else [],
        "triggered": standing is not None and standing.band.calls,
        "red": list(result.red),
        "prompts": list(result.prompts),
    }
    return document | _index(result)


def _index(result: Result) -> Document:
    """The ratio itself, for the scores that are one."""
    if result.score not in {ScoreName.SHOCK_INDEX, ScoreName.ROX}:
        return {}
    value = result.parts[0].value if result.parts else None
    return {"index": float(value) if value is not None else None}
