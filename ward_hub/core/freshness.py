"""When a value is too old to be shown. Stale data must never look like live data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from ward_hub.core.vitals import CONTINUOUS_STALE_S, VITALS

AGEING_SHARE: Final = 0.5
"""A value is ageing from this share of its stale age."""


class Freshness(StrEnum):
    """How far a value may still be trusted as the present."""

    FRESH = "fresh"
    AGEING = "ageing"
    STALE = "stale"


def freshness(name: str, at: datetime, now: datetime) -> Freshness:
    """How fresh a value of vital sign `name`, measured `at`, is at `now`.

    Continuous values are stale after 10 s, cuff pressure and temperature after their monitoring
    interval. An unknown name is judged as continuous.
    """
    vital = VITALS.get(name)
    stale_after_s = vital.stale_after_s if vital else CONTINUOUS_STALE_S
    age_s = (now - at).total_seconds()
    if age_s > stale_after_s:
        return Freshness.STALE
    return Freshness.AGEING if age_s > stale_after_s * AGEING_SHARE else Freshness.FRESH
