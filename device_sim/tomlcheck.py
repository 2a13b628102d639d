"""Reads TOML tables key by key, so that every mistake is reported with its file, line and key.

``tomllib`` keeps no positions; a key's line is found again in the text by its header and name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from device_sim.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """A TOML text and the name to report it by."""

    file: str
    text: str

    def line_of(self, header: str, index: int, key: str) -> int | None:
        """Line of `key` in the `index`-th table `header` ("" is the top), or of the header."""
        lines = self.text.splitlines()
        begin = 0
        if header:
            pattern = re.compile(rf"^\s*\[\[?\s*{re.escape(header)}\s*\]\]?")
            hits = [number for number, line in enumerate(lines) if pattern.match(line)]
            if index >= len(hits):
                return None
            begin = hits[index] + 1
        for number in range(begin, len(lines)):
            if re.match(r"^\s*\[", lines[number]):
                break
            if re.match(rf'^\s*"?{re.escape(key)}"?\s*[=.]', lines[number]):
                return number + 1
        return begin or None


class Table:
    """One TOML table being read: asks for keys, then `finish` refuses those nobody asked for."""

    def __init__(
        self,
        source: Source,
        values: Mapping[str, object],
        header: str = "",
        index: int = 0,
        *,
        within: str = "",
    ) -> None:
        """Read `values`, the `index`-th table `header`, or the inline table `within` it."""
        self._source = source
        self._values = values
        self._header = header
        self._index = index
        self._within = within
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fail(self, key: str, reason: str) -> NoReturn:
        """Raise ConfigError for `key` of this table."""
        line = self._source.line_of(self._header, self._index, self._within or key)
        if line is None:
            line = self._source.line_of("", 0, self._header)
        name = ".".join(part for part in (self._header, self._within, key) if part)
        raise ConfigError(self._source.file, line, name, reason)

    def _take(self, key: str) -> object:
        self._asked.add(key)
        return self._values.get(key)

    def number(
        self, key: str, default: float | None = None, *, low: float = -1e9, high: float = 1e9
    ) -> float:
        """A number from `low` to `high`; left out it is the default, or an error without one."""
        value = self._take(key)
        if value is None:
            return self._default(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"must be a number, is {value!r}")
        if not low <= value <= high:
            self.fail(key, f"must be from {low:g} to {high:g}, is {value!r}")
        return float(value)

    def whole(
        self, key: str, default: int | None = None, *, low: int = 0, high: int = 2**31
    ) -> int:
        """A whole number from `low` to `high`."""
        value = self.number(key, default, low=low, high=high)
        if value != int(value):
            self.fail(key, f"must be a whole number, is {value!r}")
        return int(value)

    def text(self, key: str, default: str | None = None, *, pattern: str = "") -> str:
        """A text, matching `pattern` entirely when one is given."""
        value = self._take(key)
        if value is None:
            return self._default(key, default)
        if not isinstance(value, str):
            self.fail(key, f"must be a text, is {value!r}")
        if pattern and not re.fullmatch(pattern, value):
            self.fail(key, f"must look like {pattern}, is {value!r}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None:
            return self._default(key, default)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, is {value!r}")
        return value

    def choice(self, key: str, options: Iterable[str], default: str | None = None) -> str:
        """One of `options`."""
        value = self.text(key, default)
        known = tuple(options)
        if value not in known:
            self.fail(key, f"must be one of {', '.join(known)}, is {value!r}")
        return value

    def table(self, key: str) -> Table:
        """A table inside this one; empty when left out."""
        value = self._take(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.fail(key, f"must be a table, is {value!r}")
        if self._header:
            return Table(self._source, value, self._header, self._index, within=key)
        return Table(self._source, value, key)

    def tables(self, key: str) -> tuple[Table, ...]:
        """The tables of an array ``[[key]]``."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, f"must be written as [[{key}]] tables")
        return tuple(Table(self._source, item, key, i) for i, item in enumerate(value))

    def names(self) -> tuple[str, ...]:
        """Every key that is present."""
        return tuple(self._values)

    def finish(self) -> None:
        """Refuse keys that were never asked for."""
        for key in self._values:
            if key not in self._asked:
                self.fail(key, f"is not known here; known: {', '.join(sorted(self._asked))}")

    def _default(self, key: str, default: T | None) -> T:
        if default is None:
            self.fail(key, "is missing")
        return default


def parse(text: str, file: str) -> Table:
    """Parse a TOML text, or raise ConfigError with the line at which it stops being TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        raise ConfigError(file, line, "", f"not TOML: {error}") from None
    return Table(Source(file, text), values)
