"""The doctor at real databases: well, empty, too old, too new, not there, not letting in."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.doctor.examining import by_name, not_ok
from tests.services.network import LOOPBACK, free_port
from ward_hub import pg
from ward_hub.clock import SystemClock
from ward_hub.doctor import Finding, State
from ward_hub.doctor.database import examine_database
from ward_hub.doctor.findings import Secrets
from ward_hub.ingest.retention import tidy
from ward_hub.settings import Settings, load


class ShiftedClock(SystemClock):
    """A machine whose clock is wrong."""

    def __init__(self, by_s: float) -> None:
        self._by = timedelta(seconds=by_s)

    def now(self) -> datetime:
        return super().now() + self._by


def look_at_database(
    dsn: str, clock: SystemClock | None = None, *, hub_runs: bool = False
) -> dict[str, Finding]:
    settings = load({"WARD_DATABASE_URL": dsn})
    given = (settings, clock or SystemClock(), Secrets(settings))
    return by_name(examine_database(*given, hub_runs=hub_runs))


def test_a_migrated_database_is_found_well(migrated_database: str, database_kind: str) -> None:
    found = look_at_database(migrated_database)
    # The clusters of the tests do not fsync, and the doctor sees that.
    assert not_ok(found.values()) == {"durability": State.WARNING}
    assert "fsync" in found["durability"].found
    has_timescale = database_kind == "timescale"
    assert ("hypertables" in found["timescaledb"].found) is has_timescale
    assert found["rights"].state is State.OK


def test_an_empty_database_wants_the_schema(postgres_dsn: str) -> None:
    found = look_at_database(postgres_dsn)
    assert found["schema"].state is State.FAULT
    assert found["schema"].mend == "ward-hub migrate"
    assert "rights" not in found


@pytest.mark.parametrize(("version", "mend"), [(1, "ward-hub migrate"), (9999, "newer hub")])
def test_another_schema_is_found(postgres_dsn: str, version: int, mend: str) -> None:
    pg.migrate(postgres_dsn)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migration WHERE version > %s", (version,))
        if version > pg.known_version():
            connection.execute("INSERT INTO schema_migration VALUES (%s, 'x')", (version,))
    schema = look_at_database(postgres_dsn)["schema"]
    assert schema.is_fault
    assert f"version {version}," in schema.found
    assert mend in schema.mend


@pytest.mark.parametrize(("by_s", "state"), [(0.4, State.OK), (-81.0, State.FAULT)])
def test_a_clock_that_differs_is_found(postgres_dsn: str, by_s: float, state: State) -> None:
    found = look_at_database(postgres_dsn, ShiftedClock(by_s))["database clock"]
    assert found.state is state
    assert f"{-by_s:+.0f}" in found.found or state is State.OK


@pytest.mark.parametrize(("hub_runs", "state"), [(True, State.WARNING), (False, State.OK)])
def test_a_day_nobody_prepared_is_found(postgres_dsn: str, hub_runs: bool, state: State) -> None:
    pg.migrate(postgres_dsn)
    before = look_at_database(postgres_dsn, hub_runs=hub_runs)["partitions"]
    assert before.state is state
    tidy(postgres_dsn, SystemClock().now())
    after = look_at_database(postgres_dsn, hub_runs=hub_runs)["partitions"]
    assert after.found == "ready for tomorrow"


def test_an_account_that_cannot_make_partitions_is_found(migrated_database: str) -> None:
    password = "pass-word-of-reader"
    parts = urlsplit(migrated_database)
    account = f"reader{parts.path[-8:]}"
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {account} LOGIN PASSWORD '{password}'".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {account}".encode())
        try:
            dsn = parts._replace(netloc=f"{account}:{password}@{LOOPBACK}:{parts.port}").geturl()
            found = look_at_database(dsn)["rights"]
        finally:
            connection.execute(f"DROP OWNED BY {account}".encode())
            connection.execute(f"DROP ROLE {account}".encode())
    assert found.is_fault
    assert account in found.found
    assert account in found.mend


def test_no_database_is_found() -> None:
    (finding,) = look_at_database(f"postgresql://{LOOPBACK}:{free_port()}/ward_hub").values()
    assert finding.is_fault
    assert "systemctl start postgresql" in finding.mend


def test_a_wrong_password_is_found_and_never_shown(postgres_dsn: str) -> None:
    parts = urlsplit(postgres_dsn)
    netloc = f"{parts.username}:not-the-password@{parts.hostname}:{parts.port}"
    (finding,) = look_at_database(parts._replace(netloc=netloc).geturl()).values()
    assert finding.is_fault
    assert "WARD_DATABASE_URL" in finding.mend
    assert "not-the-password" not in str(finding.document())


def test_a_database_that_is_not_there_is_found(postgres_dsn: str) -> None:
    (finding,) = look_at_database(
        urlsplit(postgres_dsn)._replace(path="/nowhere").geturl()
    ).values()
    assert finding.is_fault
    assert "createdb" in finding.mend


def test_a_password_with_a_slash_is_not_shown_in_pieces() -> None:
    """libpq takes a piece of such a password for the host, and says so in its message."""
    settings = Settings.model_validate(
        {"database_url": "postgresql://ward:first@secondhalf/x@db.invalid/w"}
    )
    said = Secrets(settings).hide('could not translate host name "secondhalf" to address: first')
    assert "secondhalf" not in said
    assert "first" not in said
    assert "could not translate host name" in said
