"""Is the database there, new enough, at the right schema, and on the same time as the hub?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import psycopg

from ward_hub import pg
from ward_hub.clock import Clock
from ward_hub.doctor.findings import Finding, Secrets, fault, ok, warning
from ward_hub.settings import Settings

OLDEST_VERSION: Final = 15
MOST_CLOCK_DIFFERENCE_S: Final = 1.0
STATEMENT_TIMEOUT_S: Final = 3.0
MIGRATE: Final = "ward-hub migrate"

Connection = psycopg.Connection[tuple[Any, ...]]

_MENDS: Final = {
    "authentication failed": "set the right password in WARD_DATABASE_URL (or its _FILE)",
    'role "': "runuser -u postgres -- createuser ward-hub",
    'database "': "runuser -u postgres -- createdb --owner ward-hub ward_hub",
    "could not translate host name": "write / and @ in the password as %2F and %40, or mend the"
    " host in WARD_DATABASE_URL",
}
_START: Final = "systemctl start postgresql, or correct WARD_DATABASE_URL"


_UNPREPARED: Final = """
SELECT name FROM series WHERE NOT hypertable AND to_regclass(quote_ident(
    name || to_char(series_start(%s, days) AT TIME ZONE 'UTC', '"_p"YYYYMMDD'))) IS NULL
ORDER BY name
"""
"""Series without a partition for a moment; the names are those of series_add_partition."""


def examine_database(
    settings: Settings, clock: Clock, secrets: Secrets, *, hub_runs: bool
) -> list[Finding]:
    """Every finding about the database; only the first when it cannot be reached."""
    dsn = settings.database_url.get_secret_value()
    try:
        with pg.connect(dsn, "doctor", statement_timeout_s=STATEMENT_TIMEOUT_S) as connection:
            connection.autocommit = True
            return list(_look(connection, clock, hub_runs=hub_runs))
    except psycopg.Error as error:
        said = secrets.hide(error)
        return [fault("database", said, _mend_for(said))]


def _mend_for(said: str) -> str:
    return next((mend for part, mend in _MENDS.items() if part in said), _START)


def _look(connection: Connection, clock: Clock, *, hub_runs: bool) -> Iterator[Finding]:
    yield _version(connection)
    yield _encoding(connection)
    yield _durability(connection)
    yield _timescale(connection)
    yield _clock_difference(connection, clock)
    schema = _schema(connection)
    yield schema
    if not schema.is_fault:
        yield _rights(connection)
        yield _tomorrow(connection, clock, hub_runs=hub_runs)


def _one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _version(connection: Connection) -> Finding:
    text = _one(connection, "SHOW server_version")
    info = connection.info
    where = info.host if info.host.startswith("/") else f"{info.host}:{info.port}"
    found = f"PostgreSQL {text} at {where}, database {info.dbname}"
    if info.server_version // 10_000 < OLDEST_VERSION:
        return fault("database", found, f"install PostgreSQL {OLDEST_VERSION} or later")
    return ok("database", found)


def _encoding(connection: Connection) -> Finding:
    encoding = _one(connection, "SHOW server_encoding")
    if encoding == "UTF8":
        return ok("encoding", "UTF8")
    return fault(
        "encoding",
        f"{encoding}: names such as Trần Thị Hoa may be refused or spoiled",
        "createdb --owner ward-hub --encoding UTF8 --template template0 ward_hub",
    )


def _durability(connection: Connection) -> Finding:
    asked = ("fsync", "synchronous_commit", "full_page_writes")
    off = [name for name in asked if _one(connection, f"SHOW {name}") == "off"]
    if not off:
        return ok("durability", "commits reach the disk")
    return warning(
        "durability",
        f"{' and '.join(off)} off: a power cut loses what was called safe",
        "\n".join(f"psql -c 'ALTER SYSTEM SET {name} = on'" for name in off)
        + "\npsql -c 'SELECT pg_reload_conf()'",
    )


def _timescale(connection: Connection) -> Finding:
    version = _one(connection, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
    if version:
        return ok("timescaledb", f"version {version}: series are hypertables")
    return ok("timescaledb", "not in this database: series are partitioned by day")


def _clock_difference(connection: Connection, clock: Clock) -> Finding:
    before = clock.now()
    theirs = _one(connection, "SELECT clock_timestamp()")
    after = clock.now()
    difference_s = (theirs - (before + (after - before) / 2)).total_seconds()
    found = f"the database is {difference_s:+.3f} s from the hub"
    if abs(difference_s) <= MOST_CLOCK_DIFFERENCE_S:
        return ok("database clock", found)
    return fault("database clock", found, "timedatectl set-ntp true (on both machines)")


def _schema(connection: Connection) -> Finding:
    there, known = pg.schema_version(connection), pg.known_version()
    found = f"version {there}, this hub knows {known}"
    if there == known:
        return ok("schema", found)
    return fault("schema", found, MIGRATE if there < known else "install the newer hub")


def _tomorrow(connection: Connection, clock: Clock, *, hub_runs: bool) -> Finding:
    """The hub makes partitions days ahead; a record for a day without one goes to the default."""
    tomorrow = clock.now() + timedelta(days=1)
    missing = [row[0] for row in connection.execute(_UNPREPARED, (tomorrow,))]
    if not missing:
        return ok("partitions", "ready for tomorrow")
    if not hub_runs:
        return ok("partitions", "the hub makes tomorrow's when it starts")
    found = f"none for tomorrow in {', '.join(missing)}"
    return warning("partitions", found, "journalctl -u ward-hub says why (part=upkeep)")


def _rights(connection: Connection) -> Finding:
    """Who makes partitions and drops old ones must own the tables."""
    names = [row[0] for row in connection.execute("SELECT name FROM series ORDER BY name")]
    not_ours = [
        row[0]
        for row in connection.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind IN ('r', 'p')"
            " AND pg_table_is_visible(oid) AND NOT pg_has_role(relowner, 'USAGE')",
            (names,),
        )
    ]
    may_make = _one(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')")
    if may_make and not not_ours:
        return ok("rights", f"this account owns its {len(names)} series")
    account = connection.info.user
    return fault(
        "rights",
        f"{account} can make no partitions: not its own ({', '.join(not_ours) or 'schema'})",
        f"psql -c 'GRANT CREATE ON SCHEMA public TO \"{account}\"', and let one account both"
        " migrate and run",
    )
