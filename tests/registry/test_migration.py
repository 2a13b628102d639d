"""A database of the version before beds had a history is brought over, contradictions and all."""

from __future__ import annotations

import psycopg

from tests.registry.beds import rows
from ward_hub import pg

OLD = """
INSERT INTO unit VALUES ('u', 'U');
INSERT INTO bed VALUES ('b1', 'u', '1'), ('b2', 'u', '2');
INSERT INTO patient (full_name, record_number) VALUES ('P', '1'), ('Q', '2');
INSERT INTO stay (patient_id, bed_id, admitted_at, discharged_at) VALUES
    (1, 'b1', '2026-01-01Z', '2026-01-05Z'),
    (2, 'b1', '2026-01-04Z', '2026-01-08Z'),    -- overlaps on the bed
    (2, 'b2', '2026-01-07Z', NULL),             -- overlaps with the patient's own
    (1, 'b1', '2026-01-02Z', NULL);             -- begins before three others end
"""


def test_an_older_database_is_brought_over(database: str) -> None:
    with pg.connect(database, "test") as connection:
        connection.autocommit = True
        pg._make_version_table(connection)
        for number in range(1, 5):
            pg._apply(connection, number)
        connection.execute(OLD)
    pg.migrate(database)
    found = rows(
        database,
        "SELECT stay_id, bed_id, from_at::date::text, to_at::date::text FROM stay_bed ORDER BY 1",
    )
    assert found == [
        (1, "b1", "2026-01-01", "2026-01-05"),
        (2, "b1", "2026-01-05", "2026-01-08"),
        (3, "b2", "2026-01-08", None),
        (4, "b1", "2026-01-08", None),
    ]
    assert rows(
        database, "SELECT id, admitted_at::date::text FROM stay WHERE id > 2 ORDER BY 1"
    ) == [
        (3, "2026-01-08"),
        (4, "2026-01-05"),
    ]
    assert rows(database, "SELECT FROM unsettled") == []
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE stay SET discharged_at = '2026-02-01Z' WHERE id = 4")
    assert rows(database, "SELECT to_at::date::text FROM stay_bed WHERE stay_id = 4") == [
        ("2026-02-01",)
    ]
