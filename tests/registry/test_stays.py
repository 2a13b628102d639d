"""Admit, transfer, swap, discharge: what they do, whose the samples are, what is refused."""

from __future__ import annotations

import asyncio
from datetime import date

import psycopg
import pytest

from tests.registry.a_ward import NOW
from tests.registry.beds import ICU, A, B, C, Desk, measure, moment, owners, rows, state
from ward_hub.core.ids import BedId, StayId
from ward_hub.core.people import Refused
from ward_hub.core.stays import WHY_NOT, Admit, Discharge, StayChange, Swap, Transfer, Undo
from ward_hub.registry.picture import load_ward
from ward_hub.registry.stays import Pool

NAME = "Nguyễn Thị BN-1"


async def test_an_admitted_patient_is_on_the_bed_in_the_picture(desk: Desk, pool: Pool) -> None:
    order = Admit(A, "BN-1", "Phạm Thị Dung", date(1951, 4, 2), "F")
    done = await desk.do(10, order)
    seen = await load_ward(pool, moment(11))
    stay = seen.stay_on(A, moment(10))
    assert stay is not None
    assert (stay.id, stay.name, stay.sex) == (done.stays[0], "Phạm Thị Dung", "F")
    assert stay.admitted_at == moment(10)
    assert seen.stay_on(A, moment(9.999999)) is None


async def test_a_known_patient_needs_no_name(desk: Desk, furnished: str) -> None:
    first = await desk.admit(0, A)
    await desk.do(10, Discharge(first, A))
    done = await desk.do(20, Admit(B, "BN-1"))
    assert done.stays[0] != first
    assert rows(furnished, "SELECT count(*) FROM patient") == [(1,)]


async def test_each_second_of_a_way_belongs_to_whoever_lay_there(
    desk: Desk, furnished: str
) -> None:
    """Admitted at 10 and 12, transferred at 20, swapped at 30, discharged at 40, told at 60."""
    measure(furnished, range(50))
    one = await desk.admit(60, A, "BN-1", at=10)
    two = await desk.admit(60, B, "BN-2", at=12)
    await desk.do(60, Transfer(one, A, C, moment(20)))
    await desk.do(60, Swap(one, C, two, B, moment(30)))
    await desk.do(60, Discharge(one, B, moment(40)))

    def whose(bed: BedId, second: int) -> StayId | None:
        spans = {A: [(one, 10, 20)], B: [(two, 12, 30), (one, 30, 40)]}
        spans |= {C: [(one, 20, 30), (two, 30, 99)], ICU: []}
        return next((s for s, begin, end in spans[bed] if begin <= second < end), None)

    for bed in (A, B, C, ICU):
        assert owners(furnished, bed) == {n: whose(bed, n) for n in range(50)}, bed


async def test_a_whole_day_can_be_claimed(desk: Desk, furnished: str) -> None:
    """86,399 samples that nobody analysed: a join would run into the statement's time limit."""
    with psycopg.connect(furnished) as connection:
        connection.execute("SELECT series_ensure(%s, %s)", (moment(-86_400), moment(0)))
        connection.execute(
            "INSERT INTO vital (time, received_at, seq, device_key, flags, hr)"
            " SELECT %(now)s - n * interval '1 s', %(now)s, n, key, 0, 70"
            " FROM device, generate_series(1, 86399) n WHERE id = 'mon-noi-3-01'",
            {"now": moment(0)},
        )
    done = await desk.do(0, Admit(A, "BN-1", NAME, at=moment(-86_399)))
    assert done.rows == 86_399


