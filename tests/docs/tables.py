"""The tables in docs/ that are made from the code: `python -m tests.docs.tables` writes them anew.

Each stands between `<!-- begin: name -->` and `<!-- end: name -->`. A test fails when one is not
what the code says, so the documentation cannot grow old unnoticed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from ward_hub.alerts.watch import WardWatch
from ward_hub.bus import Bus
from ward_hub.core.alarm_life import ACKNOWLEDGED_FOR
from ward_hub.core.rules import ADULT_LIMITS, TECHNICAL, Latching, Level, Priority, Rule, Side
from ward_hub.core.sample import Quality, RejectReason
from ward_hub.core.vitals import NAME_BY_MDC_ID, VITALS, Vital
from ward_hub.core.ward import WardMap
from ward_hub.figures import hub_figures
from ward_hub.health import Figure
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.recording import RecorderStats, Recording, RecordingState
from ward_hub.log import get_log
from ward_hub.settings import SECRETS, Settings
from ward_hub.supervise import Supervisor
from ward_hub.topics import MOST_BYTES, Kind

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
BLOCK: Final = re.compile(r"<!-- begin: ([a-z ]+) -->\n.*?<!-- end: \1 -->", re.DOTALL)


def table(head: str, rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; `head` names the columns, separated by |."""
    columns = head.split("|")
    lines = [
        "| " + " | ".join(name.strip() for name in columns) + " |",
        "|---" * len(columns) + "|",
    ]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def settings_table() -> str:
    """Every setting with its default."""
    return table("variable | default | what it is", map(_setting, Settings.model_fields.items()))


def _setting(item: tuple[str, Any]) -> tuple[str, str, str]:
    name, field = item
    shown = field.default
    if name in SECRETS:
        shown = field.default.get_secret_value()
    elif isinstance(shown, bool):
        shown = str(shown).lower()
    also = f" Or `WARD_{name.upper()}_FILE`." if name in SECRETS else ""
    default = f"`{shown}`" if shown not in {None, ""} else "–"
    return f"`WARD_{name.upper()}`", default, f"{field.description}{also}"


def vitals_table() -> str:
    """Every vital sign the wire may carry."""
    return table(
        "name | unit | reportable | MDC reference id | MDC code | LOINC | UCUM | stale after",
        map(_vital, VITALS.values()),
    )


def _vital(vital: Vital) -> tuple[object, ...]:
    others = [code for code, name in NAME_BY_MDC_ID.items() if name == vital.name]
    ids = " ".join(f"`{code}`" for code in others)
    stale = f"{vital.stale_after_s:g} s"
    if vital.is_episodic:
        stale = f"{vital.stale_after_s / 3600:g} h, dated by `at.{vital.measured_with}`"
    span = f"{vital.low:g} to {vital.high:g}"
    code = vital.mdc_code
    return (f"`{vital.name}`", vital.unit, span, ids, code, vital.loinc, f"`{vital.ucum}`", stale)


LIMIT_NAMES: Final = {
    "hr": "Heart rate (pulse when the electrodes are off)",
    "spo2": "Oxygen saturation",
    "rr": "Respiration rate",
    "nibp_sys": "Systolic pressure, cuff",
    "temp": "Temperature",
}


def limits_table() -> str:
    """The adult limits in force."""
    return table(
        "vital sign | side | `!!` medium | `!!!` high | over again", map(_limit, ADULT_LIMITS)
    )


def _limit(rule: Rule) -> tuple[object, ...]:
    vital = VITALS[rule.vital or ""]
    sign, over = ("below", "+") if rule.side is Side.LOW else ("above", "−")
    by_priority = {level.priority: _level(level, sign, vital) for level in rule.levels}
    medium, high = by_priority[Priority.MEDIUM], by_priority[Priority.HIGH]
    back = f"limit {over} {rule.hysteresis:g} {vital.unit}"
    return (LIMIT_NAMES[vital.name], rule.side, medium, high, back)


def _level(level: Level, sign: str, vital: Vital) -> str:
    limit = f"{level.limit:.{vital.decimals}f}"
    after = f"for {level.delay_s:g} s" if level.delay_s else "at once"
    return f"{sign} {limit} {vital.unit}, {after}"


TECHNICAL_MEANING: Final = {
    "no_data": "No numbers for 10 s. The second level when a high patient alarm is open.",
    "device_offline": "The monitor, or the broker for it, says that it is gone. The second level"
    " when a high patient alarm is open.",
    "sensor_off": "The monitor says that a sensor measures nothing.",
    "leads_off": "The monitor says that ECG leads are off.",
    "clock_off": "The monitor's clock is more than 2 s from the hub's.",
    "battery_low": "20 % or less and not charging; the second level from 10 %.",
}


def technical_table() -> str:
    """The technical alarms in force."""
    return table("rule | first level | second level | stays | when", map(_technical, TECHNICAL))


def _technical(rule: Rule) -> tuple[object, ...]:
    levels = [
        f"{level.priority.word}, " + (f"after {level.delay_s:g} s" if level.delay_s else "at once")
        for level in rule.levels
    ]
    second = levels[1] if len(levels) > 1 else "–"
    stays = "until confirmed" if rule.latching is Latching.ALWAYS else "–"
    return (f"`{rule.id}`", levels[0], second, stays, TECHNICAL_MEANING[rule.id])


