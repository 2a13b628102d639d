"""An independent reading of the MQTT contract (design part 2): what is wrong with a payload.

Written from the contract's text, not from the simulator's code, so that the two check each other.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

NAMES = frozenset(
    "hr pr spo2 rr temp nibp_sys nibp_dia nibp_map ibp_sys ibp_dia ibp_map etco2 fio2 pi pvc"
    " st_ii temp2".split()
)
QUALITIES = frozenset(
    "ok motion artifact low_perfusion sensor_off leads_off calibrating demo".split()
)
REPORTABLE = {
    "hr": (0, 300),
    "pr": (0, 300),
    "spo2": (0, 100),
    "rr": (0, 150),
    "temp": (20, 46),
    "nibp_sys": (0, 300),
    "nibp_dia": (0, 300),
    "nibp_map": (0, 300),
    "pvc": (0, 300),
}
LIMITS = {"vitals": 65_536, "waves": 262_144, "alarms": 65_536, "status": 16_384}


def faults_in(kind: str, payload: bytes) -> list[str]:
    """Everything in the payload that breaks the contract; empty when it keeps to it."""
    if len(payload) > LIMITS[kind]:
        return [f"{len(payload)} bytes"]
    try:
        message = json.loads(payload.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return [f"not JSON: {error}"]
    if not isinstance(message, dict):
        return ["not an object"]
    return CHECKS[kind](message)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def instant_faults(value: Any, where: str) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return [] if 1e12 < value < 1e13 else [f"{where} is not epoch milliseconds"]
    if not isinstance(value, str):
        return [f"{where} is {value!r}"]
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        return [f"{where} is not RFC 3339 with offset: {value}"]
    datetime.fromisoformat(value)
    return []


def _head_faults(message: dict[str, Any]) -> list[str]:
    found = instant_faults(message.get("t"), "t")
    seq = message.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < 2**63:
        found.append(f"seq is {seq!r}")
    return found


def _vitals_faults(message: dict[str, Any]) -> list[str]:
    if "samples" not in message:
        return _sample_faults(message)
    samples = message["samples"]
    if set(message) != {"samples"} or not isinstance(samples, list) or not samples:
        return ["a batch is only samples, at least one"]
    return [fault for sample in samples for fault in _sample_faults(sample)]


def _sample_faults(sample: dict[str, Any]) -> list[str]:
    found = _head_faults(sample)
    if set(sample) - {"t", "seq", "v", "at", "q"}:
        found.append(f"keys {sorted(sample)}")
    values = sample.get("v")
    if not isinstance(values, dict):
        return [*found, "no v"]
    return found or _value_faults(values) + _note_faults(sample, values)


def _value_faults(values: dict[str, Any]) -> list[str]:
    found = [f"unknown {name}" for name in values if name not in NAMES]
    for name, value in values.items():
        low, high = REPORTABLE.get(name, (-1e6, 1e6))
        if value is None:
            continue
        if type(value) not in {int, float} or not low <= value <= high:
            found.append(f"{name} is {value!r}")
    return found


def _note_faults(sample: dict[str, Any], values: dict[str, Any]) -> list[str]:
    found = []
    for name, quality in sample.get("q", {}).items():
        if name not in values or quality not in QUALITIES:
            found.append(f"q of {name} is {quality!r}")
    for name, when in sample.get("at", {}).items():
        found += instant_faults(when, f"at of {name}")
        if not any(value.startswith(name) for value in values):
            found.append(f"at of {name}, which is not there")
    return found


def _waves_faults(message: dict[str, Any]) -> list[str]:
    found = _head_faults(message)
    if set(message) != {"t", "seq", "w"} or not message["w"]:
        return [*found, f"keys {sorted(message)}"]
    for name, channel in message["w"].items():
        if set(channel) != {"rate", "scale", "unit", "data"}:
            found.append(f"{name} has {sorted(channel)}")
        elif channel["rate"] <= 0 or channel["scale"] <= 0 or not isinstance(channel["unit"], str):
            found.append(f"{name}: rate, scale or unit")
        else:
            found += _data_faults(name, channel["data"])
    return found


def _data_faults(name: str, data: str) -> list[str]:
    try:
        size = len(base64.b64decode(data, validate=True))
    except binascii.Error as error:
        return [f"{name}: {error}"]
    return [] if size and size % 2 == 0 else [f"{name}: {size} bytes"]


def _alarms_faults(message: dict[str, Any]) -> list[str]:
    found = _head_faults(message)
    if set(message) != {"t", "seq", "alarms"}:
        return [*found, f"keys {sorted(message)}"]
    for alarm in message["alarms"]:
        if set(alarm) != {"code", "priority", "text", "since"}:
            found.append(f"alarm has {sorted(alarm)}")
        elif alarm["priority"] not in {"high", "medium", "low"}:
            found.append(f"priority {alarm['priority']!r}")
        else:
            found += instant_faults(alarm["since"], "since")
    return found


def _status_faults(message: dict[str, Any]) -> list[str]:
    found = instant_faults(message.get("t"), "t")
    if message.get("state") not in {"online", "offline"}:
        found.append(f"state {message.get('state')!r}")
    for key in ("model", "serial", "firmware"):
        if not isinstance(message.get(key), str):
            found.append(f"{key} {message.get(key)!r}")
    battery = message.get("battery", {})
    if not 0 <= battery.get("percent", -1) <= 100 or not isinstance(battery.get("charging"), bool):
        found.append(f"battery {battery!r}")
    return found


CHECKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "vitals": _vitals_faults,
    "waves": _waves_faults,
    "alarms": _alarms_faults,
    "status": _status_faults,
}
