"""Everything an operator may set, from the environment: `WARD_…`, secrets also from files.

A secret can be given as `WARD_MQTT_PASSWORD_FILE=/run/secrets/mqtt` instead of in the environment.
A variable that is empty counts as not given. A setting that cannot be right stops the hub at the
start with a message that names it; what looks like a setting and is none is found by
`unknown_variables`. A message never quotes a secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

PREFIX: Final = "WARD_"
SECRETS: Final = ("database_url", "mqtt_password")
NOT_SETTINGS: Final = ("WARD_TEST_", "WARD_DEMO_", "WARD_SERVICES_", "WARD_FRESH_")
"""Beginnings of variables that belong to the tests, the demo and the scripts."""


class SettingsError(Exception):
    """The settings cannot be used; the message says which and why."""


class Settings(BaseModel):
    """The hub's settings. Names of environment variables are these in capitals after `WARD_`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: SecretStr = Field(
        default=SecretStr("postgresql:///ward_hub"),
        description="PostgreSQL (with or without TimescaleDB), as a libpq URL.",
    )
    mqtt_host: str = Field(default="127.0.0.1", description="The MQTT broker's host.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="The broker's port.")
    mqtt_username: str = Field(default="ward-hub", description="The hub's own broker account.")
    mqtt_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    mqtt_client_id: str = Field(
        default="ward-hub-0", description="Names the persistent session; keep it for ever."
    )
    mqtt_protocol: Literal["5", "3.1.1"] = Field(default="5", description="MQTT version.")
    mqtt_tls: bool = Field(default=False, description="Whether to speak TLS to the broker.")
    mqtt_ca_file: Path | None = Field(default=None, description="CA that signed the broker.")
    http_host: str = Field(default="127.0.0.1", description="Where the pages listen.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="Their port.")
    cookie_secure: bool = Field(
        default=True, description="Cookies only over HTTPS; off only for a demo on loopback."
    )
    spool_path: Path = Field(
        default=Path("/var/lib/ward-hub/spool.sqlite"),
        description="Where records wait while the database is away.",
    )
    spool_most_mib: int = Field(
        default=4096, ge=16, description="How large the spool may grow, in MiB."
    )
    keep_waves_hours: int = Field(default=72, ge=1, description="How long waveforms are kept.")
    keep_vitals_days: int = Field(default=400, ge=1, description="How long vital signs are kept.")
    keep_minutes_days: int = Field(
        default=3650, ge=1, description="How long the minute figures are kept."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important event that is logged."
    )

    @field_validator("database_url")
    @classmethod
    def _is_a_url(cls, given: SecretStr) -> SecretStr:
        try:
            conninfo_to_dict(given.get_secret_value())
        except ProgrammingError:
            # libpq's own words quote what was given, password and all.
            raise ValueError("write postgresql://user:password@host/database") from None
        return given


def known_variables() -> list[str]:
    """Every variable that means something, those for secrets in files included."""
    names = [*Settings.model_fields, *(f"{secret}_file" for secret in SECRETS)]
    return [f"{PREFIX}{name}".upper() for name in names]


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """Variables that look like settings of the hub and are none: most likely typing mistakes."""
    known = set(known_variables())
    held = os.environ if environment is None else environment
    ours = (name for name in held if name.startswith(PREFIX))
    return sorted(name for name in ours if name not in known and not name.startswith(NOT_SETTINGS))


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment. Raises SettingsError with every fault in one message."""
    held = os.environ if environment is None else environment
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in held.items()
        if name.startswith(PREFIX) and value
    }
    for secret in SECRETS:
        path = given.pop(f"{secret}_file", None)
        if path is not None:
            given[secret] = _read_secret(secret, Path(path))
    known = {name: value for name, value in given.items() if name in Settings.model_fields}
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        faults = [
            f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
        raise SettingsError("; ".join(faults)) from None


def _read_secret(name: str, path: Path) -> str:
    variable = f"{PREFIX}{name}_file".upper()
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}: {path} is not text") from None
    if not secret:
        raise SettingsError(f"{variable}: {path} is empty")
    return secret
