"""What a hub that starts again must still know: which number of each monitor it heard last."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.bedside import Bedside, bedside
from tests.e2e.hub_process import HubProcess
from tests.e2e.records import Records
from tests.e2e.waiting import until
from tests.e2e.ward import open_ward
from tests.services.mosquitto import Mosquitto

WAVE = {"ecg_ii": {"rate": 4, "scale": 0.01, "unit": "mV", "data": "AAABAAIAAwA="}}


def say(monitor: Bedside, seq: int, at: datetime) -> None:
    """A sample and a second of waveform with this number and time."""
    head = {"t": at.isoformat(), "seq": seq}
    monitor.say("vitals", json.dumps(head | {"v": {"hr": 70}}).encode())
    monitor.say("waves", json.dumps(head | {"w": WAVE}).encode())


@pytest.mark.timeout(90)
@pytest.mark.parametrize("away", [timedelta(seconds=1), timedelta(minutes=20)])
async def test_what_was_lost_while_the_hub_was_away_is_a_gap_however_long_it_was_away(
    hub: HubProcess,
    mosquitto: Mosquitto,
    migrated_database: str,
    records: Records,
    away: timedelta,
) -> None:
    ward = open_ward(migrated_database, mosquitto, 1)
    ((device, password),) = ward.passwords.items()
    before = datetime.now(UTC) - away
    await hub.start()
    with contextlib.ExitStack() as stack:
        monitor = stack.enter_context(bedside(mosquitto, device, password))
        for seq in range(3):
            say(monitor, seq, before + timedelta(seconds=0.1 * seq))
        await until(lambda: records.count() == 3, "the samples before")
        hub.stop()
        await hub.start()
        say(monitor, 6, datetime.now(UTC))
        await until(lambda: records.count() == 4, "the sample after")
    hub.stop()
    gaps = records.rows("SELECT kind, first_seq, last_seq, missing FROM gap ORDER BY kind")
    assert [tuple(gap.values()) for gap in gaps] == [("vitals", 3, 5, 3), ("waves", 3, 5, 3)]
