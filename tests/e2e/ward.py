"""Wards for these tests: units of beds, each bed with an invented patient and a monitor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import psycopg

from tests.services.mosquitto import Mosquitto
from ward_hub.core.people import Role
from ward_hub.registry.passwords import Passwords
from ward_hub.registry.ward_file import (
    BedEntry,
    DeviceEntry,
    StaffEntry,
    StayEntry,
    UnitEntry,
    WardFile,
)
from ward_hub.registry.ward_import import import_ward

UNIT = "noi-1"
OTHER_UNIT = "ngoai"
NURSE = "hoa"
NURSE_NAME = "Trần Thị Hoa"
STRANGER = "minh"
ENGINEER = "tuan"
PASSWORD = "một mật khẩu dài"

FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
MIDDLE = ("Văn", "Thị", "Đức", "Ngọc", "Minh")
GIVEN = ("An", "Bình", "Cường", "Dung", "Giang", "Hải", "Khánh", "Lan", "Mai", "Phúc", "Quý")


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward in the registry: bed ids in order, and each bed's monitor with its password."""

    file: WardFile
    beds: tuple[str, ...]
    devices: dict[str, str]
    passwords: dict[str, str] = field(default_factory=dict)

    def stay(self, bed: str) -> StayEntry:
        """The patient the ward began with on a bed."""
        return next(stay for stay in self.file.stays if stay.bed == bed)


def patient(number: int) -> str:
    """An invented name, another for each number (of the first 550)."""
    family, rest = FAMILY[number % 10], number // 10
    return f"{family} {MIDDLE[rest % 5]} {GIVEN[rest // 5 % 11]}"


def ward_of(count: int) -> Ward:
    """A unit of so many beds (`noi-1-001`…) with monitors (`mon-001`…), and an empty one."""
    numbers = range(1, count + 1)
    beds = tuple(f"{UNIT}-{n:03}" for n in numbers)
    devices = {bed: f"mon-{n:03}" for bed, n in zip(beds, numbers, strict=True)}
    passwords = {device: f"password of {device}" for device in devices.values()}
    file = WardFile(
        units=(UnitEntry(UNIT, "Khoa Nội 1"), UnitEntry(OTHER_UNIT, "Khoa Ngoại")),
        beds=tuple(BedEntry(bed, UNIT, bed[-3:]) for bed in beds),
        stays=tuple(
            StayEntry(bed, patient(n), f"BN{n:05}", date(1940 + n % 60, 5, 17), "F")
            for bed, n in zip(beds, numbers, strict=True)
        ),
        devices=tuple(
            DeviceEntry(device, bed=bed, password=passwords[device])
            for bed, device in devices.items()
        ),
        staff=(
            StaffEntry(NURSE, NURSE_NAME, Role.NURSE, (UNIT,), "vi", PASSWORD),
            StaffEntry(STRANGER, "Lê Văn Minh", Role.NURSE, (OTHER_UNIT,), "vi", PASSWORD),
            StaffEntry(ENGINEER, "Vũ Anh Tuấn", Role.BIOMED, (), "en", PASSWORD),
        ),
    )
    return Ward(file, beds, devices, passwords)


def put_in(dsn: str, file: WardFile) -> datetime:
    """Import a ward file as `ward-hub ward import` does; returns the moment of the import."""
    now = datetime.now(UTC)
    with psycopg.connect(dsn) as connection:
        import_ward(connection, file, now, Passwords())
    return now


def open_ward(dsn: str, broker: Mosquitto, count: int) -> Ward:
    """A ward of `count` beds, in the registry and with its accounts at the broker."""
    ward = ward_of(count)
    put_in(dsn, ward.file)
    broker.add_users(ward.passwords)
    return ward
