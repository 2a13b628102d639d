"""Payloads that break the contract, each in its own way, for a monitor that has gone mad.
Seeded."""

from __future__ import annotations

import random

from device_sim.payload import Kind, Message

_T = b'"t":"2026-01-01T00:00:00Z"'

BROKEN: tuple[bytes, ...] = (
    b"",
    b"not json at all",
    b'{"t": "2026-01-01T00:00:00Z", "seq": 1, "v": {"hr": 7',
    b"[1, 2, 3]",
    b"null",
    b'"vitals"',
    b"{" + _T + b',"seq":-5,"v":{"hr":70}}',
    b"{" + _T + b',"seq":"five","v":{"hr":70}}',
    b"{" + _T + b',"seq":1.5,"v":{"hr":70}}',
    b"{" + _T + b',"seq":1,"v":{"hr":NaN}}',
    b"{" + _T + b',"seq":1,"v":{"hr":Infinity}}',
    b"{" + _T + b',"seq":1,"v":{"hr":1e308,"spo2":-1e308}}',
    b"{" + _T + b',"seq":1,"v":{"hr":"seventy"}}',
    b"{" + _T + b',"seq":1,"v":{"hr":[70]}}',
    b"{" + _T + b',"seq":1,"v":[70]}',
    b"{" + _T + b',"seq":1}',
    b'{"seq":1,"v":{"hr":70}}',
    b'{"t":"yesterday","seq":1,"v":{"hr":70}}',
    b'{"t":"2026-01-01T00:00:00","seq":1,"v":{"hr":70}}',
    b'{"t":1e30,"seq":1,"v":{"hr":70}}',
    b"{" + _T + b',"seq":99999999999999999999999,"v":{"hr":70}}',
    b"{" + _T + b',"seq":1,"v":{"hr":70},"q":{"hr":"excellent"}}',
    b"\xff\xfe\x00\x80 bad utf-8 \xc3\x28",
    b'{"t":"\xff\xff","seq":1,"v":{"hr":70}}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b"[" * 20_000,
    b'{"samples":[]}',
    b'{"samples":[{"seq":1}]}',
    b'{"samples":7}',
    b'{"padding":"' + b"x" * 70_000 + b'"}',
    b"\x00" * 64,
)


class Rubbish:
    """A seeded sender of broken messages."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def strikes(self, probability: float) -> bool:
        """Whether the next message is to be rubbish."""
        return self._rng.random() < probability

    def message(self) -> Message:
        """One broken message, now and then on a topic the contract does not have."""
        payload = self._rng.choice(BROKEN)
        kinds = (Kind.VITALS, Kind.WAVES, Kind.ALARMS, Kind.NONSENSE)
        kind = self._rng.choices(kinds, (0.7, 0.12, 0.12, 0.06))[0]
        return Message(kind, payload)
