"""Bytes from a device into values, or into `Rejected(reason)`: wire contract v1, design part 2.

Nothing a device sends may raise past `parse`. A message that breaks the contract is refused as a
whole with a reason and the place; a single number outside of what a monitor can report is refused
alone and the rest of the message is kept, since the other numbers are still the patient's.
Unknown names are kept (`unknown`), never dropped silently.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec

from ward_hub.core.sample import (
    Channel,
    DeviceCondition,
    DeviceConditions,
    DeviceStatus,
    Message,
    Parsed,
    Quality,
    Rejected,
    RejectReason,
    Sample,
    Samples,
    WaveBlock,
)
from ward_hub.core.vitals import VITALS, vital_name
from ward_hub.topics import MOST_BYTES, Kind

MOST_SAMPLES: Final = 1000
MOST_NAMES: Final = 64
MOST_CHANNELS: Final = 16
MOST_CONDITIONS: Final = 64
MOST_TEXT: Final = 200
MOST_NESTED: Final = 32
HIGHEST_RATE_HZ: Final = 2000.0
LONGEST_BLOCK_S: Final = 60.0

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199
_QUALITIES: Final = {quality.value: quality for quality in Quality}
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

Time = (
    Annotated[datetime, msgspec.Meta(tz=True)] | Annotated[int, msgspec.Meta(ge=0, le=7 * 10**12)]
)
"""RFC 3339 with an offset, or epoch milliseconds."""

Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Sample(msgspec.Struct, frozen=True):
    t: Time
    seq: Sequence
    v: dict[str, float | None]
    at: dict[str, Time] = {}
    q: dict[str, str] = {}


class _Batch(msgspec.Struct, frozen=True):
    samples: list[_Sample]


class _Channel(msgspec.Struct, frozen=True):
    rate: float
    data: str
    scale: float = 1.0
    unit: str = ""


class _Waves(msgspec.Struct, frozen=True):
    t: Time
    seq: Sequence
    w: dict[str, _Channel]


class _Condition(msgspec.Struct, frozen=True):
    code: str
    priority: str = "medium"
    text: str = ""
    since: Time | None = None


class _Conditions(msgspec.Struct, frozen=True):
    t: Time
    seq: Sequence
    alarms: list[_Condition]


class _Battery(msgspec.Struct, frozen=True):
    percent: float | None = None
    charging: bool | None = None


class _Status(msgspec.Struct, frozen=True):
    state: str
    t: Time | None = None
    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery: _Battery | None = None


_SAMPLE: Final = msgspec.json.Decoder(_Sample)
_BATCH: Final = msgspec.json.Decoder(_Batch)
_WAVES: Final = msgspec.json.Decoder(_Waves)
_CONDITIONS: Final = msgspec.json.Decoder(_Conditions)
_STATUS: Final = msgspec.json.Decoder(_Status)
_ENCODER: Final = msgspec.json.Encoder()

Refused = list[Rejected]


def parse(kind: Kind, payload: bytes) -> Parsed | Rejected:
    """Read one payload. Never raises for anything a device can send."""
    limit = MOST_BYTES[kind]
    if len(payload) > limit:
        return Rejected(RejectReason.TOO_LARGE, f"{len(payload)} bytes, at most {limit}")
    if _is_too_deep(payload):
        return Rejected(RejectReason.TOO_DEEP, f"more than {MOST_NESTED} levels")
    refused: Refused = []
    try:
        message = _READERS[kind](payload, refused)
    except msgspec.ValidationError as error:
        return Rejected(_reason(str(error)), str(error)[:MOST_TEXT])
    except msgspec.DecodeError as error:
        return Rejected(_json_reason(str(error)), str(error)[:MOST_TEXT])
    except UnicodeDecodeError as error:
        return Rejected(RejectReason.NOT_UTF8, f"byte {error.start}")
    if isinstance(message, Rejected):
        return message
    return Parsed(message, tuple(refused))


def _is_too_deep(payload: bytes) -> bool:
    """Whether brackets are nested deeper than the contract ever needs.

    Looked at before the decoder does: how deep that can go depends on the Python it runs on.
    """
    if payload.count(b"[") + payload.count(b"{") <= MOST_NESTED:
        return False
    depth = 0
    for bracket in payload.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MOST_NESTED:
            return True
    return False


def _reason(said: str) -> RejectReason:
    if "missing required field" in said:
        return RejectReason.MISSING_FIELD
    if said.endswith((".t`", ".since`")) or ".at[" in said:
        return RejectReason.BAD_TIME
    return RejectReason.BAD_SEQUENCE if said.endswith(".seq`") else RejectReason.WRONG_TYPE


def _json_reason(said: str) -> RejectReason:
    return RejectReason.NOT_UTF8 if "utf-8" in said.lower() else RejectReason.BAD_JSON


def _time(wire: datetime | int) -> datetime:
    """The moment in UTC. A clock may be wrong by decades; beyond that it is no clock."""
    if isinstance(wire, int):
        return _EPOCH + timedelta(milliseconds=wire)
    if not _FIRST_YEAR <= wire.year <= _LAST_YEAR:
        raise msgspec.ValidationError(f"year {wire.year} - at `$.t`")
    return wire.astimezone(UTC)


def _read_vitals(payload: bytes, refused: Refused) -> Message | Rejected:
    if payload.lstrip()[:20].replace(b" ", b"").startswith(b'{"samples"'):
        batch = _BATCH.decode(payload).samples
    else:
        batch = [_SAMPLE.decode(payload)]
    if not batch:
        return Rejected(RejectReason.MISSING_FIELD, "samples is empty")
    if len(batch) > MOST_SAMPLES or any(len(wire.v) > MOST_NAMES for wire in batch):
        return Rejected(RejectReason.TOO_MANY, f"{len(batch)} samples")
    return Samples(tuple(_sample(wire, refused) for wire in batch))


def _sample(wire: _Sample, refused: Refused) -> Sample:
    values: dict[str, float | None] = {}
    unknown: dict[str, float | None] = {}
    for wire_name, value in wire.v.items():
        name = wire_name if wire_name in VITALS else vital_name(wire_name)
        if name is None:
            _keep_unknown(wire_name, value, unknown, refused)
        elif value is None or VITALS[name].low <= value <= VITALS[name].high:
            values[name] = value
        else:
            refused.append(Rejected(RejectReason.OUT_OF_RANGE, f"v.{wire_name}"))
    return Sample(
        device_at=_time(wire.t),
        seq=wire.seq,
        values=values,
        quality=_quality(wire.q, refused) if wire.q else {},
        measured_at={key: _time(at) for key, at in wire.at.items()} if wire.at else {},
        unknown=unknown,
    )


def _keep_unknown(
    name: str, value: float | None, unknown: dict[str, float | None], refused: Refused
) -> None:
    if _NAME.fullmatch(name) is None:
        refused.append(Rejected(RejectReason.WRONG_TYPE, "v has a name that is no name"))
    elif value is not None and not abs(value) < 1e12:
        refused.append(Rejected(RejectReason.OUT_OF_RANGE, f"v.{name}"))
    else:
        unknown[name] = value


def _quality(wire: dict[str, str], refused: Refused) -> dict[str, Quality]:
    """Unknown words count as artifact: the device said that something is the matter."""
    found: dict[str, Quality] = {}
    for wire_name, word in wire.items():
        name = vital_name(wire_name) or wire_name[:64]
        quality = _QUALITIES.get(word)
        if quality is None:
            refused.append(Rejected(RejectReason.WRONG_TYPE, f"q.{wire_name[:64]}"))
            quality = Quality.ARTIFACT
        if quality is not Quality.OK:
            found[name] = quality
    return found


def _read_waves(payload: bytes, _: Refused) -> Message | Rejected:
    wire = _WAVES.decode(payload)
    if not 0 < len(wire.w) <= MOST_CHANNELS:
        return Rejected(RejectReason.TOO_MANY, f"{len(wire.w)} channels")
    channels: list[Channel] = []
    for name, channel in wire.w.items():
        read = _channel(name, channel)
        if isinstance(read, Rejected):
            return read
        channels.append(read)
    return WaveBlock(_time(wire.t), wire.seq, tuple(channels), _ENCODER.encode(wire.w))


def _channel(name: str, wire: _Channel) -> Channel | Rejected:
    if _NAME.fullmatch(name) is None or len(wire.unit) > 16:
        return Rejected(RejectReason.BAD_WAVEFORM, "channel name or unit")
    if not 0 < wire.rate <= HIGHEST_RATE_HZ or not math.isfinite(wire.scale) or not wire.scale:
        return Rejected(RejectReason.BAD_WAVEFORM, f"w.{name}: rate or scale")
    try:
        data = base64.b64decode(wire.data, validate=True)
    except (binascii.Error, ValueError):
        return Rejected(RejectReason.BAD_WAVEFORM, f"w.{name}: data is not base64")
    if len(data) % 2 or not 0 < len(data) / 2 / wire.rate <= LONGEST_BLOCK_S:
        return Rejected(RejectReason.BAD_WAVEFORM, f"w.{name}: {len(data)} bytes of samples")
    return Channel(name, wire.rate, wire.scale, wire.unit, data)


def _read_conditions(payload: bytes, refused: Refused) -> Message | Rejected:
    wire = _CONDITIONS.decode(payload)
    if len(wire.alarms) > MOST_CONDITIONS:
        return Rejected(RejectReason.TOO_MANY, f"{len(wire.alarms)} conditions")
    kept = [_condition(each, refused) for each in wire.alarms]
    conditions = tuple(condition for condition in kept if condition is not None)
    return DeviceConditions(_time(wire.t), wire.seq, conditions)


def _condition(wire: _Condition, refused: Refused) -> DeviceCondition | None:
    """A condition with a name nobody can read is refused; an unknown priority counts as medium."""
    if _NAME.fullmatch(wire.code) is None:
        refused.append(Rejected(RejectReason.WRONG_TYPE, "alarms: code"))
        return None
    priority = wire.priority.lower()
    if priority not in ("high", "medium", "low"):
        refused.append(Rejected(RejectReason.WRONG_TYPE, f"alarms.{wire.code}: priority"))
        priority = "medium"
    since = _time(wire.since) if wire.since is not None else None
    return DeviceCondition(wire.code, priority, wire.text[:MOST_TEXT], since)


def _read_status(payload: bytes, _: Refused) -> Message | Rejected:
    wire = _STATUS.decode(payload)
    if wire.state not in ("online", "offline"):
        return Rejected(RejectReason.WRONG_TYPE, "state is neither online nor offline")
    battery = wire.battery or _Battery()
    percent = battery.percent
    if percent is not None and not 0 <= percent <= 100:
        return Rejected(RejectReason.OUT_OF_RANGE, "battery.percent")
    return DeviceStatus(
        device_at=_time(wire.t) if wire.t is not None else None,
        online=wire.state == "online",
        model=wire.model[:MOST_TEXT],
        serial=wire.serial[:MOST_TEXT],
        firmware=wire.firmware[:MOST_TEXT],
        battery_percent=percent,
        charging=battery.charging,
    )


_READERS: Final[dict[Kind, Callable[[bytes, Refused], Message | Rejected]]] = {
    Kind.VITALS: _read_vitals,
    Kind.WAVES: _read_waves,
    Kind.ALARMS: _read_conditions,
    Kind.STATUS: _read_status,
}

UNDERSTOOD: Final = frozenset(_READERS)
"""The kinds of message `parse` can read."""
