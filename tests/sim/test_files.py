"""Ward files, credentials and recordings are read exactly, and mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from device_sim import commands, ward
from device_sim.errors import ConfigError, RecordingError, SimulatorError
from device_sim.fleet import FleetPlan, device_ids, read_credentials
from device_sim.replay.read import read_recording
from device_sim.replay.recording import digital, named_apart, scaled
from device_sim.waveforms import Channel

WARD = """
[broker]
port = 1884

[faults]
drop = 0.1

[defaults]
waves_interval_s = 0.5

[[monitor]]
id = "bed-01"
password = "one"
scenario = "sepsis"
seed = 9
faults = { drop = 0.0, duplicate = 0.2 }

[[monitor]]
id = "bed-02"
password_file = "secret"
vitals_interval_s = 2
time_format = "epoch_ms"
rates = { ecg_hz = 125 }
"""


def test_a_ward_file_is_read_with_defaults_and_faults(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("two\n")
    (tmp_path / "ward.toml").write_text(WARD)
    config = ward.load(tmp_path / "ward.toml")
    one, two = config.monitors
    assert config.broker.port == 1884
    assert (one.settings.device_id, one.password, one.settings.seed) == ("bed-01", "one", 9)
    assert one.settings.scenario.name == "sepsis"
    assert (one.faults.drop, one.faults.duplicate) == (0.0, 0.2)
    assert (two.password, two.faults.drop, two.settings.seed) == ("two", 0.1, 2)
    assert two.settings.vitals_interval_s == 2
    assert two.settings.waves_interval_s == 0.5
    assert two.settings.stamp.epoch_ms
    assert two.settings.rates.ecg_hz == 125


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("port = 1884", "port = 99999", 3, "broker.port"),
        ('id = "bed-01"', 'id = "Bed 1"', 12, "monitor.id"),
        ('id = "bed-02"', 'id = "bed-01"', 19, "monitor.id"),
        ('scenario = "sepsis"', 'scenario = "flu"', None, "scenario"),
        ("vitals_interval_s = 2", "vitals_interval = 2", 21, "monitor.vitals_interval"),
        ("drop = 0.1", "drop = 7", 6, "faults.drop"),
        ("seed = 9", "seed = 1.5", 15, "monitor.seed"),
        ('password = "one"', "", 11, "monitor.password"),
        ('password_file = "secret"', 'password_file = "gone"', 20, "monitor.password_file"),
        ("ecg_hz = 125", "ecg_hz = 1", 23, "ecg_hz"),
    ],
)
def test_a_mistake_in_a_ward_file_is_named(
    tmp_path: Path, old: str, new: str, line: int | None, key: str
) -> None:
    (tmp_path / "secret").write_text("two")
    with pytest.raises(ConfigError) as refused:
        ward.parse_ward(WARD.replace(old, new), "ward.toml", tmp_path)
    assert key in refused.value.key
    if line is not None:
        assert refused.value.line == line


def test_fleet_ids_come_in_natural_order_and_too_few_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({f"sim-{i}": "x" for i in (10, 9, 1)} | {"other-1": "y"}))
    passwords = read_credentials(path)
    assert device_ids(FleetPlan(3, "sim-", passwords)) == ["sim-1", "sim-9", "sim-10"]
    with pytest.raises(SimulatorError, match="only 3"):
        device_ids(FleetPlan(4, "sim-", passwords))
    path.write_text('{"UPPER": "x"}')
    with pytest.raises(SimulatorError, match="UPPER"):
        read_credentials(path)


def csv(tmp_path: Path, text: str) -> str:
    path = tmp_path / "recording.csv"
    path.write_text(text)
    return str(path)


def test_numerics_are_read_exactly(tmp_path: Path) -> None:
    text = "Time [s], HR, PULSE, RESP, SpO2\n-0,94,93,25,97\n1,NaN,93.5,,97\n2.5,0,1,2,3\n"
    rows = read_recording(csv(tmp_path, text), {}).rows
    assert [row.offset_s for row in rows] == [0, 1, 2.5]
    assert rows[0].values == {"hr": 94, "pr": 93, "rr": 25, "spo2": 97}
    assert rows[1].values == {"hr": None, "pr": 93.5, "rr": None, "spo2": 97}
    assert rows[2].values["hr"] == 0


def test_columns_can_be_renamed_and_unknown_ones_are_kept(tmp_path: Path) -> None:
    text = "Time [s],Pulse ox,Odd One\n0,97,1\n"
    [row] = read_recording(csv(tmp_path, text), {"Pulse ox": "spo2"}).rows
    assert row.values == {"spo2": 97, "odd_one": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("HR,SpO2\n1,2\n", "Time"),
        ("Time [s],HR\n0,1\n1\n", ":3: 1 columns"),
        ("Time [s],HR\n0,fast\n", ":2: 'fast'"),
        ("Time [s],HR\n0,inf\n", ":2: 'inf'"),
        ("Time [s],HR\nNaN,1\n", ":2: no time"),
        ("Time [s],PR,PULSE\n0,1,1\n", "same value"),
    ],
)
def test_a_bad_recording_is_refused_before_anything_is_sent(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        read_recording(csv(tmp_path, text), {})


def test_recordings_played_together_begin_together(tmp_path: Path) -> None:
    path = csv(tmp_path, "Time [s],HR\n0,70\n1,71\n")
    other = tmp_path / "other.csv"
    other.write_text("Time [s],SpO2\n0,97\n1,98\n2,98\n")
    both = read_recording(f"{path}+{other}", {})
    assert both.files == (path, str(other))
    assert both.length_s == pytest.approx(3.0)


def test_a_parquet_recording_keeps_its_shape(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = np.arange(1000) / 125
    ii = np.sin(times * 7)
    table = pa.table({"Time [s]": times.astype("f4"), "II": ii.astype("f4")})
    pq.write_table(table, tmp_path / "r.parquet")
    [track] = read_recording(str(tmp_path / "r.parquet"), {}).tracks
    assert (track.channel.name, track.channel.rate_hz) == ("ecg_ii", 125)
    assert np.abs(track.samples * track.channel.scale - ii).max() <= track.channel.scale


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_a_wfdb_recording_is_sent_count_for_count(tmp_path: Path) -> None:
    import wfdb

    counts = (1000 * np.sin(np.arange(500) / 9)).astype(np.int64)
    wfdb.wrsamp(
        "rec",
        fs=250,
        units=["mV", "NU"],
        sig_name=["II", "PLETH"],
        d_signal=np.stack([counts + 12, counts], axis=1),
        fmt=["16", "16"],
        adc_gain=[200.0, 1000.0],
        baseline=[12, 0],
        write_dir=str(tmp_path),
    )
    ii, pleth = read_recording(str(tmp_path / "rec.dat"), {}).tracks
    assert (ii.samples == counts).all()
    assert (ii.channel.scale, ii.channel.unit, ii.channel.rate_hz) == (0.005, "mV", 250)
    assert (pleth.channel.name, pleth.channel.unit) == ("pleth", "1")


def test_invalid_samples_hold_the_last_value_and_are_counted() -> None:
    track = scaled(np.array([np.nan, 1.0, np.nan, 0.5]), "resp", 62.5, "1")
    assert track.invalid == 2
    assert np.allclose(track.samples * track.channel.scale, [1, 1, 1, 0.5], atol=1e-4)


def test_counts_too_large_for_the_wire_are_scaled_not_wrapped() -> None:
    counts = np.array([0, 60_000, -10], dtype=np.int64)
    track = digital(counts, np.ones(3, dtype=bool), 100.0, Channel("abp", 125, 1.0, "mmHg"))
    assert np.allclose(track.samples * track.channel.scale, [0, 600, -0.1], atol=0.05)


def test_channels_of_one_name_are_kept_apart() -> None:
    track = scaled(np.zeros(4), "ecg_ii", 250, "mV")
    assert [t.channel.name for t in named_apart([track, track])] == ["ecg_ii", "ecg_ii_2"]


def reply_to(command: object) -> dict[str, object]:
    answer = commands.answer(json.dumps(command).encode(), {"model": "SimMon 8"})
    assert answer is not None
    found = json.loads(answer.payload)
    assert isinstance(found, dict)
    return found


def test_commands_are_answered_with_their_id() -> None:
    identified = reply_to({"id": "a1", "cmd": "identify"})
    assert identified == {"id": "a1", "ok": True, "model": "SimMon 8"}
    assert reply_to({"id": 2, "cmd": "interval", "vitals_s": 2})["ok"] is True
    assert reply_to({"id": 3, "cmd": "interval", "vitals_s": 0})["ok"] is False
    assert reply_to({"id": 4, "cmd": "interval", "waves_s": True})["ok"] is False
    assert reply_to({"id": 5, "cmd": "dance"})["ok"] is False


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"cmd":"identify"}', b"\xff", b"[" * 100_000])
def test_a_command_without_an_id_is_left_unanswered(payload: bytes) -> None:
    assert commands.answer(payload, {}) is None
