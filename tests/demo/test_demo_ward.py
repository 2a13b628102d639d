"""The demo's ward is one that the registry and the simulator both accept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from device_sim.ward import parse_ward
from ward_hub.core.people import Role
from ward_hub.demo.broker import may_use
from ward_hub.demo.folder import LONGEST_PATH, choose_folder, prepare_folder, write_private
from ward_hub.demo.ward import STAFF, demo_beds, demo_ward, occupied, simulator_file


def passwords(count: int) -> dict[str, str]:
    beds = demo_beds(count)
    return {
        name: f"a-password-{name}" for name in [b.monitor for b in beds] + [s[0] for s in STAFF]
    }


@pytest.mark.parametrize("count", [2, 3, 16, 64])
def test_beds_are_dealt_to_two_units_and_the_last_is_free(count: int) -> None:
    beds = demo_beds(count)
    ward = demo_ward(beds, passwords(count))
    assert len({bed.id for bed in ward.beds}) == count
    assert {bed.unit for bed in ward.beds} == {unit.id for unit in ward.units}
    assert len(ward.stays) == (count - 1 if count >= 4 else count)
    assert {device.bed for device in ward.devices} - {None} == {stay.bed for stay in ward.stays}


def test_there_is_one_login_for_each_role() -> None:
    assert {role for _, _, role in STAFF} == set(Role)
    assert len(STAFF) == len(Role)


def test_the_simulator_takes_the_file_it_is_given(tmp_path: Path) -> None:
    text = simulator_file(demo_beds(16), passwords(16), 1883)
    assert len(tomllib.loads(text)["monitor"]) == len(occupied(demo_beds(16)))
    config = parse_ward(text, "simulator.toml", tmp_path)
    assert config.broker.port == 1883


@pytest.mark.parametrize(
    ("username", "topic", "publishing", "allowed"),
    [
        ("mon-01", "ward/v1/mon-01/vitals", True, True),
        ("mon-01", "ward/v1/mon-01/cmd/result", True, True),
        ("mon-01", "ward/v1/mon-01/cmd", True, False),
        ("mon-01", "ward/v1/mon-02/vitals", True, False),
        ("mon-01", "ward/v1/mon-01/nonsense", True, False),
        ("mon-01", "hub/v1/status", True, False),
        ("mon-01", "ward/v1/mon-01/cmd", False, True),
        ("mon-01", "ward/v1/mon-02/cmd", False, False),
        ("mon-01", "ward/v1/mon-01/vitals", False, False),
        ("mon-01", "ward/v1/+/cmd", False, False),
        ("mon-01", "ward/v1/#", False, False),
        ("mon-01", "#", False, False),
        (None, "ward/v1/mon-01/cmd", False, False),
        ("ward-hub", "ward/v1/#", False, True),
    ],
)
def test_the_demo_broker_holds_each_client_to_its_own_topics(
    username: str | None, topic: str, publishing: bool, allowed: bool
) -> None:
    assert may_use(username, topic, publishing=publishing) is allowed


def test_the_folder_avoids_what_the_embedded_database_cannot_bear(tmp_path: Path) -> None:
    assert choose_folder(Path("/srv/ward hub"), 1000).name.startswith("ward-hub-demo-1000-")
    assert choose_folder(Path("/srv") / ("x" * LONGEST_PATH), 1000).parent != Path("/srv")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert choose_folder(closed, 0).parent == Path("/var/lib")
    assert choose_folder(Path("/srv/ward"), 1000) == Path("/srv/ward/.demo")


def test_passwords_are_kept_from_others_and_fresh_forgets_them(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    prepare_folder(folder, fresh=False)
    write_private(folder / "passwords.json", "{}")
    assert (folder / "passwords.json").stat().st_mode & 0o777 == 0o600
    prepare_folder(folder, fresh=True)
    assert list(folder.iterdir()) == []
