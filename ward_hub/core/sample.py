"""What a device sent, as values: samples, wave blocks, conditions, status, and what was refused.

The parser in `ingest/payloads.py` turns bytes into these; nothing here has been checked against
the ward, placed in time or given to a stay yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ward_hub.core.ids import DeviceId


class Quality(StrEnum):
    """What the device says of a value's trustworthiness (wire contract, `q`)."""

    OK = "ok"
    MOTION = "motion"
    ARTIFACT = "artifact"
    LOW_PERFUSION = "low_perfusion"
    SENSOR_OFF = "sensor_off"
    LEADS_OFF = "leads_off"
    CALIBRATING = "calibrating"
    DEMO = "demo"

    @property
    def is_measured(self) -> bool:
        """Whether the value comes from the patient at all.

        Noise (motion, artifact, low perfusion) is still a measurement: a dangerous value is never
        silenced because it may be noise. A sensor that is off measures nothing.
        """
        return self is _OK or self not in _NOT_MEASURED


_OK = Quality.OK
_NOT_MEASURED = frozenset(
    (Quality.SENSOR_OFF, Quality.LEADS_OFF, Quality.CALIBRATING, Quality.DEMO)
)


class RejectReason(StrEnum):
    """Why something a device sent was refused; one of these, counted and shown."""

    UNKNOWN_TOPIC = "unknown_topic"
    BAD_DEVICE_ID = "bad_device_id"
    UNKNOWN_DEVICE = "unknown_device"
    SUSPENDED_DEVICE = "suspended_device"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_UTF8 = "not_utf8"
    BAD_JSON = "bad_json"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    BAD_TIME = "bad_time"
    BAD_SEQUENCE = "bad_sequence"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    BAD_WAVEFORM = "bad_waveform"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message, or one value of it, that breaks the contract; `detail` says what and where."""

    reason: RejectReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One set of numbers at one moment of the device's clock.

    `values`: known short names; None is «no reading now», a name left out says nothing.
    `quality` lists only what is not ok, `measured_at` dates episodic groups, `unknown` keeps names
    the hub does not know (stored and shown to the engineer).
    """

    device_at: datetime
    seq: int
    values: dict[str, float | None]
    quality: dict[str, Quality] = field(default_factory=dict)
    measured_at: dict[str, datetime] = field(default_factory=dict)
    unknown: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Samples:
    """A `vitals` message: one sample, or several kept while the link was down, oldest first."""

    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a wave block: little-endian int16 × `scale` = `unit`, `rate_hz` samples/s."""

    name: str
    rate_hz: float
    scale: float
    unit: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WaveBlock:
    """A `waves` message. `document` is the `w` object as it came, for screens to draw from."""

    device_at: datetime
    seq: int
    channels: tuple[Channel, ...]
    document: bytes


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """One alarm condition the monitor itself reports; `priority` is high, medium or low."""

    code: str
    priority: str
    text: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceConditions:
    """An `alarms` message: the whole set of conditions now present on the device."""

    device_at: datetime
    seq: int
    conditions: tuple[DeviceCondition, ...]


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A `status` message (retained; the broker's last will sets `offline`)."""

    device_at: datetime | None
    online: bool
    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery_percent: float | None = None
    charging: bool | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """When and where a message belongs, decided once on arrival.

    `at` is the time it is filed under. `late` data is stored and drawn but sounds no alarm.
    """

    device: DeviceId
    at: datetime
    received_at: datetime
    clock_off: bool
    late: bool


Message = Samples | WaveBlock | DeviceConditions | DeviceStatus
"""Everything a device may say that the ingest understands."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message that was understood, and the single values in it that were refused."""

    message: Message
    refused: tuple[Rejected, ...] = ()
