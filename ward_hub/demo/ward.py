"""The people and beds of the demo: invented, the same in every demo, and none of them alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ward_hub.core.people import Role
from ward_hub.registry.ward_file import (
    BedEntry,
    DeviceEntry,
    StaffEntry,
    StayEntry,
    UnitEntry,
    WardFile,
)

UNITS: Final = (("noi-3", "Khoa Nội 3"), ("hoi-suc", "Khoa Hồi sức"))

PATIENTS: Final = (
    ("Nguyễn Văn An", "M", 1953),
    ("Trần Thị Bích", "F", 1961),
    ("Lê Văn Cường", "M", 1970),
    ("Hoàng Thị Đào", "F", 1982),
    ("Võ Văn Em", "M", 1941),
    ("Phạm Thị Dung", "F", 1952),
    ("Đặng Văn Giang", "M", 1963),
    ("Bùi Thị Hạnh", "F", 1974),
    ("Ngô Văn Khoa", "M", 1990),
    ("Trịnh Văn Lâm", "M", 1950),
    ("Lý Thị Mai", "F", 1965),
    ("Phan Văn Nam", "M", 1979),
    ("Huỳnh Văn Phúc", "M", 1944),
    ("Nguyễn Thị Quỳnh", "F", 1971),
    ("Đỗ Thị Sen", "F", 1968),
    ("Mai Văn Tùng", "M", 1958),
)

SCENARIOS: Final = (
    "stable",
    "respiratory_failure",
    "stable",
    "lead_off",
    "sepsis",
    "stable",
    "device_lost",
    "arrhythmia",
    "clock_off",
    "opioid_depression",
    "sensor_off",
    "rubbish_sender",
    "haemorrhage",
    "motion",
    "sleep_apnoea",
    "stable",
)
"""What happens on each bed; with more beds it starts again. The last bed of all is free."""

FEWEST_WITH_A_FREE_BED: Final = 4

STAFF: Final = (
    ("dieuduong", "Trần Thị Hoa", Role.NURSE),
    ("truongca", "Lê Thị Thu", Role.CHARGE_NURSE),
    ("bacsi", "Nguyễn Minh Đức", Role.DOCTOR),
    ("kythuat", "Phạm Quang Huy", Role.BIOMED),
    ("tiepdon", "Võ Thị Lan", Role.FAMILY_DESK),
    ("quantri", "Đinh Văn Sơn", Role.ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True)
class DemoBed:
    """One bed of the demo, its monitor and what its patient goes through."""

    id: str
    unit: str
    label: str
    monitor: str
    scenario: str
    seed: int


def demo_beds(count: int) -> list[DemoBed]:
    """`count` beds, half of them in each of the two units."""
    first = (count + 1) // 2
    beds: list[DemoBed] = []
    for index in range(count):
        unit = UNITS[0][0] if index < first else UNITS[1][0]
        number = index + 1 if index < first else index - first + 1
        bed = f"{unit}-{number:02}"
        scenario = SCENARIOS[index % len(SCENARIOS)]
        beds.append(DemoBed(bed, unit, f"{number:02}", f"mon-{bed}", scenario, index))
    return beds


def occupied(beds: list[DemoBed]) -> list[DemoBed]:
    """The beds with a patient: all but the last, which shows what a free bed looks like."""
    return beds[:-1] if len(beds) >= FEWEST_WITH_A_FREE_BED else beds


def demo_ward(beds: list[DemoBed], passwords: dict[str, str]) -> WardFile:
    """The ward as a file would say it. `passwords` by device id and by login."""
    units = tuple(UnitEntry(id=key, name=name) for key, name in UNITS)
    return WardFile(
        units=units,
        beds=tuple(BedEntry(id=bed.id, unit=bed.unit, label=bed.label) for bed in beds),
        stays=tuple(_stay(index, bed) for index, bed in enumerate(occupied(beds))),
        devices=tuple(
            DeviceEntry(
                id=bed.monitor,
                bed=bed.id if bed in occupied(beds) else None,
                model="Simulated monitor",
                serial=f"SIM-{bed.seed:04}",
                password=passwords[bed.monitor],
            )
            for bed in beds
        ),
        staff=tuple(
            StaffEntry(
                login=login,
                name=name,
                role=role,
                units=tuple(unit.id for unit in units),
                password=passwords[login],
            )
            for login, name, role in STAFF
        ),
    )


def _stay(index: int, bed: DemoBed) -> StayEntry:
    name, sex, year = PATIENTS[index % len(PATIENTS)]
    return StayEntry(
        bed=bed.id,
        name=name,
        record_number=f"BA-26-{1000 + index}",
        birth_date=date(year, 1 + index % 12, 1 + index % 28),
        sex="F" if sex == "F" else "M",
    )


def simulator_file(beds: list[DemoBed], passwords: dict[str, str], port: int) -> str:
    """The simulator's own description of the ward, as TOML."""
    lines = ["[broker]", 'host = "127.0.0.1"', f"port = {port}", ""]
    for bed in occupied(beds):
        lines += [
            "[[monitor]]",
            f'id = "{bed.monitor}"',
            f'password = "{passwords[bed.monitor]}"',
            f'scenario = "{bed.scenario}"',
            f"seed = {bed.seed}",
            f"start_s = {bed.seed * 37 % 240}",
            "",
        ]
    return "\n".join(lines)
