"""An invented ward file and what the registry's tests share."""

from __future__ import annotations

from datetime import UTC, datetime

from argon2 import PasswordHasher

from ward_hub.registry.passwords import Passwords
from ward_hub.registry.ward_file import WardFile, parse_ward

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

TEXT = """
[[unit]]
id = "noi-3"
name = "Khoa Nội 3"

[[unit]]
id = "icu"
name = "Hồi sức"

[[bed]]
id = "noi-3-01"
unit = "noi-3"
label = "01"

[[bed]]
id = "icu-01"
unit = "icu"
label = "01"

[[stay]]
bed = "noi-3-01"
name = "Phạm Thị Dung"
record_number = "BN-1"
birth_date = 1951-04-02
sex = "F"
admitted_at = 2026-11-20T08:00:00+07:00

[[device]]
id = "mon-01"
bed = "noi-3-01"
model = "Sim"

[[device]]
id = "mon-02"
bed = "icu-01"
password = "given-by-hand"

[[staff]]
login = "hoa"
name = "Trần Thị Hoa"
role = "nurse"
units = ["noi-3"]

[[staff]]
login = "an"
name = "Vũ An"
role = "administrator"
language = "fr"
password = "first-password"
"""


def ward(text: str = TEXT) -> WardFile:
    """The ward of a text that has no faults."""
    read = parse_ward(text.encode(), "ward.toml")
    assert isinstance(read, WardFile), read
    return read


QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""A hash that takes no time; its parameters are not what these tests are about."""


def quick_passwords() -> Passwords:
    """Passwords with the quick hash."""
    return Passwords(QUICK)
