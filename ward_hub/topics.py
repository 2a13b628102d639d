"""The MQTT topics of the wire contract, version 1, spelt here and nowhere else."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ward_hub.core.ids import DeviceId, UnitId, is_device_id
from ward_hub.core.sample import Rejected, RejectReason

ROOT: Final = "ward/v1"
EVERYTHING: Final = f"{ROOT}/#"
HUB_STATUS: Final = "hub/v1/status"


class Kind(StrEnum):
    """What a topic below a device carries."""

    VITALS = "vitals"
    WAVES = "waves"
    ALARMS = "alarms"
    STATUS = "status"
    FRAME = "frame"
    COMMAND = "cmd"
    COMMAND_RESULT = "cmd/result"


KIB: Final = 1024

MOST_BYTES: Final[dict[Kind, int]] = {
    Kind.VITALS: 64 * KIB,
    Kind.WAVES: 256 * KIB,
    Kind.ALARMS: 64 * KIB,
    Kind.STATUS: 16 * KIB,
    Kind.FRAME: 2048 * KIB,
    Kind.COMMAND: 16 * KIB,
    Kind.COMMAND_RESULT: 16 * KIB,
}
"""The largest payload of each kind, in bytes."""

_KINDS: Final = {kind.value: kind for kind in Kind}


def device_topic(device: DeviceId, kind: Kind) -> str:
    """The topic of one kind of message of one device."""
    return f"{ROOT}/{device}/{kind}"


def unit_alarms_topic(unit: UnitId) -> str:
    """Where the hub tells other systems every alarm event of a unit."""
    return f"hub/v1/alarms/{unit}"


def parse_topic(topic: str) -> tuple[DeviceId, Kind] | Rejected:
    """Which device and what kind of message a topic names."""
    head, _, rest = topic.partition(f"{ROOT}/")
    device, _, tail = rest.partition("/")
    kind = _KINDS.get(tail)
    if head or kind is None:
        return Rejected(RejectReason.UNKNOWN_TOPIC, topic[:200])
    if not is_device_id(device):
        return Rejected(RejectReason.BAD_DEVICE_ID, device[:64])
    return DeviceId(device), kind
