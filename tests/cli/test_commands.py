"""The command line from outside: help, versions, and failures that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.doctor.examining import spool_in
from tests.services.mosquitto import Mosquitto
from tests.services.network import LOOPBACK, free_port
from tests.services.settings import ROOT
from ward_hub import __version__, pg

SECRET: Final = "correct-horse-battery"


def ward_hub(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command with only these settings in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WARD_")}
    return subprocess.run(
        [sys.executable, "-m", "ward_hub", *arguments],
        cwd=ROOT,
        env=kept | {"COLUMNS": "200", "NO_COLOR": "1"} | settings,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def fails_in_words(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    """It failed, said this, and showed neither a traceback nor the password."""
    assert answer.returncode == 1, answer
    assert "Traceback" not in answer.stderr
    assert SECRET not in answer.stdout + answer.stderr
    for word in words:
        assert word in answer.stderr


def no_database() -> str:
    return f"postgresql://ward:{SECRET}@{LOOPBACK}:{free_port()}/ward"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "version",
        "run",
        "demo",
        "migrate",
        "doctor",
        "sim",
        "sim replay",
        "ward",
        "ward import",
        "ward broker-passwords",
        "bench",
        "bench latency",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    answer = ward_hub(*command.split(), "--help")
    assert answer.returncode == 0
    assert "usage" in answer.stdout.lower()


def test_the_version_is_told() -> None:
    answer = ward_hub("version")
    assert answer.stdout.strip() == __version__


def test_a_wrong_option_is_a_usage_error() -> None:
    answer = ward_hub("run", "--no-such-option")
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "command", ["run", "migrate", "ward broker-passwords", "ward import no.toml"]
)
def test_bad_settings_are_named_by_every_command(command: str) -> None:
    answer = ward_hub(*command.split(), WARD_DATABASE_URL=SECRET, WARD_HTTP_PORT="abc")
    fails_in_words(answer, "WARD_HTTP_PORT", "WARD_DATABASE_URL")


def test_a_mistyped_setting_is_told_in_the_log() -> None:
    answer = ward_hub("migrate", WARD_MQTT_HOTS="x", WARD_DATABASE_URL=no_database())
    fails_in_words(answer, "WARD_MQTT_HOTS", "not a setting")


@pytest.mark.parametrize("command", ["migrate", "ward broker-passwords"])
def test_without_a_database_commands_say_so(command: str) -> None:
    answer = ward_hub(*command.split(), WARD_DATABASE_URL=no_database())
    fails_in_words(answer, command, "refused")


def test_migrate_brings_an_empty_database_up(postgres_dsn: str) -> None:
    first = ward_hub("migrate", "--json", WARD_DATABASE_URL=postgres_dsn)
    assert len(json.loads(first.stdout)["applied"]) == pg.known_version()
    second = ward_hub("migrate", WARD_DATABASE_URL=postgres_dsn)
    assert second.returncode == 0
    assert "up to date" in second.stdout


def test_migrate_leaves_a_newer_database_alone(postgres_dsn: str) -> None:
    pg.migrate(postgres_dsn)
    with pg.connect(postgres_dsn, "test") as connection:
        connection.execute("INSERT INTO schema_migration VALUES (9999, 'later')")
    fails_in_words(ward_hub("migrate", WARD_DATABASE_URL=postgres_dsn), "newer hub")


def test_run_without_the_schema_ends_in_words(postgres_dsn: str, tmp_path: Path) -> None:
    spool = str(spool_in(tmp_path / "spool"))
    answer = ward_hub("run", WARD_DATABASE_URL=postgres_dsn, WARD_SPOOL_PATH=spool)
    fails_in_words(answer, "run: ", "doctor")


def test_run_without_a_spool_folder_ends_in_words(postgres_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = str(tmp_path / "file" / "spool.sqlite")
    answer = ward_hub("run", WARD_DATABASE_URL=postgres_dsn, WARD_SPOOL_PATH=spool)
    fails_in_words(answer, "run: ", "doctor")


WARD = f"""
[[unit]]
id = "noi-3"
name = "Nội 3"
[[bed]]
id = "noi-3-01"
unit = "noi-3"
label = "01"
[[device]]
id = "mon-0101"
bed = "noi-3-01"
[[device]]
id = "mon-0102"
password = "{SECRET}"
[[staff]]
login = "hoa"
name = "Trần Thị Hoa"
role = "nurse"
units = ["noi-3"]
"""


def test_a_ward_is_imported_and_tells_new_passwords_once(postgres_dsn: str, tmp_path: Path) -> None:
    pg.migrate(postgres_dsn)
    file = tmp_path / "ward.toml"
    file.write_text(WARD)
    first = ward_hub("ward", "import", str(file), "--json", WARD_DATABASE_URL=postgres_dsn)
    made = json.loads(first.stdout)
    assert made["devices"].keys() == {"mon-0101"}
    assert made["staff"].keys() == {"hoa"}
    second = ward_hub("ward", "import", str(file), WARD_DATABASE_URL=postgres_dsn)
    assert second.stdout.strip() == "Imported."
    accounts = ward_hub("ward", "broker-passwords", WARD_DATABASE_URL=postgres_dsn)
    lines = accounts.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["mon-0101", "mon-0102"]
    assert SECRET not in accounts.stdout


def test_every_fault_of_a_ward_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ward.toml"
    file.write_text('[[bed]]\nid = "noi-3-01"\nunit = "noi-3"\n[[pet]]\nname = "cat"\n')
    fails_in_words(ward_hub("ward", "import", str(file)), "pet: no such table", "bed[1]", "label")


def test_a_ward_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    fails_in_words(ward_hub("ward", "import", str(tmp_path / "no.toml")), "no.toml")


def test_a_ward_for_a_database_without_schema_ends_in_words(
    postgres_dsn: str, tmp_path: Path
) -> None:
    file = tmp_path / "ward.toml"
    file.write_text(WARD)
    fails_in_words(
        ward_hub("ward", "import", str(file), WARD_DATABASE_URL=postgres_dsn), "ward import"
    )


def test_doctor_finds_a_ward_in_order(
    mosquitto: Mosquitto, postgres_dsn: str, tmp_path: Path
) -> None:
    pg.migrate(postgres_dsn)
    settings = {
        "WARD_DATABASE_URL": postgres_dsn,
        "WARD_MQTT_PORT": str(mosquitto.port),
        "WARD_MQTT_PASSWORD": mosquitto.hub_password,
        "WARD_HTTP_PORT": str(free_port()),
        "WARD_SPOOL_PATH": str(spool_in(tmp_path / "spool")),
    }
    answer = ward_hub("doctor", **settings)
    assert answer.returncode == 0, answer.stdout
    assert "fault: 0" in answer.stdout
    as_json = ward_hub("doctor", "--json", **settings)
    states = {one["name"]: one["state"] for one in json.loads(as_json.stdout)}
    assert as_json.returncode == 0
    assert states["messages kept"] == "ok"


def test_doctor_ends_with_1_when_something_is_broken(tmp_path: Path) -> None:
    answer = ward_hub(
        "doctor",
        WARD_DATABASE_URL=no_database(),
        WARD_MQTT_PORT=str(free_port()),
        WARD_SPOOL_PATH=str(tmp_path / "no" / "spool.sqlite"),
    )
    assert answer.returncode == 1
    assert answer.stderr == ""
    assert "→ systemctl start mosquitto" in answer.stdout
    assert SECRET not in answer.stdout


def test_doctor_tells_settings_that_cannot_be_read() -> None:
    answer = ward_hub("doctor", "--json", WARD_HTTP_PORT="abc")
    (finding,) = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert finding["state"] == "fault"
    assert "WARD_HTTP_PORT" in finding["found"]
