"""The ward file: what it may say, and how its faults are told."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.a_ward import TEXT, ward
from ward_hub.core.people import Role
from ward_hub.registry.ward_file import WardFile, parse_ward


def faults(text: str) -> list[str]:
    read = parse_ward(text.encode(), "ward.toml")
    assert isinstance(read, list)
    return [str(fault) for fault in read]


def test_a_ward_is_read_whole() -> None:
    read = ward()
    assert [unit.id for unit in read.units] == ["noi-3", "icu"]
    assert read.stays[0].birth_date == date(1951, 4, 2)
    assert read.devices[0].password is None
    assert read.staff[0].role is Role.NURSE
    assert read.staff[1].language == "fr"


def test_an_empty_file_is_an_empty_ward() -> None:
    assert ward("") == WardFile()


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ('role = "nurse"', 'role = "king"', "staff[1].role: Invalid enum value 'king'"),
        ('name = "Hồi sức"', "name = 7", "unit[2].name: Expected `str`, got `int`"),
        ('label = "01"', 'labl = "01"', "bed[1]: Object contains unknown field `labl`"),
        ('unit = "icu"', 'unit = "xyz"', "bed[2].unit: there is no unit 'xyz'"),
        ('bed = "icu-01"', 'bed = "x-9"', "device[2].bed: there is no bed 'x-9'"),
        ('bed = "icu-01"', 'bed = "noi-3-01"', "device.bed: 'noi-3-01' is there 2 times"),
        ('units = ["noi-3"]', 'units = ["x"]', "staff[1].units: there is no unit 'x'"),
        ('login = "an"', 'login = "hoa"', "staff.login: 'hoa' is there 2 times"),
        ('id = "mon-01"', 'id = "Mon 1"', "device[1].id: Expected `str` matching regex"),
        ('id = "mon-01"', 'id = "mon-02"', "device.id: 'mon-02' is there 2 times"),
        ("08:00:00+07:00", "08:00:00", "stay[1].admitted_at: Expected `datetime` with a timezone"),
        ('"given-by-hand"', '"short"', "device[2].password: Expected `str` of length >= 8"),
        ('bed = "noi-3-01"\nname', "name", "stay[1]: Object missing required field `bed`"),
        ("[[unit]]", "[[units]]", "units: no such table"),
        ("[[unit]]", "[[unit", "file: "),
    ],
)
def test_a_fault_names_file_table_and_key(change: str, to: str, said: str) -> None:
    assert change in TEXT
    told = faults(TEXT.replace(change, to))
    assert any(each.startswith(f"ward.toml: {said}") for each in told), told


def test_all_faults_are_told_at_once() -> None:
    text = TEXT.replace('role = "nurse"', 'role = "king"').replace('name = "Hồi sức"', "name = 7")
    assert len(faults(text)) == 2


def test_a_table_must_be_a_list() -> None:
    assert faults('[unit]\nid = "x"') == ["ward.toml: unit: write [[unit]]"]


@given(st.binary(max_size=200))
def test_nothing_makes_the_reader_raise(text: bytes) -> None:
    read = parse_ward(text, "ward.toml")
    assert isinstance(read, WardFile) or read


@given(st.text(alphabet='[]{}="\n.1aunitbedstaydevicestaff-:T', max_size=80))
def test_almost_toml_does_not_make_it_raise_either(text: str) -> None:
    read = parse_ward(text.encode(), "ward.toml")
    assert isinstance(read, WardFile) or read
