"""What the recorder says about itself, and the figures it works by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Recording(StrEnum):
    """How recording is going; the screens say so when it is not `ok`."""

    OK = "ok"
    DELAYED = "delayed"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class RecordingState:
    """`waiting` records are on the hub's disk only; `since`: when this status began, None if ok.

    `delayed`: everything is safe on the hub's disk and will reach the database. `failing`: neither
    takes anything, nothing is acknowledged, and somebody must act.
    """

    status: Recording
    waiting: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class RecorderLimits:
    """How often batches are made, and what is done about slowness.

    A write that takes longer than `patience_s` is also spooled. From `most_waiting` records in
    memory on, the receiver is asked to stop reading.
    """

    commit_every_s: float = 0.25
    batch_records: int = 2_000
    drain_records: int = 4_000
    patience_s: float = 2.0
    retry_first_s: float = 0.5
    retry_last_s: float = 5.0
    most_waiting: int = 100_000


@dataclass(slots=True)
class RecorderStats:
    """Counts since the start: records, except for `batches` and the failures."""

    recorded: int = 0
    committed: int = 0
    spooled: int = 0
    drained: int = 0
    batches: int = 0
    database_failures: int = 0
    spool_failures: int = 0
