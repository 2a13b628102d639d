"""Waveforms come back bit for bit."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ward_hub.ingest import blocks

SAMPLES = st.lists(st.integers(-(2**15), 2**15 - 1), max_size=600)


@given(SAMPLES)
def test_any_block_comes_back_as_it_was_and_no_longer(samples: list[int]) -> None:
    data = struct.pack(f"<{len(samples)}h", *samples)
    codec, stored = blocks.encode(data)
    assert blocks.decode(codec, stored) == data
    assert len(stored) <= len(data)


def test_a_pulse_takes_far_less_room_than_it_had() -> None:
    beat = [round(1000 * 0.97 ** abs(n - 60)) for n in range(125)]
    codec, stored = blocks.encode(struct.pack("<125h", *beat))
    assert codec == blocks.PCODEC
    assert len(stored) < 125


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        blocks.encode(b"\x00\x01\x02")


@pytest.mark.parametrize(
    ("codec", "data"), [(7, b"\x00\x00"), (blocks.PCODEC, b""), (blocks.PCODEC, b"rubbish")]
)
def test_what_cannot_be_unpacked_says_so(codec: int, data: bytes) -> None:
    with pytest.raises(blocks.UnreadableBlockError):
        blocks.decode(codec, data)
