"""The one way to PostgreSQL: connections, named queries, migrations.

A connection from here can never hang for ever: connecting, statements and a dead network all have
an end. SQL text lives in `ward_hub/sql/`, never in feature code that builds it from values. This
module is a driver: it knows nothing of wards and must never import a feature.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

DEFAULT_STATEMENT_TIMEOUT_S: Final = 30.0
CONNECT_TIMEOUT_S: Final = 3
_MIGRATION_LOCK: Final = 0x57415244
_MIGRATION_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class DatabaseTooNewError(RuntimeError):
    """The database was migrated by a newer hub than this one; this code must not touch it."""


def _parameters(name: str, statement_timeout_s: float) -> dict[str, Any]:
    milliseconds = round(statement_timeout_s * 1000)
    return {
        "application_name": f"ward-hub {name}",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": f"-c statement_timeout={milliseconds} -c timezone=UTC",
    }


def connect(
    dsn: str, name: str, *, statement_timeout_s: float = DEFAULT_STATEMENT_TIMEOUT_S
) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection for one thread, called `ward-hub <name>` in the server's own views.

    Raises psycopg.OperationalError within a few seconds when the server cannot be reached.
    """
    return psycopg.connect(dsn, **_parameters(name, statement_timeout_s))


def pool(
    dsn: str,
    name: str,
    *,
    max_size: int = 4,
    wait_s: float = 5.0,
    statement_timeout_s: float = DEFAULT_STATEMENT_TIMEOUT_S,
) -> AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]:
    """A closed pool of autocommit connections for asyncio code: open it with `async with`.

    Connections are checked before they are handed out, so a restarted server is noticed here and
    not in the middle of a page. `connection()` raises psycopg_pool.PoolTimeout (an
    OperationalError) after `wait_s`.
    """
    return AsyncConnectionPool(
        dsn,
        kwargs=_parameters(name, statement_timeout_s) | {"autocommit": True},
        min_size=1,
        max_size=max_size,
        timeout=wait_s,
        reconnect_timeout=60.0,
        check=AsyncConnectionPool.check_connection,
        open=False,
        name=name,
    )


@cache
def query(name: str) -> bytes:
    """The text of `ward_hub/sql/queries/<name>.sql`. Raises FileNotFoundError for a wrong name."""
    return (resources.files("ward_hub") / "sql" / "queries" / f"{name}.sql").read_bytes()


def has_timescale(connection: psycopg.Connection[Any]) -> bool:
    """Whether this database has the TimescaleDB extension."""
    found = connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'")
    return found.fetchone() is not None


def schema_version(connection: psycopg.Connection[Any]) -> int:
    """The number of the newest migration applied; 0 for a database without any."""
    if connection.execute("SELECT to_regclass('schema_migration')").fetchone() == (None,):
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_migration").fetchone()
    return int(row[0]) if row else 0


def known_version() -> int:
    """The newest migration this code knows."""
    return max(_migrations())


def migrate(dsn: str) -> list[str]:
    """Bring the database to this code's schema; return the names of the migrations applied.

    Each file is one transaction, and only one program migrates at a time. Raises
    DatabaseTooNewError when the database is ahead, psycopg.Error when a migration fails.
    """
    with connect(dsn, "migrate", statement_timeout_s=0) as connection:
        connection.autocommit = True
        connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        _make_version_table(connection)
        version = schema_version(connection)
        if version > known_version():
            raise DatabaseTooNewError(
                f"the database is at version {version}, this hub knows {known_version()}: "
                "install the newer hub"
            )
        return [_apply(connection, number) for number in sorted(_migrations()) if number > version]


def _make_version_table(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY,"
        " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _apply(connection: psycopg.Connection[Any], number: int) -> str:
    name = _migrations()[number]
    text = (resources.files("ward_hub") / "sql" / "migrations" / name).read_bytes()
    with connection.transaction():
        connection.execute(text)
        connection.execute(
            "INSERT INTO schema_migration (version, name) VALUES (%s, %s)", (number, name)
        )
    return name


@cache
def _migrations() -> dict[int, str]:
    folder = resources.files("ward_hub") / "sql" / "migrations"
    found = (_MIGRATION_NAME.fullmatch(entry.name) for entry in folder.iterdir())
    return {int(match[1]): match[0] for match in found if match}
