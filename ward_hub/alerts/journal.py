"""What happened to an alarm, as a record to be kept and as a message to other systems."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ward_hub.core.alarm_life import Alarm, Happening
from ward_hub.core.bed_engine import BedEngine
from ward_hub.core.ids import UnitId
from ward_hub.core.records import AlarmRecord


class AlarmNotice(msgspec.Struct, frozen=True):
    """One alarm event as it goes out on `hub/v1/alarms/<unit>`: identifiers, never names."""

    id: str
    event: str
    at: datetime
    unit: str
    bed: str
    stay: int | None
    rule: str
    kind: str
    priority: str
    state: str
    value: float | None
    limit: float | None


def alarm_record(engine: BedEngine, happening: Happening, *, past: bool = False) -> AlarmRecord:
    """The durable form of something that happened; holds all that a restart needs."""
    alarm = happening.alarm
    return AlarmRecord(
        alarm=alarm.id,
        event=happening.what.value,
        at=happening.at,
        bed=engine.bed,
        stay=engine.bedside.stay,
        device=engine.bedside.device,
        rule=alarm.rule,
        kind=alarm.kind.value,
        state=alarm.state.value,
        priority=alarm.priority.word,
        message=alarm.text,
        value=alarm.value,
        limit=alarm.limit,
        began_at=alarm.onset_at,
        raised_at=alarm.raised_at,
        ended_at=alarm.ended_at,
        past=past,
        by=happening.by,
        until=alarm.until,
        engine=msgspec.msgpack.encode(alarm),
    )


def restored_alarm(document: bytes) -> Alarm:
    """The alarm as it was when its record was written."""
    return msgspec.msgpack.decode(document, type=Alarm)


def notice(unit: UnitId, engine: BedEngine, happening: Happening) -> bytes:
    """The event as JSON for other systems."""
    alarm = happening.alarm
    return msgspec.json.encode(
        AlarmNotice(
            id=alarm.id,
            event=happening.what.value,
            at=happening.at,
            unit=unit,
            bed=engine.bed,
            stay=engine.bedside.stay,
            rule=alarm.rule,
            kind=alarm.kind.value,
            priority=alarm.priority.word,
            state=alarm.state.value,
            value=alarm.value,
            limit=alarm.limit,
        )
    )
