"""The whole examination: beside a hub that runs, with everything broken, and its report."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

from pydantic import SecretStr

from tests.doctor.examining import by_name, not_ok, settings_for, spool_in
from tests.services.mosquitto import Mosquitto
from tests.services.network import LOOPBACK, free_port
from ward_hub.app import running
from ward_hub.clock import SystemClock
from ward_hub.doctor import Finding, State, examine, report_lines
from ward_hub.ingest.retention import tidy
from ward_hub.settings import Settings

ALL_KINDS = [
    Finding("first", State.OK, "well"),
    Finding("second", State.WARNING, "so so", "do this\nthen that"),
    Finding("third", State.FAULT, "broken", "mend it"),
]


async def test_beside_a_running_hub(
    mosquitto: Mosquitto, migrated_database: str, tmp_path: Path
) -> None:
    settings = settings_for(
        mosquitto,
        database_url=SecretStr(migrated_database),
        http_host=LOOPBACK,
        http_port=free_port(),
        spool_path=spool_in(tmp_path / "spool"),
    )
    tidy(migrated_database, SystemClock().now())
    async with running(settings) as hub:
        while not hub.broker.state.connected:
            await asyncio.sleep(0.01)
        found = by_name(await examine(settings, SystemClock(), {}))
        assert hub.broker.state.connected
        assert hub.intake.rejects.totals == dict.fromkeys(hub.intake.rejects.totals, 0)
    ill = not_ok(found.values())
    ill.pop("clock", None)  # the machine's own affair
    ill.pop("spool rights", None)  # so is its umask
    assert ill == {"durability": State.WARNING}
    assert "in use by the hub that runs here" in found["client id"].found
    assert found["hub"].state is State.OK


async def test_with_everything_broken(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        findings = await examine(_broken(tmp_path, other), SystemClock(), _mistaken(tmp_path))
    faults = {finding.name for finding in findings if finding.is_fault}
    assert faults == {"secret file", "database", "broker", "spool", "http port"}
    assert all(finding.mend for finding in findings if finding.state is not State.OK)
    said = "\n".join(report_lines(findings))
    assert "WARD_SPOLL" in said
    assert "pass-word" not in said


def _broken(folder: Path, other: socket.socket) -> Settings:
    return Settings(
        database_url=SecretStr(f"postgresql://ward:pass-word-1@{LOOPBACK}:{free_port()}/ward"),
        mqtt_host=LOOPBACK,
        mqtt_port=free_port(),
        mqtt_password=SecretStr("pass-word-2"),
        http_host=LOOPBACK,
        http_port=other.getsockname()[1],
        spool_path=folder / "nowhere" / "spool.sqlite",
    )


def _mistaken(folder: Path) -> dict[str, str]:
    return {"WARD_MQTT_PASSWORD_FILE": str(folder / "gone"), "WARD_SPOLL": "x"}


def test_a_report_says_what_to_do() -> None:
    lines = report_lines(ALL_KINDS)
    assert lines[0].split() == ["ok", "first", "well"]
    assert [line.strip() for line in lines[2:4]] == ["→ do this", "→ then that"]
    assert lines[-1] == "fault: 1, warning: 1, ok: 1"
    assert not any("\x1b" in line for line in lines)


def test_colours_are_only_added() -> None:
    coloured = report_lines(ALL_KINDS, colour=True)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == report_lines(ALL_KINDS)
    assert any("\x1b[1;31m" in line for line in coloured)


def test_a_well_ward_is_said_in_one_line() -> None:
    assert report_lines(ALL_KINDS[:1])[-1] == "All 1 checks are well."


def test_a_finding_is_a_document() -> None:
    assert ALL_KINDS[2].document() == {
        "name": "third",
        "state": "fault",
        "found": "broken",
        "mend": "mend it",
    }
    assert [finding.is_fault for finding in ALL_KINDS] == [False, False, True]
