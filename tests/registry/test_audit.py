"""The audit log: written with the deed, only ever added to, and every tampering found."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from tests.registry.a_ward import NOW
from tests.registry.beds import A, B, Desk, rows
from ward_hub import pg
from ward_hub.core.audit import Act, AuditEntry
from ward_hub.core.stays import Admit, Transfer
from ward_hub.registry.audit import Audit, Verified, tail, verify
from ward_hub.registry.stays import Pool, Stays

LOOK = AuditEntry(NOW, "staff:4", "stay.look", "stay:12", "round", detail={"page": "bed", "n": 1})


async def written(pool: Pool, count: int = 6, who: str = "staff:4") -> None:
    for number in range(count):
        at = NOW + timedelta(microseconds=number)
        await Audit(pool).note(replace(LOOK, at=at, who=who, on=f"stay:{number}"))


def checked(dsn: str, seal: str | None = None) -> Verified:
    with pg.connect(dsn, "test") as connection:
        return verify(connection, seal)


def tamper(dsn: str, *statements: str) -> None:
    """As somebody would who owns the database and switches the triggers off."""
    with psycopg.connect(dsn) as connection:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("ALTER TABLE audit ENABLE TRIGGER USER")


async def test_an_untouched_log_is_whole(pool: Pool, furnished: str) -> None:
    assert checked(furnished) == Verified(0, "00" * 32, ())
    await written(pool)
    found = checked(furnished)
    assert (found.rows, found.faults) == (6, ())
    assert len(found.seal) == 64


async def test_what_was_noted_is_what_is_read(pool: Pool, furnished: str) -> None:
    odd = replace(LOOK, why='Ngô "\\ \x00\n😀', detail={"a": None, "b": True, "z": -1, "ư": "ă"})
    await Audit(pool).note(odd)
    assert checked(furnished).faults == ()
    with pg.connect(furnished, "test") as connection:
        (last,) = tail(connection, 5)
    assert last == {
        "id": 1,
        "at": "2026-11-22T07:00:00.000000+00:00",
        "who": "staff:4",
        "what": "stay.look",
        "on": "stay:12",
        "why": 'Ngô "\\ \n😀',
        "outcome": "done",
        "detail": {"a": None, "b": True, "z": -1, "ư": "ă"},
    }


TAMPERED: dict[str, tuple[list[str], list[str]]] = {
    "a changed word": (["UPDATE audit SET who = 'staff:9' WHERE id = 3"], ["row 3: was changed"]),
    "a changed moment": (
        ["UPDATE audit SET at = at + interval '1 us' WHERE id = 1"],
        ["row 1: was changed"],
    ),
    "a changed detail": (
        ["UPDATE audit SET detail = detail || '{\"n\": 2}' WHERE id = 6"],
        ["row 6: was changed"],
    ),
    "a missing row": (["DELETE FROM audit WHERE id = 3"], ["row 3: is missing"]),
    "missing rows": (
        ["DELETE FROM audit WHERE id IN (1, 2)"],
        ["row 1: and all up to 2 are missing"],
    ),
    "cut off at the end": (["DELETE FROM audit WHERE id > 5"], ["row 6: is missing"]),
    "taken out, the rest renumbered": (
        ["DELETE FROM audit WHERE id = 3", "UPDATE audit SET id = id - 1 WHERE id > 3"],
        ["row 3: does not follow the row before it", "row 6: is missing"],
    ),
    "two rows change places": (
        [
            "UPDATE audit SET id = 99 WHERE id = 3",
            "UPDATE audit SET id = 3 WHERE id = 4",
            "UPDATE audit SET id = 4 WHERE id = 99",
        ],
        [f"row {n}: does not follow the row before it" for n in (3, 4, 5)],
    ),
    "two changes": (
        ["UPDATE audit SET why = 'x' WHERE id IN (2, 5)"],
        ["row 2: was changed", "row 5: was changed"],
    ),
}


@pytest.mark.parametrize(("statements", "said"), TAMPERED.values(), ids=TAMPERED.keys())
async def test_tampering_is_found_and_named(
    pool: Pool, furnished: str, statements: list[str], said: list[str]
) -> None:
    await written(pool)
    tamper(furnished, *statements)
    assert [str(fault) for fault in checked(furnished).faults] == said


async def test_a_log_written_anew_is_found_by_a_seal_kept_elsewhere(
    pool: Pool, furnished: str
) -> None:
    await written(pool, 3)
    seal = checked(furnished).seal
    await written(pool, 2)
    assert checked(furnished, seal).faults == ()
    tamper(
        furnished,
        "DELETE FROM audit",
        "UPDATE audit_head SET id = 0, hash = '\\x" + "00" * 32 + "'",
    )
    await written(pool, 5, "staff:9")
    assert checked(furnished).faults == ()
    assert [str(fault) for fault in checked(furnished, seal).faults] == [
        "row 0: no row has the seal that was given"
    ]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET who = ''", "DELETE FROM audit", "TRUNCATE audit", "TRUNCATE audit_head"],
)
async def test_the_table_refuses(pool: Pool, furnished: str, statement: str) -> None:
    await written(pool, 1)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(furnished, autocommit=True) as connection,
    ):
        connection.execute(statement.encode())


async def test_many_at_once_make_one_chain(pool: Pool, furnished: str) -> None:
    await asyncio.gather(*(written(pool, 4) for _ in range(8)))
    found = checked(furnished)
    assert (found.rows, found.faults) == (32, ())


async def test_the_entry_is_written_with_the_deed_or_not_at_all(pool: Pool, furnished: str) -> None:
    with psycopg.connect(furnished) as connection:
        connection.execute("ALTER TABLE audit ADD CHECK (what <> 'stay.admit')")
    order = Admit(A, "BN-1", "Phạm Thị Dung")
    with pytest.raises(psycopg.errors.CheckViolation):
        await Stays(pool).carry_out(order, Act("staff:4", NOW))
    assert rows(furnished, "SELECT FROM stay") == []
    assert rows(furnished, "SELECT FROM audit") == []


async def test_no_name_and_no_record_number_is_in_it(desk: Desk, furnished: str) -> None:
    stay = await desk.admit(0, A, "BN-77")
    await desk.do(1, Transfer(stay, A, B))
    await desk.refusal(2, Admit(B, "BN-78", "Lê Văn Tám"))
    found = rows(furnished, 'SELECT what, "on", outcome, detail FROM audit ORDER BY id')
    assert [row[:3] for row in found] == [
        ("stay.admit", f"stay:{stay}", "done"),
        ("stay.transfer", f"stay:{stay}", "done"),
        ("stay.admit", "bed:noi-3-02", "refused: bed_taken"),
    ]
    assert found[1][3] == {
        "change": 2,
        "at": "2026-11-22T07:00:01+00:00",
        "stays": str(stay),
        "beds": "noi-3-01 noi-3-02",
        "rows": 0,
    }
    assert "BN-7" not in str(found)
    assert "Nguyễn" not in str(found)
