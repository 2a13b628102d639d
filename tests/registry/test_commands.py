"""`ward-hub stay`, `device` and `audit` from outside, against a real database."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.cli.test_commands import no_database, ward_hub
from tests.registry.beds import rows


@pytest.fixture
def database_kind() -> str:
    """Commands do not depend on the kind of server."""
    return "postgres"


def command(dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    return ward_hub(*words, WARD_DATABASE_URL=dsn)


def done(dsn: str, *words: str) -> Any:
    answer = command(dsn, *words, "--json")
    assert answer.returncode == 0, answer
    return json.loads(answer.stdout)


def refused(dsn: str, *words: str) -> str:
    answer = command(dsn, *words)
    assert answer.returncode == 1, answer
    assert "Traceback" not in answer.stderr
    return answer.stderr.strip()


def test_a_stay_by_commands(furnished: str) -> None:
    admitted = ("stay", "admit", "noi-3-01", "BN-1", "--name", "Phạm Thị Dung", "--sex", "F")
    change = done(furnished, *admitted, "--birth-date", "1951-04-02", "--why", "emergency")
    stay = str(change["stays"][0])
    assert refused(furnished, *admitted) == "refused: The bed is taken."
    moved = done(furnished, "stay", "transfer", stay, "noi-3-01", "icu-01")
    done(furnished, "stay", "undo", str(moved["id"]))
    done(furnished, "stay", "discharge", stay, "noi-3-01")
    assert rows(furnished, "SELECT bed_id, discharged_at IS NOT NULL FROM stay") == [
        ("noi-3-01", True)
    ]
    early = command(furnished, "stay", "undo", "999", "--why", "x")
    assert early.stderr.strip() == "refused: There is no such change."
    said = command(furnished, "audit", "tail", "-n", "2").stdout.splitlines()
    assert len(said) == 2
    assert said[1].endswith("cli  stay.undo  stay-change:999  refused: no_such_change  x")


def test_a_device_by_commands(furnished: str, tmp_path: Path) -> None:
    made = done(furnished, "device", "add", "mon-new", "--model", "Sim", "--udi", "U-1")
    assert len(made["password"]) >= 24
    taken = refused(furnished, "device", "assign", "mon-new", "noi-3-01")
    assert taken == "refused: Another monitor is on that bed."
    done(furnished, "device", "assign", "mon-new", "noi-3-01", "--replace")
    shown = json.loads(command(furnished, "device", "show", "mon-new").stdout)
    assert [place["bed"] for place in shown["beds"]] == ["noi-3-01"]
    assert made["password"] not in str(shown)
    file = tmp_path / "devices.csv"
    assert command(furnished, "device", "export", str(file)).returncode == 0
    assert done(furnished, "device", "import", str(file))["unchanged"] == 5
    file.write_text("id,bed\ncam-1,nowhere\nX,\n")
    assert refused(furnished, "device", "import", str(file)).splitlines() == [
        "line 2, bed: there is no such bed",
        "line 3, id: not a device id: 3 to 32 of a-z, 0-9 and dash",
    ]
    file.write_text("id,kind\ncam-1,camera\n")
    assert done(furnished, "device", "import", str(file), "--dry-run")["passwords"] == {}
    assert len(done(furnished, "device", "import", str(file))["passwords"]["cam-1"]) >= 24
    assert "no such device" in refused(furnished, "device", "suspend", "mon-nowhere").lower()


def test_the_log_is_verified(furnished: str) -> None:
    for device in ("mon-1", "mon-2", "mon-3"):
        done(furnished, "device", "add", device)
    whole = done(furnished, "audit", "verify")
    assert (whole["rows"], whole["faults"]) == (3, [])
    assert command(furnished, "audit", "verify", "--seal", whole["seal"]).returncode == 0
    with psycopg.connect(furnished) as connection:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.execute("UPDATE audit SET who = 'somebody' WHERE id = 2")
    answer = command(furnished, "audit", "verify")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[0] == "row 2: was changed"


@pytest.mark.parametrize("words", [("audit", "verify"), ("device", "export")])
def test_without_a_database_it_fails_in_words(words: tuple[str, ...]) -> None:
    said = refused(no_database(), *words)
    assert said == "The database does not answer; `ward-hub doctor` looks for the reason."


def test_a_database_that_was_not_migrated(postgres_dsn: str) -> None:
    assert "ward-hub migrate" in refused(postgres_dsn, "audit", "verify")
