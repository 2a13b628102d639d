"""Everything an operator may set, from the environment: `WARD_…`, secrets also from files.

A secret can be given as `WARD_MQTT_PASSWORD_FILE=/run/secrets/mqtt` instead of in the environment.
A setting that cannot be right stops the hub at the start with a message that names it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "WARD_"
SECRETS: Final = ("database_url", "mqtt_password")


class SettingsError(Exception):
    """The settings cannot be used; the message says which and why."""


class Settings(BaseSettings):
    """The hub's settings. Names of environment variables are these in capitals after `WARD_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

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


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment. Raises SettingsError with every fault in one message."""
    held = dict(os.environ if environment is None else environment)
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in held.items()
        if name.startswith(PREFIX)
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
            f"{PREFIX}{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()
        ]
        raise SettingsError("; ".join(faults)) from None


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        variable = f"{PREFIX}{name}_file".upper()
        raise SettingsError(f"{variable}: cannot read {path}: {error.strerror}") from None
