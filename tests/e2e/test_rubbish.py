"""Ten thousand malformed messages while 16 good beds run: each refused, counted and shown."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.bedside import Bedside, bedside
from tests.e2e.hub_process import HubProcess
from tests.e2e.records import Records
from tests.e2e.simulator import fleet
from tests.e2e.station import browser
from tests.e2e.waiting import until
from tests.e2e.ward import ENGINEER, NURSE, UNIT, Ward, open_ward
from tests.services.mosquitto import Mosquitto

GOOD: Final = 16
MESSAGES: Final = 10_000
SEED: Final = 20_261_122
ACCOUNT: Final = "rubbish"
PASSWORD: Final = "whatever it wants to say"
MOST_GROWTH_MIB: Final = 30
REASONS: Final = {
    "wrong topic": ("unknown_topic", "bad_device_id", "unknown_device"),
    "oversized": ("too_large",),
    "deep": ("too_deep",),
    "bad UTF-8": ("not_utf8",),
    "bad time": ("bad_time",),
    "bad sequence": ("bad_sequence",),
}
"""Kinds of rubbish that have reasons of their own; the others share theirs."""

T: Final = '"t":"2026-11-22T07:00:00Z"'


@dataclass(frozen=True, slots=True)
class Rubbish:
    """One message that breaks the contract in one way."""

    kind: str
    topic: str
    payload: bytes


class Fuzzer:
    """Makes rubbish, the same for the same seed. Every message is one refusal."""

    def __init__(self, seed: int, senders: list[str]) -> None:
        self._rng = random.Random(seed)
        self._senders = senders
        self._makers = {
            "random bytes": lambda: b"\x00" + self._rng.randbytes(self._rng.randrange(400)),
            "truncated": self._truncated,
            "oversized": lambda: b'{"padding":"' + b"x" * 70_000 + b'"}',
            "wrong type": self._wrong_type,
            "missing": lambda: self._sample(self._rng.choice(('"seq":1', T, f'{T},"seq":1'))),
            "NaN": lambda: self._sample(f'{T},"seq":1,"v":{{"hr":NaN}}'),
            "1e308": self._huge_number,
            "deep": self._deep,
            "bad UTF-8": self._bad_utf8,
            "bad time": self._bad_time,
            "bad sequence": self._bad_sequence,
        }

    def one(self, number: int) -> Rubbish:
        """The next message. Now and then it is on a topic that the contract does not have."""
        kind = self._rng.choice(list(self._makers))
        payload = self._makers[kind]()
        if self._rng.random() < 0.1:
            return Rubbish("wrong topic", self._wrong_topic(number), payload)
        sender = self._rng.choice(self._senders)
        said = self._rng.choice(("alarms", "status", "waves")) if kind == "random bytes" else ""
        return Rubbish(kind, f"ward/v1/{sender}/{said or 'vitals'}", payload)

    @staticmethod
    def _sample(text: str) -> bytes:
        return f"{{{text}}}".encode()

    def _truncated(self) -> bytes:
        whole = self._sample(f'{T},"seq":7,"v":{{"hr":71,"spo2":97,"rr":15}}')
        return whole[: self._rng.randrange(len(whole))]

    def _wrong_type(self) -> bytes:
        value = self._rng.choice(('"71"', "[71]", '{"a":1}', "true"))
        whole = self._rng.choice(("[1,2]", "null", '"vitals"', "7", "true"))
        values = self._sample(f'{T},"seq":1,"v":{{"hr":{value}}}')
        return self._rng.choice((values, whole.encode(), self._sample(f'{T},"seq":1,"v":[71]')))

    def _huge_number(self) -> bytes:
        """The number alone is refused; what is left of the message is kept."""
        number = self._rng.choice(("1e308", "-1e308", "1e999", "9" * 400, "-1"))
        return self._sample(f'{T},"seq":1,"v":{{"hr":{number}}}')

    def _deep(self) -> bytes:
        depth = self._rng.randrange(3000, 6000)
        shut = self._rng.choice((True, False))
        return b'{"a":' * depth + (b"1" + b"}" * depth if shut else b"")

    def _bad_utf8(self) -> bytes:
        name = b"\xff" + bytes(self._rng.choices(range(0x80, 0x100), k=self._rng.randrange(20)))
        return self._sample(f'{T},"seq":1,"v":{{"NAME":71}}').replace(b"NAME", name)

    def _bad_time(self) -> bytes:
        time = self._rng.choice(
            ('"yesterday"', '"2026-11-22T07:00:00"', "1e30", "-5", '"9999-12-31T23:59:59Z"', "{}")
        )
        return self._sample(f'"t":{time},"seq":1,"v":{{"hr":71}}')

    def _bad_sequence(self) -> bytes:
        number = self._rng.choice(("-1", "1.5", '"1"', "9" * 25, "null"))
        return self._sample(f'{T},"seq":{number},"v":{{"hr":71}}')

    def _wrong_topic(self, number: int) -> str:
        return self._rng.choice(
            (
                f"ward/v1/mon-001/nonsense-{number}",
                "ward/v1/mon-001",
                "ward/v1/mon-001/vitals/hr",
                f"ward/v1/NOT A DEVICE {number}/vitals",
                "ward/v1//vitals",
                f"ward/v1/{'x' * 500}/vitals",
                f"ward/v1/nobody-{number % 40}/vitals",
            )
        )


def let_anything_through(broker: Mosquitto) -> None:
    """An account that the broker allows every topic, as no device in a ward has."""
    with (broker.folder / "acl").open("a") as rules:
        rules.write(f"\nuser {ACCOUNT}\ntopic write ward/v1/#\n")
    broker.add_user(ACCOUNT, PASSWORD)


def send_all(mad: Bedside, fuzzer: Fuzzer) -> Counter[str]:
    """Publish everything; returns how many of each kind, when the broker has the last one."""
    sent: Counter[str] = Counter()
    for number in range(MESSAGES):
        made = fuzzer.one(number)
        last = mad.publish(made.topic, made.payload)
        sent[made.kind] += 1
        if number % 500 == 499:
            last.wait_for_publish(30)
    return sent


def _senders(ward: Ward) -> list[str]:
    """Four monitors that say nothing but rubbish."""
    return list(ward.devices.values())[GOOD:]


@pytest.mark.timeout(150)
async def test_rubbish_is_counted_and_costs_nobody_anything(
    hub: HubProcess, mosquitto: Mosquitto, migrated_database: str, records: Records, tmp_path: Path
) -> None:
    ward = open_ward(migrated_database, mosquitto, GOOD + 4)
    good = {device: ward.passwords[device] for device in list(ward.devices.values())[:GOOD]}
    let_anything_through(mosquitto)
    await hub.start()
    with contextlib.ExitStack() as stack:
        monitors = stack.enter_context(contextlib.closing(fleet(mosquitto, tmp_path, good)))
        mad = stack.enter_context(bedside(mosquitto, ACCOUNT, PASSWORD))
        async with browser(hub.url, NURSE) as nurse, nurse.watching(f"/stream/units/{UNIT}") as it:
            await until(lambda: records.count() >= 3 * GOOD, "the good beds")
            before_mib = hub.rss_mib
            sent = send_all(mad, Fuzzer(SEED, _senders(ward)))
            assert sum(sent.values()) == MESSAGES
            await until(lambda: _refused(hub) >= MESSAGES, "the last refusal", within_s=60)
            assert _refused(hub) == MESSAGES
            grown_mib = hub.rss_mib - before_mib
            assert grown_mib < MOST_GROWTH_MIB, f"{before_mib:.0f} MiB and {grown_mib:.1f} more"
            enough = records.count() + 3 * GOOD
            await until(lambda: records.count() >= enough, "the good beds afterwards")
            assert all(it.beds[bed]["live"] for bed in ward.beds[:GOOD])
            assert it.opened == 1
        made = monitors.finish()["kinds"]["vitals"]["samples_acknowledged"]
    hub.stop()
    _good_beds_have_no_gap(records, list(good), made)
    _every_refusal_is_in_the_database(records, sent)
    await _the_engineer_sees_them(hub, records)
    print(f"grew by {grown_mib:.1f} MiB; {dict(sent)}")


def _refused(hub: HubProcess) -> float:
    return sum(hub.figures("ward_rejects_total").values())


def _good_beds_have_no_gap(records: Records, good: list[str], made: int) -> None:
    numbers = {device: found for device, found in records.sequences().items() if device in good}
    assert all(found == list(range(len(found))) for found in numbers.values())
    assert sum(map(len, numbers.values())) == made
    assert [gap for gap in records.gaps() if gap["device_id"] in good] == []


def _every_refusal_is_in_the_database(records: Records, sent: Counter[str]) -> None:
    assert records.one("SELECT sum(count)::bigint FROM reject_count") == MESSAGES
    assert records.one("SELECT sum(count)::bigint FROM reject") == MESSAGES
    assert records.one("SELECT count(*) FROM reject") < MESSAGES / 20
    longest = records.one("SELECT max(length(first_bytes)) FROM reject_count")
    assert 0 < longest <= 96
    counted = records.rows("SELECT reason, sum(count)::int AS n FROM reject_count GROUP BY reason")
    by_reason = Counter({row["reason"]: row["n"] for row in counted})
    for kind, reasons in REASONS.items():
        assert sum(by_reason[reason] for reason in reasons) == sent[kind], kind
    assert {"wrong_type", "missing_field", "bad_json", "out_of_range"} <= set(by_reason)
    assert records.one("SELECT count(*) FROM poisoned") == 0


async def _the_engineer_sees_them(hub: HubProcess, records: Records) -> None:
    await hub.start()
    async with browser(hub.url, ENGINEER) as engineer:
        devices = {each["id"]: each for each in await engineer.get("/api/v1/devices")}
        stored = records.rows("SELECT device_id, reason, count FROM reject_count")
        for row in stored:
            assert devices[row["device_id"]]["rejects"][row["reason"]] == row["count"]
        shown = await engineer.get(f"/api/v1/devices/mon-{GOOD + 1:03}/rejects")
        deep = next(each for each in shown if each["reason"] == "too_deep")
        assert bytes.fromhex(deep["first_bytes"]).startswith(b'{"a":{"a":')
    hub.stop()
