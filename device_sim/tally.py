"""What a run of monitors did: counts per kind of message, and how punctual it was."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field

from device_sim.payload import Kind

LATE_KEPT = 200_000


@dataclass(slots=True)
class KindCount:
    """Messages of one kind; `lost` were given up, `samples_acknowledged` counts within batches."""

    made: int = 0
    published: int = 0
    acknowledged: int = 0
    samples_acknowledged: int = 0
    resent: int = 0
    lost: int = 0


@dataclass(slots=True)
class Tally:
    """Counts of a whole run, shared by its sessions."""

    kinds: defaultdict[Kind, KindCount] = field(default_factory=lambda: defaultdict(KindCount))
    connects: int = 0
    connects_failed: int = 0
    connections_lost: int = 0
    commands: int = 0
    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    ticks_skipped: int = 0
    late_ms: list[float] = field(default_factory=list)

    def note_late(self, late_s: float) -> None:
        """Record how far behind its schedule a tick ran."""
        if len(self.late_ms) < LATE_KEPT:
            self.late_ms.append(late_s * 1000)

    def made(self, kind: str) -> int:
        """How many messages (samples) of a kind were made."""
        return self.kinds[Kind(kind)].made

    def lost(self, kind: str) -> int:
        """How many of a kind were given up."""
        return self.kinds[Kind(kind)].lost

    def summary(self) -> dict[str, object]:
        """The counts as plain values for JSON."""
        plain: dict[str, object] = {
            name: getattr(self, name)
            for name in (
                "connects",
                "connects_failed",
                "connections_lost",
                "commands",
                "dropped",
                "duplicated",
                "reordered",
                "ticks_skipped",
            )
        }
        kinds = {kind.value: asdict(count) for kind, count in sorted(self.kinds.items())}
        return {"kinds": kinds, "late_ms": _percentiles(self.late_ms), **plain}


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    picks = {"p50": 0.50, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[int(q * (len(ordered) - 1))], 2) for name, q in picks.items()}
