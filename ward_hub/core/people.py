"""The people who work with the hub: who somebody is, what the role allows, and where.

Rights are answered here and nowhere else, so that a page, a stream and the alarm engine can never
disagree. A right is always asked for a *unit*; there is no «may do everything».
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ward_hub.core.ids import StaffId, UnitId


class Role(StrEnum):
    """What somebody does on the ward."""

    NURSE = "nurse"
    CHARGE_NURSE = "charge_nurse"
    DOCTOR = "doctor"
    BIOMED = "biomed"
    FAMILY_DESK = "family_desk"
    ADMINISTRATOR = "administrator"


CLINICAL: Final = frozenset({Role.NURSE, Role.CHARGE_NURSE, Role.DOCTOR})
"""Roles that treat patients, each in the units they belong to."""

HOSPITAL_WIDE: Final = frozenset({Role.BIOMED, Role.ADMINISTRATOR})
"""Roles that work in every unit."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff as signed in. `language` is their choice, None: as the browser asks."""

    id: StaffId
    name: str
    role: Role
    units: frozenset[UnitId]
    language: str | None = None

    def may_watch(self, unit: UnitId) -> bool:
        """Whether the beds of this unit may be shown to them."""
        return self.role in HOSPITAL_WIDE or (self.role in CLINICAL and unit in self.units)

    def may_acknowledge(self, unit: UnitId) -> bool:
        """Whether they may take over an alarm of this unit."""
        return self.role in CLINICAL and unit in self.units

    def may_place(self, unit: UnitId) -> bool:
        """Whether they may admit, move and discharge the patients of this unit."""
        return self.role in CLINICAL and unit in self.units

    def may_see_devices(self) -> bool:
        """Whether the device pages are theirs."""
        return self.role in HOSPITAL_WIDE

    def may_keep_devices(self) -> bool:
        """Whether they may register devices, put them on beds and end them."""
        return self.role in HOSPITAL_WIDE


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person on one browser.

    `key` is the SHA-256 of the token in hexadecimal; the token itself is only in the browser.
    `csrf` must come with every change. `ends_at` is the moment nothing can carry it beyond.
    """

    key: str
    person: Person
    csrf: str
    signed_in_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that worked. `token` goes to the browser once and is kept nowhere else."""

    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """A sign-in that did not work; `reason` is for the log and never for the person.

    Telling «wrong password» from «locked» or «no such login» would tell a stranger which logins
    exist.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something a person asked for that cannot be done now, such as taking an alarm already over.

    `reason` is a short phrase for the log and the problem document, without names.
    """

    reason: str
