"""Names for identifiers, so that a bed can never be passed where a stay is meant."""

from __future__ import annotations

import re
from typing import NewType

DeviceId = NewType("DeviceId", str)
"""What a device calls itself on the wire; also its MQTT username."""

UnitId = NewType("UnitId", str)
"""A ward unit, such as `noi-3`."""

BedId = NewType("BedId", str)
"""A bed of the hospital, such as `noi-3-06`; unique across units."""

StayId = NewType("StayId", int)
"""One patient in one bed from admission to discharge; what every clinical row belongs to."""

StaffId = NewType("StaffId", int)
"""A member of staff with an account."""

AlarmId = NewType("AlarmId", str)
"""One alarm from its first moment to its end."""

DEVICE_ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{2,31}")


def is_device_id(text: str) -> bool:
    """Whether `text` may name a device: 3 to 32 of a-z, 0-9 and dash, not starting with a dash."""
    return DEVICE_ID_PATTERN.fullmatch(text) is not None
