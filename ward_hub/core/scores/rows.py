"""One line of a chart: from inputs to points.

A row reads what it needs and answers with a `Part`, or with `Absent` when it cannot know. It
never assumes a value. Bands are half-open and cover everything: each step names the first value
to which its points belong, and they belong up to the next step. So a table has no gaps.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from ward_hub.core.scores.inputs import Absence, Absent, Given, Input, Name, exact_number, quantised


@dataclass(frozen=True, slots=True)
class Part:
    """What one row gave: its points, the value they belong to, and how old it may become.

    `value` is the number after rounding, or the code; None where a ratio has no value because an
    input is 0. `at` is the time of the oldest input used.
    """

    name: str
    points: int
    value: Decimal | str | None
    at: datetime
    max_age_s: float


class Row(Protocol):
    """A line of a chart."""

    def read(self, given: Given) -> Part | Absent:
        """The points for what is known, or the input for want of which they are unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Bands:
    """Points by half-open bands of numbers with `decimals` decimals.

    Below the first edge `low` points; from `edges[i]` up, `points[i]`.
    """

    decimals: int
    low: int
    edges: tuple[Decimal, ...]
    points: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(first >= second for first, second in pairwise(self.edges)):
            raise ValueError(f"edges must rise: {self.edges}")
        if any(edge != quantised(edge, self.decimals) for edge in self.edges):
            raise ValueError(f"edges are finer than {self.decimals} decimals: {self.edges}")

    def points_for(self, value: Decimal) -> int:
        """The points of a number already rounded to this table's decimals."""
        index = bisect_right(self.edges, value)
        return self.points[index - 1] if index else self.low

    @property
    def worst(self) -> int:
        """The most points that this table gives."""
        return max(self.low, *self.points)


def bands(low: int, *steps: tuple[float, int], decimals: int = 0) -> Bands:
    """Bands as `low` points, then (first value, points) in rising order."""
    edges = tuple(exact_number(edge) or Decimal(0) for edge, _ in steps)
    return Bands(decimals, low, edges, tuple(points for _, points in steps))


@dataclass(frozen=True, slots=True)
class Measured:
    """A row whose points follow from one number."""

    name: Name
    bands: Bands

    def read(self, given: Given) -> Part | Absent:
        """The points of the band in which the number lies."""
        found = given.number(self.name, self.bands.decimals)
        if isinstance(found, Absent):
            return found
        value, source = found
        return _part(self.name, self.bands.points_for(value), value, source, given)


@dataclass(frozen=True, slots=True)
class Observed:
    """A row whose points follow from one code, such as A, C, V, P or U (case does not matter)."""

    name: Name
    points: tuple[tuple[str, int], ...]

    def read(self, given: Given) -> Part | Absent:
        """The points of the code."""
        found = given.code(self.name)
        if isinstance(found, Absent):
            return found
        code, source = found
        points = dict(self.points).get(code)
        if points is None:
            return Absent(self.name, Absence.NOT_UNDERSTOOD)
        return _part(self.name, points, code, source, given)


@dataclass(frozen=True, slots=True)
class Highest:
    """A row that may be answered in several ways; the highest answer counts.

    Any one of `enough` answers it. `more` can raise the points, and answer alone only when it
    gives `most`: a normal PaCO2 says nothing about a respiratory rate that nobody counted.
    """

    name: str
    enough: tuple[Row, ...]
    more: tuple[Row, ...] = ()
    most: int = 1

    def read(self, given: Given) -> Part | Absent:
        """The highest of the answers."""
        answers = [row.read(given) for row in self.enough]
        known = [part for part in answers if isinstance(part, Part)]
        others = [part for row in self.more if isinstance(part := row.read(given), Part)]
        if known or any(part.points >= self.most for part in others):
            highest = max(known + others, key=lambda part: part.points)
            return replace(highest, name=self.name)
        return _most_telling([answer for answer in answers if isinstance(answer, Absent)])


@dataclass(frozen=True, slots=True)
class Depending:
    """A row whose table depends on another input's code.

    Without that input `otherwise` is read; without `otherwise` the row is known only when every
    table gives the same points.
    """

    name: str
    on: Name
    cases: tuple[tuple[str, Row], ...]
    otherwise: Row | None = None

    def read(self, given: Given) -> Part | Absent:
        """The points by the table that applies."""
        found = given.code(self.on)
        if isinstance(found, Absent):
            return self._undecided(found, given)
        row = dict(self.cases).get(found[0])
        if row is None:
            return self._undecided(Absent(self.on, Absence.NOT_UNDERSTOOD), given)
        return self._named(row.read(given))

    def _undecided(self, absent: Absent, given: Given) -> Part | Absent:
        if self.otherwise is not None:
            is_missing = absent.why is Absence.MISSING
            return self._named(self.otherwise.read(given)) if is_missing else absent
        answers = [row.read(given) for _, row in self.cases]
        parts = [answer for answer in answers if isinstance(answer, Part)]
        if len(parts) < len(answers):
            return next(answer for answer in answers if isinstance(answer, Absent))
        agreed = len({part.points for part in parts}) == 1
        return self._named(parts[0]) if agreed else absent

    def _named(self, answer: Part | Absent) -> Part | Absent:
        return replace(answer, name=self.name) if isinstance(answer, Part) else answer


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row on `factor` × the product of `over` / the product of `under`.

    When any input is 0 there is no ratio, and the row gives its worst points: no pulse, no
    pressure and no breath are never reassuring, though the arithmetic would say so.
    """

    name: str
    over: tuple[Name, ...]
    under: tuple[Name, ...]
    bands: Bands
    factor: int = 1

    def read(self, given: Given) -> Part | Absent:
        """The points of the band in which the ratio lies; inputs are rounded to whole numbers."""
        numbers: dict[Name, Decimal] = {}
        sources: list[Input] = []
        for name in self.over + self.under:
            found = given.number(name, 0)
            if isinstance(found, Absent):
                return found
            numbers[name], source = found
            sources.append(source)
        oldest = min(sources, key=lambda source: source.at)
        value = self._value(numbers)
        points = self.bands.worst if value is None else self.bands.points_for(value)
        return _part(self.name, points, value, oldest, given)

    def _value(self, numbers: dict[Name, Decimal]) -> Decimal | None:
        if not all(numbers.values()):
            return None
        value = Decimal(self.factor)
        for name in self.over:
            value *= numbers[name]
        for name in self.under:
            value /= numbers[name]
        return quantised(value, self.bands.decimals)


def _part(name: str, points: int, value: Decimal | str | None, used: Input, given: Given) -> Part:
    return Part(str(name), points, value, used.at, given.max_ages.of(used.source))


def _most_telling(absents: list[Absent]) -> Absent:
    """An input that was given but cannot be used says more than one that was not given."""
    given = [absent for absent in absents if absent.why is not Absence.MISSING]
    return (given or absents)[0]
