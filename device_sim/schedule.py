"""When a monitor's next messages are due, in seconds since it was switched on."""

from __future__ import annotations

UPKEEP_S = 1.0
MISSED_AFTER_S = 5.0


class Schedule:
    """Due times of vitals, waves and upkeep; those that coincide come together."""

    def __init__(self, vitals_s: float, waves_s: float | None) -> None:
        self._every_s = {"vitals": vitals_s, "upkeep": UPKEEP_S}
        if waves_s is not None:
            self._every_s["waves"] = waves_s
        self._origin_s = dict.fromkeys(self._every_s, 0.0)
        self._count = dict.fromkeys(self._every_s, 0)

    def _due_s(self, name: str) -> float:
        return self._origin_s[name] + self._count[name] * self._every_s[name]

    @property
    def next_due_s(self) -> float:
        """The next due time."""
        return min(map(self._due_s, self._every_s))

    def pop(self) -> tuple[float, frozenset[str]]:
        """Take what is due next: its time and the names due at it."""
        now_s = self.next_due_s
        due = frozenset(name for name in self._every_s if self._due_s(name) <= now_s + 1e-6)
        for name in due:
            self._count[name] += 1
        return now_s, due

    def skip_missed(self, late_s: float) -> int:
        """After a long standstill (a sleeping computer) leave out what was missed; how many."""
        if late_s < MISSED_AFTER_S:
            return 0
        skipped = 0
        now_s = self.next_due_s + late_s
        for name, every_s in self._every_s.items():
            missed = max(0, int((now_s - self._due_s(name)) / every_s))
            self._count[name] += missed
            skipped += missed
        return skipped

    def change(self, vitals_s: float | None, waves_s: float | None) -> None:
        """Use new intervals from each kind's next due time on."""
        for name, every_s in (("vitals", vitals_s), ("waves", waves_s)):
            if every_s is not None and name in self._every_s:
                self._origin_s[name] = self._due_s(name)
                self._count[name] = 0
                self._every_s[name] = every_s
