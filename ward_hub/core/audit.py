"""What the audit log holds of each deed, and how others write to it.

An entry says who did what to what, when, why and with what outcome; refusals are entries too. It
holds identifiers only: a log that is kept for ever and read by many must never hold a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

DONE: Final = "done"

Fact = str | int | bool | None
"""What a detail may be: what JSON writes in one way only. Moments go in as text."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, at which moment, and why, as far as they said.

    `who` is `staff:<number>` for a person signed in, else the name of the program.
    """

    who: str
    now: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. `what` is `thing.verb` (`stay.transfer`), `on` is `kind:id` (`stay:12`)."""

    at: datetime
    who: str
    what: str
    on: str
    why: str = ""
    outcome: str = DONE
    detail: Mapping[str, Fact] = field(default_factory=dict)


def refused_outcome(reason: str) -> str:
    """How the log writes a refusal."""
    return f"refused: {reason}"


class AuditTrail(Protocol):
    """Where deeds that change nothing in the registry are written down: looks, refusals."""

    async def note(self, entry: AuditEntry) -> None:
        """Write one entry. It is stored when this returns; raises psycopg.OperationalError."""
        ...
