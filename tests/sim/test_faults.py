"""Faults happen as often as asked, the same way for the same seed; nothing else is lost."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from device_sim.faults import Delivery, FaultInjector, FaultPlan
from device_sim.outbox import WAVES_KEPT, Outbox
from device_sim.payload import Kind, Message, sample_message
from device_sim.schedule import Schedule
from device_sim.tally import Tally

COUNT = 20_000


def run(plan: FaultPlan, seed: int = 1, count: int = COUNT) -> tuple[FaultInjector, list[Delivery]]:
    injector = FaultInjector(plan, random.Random(seed))
    made = [Message(Kind.VITALS, b"%d" % i) for i in range(count)]
    sent = [delivery for message in made for delivery in injector.apply(message)]
    return injector, sent


def numbers(sent: list[Delivery]) -> list[int]:
    return [int(delivery.message.payload) for delivery in sent]


def test_without_faults_everything_goes_once_in_order() -> None:
    _, sent = run(FaultPlan())
    assert numbers(sent) == list(range(COUNT))


def test_drops_are_as_frequent_as_asked() -> None:
    injector, sent = run(FaultPlan(drop=0.1))
    assert abs(injector.dropped / COUNT - 0.1) < 0.01
    assert len(sent) == COUNT - injector.dropped


def test_duplicates_are_as_frequent_as_asked_and_nothing_is_lost() -> None:
    injector, sent = run(FaultPlan(duplicate=0.2))
    assert abs(injector.duplicated / COUNT - 0.2) < 0.015
    assert len(sent) == COUNT + injector.duplicated
    assert set(numbers(sent)) == set(range(COUNT))


def test_reordered_messages_follow_the_next_one() -> None:
    injector, sent = run(FaultPlan(reorder=0.1))
    found = numbers(sent) + [int(m.payload) for m in injector.release()]
    assert sorted(found) == list(range(COUNT))
    swaps = sum(later < earlier for earlier, later in itertools.pairwise(found))
    assert abs(swaps - injector.reordered) <= 1
    assert injector.reordered > 0.07 * COUNT


def test_delays_have_the_mean_asked_for() -> None:
    _, sent = run(FaultPlan(delay_mean_s=0.4))
    assert abs(sum(d.delay_s for d in sent) / COUNT - 0.4) < 0.02


@given(st.integers(0, 1000))
def test_the_same_seed_makes_the_same_faults(seed: int) -> None:
    plan = FaultPlan(drop=0.2, duplicate=0.2, reorder=0.2, delay_mean_s=0.1)
    assert run(plan, seed, 200)[1] == run(plan, seed, 200)[1]


def sample(i: int) -> Message:
    return sample_message(b'{"seq":%d}' % i)


def test_what_was_in_flight_comes_before_what_was_kept_later() -> None:
    outbox = Outbox(100, Tally())
    for i in range(5):
        outbox.sent(i, sample(i))
    assert outbox.acknowledged(0) is not None
    outbox.connection_ended()
    outbox.keep(sample(5))
    [batch] = outbox.take()
    assert batch.parts == tuple(b'{"seq":%d}' % i for i in range(1, 6))
    assert outbox.take() == []


def test_memory_is_bounded_and_gives_up_the_oldest() -> None:
    tally = Tally()
    outbox = Outbox(10, tally)
    for i in range(25):
        outbox.keep(sample(i))
    [batch] = outbox.take()
    assert batch.parts[0] == b'{"seq":15}'
    assert tally.kinds[Kind.VITALS].lost == 15


def test_only_waves_in_flight_are_sent_again() -> None:
    tally = Tally()
    outbox = Outbox(10, tally)
    block = Message(Kind.WAVES, b"{}")
    for i in range(WAVES_KEPT + 4):
        outbox.sent(i, block)
    outbox.connection_ended()
    outbox.keep(block)
    assert outbox.take() == [block] * WAVES_KEPT
    assert tally.kinds[Kind.WAVES].lost == 5


def test_the_schedule_brings_what_coincides_together() -> None:
    schedule = Schedule(1.0, 0.5)
    due = [schedule.pop() for _ in range(4)]
    assert [t for t, _ in due] == [0, 0.5, 1.0, 1.5]
    assert due[0][1] == due[2][1] == {"vitals", "waves", "upkeep"}
    assert due[1][1] == due[3][1] == {"waves"}


def test_new_intervals_hold_from_the_next_due_time() -> None:
    schedule = Schedule(1.0, 1.0)
    schedule.pop()
    schedule.change(2.0, 0.25)
    due = [schedule.pop() for _ in range(6)]
    assert [t for t, names in due if "vitals" in names] == [1.0]
    assert [t for t, names in due if "waves" in names] == [1.0, 1.25, 1.5, 1.75, 2.0, 2.25]


def test_after_a_standstill_what_was_missed_is_left_out_and_counted() -> None:
    schedule = Schedule(1.0, None)
    schedule.pop()
    assert schedule.skip_missed(0.5) == 0
    assert schedule.skip_missed(60) == 120
    assert schedule.next_due_s == 61