def acknowledging_table() -> str:
    """For how long an acknowledgement holds."""
    held = sorted(ACKNOWLEDGED_FOR.items(), reverse=True)
    minutes = ((p.word, f"{kept.total_seconds() / 60:g} minutes") for p, kept in held)
    return table("priority | quiet for", minutes)


REASON_MEANING: Final = {
    RejectReason.UNKNOWN_TOPIC: "below `ward/v1/`, but not a topic of the contract",
    RejectReason.BAD_DEVICE_ID: "the topic names something that is no device id",
    RejectReason.UNKNOWN_DEVICE: "no such device is registered",
    RejectReason.SUSPENDED_DEVICE: "the device is suspended in the registry",
    RejectReason.TOO_LARGE: "more bytes than its topic allows",
    RejectReason.TOO_DEEP: "JSON nested beyond any use",
    RejectReason.NOT_UTF8: "not UTF-8",
    RejectReason.BAD_JSON: "not JSON",
    RejectReason.WRONG_TYPE: "a field has the wrong type, or a word that is not in the contract",
    RejectReason.MISSING_FIELD: "a field that must be there is not",
    RejectReason.BAD_TIME: "`t`, `at` or `since` is no time, or has no offset",
    RejectReason.BAD_SEQUENCE: "`seq` is no whole number from 0 to 2⁵³",
    RejectReason.TOO_MANY: "more samples, names, channels or conditions than allowed",
    RejectReason.OUT_OF_RANGE: "a number no monitor can report (only this value is refused)",
    RejectReason.BAD_WAVEFORM: "rate, scale, channel name or data of a waveform cannot be used",
}

QUALITY_MEANING: Final = {
    Quality.OK: "measured well; the default",
    Quality.MOTION: "measured, and the patient moves: shown with a remark, judged all the same",
    Quality.ARTIFACT: "measured, and doubtful: shown with a remark, judged all the same",
    Quality.LOW_PERFUSION: "measured, weak pulse: shown with a remark, judged all the same",
    Quality.SENSOR_OFF: "measures nothing: not shown, not judged",
    Quality.LEADS_OFF: "measures nothing: not shown, not judged",
    Quality.CALIBRATING: "measures nothing: not shown, not judged",
    Quality.DEMO: "not of a patient: not shown, not judged",
}


def _meanings(head: str, kinds: type[StrEnum], meaning: dict[Any, str]) -> Callable[[], str]:
    return lambda: table(head, ((f"`{each.value}`", meaning[each]) for each in kinds))


def sizes_table() -> str:
    """The largest payload of each topic."""
    sizes = ((f"`{kind.value}`", f"{MOST_BYTES[kind] // 1024:,} KiB") for kind in Kind)
    return table("topic | at most", sizes)


def figures_table() -> str:
    """What /metrics holds."""
    families: dict[str, tuple[str, str, str, str]] = {}
    for figure in _figures():
        name = f"{figure.name}_total" if figure.is_counter else figure.name
        labels = " ".join(f"`{label}`" for label, _ in figure.labels) or "–"
        kind = "counter" if figure.is_counter else "gauge"
        families[name] = (f"`{name}`", kind, labels, figure.help)
    return table("figure | kind | labels | what it counts", families.values())


class _Nothing:
    """Takes records and keeps none."""

    def record(self, records: object, on_durable: object = None) -> None:
        """Forget them."""

    async def durable(self) -> None:
        """Nothing to wait for."""


def _figures() -> Iterator[Figure]:
    supervisor = Supervisor(get_log("docs"))
    supervisor.failures["picture"] = 1
    bus, ward = Bus(lambda *_: None), WardMap()
    state = RecordingState(Recording.OK, 0, datetime(2026, 1, 1, tzinfo=UTC))
    recorder = cast(Any, SimpleNamespace(stats=RecorderStats(), state=state))
    intake = Intake(lambda: ward, bus, _Nothing())
    watch = WardWatch(lambda: ward, bus, _Nothing(), lambda *_: None)
    return hub_figures(intake, watch, recorder, supervisor)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "settings": settings_table,
    "vitals": vitals_table,
    "limits": limits_table,
    "technical alarms": technical_table,
    "acknowledging": acknowledging_table,
    "reject reasons": _meanings("reason | what was wrong", RejectReason, REASON_MEANING),
    "quality": _meanings("word | meaning", Quality, QUALITY_MEANING),
    "sizes": sizes_table,
    "figures": figures_table,
}


def renewed(text: str) -> str:
    """The document with every table as the code says. Raises KeyError for an unknown name."""

    def block(found: re.Match[str]) -> str:
        name = found[1]
        return f"<!-- begin: {name} -->\n{TABLES[name]()}\n<!-- end: {name} -->"

    return BLOCK.sub(block, text)


def main() -> None:
    """Write every table anew."""
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text()
        after = renewed(before)
        if after != before:
            path.write_text(after)
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
