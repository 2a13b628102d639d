"""Simulated monitors on a real broker, with the settings and access rules that a ward gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from device_sim.faults import FaultPlan
from device_sim.link import Broker
from device_sim.monitor import DeviceSettings
from device_sim.scenario import load_scenario
from device_sim.tally import Tally
from device_sim.ward import WardConfig, WardMonitor, run_ward
from tests.services.mosquitto import Mosquitto
from tests.services.settings import ROOT
from tests.sim.contract import faults_in
from tests.sim.listening import Ear, Heard, listening
from tests.sim.runs import scenario_of

PASSWORD = "Thử-mật-khẩu-1"


@pytest.fixture
def broker(mosquitto: Mosquitto) -> Mosquitto:
    mosquitto.add_users({f"mon-0{i}": PASSWORD for i in range(1, 4)})
    return mosquitto


def ward_of(
    broker: Mosquitto, *settings: DeviceSettings, faults: FaultPlan | None = None
) -> WardConfig:
    monitors = tuple(WardMonitor(one, PASSWORD, faults or FaultPlan()) for one in settings)
    return WardConfig(Broker(broker.host, broker.port), monitors)


def quick(events: str = "", device_id: str = "mon-01", **changes: Any) -> DeviceSettings:
    changes = {"vitals_interval_s": 0.1, "waves_interval_s": 0.1, **changes}
    return DeviceSettings(device_id, scenario_of(events), **changes)


@contextlib.asynccontextmanager
async def running(config: WardConfig) -> AsyncIterator[Tally]:
    """The ward runs during the block, then stops in order within two seconds."""
    stop, tally = asyncio.Event(), Tally()
    ward = asyncio.create_task(run_ward(config, stop, tally))
    try:
        yield tally
    finally:
        stop.set()
        await asyncio.wait_for(ward, 2.5)


def seqs(found: list[dict[str, Any]]) -> list[int]:
    return [message["seq"] for message in found]


async def test_a_ward_speaks_the_contract_and_says_goodbye(broker: Mosquitto) -> None:
    config = ward_of(broker, quick(), quick(device_id="mon-02"))
    async with listening(broker) as ear:
        async with running(config):
            await ear.until(lambda: len(ear.kind("waves", "mon-02")) >= 10)
        await ear.until(lambda: ear.states("mon-02")[-1] == "offline")
        await ear.until(lambda: ear.states()[-1] == "offline")
        for heard in ear.heard:
            assert faults_in(heard.kind, heard.payload) == [], heard.topic
        for device in ("mon-01", "mon-02"):
            assert ear.states(device)[0] == "online"
            for kind in ("vitals", "waves", "alarms"):
                found = seqs([heard.json() for heard in ear.kind(kind, device)])
                assert found == list(range(len(found)))
    async with listening(broker) as later:
        await later.until(lambda: later.states() == ["offline"])
        assert later.kind("status")[0].retained


async def test_everything_published_is_acknowledged(broker: Mosquitto) -> None:
    async with listening(broker) as ear:
        async with running(ward_of(broker, quick())) as tally:
            await ear.until(lambda: len(ear.samples()) >= 15)
        assert tally.kinds
        for count in tally.kinds.values():
            assert count.published == count.acknowledged
        await ear.until(lambda: len(ear.samples()) == tally.made("vitals"))


async def test_a_lost_device_leaves_its_last_will_and_comes_back_restarted(
    broker: Mosquitto,
) -> None:
    lost = quick("[[event]]\nat_s = 2\nfor_s = 2\nlost = true")
    async with listening(broker) as ear, running(ward_of(broker, lost)):
        await ear.until(lambda: "offline" in ear.states())
        silent_from = len(ear.samples())
        await ear.until(lambda: ear.states()[-1] == "online")
        await ear.until(lambda: len(ear.samples()) > silent_from + 3)
        found = seqs(ear.samples())
        assert found == [*range(silent_from), *range(len(found) - silent_from)]
        gap_s = _instant_gap(ear, silent_from)
        assert gap_s >= 1.5


def _instant_gap(ear: Ear, index: int) -> float:
    before, after = (datetime.fromisoformat(s["t"]) for s in ear.samples()[index - 1 : index + 1])
    return (after - before).total_seconds()


async def test_samples_kept_while_the_broker_was_away_come_in_batches(
    broker: Mosquitto,
) -> None:
    async with running(ward_of(broker, quick(has_waves=False))) as tally:
        async with listening(broker, "ear") as ear:
            await ear.until(lambda: len(ear.samples()) >= 5)
        known = set(seqs(ear.samples()))
        broker.stop()
        away_from = tally.made("vitals")
        await wait_for(lambda: tally.made("vitals") >= away_from + 15)
        broker.start()
        async with listening(broker, "ear") as ear:
            await ear.until(lambda: max(seqs(ear.samples()), default=0) >= away_from + 20)
            later = seqs(ear.samples())
            batches = [heard for heard in ear.kind("vitals") if "samples" in heard.json()]
    assert tally.lost("vitals") == 0
    assert known | set(later) == set(range(max(later) + 1))
    assert sum(len(batch.json()["samples"]) for batch in batches) >= 15
    for batch in batches:
        assert faults_in("vitals", batch.payload) == []


async def wait_for(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_cut_connection_loses_no_sample(broker: Mosquitto) -> None:
    config = ward_of(broker, quick(has_waves=False), faults=FaultPlan(cut_every_s=1.0))
    async with listening(broker) as ear:
        async with running(config) as tally:
            await ear.until(lambda: tally.connections_lost >= 3)
            await ear.until(lambda: len(set(seqs(ear.samples()))) >= 40)
        made = tally.made("vitals") - tally.lost("vitals")
        await ear.until(lambda: len(set(seqs(ear.samples()))) >= made)
        assert set(seqs(ear.samples())) == set(range(made))
        assert any("samples" in heard.json() for heard in ear.kind("vitals"))


async def test_dropped_and_doubled_messages_show_in_the_sequence(broker: Mosquitto) -> None:
    config = ward_of(broker, quick(), faults=FaultPlan(drop=0.3, duplicate=0.3))
    async with listening(broker) as ear:
        async with running(config):
            await ear.until(lambda: len(ear.samples()) >= 40)
        found = seqs(ear.samples())
    assert len(set(found)) < len(found)
    assert len(set(found)) < max(found) + 1


async def test_a_command_is_answered_and_an_interval_obeyed(broker: Mosquitto) -> None:
    async with listening(broker) as ear, running(ward_of(broker, quick(vitals_interval_s=5.0))):
        await ear.until(lambda: len(ear.samples()) == 1)
        for command in (
            {"id": "c-1", "cmd": "identify"},
            {"id": "c-2", "cmd": "interval", "vitals_s": 0.1},
        ):
            await ear.client.publish("ward/v1/mon-01/cmd", json.dumps(command), qos=1)
        await ear.until(lambda: len(ear.kind("cmd/result")) == 2)
        answers = {heard.json()["id"]: heard.json() for heard in ear.kind("cmd/result")}
        assert answers["c-1"]["serial"] == "mon-01"
        assert answers["c-2"]["ok"] is True
        await ear.until(lambda: len(ear.samples()) >= 8)


async def test_a_wrong_password_keeps_trying_and_stops_in_order(broker: Mosquitto) -> None:
    config = WardConfig(Broker(broker.host, broker.port), (WardMonitor(quick(), "wrong"),))
    async with running(config) as tally:
        await wait_for(lambda: tally.connects_failed >= 2)
    assert tally.connects == 0


async def test_rubbish_does_not_break_the_connection(broker: Mosquitto) -> None:
    config = ward_of(broker, quick("[[event]]\nat_s = 0\nfor_s = 3\nrubbish = 1.0"))
    async with listening(broker) as ear, running(config) as tally:

        def good() -> list[Heard]:
            return [h for h in ear.kind("vitals") if not faults_in("vitals", h.payload)]

        await ear.until(lambda: len(good()) >= 3)
        assert len(ear.kind("vitals")) - len(good()) >= 10
        assert tally.connections_lost == 0


def credentials(folder: Path) -> Path:
    path = folder / "credentials.json"
    path.write_text(json.dumps({f"mon-0{i}": PASSWORD for i in range(1, 4)}))
    return path


async def simulator(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "device_sim",
        *arguments,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def test_a_replay_sends_every_row_of_every_file_once_in_order(
    broker: Mosquitto, tmp_path: Path
) -> None:
    rows = {
        name: [(i, 60 + (i * step) % 90, None if i % 7 == 0 else 90 + i % 10) for i in range(400)]
        for name, step in (("a", 1), ("b", 7), ("c", 13))
    }
    for name, lines in rows.items():
        text = "".join(f"{i},{hr},{'NaN' if spo2 is None else spo2}\n" for i, hr, spo2 in lines)
        (tmp_path / f"{name}.csv").write_text("Time [s], HR, SpO2\n" + text)
    async with listening(broker) as ear:
        process = await simulator(
            "replay",
            *(str(tmp_path / f"{name}.csv") for name in "abc"),
            *("--device", "mon-01", "--device", "mon-02"),
            *("--credentials", str(credentials(tmp_path)), "--port", str(broker.port)),
            *("--speed", "max", "--times", "recorded", "--start", "2026-01-01T00:00:00Z"),
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, err.decode()
        await ear.until(lambda: len(ear.samples()) + len(ear.samples("mon-02")) >= 1200)
        sent = json.loads(out)["devices"]
        assert sent["mon-01"]["acknowledged"]["vitals"] == sent["mon-01"]["rows"] == 800
        for device, files in (("mon-01", "ac"), ("mon-02", "b")):
            samples = ear.samples(device)
            wanted = [(hr, spo2) for name in files for _, hr, spo2 in rows[name]]
            assert [(s["v"]["hr"], s["v"]["spo2"]) for s in samples] == wanted
            assert seqs(samples) == list(range(len(wanted)))
            assert [s["t"] for s in samples[:2]] == [
                "2026-01-01T00:00:00.000Z",
                "2026-01-01T00:00:01.000Z",
            ]
            assert len({s["t"] for s in samples}) == len(samples)


async def test_a_fleet_ends_by_itself_and_accounts_for_every_message(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with listening(broker) as ear:
        process = await simulator(
            *("fleet", "--count", "3", "--prefix", "mon-", "--port", str(broker.port)),
            *("--credentials", str(credentials(tmp_path)), "--duration", "2"),
            *("--vitals-interval", "0.2", "--summary-json", "-"),
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, err.decode()
        summary = json.loads(out)
        vitals = summary["kinds"]["vitals"]
        assert summary["outstanding"] == 0
        assert vitals["made"] == vitals["published"] == vitals["acknowledged"] >= 24
        devices = [f"mon-0{i}" for i in (1, 2, 3)]
        await ear.until(
            lambda: sum(len(ear.samples(device)) for device in devices) == vitals["acknowledged"]
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_ward_in_order_without_a_traceback(
    broker: Mosquitto, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "ward.toml").write_text(
        f'[broker]\nport = {broker.port}\n[[monitor]]\nid = "mon-01"\npassword = "{PASSWORD}"\n'
        'scenario = "arrhythmia"\n'
    )
    async with listening(broker) as ear:
        process = await simulator("ward", str(tmp_path / "ward.toml"))
        await ear.until(lambda: len(ear.samples()) >= 2)
        process.send_signal(number)
        _, err = await asyncio.wait_for(process.communicate(), 10)
        await ear.until(lambda: ear.states()[-1] == "offline")
    assert process.returncode == 0
    assert b"Traceback" not in err


async def test_a_mistake_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    (tmp_path / "ward.toml").write_text('[[monitor]]\nid = "NO"\n')
    process = await simulator("ward", str(tmp_path / "ward.toml"))
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert err.decode().count("\n") == 1
    assert "ward.toml:2: monitor.id" in err.decode()


async def test_the_scenarios_are_listed() -> None:
    process = await simulator("scenarios", "--json")
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    listed = {entry["name"] for entry in json.loads(out)}
    assert load_scenario("sepsis").name in listed
    assert len(listed) == 13
