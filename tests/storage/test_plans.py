"""Every hot read goes by an index and looks only into the days it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from typing import Any, Final

import pytest

from tests.services.postgres import SETTING_OF, Cluster
from tests.services.settings import setting
from tests.storage.volume import END, START, fill
from ward_hub import pg

MINUTE: Final = timedelta(minutes=1)
STAY_DAY: Final[dict[str, object]] = {"stay": 7, "from_at": END - timedelta(hours=20), "to_at": END}

READS: Final[dict[str, tuple[dict[str, object], int]]] = {
    # Query, its parameters, and how many chunks or partitions of one table it may look into.
    "history_trend": (STAY_DAY | {"step_s": 60}, 1),
    "history_samples": ({"stay": 7, "from_at": END - 20 * MINUTE, "to_at": END}, 1),
    "history_alarms_of_stay": (STAY_DAY | {"most": 50}, 1),
    "history_alarms_of_unit": (
        {"unit": "noi-3", "from_at": END - 60 * MINUTE, "to_at": END, "most": 50},
        1,
    ),
    "history_alarm_events": ({"alarms": ["7-1", "7-2"], "from_at": START}, 2),
    "history_waves": (
        {"stay": 7, "channel": "ecg_ii", "from_at": END - 10 * MINUTE, "to_at": END},
        1,
    ),
    "history_gaps_of_stay": (STAY_DAY, 1),
    "history_gaps_of_device": ({"device": "mon-7", "from_at": START, "to_at": END}, 1),
    "history_links": ({"device": "mon-7", "from_at": START, "to_at": END}, 1),
    "restore_samples": ({"since": END - 2 * MINUTE}, 1),
    "restore_episodic": ({"now": END, "since": END - 2 * MINUTE}, 1),
    "restore_sequences": ({"known_since": START}, 3),
    "displays_rejects": ({"device": "mon-7"}, 1),
    "rollup_window": ({"from_at": END - MINUTE, "to_at": END}, 1),
    **dict.fromkeys(
        ("rollup_clear", "rollup_due"),
        (
            {
                "stays": [7, 8],
                "minutes": [END - 2 * MINUTE, END - MINUTE],
                "from_at": END - 2 * MINUTE,
                "to_at": END,
            },
            1,
        ),
    ),
}

SERIES: Final = (
    "vital",
    "vital_minute",
    "wave_block",
    "alarm_event",
    "gap",
    "device_link",
    "alarm",
)


@pytest.fixture(scope="module", params=["postgres", "timescale"])
def dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    cluster = Cluster(str(request.param), setting(SETTING_OF[str(request.param)]))
    dsn = cluster.migrated()
    fill(dsn)
    yield dsn
    cluster.drop_all()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _visited(dsn: str, name: str, values: dict[str, object]) -> list[tuple[str, str, str]]:
    """(series, chunk or partition, kind of scan) of each one with rows that was looked into."""
    with pg.connect(dsn, "plans") as connection:
        series_of = dict(connection.execute(_WITH_ROWS.encode()).fetchall())
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) " + pg.query(name)
        plan = connection.execute(explain, values).fetchall()[0][0][0]["Plan"]
        connection.rollback()
    return [
        (series_of[node["Relation Name"]], node["Relation Name"], node["Node Type"])
        for node in _nodes(plan)
        if node.get("Relation Name") in series_of and node["Actual Loops"] > 0
    ]


# An empty partition is read through whole because that is the quickest.
_WITH_ROWS: Final = """
SELECT part.relname, coalesce(parent.relname, part.relname)
FROM pg_class part
LEFT JOIN pg_inherits ON inhrelid = part.oid
LEFT JOIN pg_class parent ON parent.oid = inhparent
WHERE part.reltuples > 0 AND part.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_inherits own WHERE own.inhparent = part.oid)
"""


@pytest.mark.parametrize("name", READS)
def test_it_uses_an_index_and_only_the_days_asked_for(dsn: str, name: str) -> None:
    values, most_parts = READS[name]
    visited = [each for each in _visited(dsn, name, values) if each[0] in SERIES]
    assert "Seq Scan" not in {kind for *_, kind in visited}
    for series in SERIES:
        parts = {part for parent, part, _ in visited if parent == series}
        assert len(parts) <= most_parts, parts


def test_every_query_that_reads_series_is_here() -> None:
    folder = resources.files("ward_hub") / "sql" / "queries"
    names = {file.name.removesuffix(".sql") for file in folder.iterdir()}
    prefixes = ("history_", "restore_", "rollup_")
    reading = {name for name in names if name.startswith(prefixes)}
    assert reading - READS.keys() == {"restore_alarms"}


def test_a_query_without_an_index_would_be_seen(dsn: str) -> None:
    with pg.connect(dsn, "plans") as connection:
        text = "EXPLAIN (FORMAT JSON) SELECT * FROM vital WHERE hr = 7"
        plan = connection.execute(text).fetchall()[0][0][0]["Plan"]
    assert "Seq Scan" in {node["Node Type"] for node in _nodes(plan)}
