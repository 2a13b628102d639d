"""Recorded patients through the whole hub: every value once in the database, in order on screen."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from tests.e2e.hub_process import HubProcess
from tests.e2e.pages import open_station
from tests.e2e.records import Records
from tests.e2e.simulator import replay
from tests.e2e.waiting import until
from tests.e2e.ward import Ward, open_ward
from tests.services.mosquitto import Mosquitto

FILES: Final = 20
COLUMNS: Final = {"HR": "hr", "PULSE": "pr", "RESP": "rr", "SpO2": "spo2"}
SHOWN: Final = ("hr", "spo2", "rr")
NO_VALUE: Final = "–?–"
SPEED: Final = "12"
COVERED: Final = 0.9

WATCH_TILES: Final = """
cells => {
  window.shown = {};
  const look = node => {
    const key = node.closest(".tile").dataset.bed + " " + node.dataset.f;
    const seen = (window.shown[key] ??= []);
    if (seen.at(-1) !== node.textContent) seen.push(node.textContent);
  };
  const observer = new MutationObserver(changes => {
    for (const { target } of changes) {
      const node = (target.nodeType === 3 ? target.parentNode : target)?.closest("[data-f]");
      if (node && cells.includes(node.dataset.f)) look(node);
    }
  });
  const how = { childList: true, characterData: true, subtree: true };
  observer.observe(document.querySelector("#grid"), how);
}
"""

Recorded = list[dict[str, float | None]]


def recorded(file: Path) -> Recorded:
    """The rows of a file, read without the simulator: name to value, None for no reading."""
    with file.open(newline="") as text:
        rows = list(csv.reader(text, skipinitialspace=True))
    names = [COLUMNS.get(label.strip(), "") for label in rows[0]]
    return [
        {
            name: None if cell.strip().lower() in {"", "nan"} else float(cell)
            for name, cell in zip(names, row, strict=True)
            if name
        }
        for row in rows[1:]
    ]


@pytest.fixture
def files(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "vitals" / "bidmc_numerics").glob("*.csv"))
    assert len(found) == FILES
    return found


def stored(records: Records, device: str) -> tuple[list[datetime], Recorded]:
    """A device's samples in order of their time; a name without a column value is None."""
    rows = records.rows(
        "SELECT vital.time, hr, pr, rr, spo2, seq, extra -> 'null' AS nulls FROM vital"
        " JOIN device ON device.key = device_key WHERE device.id = %s ORDER BY seq",
        device,
    )
    assert [row["seq"] for row in rows] == list(range(len(rows))), device
    values = [{name: row[name] for name in COLUMNS.values()} for row in rows]
    for row, each in zip(rows, values, strict=True):
        assert set(row["nulls"] or ()) == {name for name, value in each.items() if value is None}
    return [row["time"] for row in rows], values


def accounts(ward: Ward) -> dict[str, str]:
    """The monitors' passwords in the order of the beds."""
    return {device: ward.passwords[device] for device in ward.devices.values()}


@pytest.mark.timeout(120)
async def test_every_value_of_every_recording_is_stored_once_with_its_own_time(
    hub: HubProcess,
    mosquitto: Mosquitto,
    migrated_database: str,
    records: Records,
    files: list[Path],
    tmp_path: Path,
) -> None:
    ward = open_ward(migrated_database, mosquitto, FILES)
    await hub.start()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    how = ("--times", "recorded", "--start", start.isoformat(), "--speed", "max")
    player = replay(mosquitto, tmp_path, accounts(ward), files, *how)
    with contextlib.closing(player):
        await until(lambda: not player.is_running, "the end of the replay", within_s=60)
        summary = player.finish()
    assert summary["complete"]
    expected = {file: recorded(file) for file in files}
    total = sum(map(len, expected.values()))
    await until(lambda: records.count() >= total, "the last value in the database", within_s=40)
    assert records.count() == total
    for file, device in zip(files, ward.devices.values(), strict=True):
        times, values = stored(records, device)
        assert values == expected[file], file.name
        assert times == [start + timedelta(seconds=n) for n in range(len(values))], file.name
    assert records.gaps() == []
    hub.stop()


def changes(texts: Sequence[str]) -> list[str]:
    """The texts without repetitions."""
    return [text for n, text in enumerate(texts) if n == 0 or texts[n - 1] != text]


def in_order(shown: Sequence[str], of: Sequence[str]) -> bool:
    """Whether everything shown comes in the recording, in the recording's order."""
    rest = iter(of)
    return all(any(text == each for each in rest) for text in shown)


def between_blanks(shown: list[str]) -> list[str]:
    """What a figure showed, without the blank before the first number and after the last."""
    texts = list(shown)
    while texts[:1] == [NO_VALUE]:
        texts.pop(0)
    while texts[-1:] == [NO_VALUE]:
        texts.pop()
    return texts


@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_kind", ["timescale"], indirect=True)
async def test_the_station_page_shows_the_recordings_in_order(
    hub: HubProcess,
    mosquitto: Mosquitto,
    migrated_database: str,
    records: Records,
    files: list[Path],
    tmp_path: Path,
    chromium: Browser,
) -> None:
    ward = open_ward(migrated_database, mosquitto, FILES)
    await hub.start()
    page = await open_station(chromium, hub)
    await page.evaluate(WATCH_TILES, list(SHOWN))
    player = replay(mosquitto, tmp_path, accounts(ward), files, "--speed", SPEED)
    with contextlib.closing(player):
        await until(lambda: not player.is_running, "the end of the replay", within_s=100)
        assert player.finish()["complete"]
    expected = {file: recorded(file) for file in files}
    total = sum(map(len, expected.values()))
    await until(lambda: records.count() >= total, "the last value in the database")
    shown = json.loads(await page.evaluate("JSON.stringify(window.shown)"))
    seen = told = 0
    for file, (bed, device) in zip(files, ward.devices.items(), strict=True):
        times, values = stored(records, device)
        assert values == expected[file], file.name
        assert times == sorted(times), file.name
        for vital in SHOWN:
            texts = [NO_VALUE if (v := row[vital]) is None else f"{v:.0f}" for row in values]
            of, on_screen = between_blanks(changes(texts)), between_blanks(shown[f"{bed} {vital}"])
            assert in_order(on_screen, of), f"{file.name} {vital}: {on_screen}"
            seen, told = seen + len(on_screen), told + len(of)
    assert seen >= COVERED * told, f"only {seen} of {told} changes were on the screen"
    print(f"{seen} of {told} changes were on the screen")
    await page.close()
    hub.stop()
