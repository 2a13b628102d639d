"""Records that cannot be kept as they are: how they are put aside, always in some readable form.

No parser should let such a record through. When one does, it must neither be lost nor stop what
stands behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ward_hub.core.records import Record

UNPACKABLE: Final = (ValueError, TypeError, OverflowError)
"""What msgspec raises for a number beyond 64 bits or text that is no text."""


def packed(record: Record) -> bytes:
    """The record as msgpack; as its printed form when msgpack cannot hold it."""
    try:
        return msgspec.msgpack.encode(record)
    except UNPACKABLE:
        return repr(record).encode("ascii", "backslashreplace")


def is_packable(record: Record) -> bool:
    """Whether msgpack can hold the record."""
    try:
        msgspec.msgpack.encode(record)
    except UNPACKABLE:
        return False
    return True


def sort_out(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Records that msgpack can hold, and those it cannot."""
    good = [record for record in records if is_packable(record)]
    bad = [record for record in records if not is_packable(record)]
    return good, bad
