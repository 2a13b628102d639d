"""Migrations go forward once, and connections end by themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.services.network import LOOPBACK, free_port
from tests.storage.ward import fetch
from ward_hub import pg


def test_migrating_twice_does_nothing_the_second_time(database: str, database_kind: str) -> None:
    done = pg.migrate(database)
    assert done[0] == "0001_registry.sql"
    assert pg.migrate(database) == []
    with pg.connect(database, "look") as connection:
        assert pg.schema_version(connection) == pg.known_version() == len(done)
        assert pg.has_timescale(connection) is (database_kind == "timescale")
    kinds = fetch(database, "SELECT DISTINCT hypertable FROM series")
    assert kinds == [(database_kind == "timescale",)]


def test_two_hubs_may_migrate_at_once(database: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(pg.migrate, [database, database])
    assert sorted((len(first), len(second))) == [0, pg.known_version()]


def test_an_empty_database_is_at_version_0(database: str) -> None:
    with pg.connect(database, "look") as connection:
        assert pg.schema_version(connection) == 0


def test_a_database_of_a_newer_hub_is_left_alone(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute("INSERT INTO schema_migration (version, name) VALUES (9999, 'later')")
    with pytest.raises(pg.DatabaseTooNewError, match="9999"):
        pg.migrate(migrated_database)


def test_nobody_listening_is_said_at_once() -> None:
    with pytest.raises(psycopg.OperationalError):
        pg.connect(f"postgresql://ward@{LOOPBACK}:{free_port()}/ward", "look")


def test_a_statement_that_takes_too_long_is_ended(postgres_dsn: str) -> None:
    with (
        pg.connect(postgres_dsn, "slow", statement_timeout_s=0.05) as connection,
        pytest.raises(psycopg.errors.QueryCanceled),
    ):
        connection.execute("SELECT pg_sleep(10)")


async def test_the_pool_hands_out_working_connections_after_all_were_cut(postgres_dsn: str) -> None:
    async with pg.pool(postgres_dsn, "pages", max_size=1) as pool:
        async with pool.connection() as connection:
            pid = connection.info.backend_pid
        fetch(postgres_dsn, "SELECT pg_terminate_backend(%s)", pid)
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT current_setting('application_name')")
            assert await cursor.fetchall() == [("ward-hub pages",)]


STAY = "INSERT INTO stay (patient_id, bed_id, admitted_at) VALUES"
ASSIGNMENT = "INSERT INTO assignment (device_key, device_kind, bed_id, from_at, to_at) VALUES"
CONTRADICTIONS = {
    "two patients in a bed": f"{STAY} (2, 'b1', now())",
    "a patient in two beds": f"{STAY} (1, 'b2', now())",
    "a monitor on two beds": f"{ASSIGNMENT} (1, 'monitor', 'b2', now(), NULL)",
    "then too": f"{ASSIGNMENT} (1, 'monitor', 'b2', '2026-01-02Z', '2026-01-03Z')",
    "two monitors on a bed": f"{ASSIGNMENT} (2, 'monitor', 'b1', now(), NULL)",
    "a camera as a monitor": f"{ASSIGNMENT} (3, 'monitor', 'b2', now(), NULL)",
    "no name for a device": "INSERT INTO device (id, kind) VALUES ('Not An Id', 'monitor')",
}


@pytest.mark.parametrize("statement", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_the_registry_cannot_contradict_itself(migrated_database: str, statement: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute(_REGISTRY)
        with pytest.raises(psycopg.IntegrityError):
            connection.execute(statement.encode())


_REGISTRY = """
INSERT INTO unit VALUES ('noi-3', 'Nội 3', 0);
INSERT INTO bed VALUES ('b1', 'noi-3', '1', 1), ('b2', 'noi-3', '2', 2);
INSERT INTO patient (full_name, record_number) VALUES ('P', '1'), ('Q', '2');
INSERT INTO stay (patient_id, bed_id, admitted_at) VALUES (1, 'b1', '2026-01-01Z');
INSERT INTO device (id, kind)
VALUES ('mon-1', 'monitor'), ('mon-2', 'monitor'), ('cam-1', 'camera');
INSERT INTO assignment (device_key, device_kind, bed_id, from_at)
VALUES (1, 'monitor', 'b1', '2026-01-01Z');
INSERT INTO assignment (device_key, device_kind, bed_id, from_at)
VALUES (3, 'camera', 'b1', '2026-01-01Z');
"""
