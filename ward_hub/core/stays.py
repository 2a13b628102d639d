"""What can be done to stays, as values: the orders, and what comes of them.

Every order names the bed where whoever gives it saw the patient. If the patient is elsewhere by
now, the order is refused: nobody is ever moved or sent home on the strength of an old screen.
`at` is since when it holds (None: now). It may lie in the past, within a bound, never in the
future; what was measured since then follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from ward_hub.core.audit import Act
from ward_hub.core.ids import BedId, StayId
from ward_hub.core.people import Refused

UNDO_WITHIN: Final = timedelta(minutes=15)
"""How long after it was made a change can be undone."""

BACK_AT_MOST: Final = timedelta(hours=24)
"""How far back an order may reach; what was measured on the bed since then is claimed by it."""


@dataclass(frozen=True, slots=True)
class Admit:
    """A patient comes to a free bed.

    Without `name` the patient must be known by the record number. With a name that is not the
    known one the order is refused: it is another patient, or a typing error.
    """

    bed: BedId
    record_number: str
    name: str | None = None
    birth_date: date | None = None
    sex: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A stay moves to a free bed. Devices stay with their beds."""

    stay: StayId
    from_bed: BedId
    to_bed: BedId
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """Two stays change beds. Devices stay with their beds."""

    stay: StayId
    bed: BedId
    other: StayId
    other_bed: BedId
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Discharge:
    """A stay ends."""

    stay: StayId
    bed: BedId
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """What a change did is taken back, as if it had never been."""

    change: int


StayOrder = Admit | Transfer | Swap | Discharge | Undo


@dataclass(frozen=True, slots=True)
class StayChange:
    """What was done. `beds` are those it touched, where from first; `rows` how many stored rows
    belong to somebody else since. `undo_until` is None for what cannot be undone."""

    id: int
    kind: str
    at: datetime
    stays: tuple[StayId, ...]
    beds: tuple[BedId, ...]
    undo_until: datetime | None = None
    rows: int = 0


class StayRegistry(Protocol):
    """Who does it. Rights are the caller's business; raises psycopg.OperationalError when away."""

    async def carry_out(self, order: StayOrder, act: Act) -> StayChange | Refused:
        """Do it in one transaction, or refuse with a reason of `WHY_NOT`; both are audited."""
        ...

    async def find_change(self, change: int) -> StayChange | None:
        """A change that was made, undone or not."""
        ...


WHY_NOT: Final = {
    "no_such_bed": "There is no such bed.",
    "no_such_stay": "There is no such stay.",
    "no_such_change": "There is no such change.",
    "in_the_future": "The time is in the future.",
    "too_long_ago": "The time is too long ago.",
    "before_the_last_change": "The patient's last change is later than this time.",
    "bed_taken": "The bed is taken.",
    "bed_was_taken": "The bed was taken at that time.",
    "already_admitted": "The patient is already on a bed.",
    "was_elsewhere": "The patient was on a bed at that time.",
    "name_needed": "No patient has this record number; a name is needed.",
    "another_patient": "This record number is of a patient with other data.",
    "already_discharged": "The patient is already discharged.",
    "elsewhere_by_now": "The patient is no longer on that bed.",
    "same_bed": "The patient is on that bed already.",
    "same_stay": "It takes two patients to swap.",
    "already_undone": "It is already undone.",
    "too_late_to_undo": "It was too long ago to be undone.",
    "changed_since": "Something has happened to the patient since.",
}
"""Every reason an order is refused for, with a sentence for people."""
