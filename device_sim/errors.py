"""Errors a person can mend: each says which file, line and key is wrong, and why."""

from __future__ import annotations

from dataclasses import dataclass


class SimulatorError(Exception):
    """Something the person who started the simulator can put right; printed without a traceback."""


@dataclass(frozen=True)
class ConfigError(SimulatorError):
    """A setting that cannot be used: where it stands and what is wrong with it."""

    file: str
    line: int | None
    key: str
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class RecordingError(SimulatorError):
    """A recording that cannot be replayed as it is."""


class MissingPackage(SimulatorError):
    """An optional package is needed for what was asked."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}': pip install {package}")
