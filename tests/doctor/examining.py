"""Settings for examinations that touch one server at a time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tests.services.mosquitto import Mosquitto
from ward_hub.clock import SystemClock
from ward_hub.doctor import Finding, State
from ward_hub.doctor.broker import examine_broker
from ward_hub.doctor.findings import Secrets
from ward_hub.settings import Settings


def settings_for(broker: Mosquitto, **others: Any) -> Settings:
    """The hub's settings for a test's broker."""
    given: dict[str, Any] = {
        "mqtt_host": broker.host,
        "mqtt_port": broker.port,
        "mqtt_username": broker.hub_user,
        "mqtt_password": SecretStr(broker.hub_password),
    }
    return Settings(**given | others)


def look_at_broker(settings: Settings, *, hub_runs: bool = False) -> dict[str, Finding]:
    """What the doctor finds at the broker, by name."""
    return by_name(examine_broker(settings, SystemClock(), Secrets(settings), hub_runs=hub_runs))


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Findings by name. Each name is found once."""
    found = list(findings)
    named = {finding.name: finding for finding in found}
    assert len(named) == len(found), [finding.name for finding in found]
    return named


def not_ok(findings: Iterable[Finding]) -> dict[str, State]:
    """The states of what is not well."""
    return {one.name: one.state for one in findings if one.state is not State.OK}


def spool_in(folder: Path) -> Path:
    """A place for a spool that is there and empty."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "spool.sqlite"
