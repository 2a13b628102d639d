"""How often somebody may try to sign in, counted per address and per login, in memory.

This is the fast outer fence: it costs the database nothing and keeps an attacker from burning
the processor with password checks. The lock-out of an account is the registry's own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

_MOST_NAMES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` tries in any `window_s` seconds."""

    most: int
    window_s: float


PER_ADDRESS: Final = Rate(60, 60.0)
"""A whole ward may sign in from behind one address at the change of shift."""

PER_LOGIN: Final = Rate(10, 60.0)


class Throttle:
    """Counts tries by name. The least recently seen name is forgotten when there are too many."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, name: str, monotonic_s: float) -> float:
        """0 when this try is allowed (and counted), else the seconds until the next one is."""
        tries = self._tries.setdefault(name, deque())
        self._tries.move_to_end(name)
        while tries and monotonic_s - tries[0] >= self._rate.window_s:
            tries.popleft()
        if len(tries) >= self._rate.most:
            return self._rate.window_s - (monotonic_s - tries[0])
        tries.append(monotonic_s)
        if len(self._tries) > _MOST_NAMES:
            self._tries.popitem(last=False)
        return 0.0