async def test_the_same_holds_for_waves_gaps_and_alarms_that_are_over(
    desk: Desk, furnished: str
) -> None:
    with psycopg.connect(furnished) as connection:
        connection.execute(
            "INSERT INTO wave_block (time, seq, rate_hz, scale, device_key, samples, codec,"
            " channel, unit, data) SELECT %(at)s, 1, 250, 1, key, 0, 0, 'ecg_ii', 'mV', ''"
            " FROM device WHERE id = 'mon-noi-3-01'",
            {"at": moment(15)},
        )
        connection.execute(
            "INSERT INTO gap VALUES (%s, %s, NULL, 1, 2, 2, 'mon-noi-3-01', 'vitals')",
            (moment(14), moment(15)),
        )
        for name, at, how in (("over", 15, "idle"), ("open", 15, "active"), ("early", 5, "idle")):
            connection.execute(
                "INSERT INTO alarm (id, bed_id, rule, kind, state, priority, message, began_at,"
                " past, detail, engine, changed_at, event) VALUES (%s, 'noi-3-01', 'hr_high',"
                " 'physiological', %s, 'high', '', %s, false, '{}', '', %s, 'ended')",
                (name, how, moment(at), moment(at)),
            )
    stay = await desk.admit(20, A, at=10)
    for table in ("wave_block", "gap"):
        assert rows(furnished, f"SELECT stay_id FROM {table}") == [(stay,)]
    alarms = dict(rows(furnished, "SELECT id, stay_id FROM alarm"))
    assert alarms == {"over": stay, "open": None, "early": None}


async def test_minutes_that_were_rolled_up_for_another_are_forgotten_and_marked(
    desk: Desk, furnished: str
) -> None:
    one = await desk.admit(0, A, at=-600)
    measure(furnished, range(-600, 0), [A])
    with psycopg.connect(furnished) as connection:
        connection.execute("UPDATE vital SET stay_id = %s", (one,))
        connection.execute(
            "INSERT INTO vital_minute SELECT date_trunc('minute', time), stay_id, 70, 70, 70, 70,"
            " count(*), 'hr' FROM vital GROUP BY 1, 2"
        )
        connection.execute(
            "UPDATE vital_minute_progress SET closed_until = %s, done_until = %s", (NOW, NOW)
        )
    done = await desk.do(0, Discharge(one, A, moment(-300)))
    assert done.rows == 300
    assert rows(furnished, "SELECT count(*), max(minute) FROM vital_minute") == [(5, moment(-360))]
    due = rows(furnished, "SELECT DISTINCT stay_id, minute FROM vital_minute_due ORDER BY 2")
    assert due == [(one, moment(second)) for second in range(-300, 0, 60)]


async def test_devices_stay_with_their_beds(desk: Desk, pool: Pool) -> None:
    stay = await desk.admit(0, A)
    before = (await load_ward(pool, moment(5))).assignments
    await desk.do(10, Transfer(stay, A, ICU))
    seen = await load_ward(pool, moment(11))
    assert seen.assignments == before
    assert seen.stay_on(A, moment(10)) is None
    old, new = seen.stay_on(A, moment(9)), seen.stay_on(ICU, moment(10))
    assert old is not None
    assert new is not None
    assert old.id == new.id == stay
    assert old.admitted_at == new.admitted_at == moment(0)
    assert seen.stay(stay) == new


REFUSED = {
    "bed_taken": Admit(A, "BN-9", "Ai Đó"),
    "no_such_bed": Admit(BedId("nowhere"), "BN-9", "Ai Đó"),
    "in_the_future": Admit(C, "BN-9", "Ai Đó", at=moment(101)),
    "too_long_ago": Admit(C, "BN-9", "Ai Đó", at=moment(-86_400)),
    "name_needed": Admit(C, "BN-9"),
    "already_admitted": Admit(C, "BN-1", NAME),
    "another_patient": Admit(C, "BN-1", "Ai Đó"),
    "bed_was_taken": Admit(C, "BN-9", "Ai Đó", at=moment(50)),
    "was_elsewhere": Admit(ICU, "BN-3", at=moment(50)),
    "no_such_stay": Discharge(StayId(999), A),
    "already_discharged": Discharge(StayId(3), C),
    "elsewhere_by_now": Transfer(StayId(1), B, C),
    "before_the_last_change": Discharge(StayId(1), A, moment(9)),
    "same_bed": Transfer(StayId(1), A, A),
    "same_stay": Swap(StayId(1), A, StayId(1), A),
    "no_such_change": Undo(999),
}


