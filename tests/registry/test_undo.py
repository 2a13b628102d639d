"""Undo puts back exactly what was, while nothing else has happened, and not for ever."""

from __future__ import annotations

import psycopg
import pytest

from tests.registry.beds import A, B, C, Desk, measure, moment, owners, rows, settle_all, state
from ward_hub.core.ids import StayId
from ward_hub.core.stays import Admit, Discharge, StayOrder, Swap, Transfer, Undo

ONE, TWO = StayId(1), StayId(2)
ORDERS: dict[str, StayOrder] = {
    "admit": Admit(C, "BN-3", "Hoàng Văn Ba", at=moment(20)),
    "admit a known patient": Admit(C, "BN-0", at=moment(20)),
    "transfer": Transfer(ONE, A, C, moment(20)),
    "swap": Swap(ONE, A, TWO, B, moment(20)),
    "discharge": Discharge(ONE, A, moment(20)),
    "swap at the moment of admission": Swap(ONE, A, TWO, B, moment(10)),
}


@pytest.fixture
async def two_patients(desk: Desk) -> Desk:
    """BN-0 was here before; BN-1 is on A, BN-2 on B, both since 10."""
    with_history = await desk.admit(0, C, "BN-0")
    await desk.do(5, Discharge(with_history, C))
    await desk.admit(10, A, "BN-1")
    await desk.admit(10, B, "BN-2")
    return desk


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
async def test_undo_restores_exactly_what_was(
    two_patients: Desk, furnished: str, order: StayOrder
) -> None:
    measure(furnished, range(40))
    await two_patients.do(40, Transfer(StayId(3), B, C, moment(12)))
    await two_patients.do(40, Transfer(StayId(3), C, B, moment(13)))
    settle_all(furnished)
    beds = (A, B, C)
    order = _with_real_stays(order)
    before = state(furnished), [owners(furnished, bed) for bed in beds]
    change = await two_patients.do(50, order)
    assert state(furnished) != before[0]
    assert change.undo_until == moment(50 + 15 * 60)
    await two_patients.do(60, Undo(change.id))
    assert (state(furnished), [owners(furnished, bed) for bed in beds]) == before


def _with_real_stays(order: StayOrder) -> StayOrder:
    """BN-1 has stay 2 and BN-2 stay 3 here, whose last change was at 13."""
    match order:
        case Transfer():
            return Transfer(StayId(2), order.from_bed, order.to_bed, order.at)
        case Swap():
            return Swap(StayId(2), A, StayId(3), B, max(order.at or moment(20), moment(13)))
        case Discharge():
            return Discharge(StayId(2), A, order.at)
        case _:
            return order


async def test_undo_is_refused_when_something_happened_since(
    two_patients: Desk, furnished: str
) -> None:
    moved = await two_patients.do(20, Transfer(StayId(2), A, C))
    ended = await two_patients.do(30, Discharge(StayId(2), C))
    before = state(furnished)
    assert await two_patients.refusal(40, Undo(moved.id)) == "changed_since"
    assert state(furnished) == before
    await two_patients.do(41, Undo(ended.id))
    await two_patients.do(42, Undo(moved.id))
    assert await two_patients.refusal(43, Undo(moved.id)) == "already_undone"


async def test_undo_is_refused_when_the_bed_is_taken_by_now(
    two_patients: Desk, furnished: str
) -> None:
    ended = await two_patients.do(20, Discharge(StayId(2), A))
    await two_patients.admit(25, A, "BN-4")
    before = state(furnished)
    assert await two_patients.refusal(30, Undo(ended.id)) == "bed_taken"
    assert state(furnished) == before


async def test_undo_is_refused_when_the_patient_is_elsewhere_by_now(two_patients: Desk) -> None:
    ended = await two_patients.do(20, Discharge(StayId(2), A))
    await two_patients.admit(25, C, "BN-1")
    assert await two_patients.refusal(30, Undo(ended.id)) == "already_admitted"


async def test_undo_has_its_time(two_patients: Desk) -> None:
    moved = await two_patients.do(20, Transfer(StayId(2), A, C))
    assert await two_patients.refusal(20 + 15 * 60 + 0.001, Undo(moved.id)) == "too_late_to_undo"
    await two_patients.do(20 + 15 * 60, Undo(moved.id))


async def test_undo_of_an_admission_is_refused_when_something_hangs_on_the_stay(
    desk: Desk, furnished: str
) -> None:
    done = await desk.do(10, Admit(A, "BN-1", "Phạm Thị Dung"))
    with psycopg.connect(furnished) as connection:
        connection.execute("CREATE TABLE consent (stay_id bigint REFERENCES stay)")
        connection.execute("INSERT INTO consent VALUES (%s)", (done.stays[0],))
    assert await desk.refusal(20, Undo(done.id)) == "changed_since"
    assert rows(furnished, "SELECT bed_id FROM stay") == [(A,)]
