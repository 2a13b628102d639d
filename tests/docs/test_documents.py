"""The documentation says what the code does, as far as a program can tell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
import typer.main

from tests.docs.tables import BLOCK, DOCS, ROOT, TABLES, renewed
from ward_hub.alerts.journal import AlarmNotice
from ward_hub.cli import app
from ward_hub.core.alarm_state import TRANSITIONS, AlarmState, Trigger, next_state
from ward_hub.core.sample import Parsed
from ward_hub.ingest.payloads import parse
from ward_hub.settings import known_variables
from ward_hub.topics import Kind

DOCUMENTS: Final = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
DECISIONS: Final = sorted((DOCS / "decisions").glob("*.md"))
LINK: Final = re.compile(r"\]\(([^)#:]+)\)")
COMMAND: Final = re.compile(r"(?:^|`|\$\(|; )ward-hub ([a-z-]+)(?: ([a-z-]+))?", re.MULTILINE)
PLANNED: Final = {"backup"}
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@each_document
def test_tables_are_what_the_code_says(path: Path) -> None:
    text = _text(path)
    assert renewed(text) == text, "run: python -m tests.docs.tables"


def test_every_table_is_somewhere() -> None:
    placed = {name for path in DOCUMENTS for name in BLOCK.findall(_text(path))}
    assert placed == TABLES.keys()


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    missing = [link for link in LINK.findall(_text(path)) if not (path.parent / link).exists()]
    assert missing == []


@each_document
def test_variables_named_are_settings(path: Path) -> None:
    named = set(re.findall(r"\bWARD_[A-Z_]+[A-Z]\b", _text(path)))
    assert named - set(known_variables()) == set()


@each_document
def test_commands_named_are_there(path: Path) -> None:
    root = typer.main.get_command(app)
    commands = getattr(root, "commands", {})
    for name, sub in COMMAND.findall(_text(path)):
        assert name in commands.keys() | PLANNED, name
        below = getattr(commands.get(name), "commands", None)
        if below and sub:
            assert sub in below, f"{name} {sub}"


def test_commands_are_found_in_the_text() -> None:
    named = {name for path in DOCUMENTS for name, _ in COMMAND.findall(_text(path))}
    assert named >= {"run", "migrate", "doctor", "sim", "ward", "demo", "bench"}


@each_document
def test_nothing_of_the_makers_machine_is_named(path: Path) -> None:
    assert not re.search(r"/work\b|/root\b|/tmp\b", _text(path))


def _example(heading: str) -> bytes:
    section = _text(DOCS / "wire.md").partition(f"## `{heading}`")[2]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1].encode()


@pytest.mark.parametrize("kind", [Kind.VITALS, Kind.WAVES, Kind.ALARMS, Kind.STATUS])
def test_the_examples_of_the_contract_are_understood(kind: Kind) -> None:
    parsed = parse(kind, _example(kind.value))
    assert isinstance(parsed, Parsed), parsed
    assert parsed.refused == ()


def test_the_example_of_a_notice_has_every_field() -> None:
    section = _text(DOCS / "wire.md").partition("hub/v1/alarms/<unit>`, QoS 1")[2]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    assert tuple(json.loads(found[1])) == AlarmNotice.__struct_fields__


COLUMNS: Final = dict(
    zip(
        "present|absent|signal lost|delay over|acknowledged|ack runs out|worse".split("|"),
        (
            Trigger.PRESENT,
            Trigger.ABSENT,
            Trigger.SIGNAL_LOST,
            Trigger.DELAY_OVER,
            Trigger.ACKNOWLEDGE,
            Trigger.ACK_RUNS_OUT,
            Trigger.WORSE,
        ),
        strict=True,
    )
)


def test_the_table_of_alarm_states_is_the_codes() -> None:
    text = _text(DOCS / "developer.md")
    rows = re.findall(
        r"^\| (idle|pending|active|acknowledged|latched) \|(.*)\|$", text, re.MULTILINE
    )
    assert [state for state, _ in rows] == [state.value for state in AlarmState]
    legal = 0
    for state, cells in rows:
        for trigger, cell in zip(COLUMNS.values(), cells.split("|"), strict=True):
            afters = {
                next_state(AlarmState(state), trigger, latches=latches) for latches in (False, True)
            }
            said = set(re.findall(r"idle|pending|active|acknowledged|latched", cell))
            assert said == {after.value for after in afters if after}, (state, trigger)
            legal += bool(said)
    assert legal == len(TRANSITIONS)


def test_decisions_are_numbered_dated_and_short() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in DECISIONS:
        text = _text(path)
        assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: ", text, re.MULTILINE), path.name
        for part in ("Context", "Decision", "Consequences", "Rejected"):
            assert f"**{part}" in text, f"{path.name}: {part}"
        assert len(text.split()) < 500, f"{path.name} is longer than a page"


def test_lines_of_the_changelog_say_what_they_are() -> None:
    lines = [line for line in _text(ROOT / "CHANGELOG.md").splitlines() if line.startswith("- ")]
    assert lines
    kinds = r"- \[(FEATURE|CHANGE|FIX|SECURITY|CONTRACT)\] \S"
    assert [line for line in lines if not re.match(kinds, line)] == []


def test_the_readme_says_what_it_must() -> None:
    readme = _text(ROOT / "README.md")
    assert "docs/pictures/station.png" in readme
    assert "not a certified medical device" in readme
    assert {"scripts/demo", "scripts/test"} <= set(readme.split())