@pytest.mark.parametrize(("reason", "order"), REFUSED.items(), ids=REFUSED.keys())
async def test_refusals_are_plain_audited_and_change_nothing(
    desk: Desk, furnished: str, reason: str, order: Admit
) -> None:
    """BN-1 is on A since 10, BN-2 on B; BN-3 was on C from 10 to 60."""
    for number, bed in enumerate((A, B, C), 1):
        assert await desk.admit(10, bed, f"BN-{number}") == number
    await desk.do(60, Discharge(StayId(3), C))
    before = state(furnished)
    assert await desk.refusal(100, order) == reason
    assert state(furnished) == before
    assert WHY_NOT[reason]
    written = rows(furnished, "SELECT outcome, who FROM audit ORDER BY id DESC LIMIT 1")
    assert written == [(f"refused: {reason}", "staff:4")]


async def test_of_two_admissions_to_one_bed_one_wins(desk: Desk, furnished: str) -> None:
    orders = [Admit(A, f"BN-{n}", f"Người {n}") for n in range(6)]
    results = await asyncio.gather(*(desk.give(10, order) for order in orders))
    refused = [result.reason for result in results if isinstance(result, Refused)]
    assert refused == ["bed_taken"] * 5
    assert rows(furnished, "SELECT count(*) FROM stay") == [(1,)]
    assert rows(furnished, "SELECT count(*) FROM patient") == [(1,)]
    assert rows(furnished, "SELECT count(*) FROM audit") == [(6,)]


async def test_one_patient_admitted_twice_at_once_is_on_one_bed(desk: Desk, furnished: str) -> None:
    results = await asyncio.gather(*(desk.give(10, Admit(bed, "BN-1", NAME)) for bed in (A, B, C)))
    refused = [result.reason for result in results if isinstance(result, Refused)]
    assert refused == ["already_admitted"] * 2
    assert rows(furnished, "SELECT count(*) FROM stay_bed") == [(1,)]


async def test_orders_that_meet_leave_one_truth(desk: Desk, furnished: str) -> None:
    """Nurses with the same old screen: swaps, a discharge and transfers, all at once."""
    one, two = await desk.admit(0, A, "BN-1"), await desk.admit(0, B, "BN-2")
    orders = (
        Swap(one, A, two, B),
        Swap(two, B, one, A),
        Transfer(one, A, C),
        Transfer(two, B, C),
        Discharge(one, A),
    )
    results = await asyncio.gather(*(desk.give(10, order) for order in orders))
    done = [result for result in results if isinstance(result, StayChange)]
    assert done
    beds = rows(furnished, "SELECT bed_id FROM stay_bed WHERE to_at IS NULL ORDER BY 1")
    assert len(beds) == len(set(beds))
    assert len(rows(furnished, "SELECT FROM audit")) == 7


OVERLAPS = {
    "a second stay on the bed": "INSERT INTO stay_bed (stay_id, bed_id, from_at)"
    " VALUES (2, 'noi-3-01', '2026-11-22T07:30Z')",
    "a stay in the past of the bed": "INSERT INTO stay_bed (stay_id, bed_id, from_at, to_at)"
    " VALUES (2, 'noi-3-01', '2026-11-22T07:00:01Z', '2026-11-22T07:00:02Z')",
    "a stay on two beds": "INSERT INTO stay_bed (stay_id, bed_id, from_at)"
    " VALUES (1, 'icu-01', '2026-11-22T07:30Z')",
    "a patient in two stays": "INSERT INTO stay (patient_id, bed_id, admitted_at, discharged_at)"
    " VALUES (1, 'icu-01', '2026-11-22T07:00:01Z', '2026-11-22T07:00:02Z')",
    "a bed that the way does not say": "UPDATE stay SET bed_id = 'icu-01' WHERE id = 1",
}


@pytest.mark.parametrize("statement", OVERLAPS.values(), ids=OVERLAPS.keys())
async def test_the_tables_themselves_admit_no_overlap(
    desk: Desk, furnished: str, statement: str
) -> None:
    await desk.admit(0, A, "BN-1")
    await desk.admit(0, B, "BN-2")
    with (
        pytest.raises(psycopg.IntegrityError),
        psycopg.connect(furnished, autocommit=True) as connection,
    ):
        connection.execute(statement.encode())
