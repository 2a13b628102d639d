"""What an examination finds: a name, a state, what was found, and how to mend it.

A finding never holds a password: what comes from libraries goes through `Secrets.hide` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from ward_hub.settings import Settings

LONGEST_FOUND: Final = 300
SHORTEST_SECRET: Final = 3
_NAME_WIDTH: Final = 20
_MARGIN: Final = " " * 9


class State(StrEnum):
    """How one thing is. A warning can wait for the morning; a fault cannot."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


_COLOURS: Final = {State.OK: "32", State.WARNING: "33", State.FAULT: "1;31"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` is a command or a line of configuration."""

    name: str
    state: State
    found: str
    mend: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether the hub cannot be relied on until this is mended."""
        return self.state is State.FAULT

    def document(self) -> dict[str, str]:
        """The finding for a program to read."""
        return {key: str(value) for key, value in asdict(self).items()}


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, State.OK, found)


def warning(name: str, found: str, mend: str) -> Finding:
    """Somebody should look at this."""
    return Finding(name, State.WARNING, found, mend)


def fault(name: str, found: str, mend: str) -> Finding:
    """This must be mended."""
    return Finding(name, State.FAULT, found, mend)


class Secrets:
    """The passwords in the settings, to keep them out of what is shown."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database_url.get_secret_value()
        known = {settings.mqtt_password.get_secret_value(), *_passwords_in(url)}
        usable = (secret for secret in known if len(secret) >= SHORTEST_SECRET)
        self._known = sorted(usable, key=len, reverse=True)

    def hide(self, error: object) -> str:
        """The text of an error on one line, no longer than a screen's, without any password."""
        text = " ".join(str(error).split())
        for secret in self._known:
            text = text.replace(secret, "…")
        return text[:LONGEST_FOUND]


def _passwords_in(url: str) -> Iterator[str]:
    """A password with an unescaped / or @ is cut in the wrong place: its pieces are secret too."""
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    yield password
    yield from re.split(r"[@/:?#]", password)
    yield from re.findall(r"password\s*=\s*'?([^\s'&]+)", url)


def report_lines(findings: Sequence[Finding], *, colour: bool = False) -> list[str]:
    """The findings as lines for a person to read, the summary last."""
    lines = [line for finding in findings for line in _lines(finding, colour=colour)]
    return [*lines, "", _summary(findings)]


def _lines(finding: Finding, *, colour: bool) -> Iterator[str]:
    word = f"{finding.state.value:<{len(_MARGIN)}}"
    if colour:
        word = f"\x1b[{_COLOURS[finding.state]}m{word}\x1b[0m"
    yield f"{word}{finding.name:<{_NAME_WIDTH}}{finding.found}"
    for step in finding.mend.splitlines():
        yield f"{_MARGIN}{'':<{_NAME_WIDTH}}→ {step}"


def _summary(findings: Sequence[Finding]) -> str:
    counts = {state: sum(one.state is state for one in findings) for state in State}
    if not counts[State.FAULT] + counts[State.WARNING]:
        return f"All {len(findings)} checks are well."
    return ", ".join(f"{state.value}: {counts[state]}" for state in reversed(State))
