"""Patients for the score tests: well ones, to be made ill in one place, and tables read back.

A table is written as a person reads it on the chart: cells of `low-high:points`, with `<=x` or
`>=x` at the ends. Both ends of every cell are tried, and cells must meet at the resolution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from ward_hub.core.scores.chart import Chart, Complete, Result, evaluate
from ward_hub.core.scores.inputs import Input, Name, Source, Value

NOW: Final = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

WELL: Final[Mapping[str, Value]] = {
    "rr": 16,
    "spo2": 98,
    "on_oxygen": False,
    "sbp": 120,
    "dbp": 70,
    "pulse": 70,
    "acvpu": "A",
    "temp_c": 37.0,
    "pain": 0,
    "wbc": 7,
    "fio2_percent": 40,
}
"""An adult with nothing the matter on any chart (and the oxygen that ROX is about)."""


def given(values: Mapping[str, Value | None]) -> dict[Name, Input]:
    """Spot values of just now; None leaves one out."""
    return {Name(k): Input(v, NOW) for k, v in values.items() if v is not None}


def well(**changes: Value | None) -> dict[Name, Input]:
    """The well adult with some values changed, or left out by None."""
    return given({**WELL, **changes})


def continuous(value: Value, at: datetime = NOW) -> Input:
    """A value from a monitor."""
    return Input(value, at, Source.CONTINUOUS)


def complete(result: Result) -> Complete:
    """The result, which must be complete."""
    assert isinstance(result, Complete), result
    return result


def parts(result: Result) -> dict[str, int]:
    """Points by row."""
    return {part.name: part.points for part in result.parts}


def points(chart: Chart, row: str, inputs: Mapping[Name, Input]) -> int:
    """The points of one row of a chart."""
    return parts(evaluate(chart, inputs, NOW))[row]


def cells(table: str) -> Iterator[tuple[Decimal | None, Decimal | None, int]]:
    """(low, high, points) of each cell; None at an open end."""
    for cell in table.split():
        span, scored = cell.rsplit(":", 1)
        if span.startswith("<="):
            yield None, Decimal(span[2:]), int(scored)
        elif span.startswith(">="):
            yield Decimal(span[2:]), None, int(scored)
        else:
            low, high = span.split("-")
            yield Decimal(low), Decimal(high), int(scored)


def ends(table: str, step: str) -> list[tuple[Decimal, int]]:
    """Both ends of every cell with its points; fails when two cells do not meet at `step`."""
    found: list[tuple[Decimal, int]] = []
    before: Decimal | None = None
    for low, high, scored in cells(table):
        if before is not None:
            assert low == before + Decimal(step), f"{table}: no cell after {before}"
        found += [(end, scored) for end in (low, high) if end is not None]
        before = high
    return found
