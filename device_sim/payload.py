"""Messages in the form the contract gives them. Text is assembled directly: a fleet makes
thousands a second.

Only values made by the simulator come here, so nothing is checked; the tests check every payload
against an independent reading of the contract.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from device_sim.waveforms import Channel, Samples

BATCH_LIMIT_BYTES = 60_000
"""Store-and-forward batches stay below the contract's 64 KiB."""


class Kind(StrEnum):
    """Last part of the topic."""

    VITALS = "vitals"
    WAVES = "waves"
    ALARMS = "alarms"
    STATUS = "status"
    RESULT = "cmd/result"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to publish; `parts` are its samples, for sending them in a batch."""

    kind: Kind
    payload: bytes
    qos: int = 1
    retain: bool = False
    parts: tuple[bytes, ...] = ()

    @property
    def sample_count(self) -> int:
        """How many samples it carries; 1 for other kinds."""
        return max(1, len(self.parts))


@dataclass(frozen=True, slots=True)
class Condition:
    """Something the device itself alarms about; `since` is a stamped instant (a JSON value)."""

    code: str
    priority: str
    text: str
    since: str


def number(value: float | None) -> str:
    """A JSON number or null."""
    return "null" if value is None else repr(value)


def sample_body(
    values: Mapping[str, float | int | None], at: Mapping[str, str], flags: Mapping[str, str]
) -> str:
    """The part of a sample after `t` and `seq`; `at` holds stamped instants."""
    body = '"v":{' + ",".join(f'"{k}":{number(v)}' for k, v in values.items()) + "}"
    if at:
        body += ',"at":{' + ",".join(f'"{k}":{v}' for k, v in at.items()) + "}"
    if flags:
        body += ',"q":{' + ",".join(f'"{k}":"{v}"' for k, v in flags.items()) + "}"
    return body


def waves_body(channels: Sequence[Channel], lines: Mapping[str, Samples]) -> str:
    """The part of a waves message after `t` and `seq`."""
    parts = []
    for channel in channels:
        if channel.name in lines:
            data = base64.b64encode(lines[channel.name].tobytes()).decode("ascii")
            parts.append(
                f'"{channel.name}":{{"rate":{_plain(channel.rate_hz)},"scale":{channel.scale!r},'
                f'"unit":{json.dumps(channel.unit)},"data":"{data}"}}'
            )
    return '"w":{' + ",".join(parts) + "}"


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def alarms_body(conditions: Sequence[Condition]) -> str:
    """The part of an alarms message after `t` and `seq`: the whole set."""
    items = (
        f'{{"code":"{c.code}","priority":"{c.priority}","text":{json.dumps(c.text)},"since":{c.since}}}'
        for c in conditions
    )
    return '"alarms":[' + ",".join(items) + "]"


def stamped(t: str, seq: int, body: str) -> bytes:
    """A sample or message: stamped instant, sequence number, rest."""
    return f'{{"t":{t},"seq":{seq},{body}}}'.encode()


def sample_message(sample: bytes) -> Message:
    """A vitals message of one sample."""
    return Message(Kind.VITALS, sample, parts=(sample,))


def batches(samples: Sequence[bytes]) -> list[Message]:
    """Store-and-forward messages holding `samples` in order, each below the size limit."""
    groups: list[list[bytes]] = [[]]
    size = 0
    for sample in samples:
        if groups[-1] and size + len(sample) + 1 > BATCH_LIMIT_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(sample)
        size += len(sample) + 1
    return [_batch(group) for group in groups if group]


def _batch(samples: Sequence[bytes]) -> Message:
    payload = b'{"samples":[' + b",".join(samples) + b"]}"
    return Message(Kind.VITALS, payload, parts=tuple(samples))
