"""Reads recordings: CSV numerics in BIDMC's form, WFDB records, parquet waveforms.

A file is read and checked whole before anything is sent. The packages for WFDB and parquet are
only imported when such a file comes up.
"""

from __future__ import annotations

import csv
import importlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from device_sim.errors import MissingPackage, RecordingError
from device_sim.replay.recording import (
    Recording,
    Row,
    Value,
    channel_name,
    digital,
    named_apart,
    scaled,
)
from device_sim.waveforms import Channel

COLUMN_NAMES = {
    "hr": "hr",
    "pulse": "pr",
    "pr": "pr",
    "resp": "rr",
    "rr": "rr",
    "spo2": "spo2",
    "temp": "temp",
    "etco2": "etco2",
}
WFDB_INVALID = -32_768


def read_recording(argument: str, columns: Mapping[str, str]) -> Recording:
    """Read ``FILE`` or ``FILE+FILE`` (played together); `columns` renames CSV columns.

    Raises RecordingError or MissingPackage.
    """
    together = Recording(())
    for name in argument.split("+"):
        together = together.together(_read_file(Path(name), columns))
    return together


def _read_file(path: Path, columns: Mapping[str, str]) -> Recording:
    if not path.is_file():
        raise RecordingError(f"{path}: no such file")
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, columns)
        case ".parquet":
            return read_parquet(path)
        case ".hea" | ".dat" | ".mat":
            return read_wfdb(path)
        case other:
            raise RecordingError(f"{path}: cannot replay '{other}'; known: csv hea dat mat parquet")


def read_csv(path: Path, columns: Mapping[str, str]) -> Recording:
    """Read numerics: a time column in seconds, a column per value; NaN or nothing is null."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, skipinitialspace=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from None
    if not lines:
        raise RecordingError(f"{path}: is empty")
    names = _column_names(path, [label.strip() for label in lines[0]], columns)
    rows = [
        _row(path, number, cells, names)
        for number, cells in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    return Recording((str(path),), rows=tuple(rows))


def _column_names(path: Path, labels: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """The contract's name per column; the time column's is empty."""
    times = [i for i, label in enumerate(labels) if re.match(r"time\b", label, re.IGNORECASE)]
    if not times:
        raise RecordingError(f"{path}:1: no column 'Time [s]' in: {', '.join(labels)}")
    names = []
    for index, label in enumerate(labels):
        plain = label.lower().replace(" ", "_")
        known = columns.get(label) or COLUMN_NAMES.get(plain, plain)
        names.append("" if index == times[0] else known)
    if len(set(names)) < len(names):
        raise RecordingError(f"{path}:1: two columns stand for the same value: {', '.join(names)}")
    return names


def _row(path: Path, line: int, cells: Sequence[str], names: Sequence[str]) -> Row:
    if len(cells) != len(names):
        raise RecordingError(
            f"{path}:{line}: {len(cells)} columns where there should be {len(names)}"
        )
    values = {name: _value(path, line, cell) for name, cell in zip(names, cells, strict=True)}
    offset_s = values.pop("")
    if offset_s is None:
        raise RecordingError(f"{path}:{line}: no time")
    return Row(float(offset_s), values)


def _value(path: Path, line: int, cell: str) -> Value:
    text = cell.strip()
    if text == "" or text.lower() == "nan":
        return None
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        raise RecordingError(f"{path}:{line}: {text!r} is not a number") from None
    if not math.isfinite(number):
        raise RecordingError(f"{path}:{line}: {text!r} cannot be sent")
    return number


def _imported(package: str, purpose: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingPackage(package.partition(".")[0], purpose) from None


def read_wfdb(path: Path) -> Recording:
    """Read a WFDB record by its header, .dat or .mat file."""
    wfdb = _imported("wfdb", "reading WFDB records")
    base = path.with_suffix("")
    if not base.with_suffix(".hea").is_file():
        raise RecordingError(f"{path}: its header {base.name}.hea is missing")
    try:
        record = wfdb.rdrecord(str(base), physical=False)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise RecordingError(f"{path}: not a WFDB record that can be read: {error}") from None
    rate_hz = float(record.fs)
    tracks = []
    for index, label in enumerate(record.sig_name):
        counts = np.asarray(record.d_signal[:, index], dtype=np.int64)
        unit = {"NU": "1", "nu": "1"}.get(record.units[index], record.units[index])
        channel = Channel(channel_name(label), rate_hz, 1.0, unit)
        above = counts - int(record.baseline[index])
        tracks.append(
            digital(above, counts != WFDB_INVALID, float(record.adc_gain[index]), channel)
        )
    return Recording((str(path),), tracks=named_apart(tracks))


def read_parquet(path: Path) -> Recording:
    """Read waveforms from a table with a time column in seconds and a column per channel."""
    parquet = _imported("pyarrow.parquet", "reading parquet")
    try:
        table = parquet.read_table(str(path))
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: not a parquet file that can be read: {error}") from None
    columns = {
        name.strip(): table[name].to_numpy().astype(np.float64) for name in table.column_names
    }
    times = next((name for name in columns if name.lower().startswith("time")), None)
    if times is None or columns[times].size < 2:
        raise RecordingError(f"{path}: no column 'Time [s]' with at least two samples")
    rate_hz = _rate_hz(path, columns.pop(times))
    tracks = []
    for label, values in columns.items():
        name = channel_name(label)
        tracks.append(scaled(values, name, rate_hz, "mV" if name.startswith("ecg") else "1"))
    return Recording((str(path),), tracks=named_apart(tracks))


def _rate_hz(path: Path, times: Any) -> float:
    span_s = float(times[-1] - times[0])
    if not span_s > 0:
        raise RecordingError(f"{path}: its times do not go forward")
    rate_hz = (times.size - 1) / span_s
    return float(round(rate_hz)) if abs(rate_hz - round(rate_hz)) < 0.01 else round(rate_hz, 4)
