"""What the hub may ask of a monitor on its ``cmd`` topic, and the answers.

Understood: ``{"id", "cmd": "identify"}`` and ``{"id", "cmd": "interval", "vitals_s": n,
"waves_s": n}``. Anything else is answered with ``"ok": false`` and a reason; a message without a
usable id cannot be answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

SHORTEST_S = 0.1
LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Intervals:
    """New publishing intervals, seconds; None leaves one as it is."""

    vitals_s: float | None
    waves_s: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to reply, and the new intervals if that was the command."""

    payload: bytes
    intervals: Intervals | None = None


def answer(payload: bytes, device: dict[str, str]) -> Answer | None:
    """Answer a command; `device` is what identify tells. None when it has no id to answer to."""
    try:
        command = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(command, dict) or not isinstance(command.get("id"), str | int):
        return None
    match command.get("cmd"):
        case "identify":
            return _reply(command, ok=True, **device)
        case "interval":
            return _set_intervals(command)
        case other:
            return _reply(command, ok=False, error=f"unknown command {str(other)[:40]}")


def _set_intervals(command: dict[str, object]) -> Answer:
    wanted = {key: command.get(key) for key in ("vitals_s", "waves_s")}
    seconds: dict[str, float | None] = {}
    for key, value in wanted.items():
        if value is None:
            seconds[key] = None
            continue
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if not usable or not SHORTEST_S <= float(str(value)) <= LONGEST_S:
            limits = f"from {SHORTEST_S:g} to {LONGEST_S:g}"
            return _reply(command, ok=False, error=f"{key} must be a number {limits}")
        seconds[key] = float(str(value))
    reply = _reply(command, ok=True)
    return Answer(reply.payload, Intervals(seconds["vitals_s"], seconds["waves_s"]))


def _reply(command: dict[str, object], *, ok: bool, **more: str) -> Answer:
    text = json.dumps({"id": command["id"], "ok": ok, **more}, ensure_ascii=False)
    return Answer(text.encode())
