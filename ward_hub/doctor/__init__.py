"""`ward-hub doctor`: looks at everything the hub needs and says how to mend what is wrong.

Each check is a small function that returns what it found. It works when everything is broken: a
failure is a finding, never an exception. The running servers are asked, not their files. Must
never touch the hub's own session on the broker, write to the database, or show a password.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from ward_hub.clock import Clock
from ward_hub.doctor.broker import examine_broker
from ward_hub.doctor.database import examine_database
from ward_hub.doctor.findings import Finding, Secrets, State, report_lines
from ward_hub.doctor.machine import (
    ask_hub,
    examine_clock,
    examine_port,
    examine_secret_files,
    examine_settings,
    examine_spool,
)
from ward_hub.settings import Settings

__all__ = ["Finding", "State", "bad_settings", "examine", "report_lines"]


async def examine(
    settings: Settings, clock: Clock, environment: Mapping[str, str] | None = None
) -> list[Finding]:
    """Look at everything, servers side by side; about 3 s when all is well, at most about 15."""
    held = os.environ if environment is None else environment
    secrets = Secrets(settings)
    answer = await asyncio.to_thread(ask_hub, settings)
    hub_runs = answer.hub is not None
    database, broker = await asyncio.gather(
        asyncio.to_thread(examine_database, settings, clock, secrets, hub_runs=hub_runs),
        asyncio.to_thread(examine_broker, settings, clock, secrets, hub_runs=hub_runs),
    )
    return [
        examine_settings(held),
        *examine_secret_files(held),
        *database,
        *broker,
        *examine_spool(settings, hub_runs=hub_runs),
        examine_clock(),
        examine_port(settings, answer),
    ]


def bad_settings(error: Exception) -> Finding:
    """The one finding when the settings cannot be used: nothing else can be looked at."""
    return Finding("settings", State.FAULT, str(error), "correct the variables it names")
