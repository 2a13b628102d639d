"""Invented wards for the screens: beds in every state a station can show."""

from __future__ import annotations

import base64
import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

START = datetime(2026, 11, 22, 2, 42, 7, tzinfo=UTC)

_PEOPLE = (
    ("N.V. An", "70–79", "M"),
    ("T.T. Bích", "60–69", "F"),
    ("L.V. Cường", "50–59", "M"),
    ("H.T. Đào", "40–49", "F"),
    ("V.V. Em", "80–89", "M"),
    ("P.T. Dung", "70–79", "F"),
    ("Đ.V. Giang", "60–69", "M"),
    ("N.T. Gấm", "30–39", "F"),
    ("B.T. Hạnh", "50–59", "F"),
    ("N.V. Khoa", "30–39", "M"),
    ("T.V. Lâm", "70–79", "M"),
    ("L.T. Mai", "60–69", "F"),
    ("P.V. Nam", "40–49", "M"),
    ("H.V. Phúc", "80–89", "M"),
    ("N.T. Quỳnh", "50–59", "F"),
    ("Đ.T. Sen", "70–79", "F"),
)


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as the hub writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def value(
    v: float | None,
    at: datetime,
    *,
    limits: tuple[float | None, float | None] = (None, None),
    f: str = "fresh",
    q: str = "ok",
) -> Json:
    """One value of a bed as the stream carries it."""
    return {"v": v, "at": stamp(at), "f": f, "q": q, "lo": limits[0], "hi": limits[1]}


def values(now: datetime, n: int) -> dict[str, Json]:
    """A whole set of calm readings that differ from bed to bed."""
    cuff, thermometer = now - timedelta(minutes=7 + n), now - timedelta(minutes=62)
    return {
        "hr": value(64 + (n * 7) % 30, now, limits=(50, 130)),
        "pr": value(64 + (n * 7) % 30, now),
        "spo2": value(94 + n % 5, now, limits=(88, None)),
        "rr": value(12 + n % 8, now, limits=(8, 30)),
        "temp": value(36.2 + (n % 9) / 10, thermometer, limits=(35.0, 39.0)),
        "nibp_sys": value(112 + (n * 5) % 34, cuff, limits=(90, 180)),
        "nibp_dia": value(64 + (n * 3) % 20, cuff),
        "nibp_map": value(82 + (n * 3) % 20, cuff),
    }


def bed(now: datetime, n: int, *, unit: str = "noi-3", **changes: Any) -> Json:
    """Bed number `n` with a patient and a live monitor."""
    name, age, sex = _PEOPLE[(n - 1) % len(_PEOPLE)]
    made: Json = {
        "bed": f"{unit}-{n:02}",
        "label": f"{n:02}",
        "unit": unit,
        "stay": {"id": n, "name": name, "age_band": age, "sex": sex},
        "device": {
            "id": f"mon-{n:02}",
            "link": "online",
            "battery_percent": 82,
            "charging": True,
            "clock_off_s": None,
        },
        "live": True,
        "last_at": stamp(now),
        "values": values(now, n),
        "alarms": [],
    }
    return made | changes


def alarm(of: Json, now: datetime, rule: str = "", age_s: float = 0, **changes: Any) -> Json:
    """An open alarm of a bed, raised `age_s` seconds ago."""
    began = now - timedelta(seconds=age_s)
    stay = of["stay"]
    made: Json = {
        "id": f"{of['bed']}-{rule}",
        "bed": of["bed"],
        "label": of["label"],
        "unit": of["unit"],
        "stay": stay["id"] if stay else None,
        "patient": stay["name"] if stay else "",
        "rule": rule,
        "kind": "physiological",
        "state": "active",
        "priority": "high",
        "vital": None,
        "side": None,
        "value": None,
        "limit": None,
        "text": "",
        "began_at": stamp(began),
        "raised_at": stamp(began),
        "ended_at": None,
        "by": None,
        "until": None,
    }
    return made | changes


def low_saturation(of: Json, now: datetime) -> Json:
    """The bed with SpO2 84 below 88, high priority, nobody has it."""
    made = of["values"] | {
        "hr": value(118, now, limits=(50, 130)),
        "spo2": value(84, now, limits=(88, None)),
        "rr": value(28, now, limits=(8, 30)),
    }
    words = {"vital": "spo2", "side": "low", "value": 84, "limit": 88}
    return of | {"values": made, "alarms": [alarm(of, now, "spo2_low", 42, **words)]}


def fast_heart(of: Json, now: datetime) -> Json:
    """The bed with HR 134 above 130, medium priority."""
    made = of["values"] | {"hr": value(134, now, limits=(50, 130))}
    words = {"vital": "hr", "side": "high", "value": 134, "limit": 130, "priority": "medium"}
    return of | {"values": made, "alarms": [alarm(of, now, "hr_high", 65, **words)]}


def stale(of: Json, now: datetime) -> Json:
    """The bed whose monitor is silent, as the server tells it."""
    words = {"kind": "technical", "priority": "medium"}
    old = {name: each | {"f": "stale", "v": None} for name, each in of["values"].items()}
    return of | {
        "live": False,
        "last_at": stamp(now - timedelta(seconds=23)),
        "values": old,
        "device": of["device"] | {"link": "silent"},
        "alarms": [alarm(of, now, "no_data", 23, **words)],
    }


def lead_off(of: Json, now: datetime) -> Json:
    """The bed whose ECG lead is off: heart rate and breathing are not readings."""
    made = of["values"] | {
        "hr": value(None, now, q="leads_off"),
        "rr": value(None, now, q="leads_off"),
    }
    words = {"kind": "technical", "priority": "low", "vital": "hr"}
    return of | {"values": made, "alarms": [alarm(of, now, "leads_off", 190, **words)]}


def latched(of: Json, now: datetime) -> Json:
    """The bed whose apnoea is over and nobody has confirmed."""
    words = {"state": "latched", "ended_at": stamp(now - timedelta(minutes=11))}
    return of | {"alarms": [alarm(of, now, "monitor:apnoea", 700, **words)]}


def acknowledged(of: Json, now: datetime) -> Json:
    """The bed with a fast breath that a nurse has taken."""
    made = of["values"] | {"rr": value(34, now, limits=(8, 30))}
    words = {"vital": "rr", "side": "high", "value": 34, "limit": 30, "state": "acknowledged"}
    words |= {"by": "Trần Thị Hoa", "until": stamp(now + timedelta(minutes=3))}
    return of | {"values": made, "alarms": [alarm(of, now, "rr_high", 130, **words)]}


def two_alarms(of: Json, now: datetime) -> Json:
    """The bed with a low pressure and, less urgent, a motion artefact and an empty battery."""
    made = of["values"] | {"spo2": value(93, now, q="motion", limits=(88, None))}
    made["nibp_sys"] = value(84, now - timedelta(minutes=3), limits=(90, 180))
    words = {"vital": "nibp_sys", "side": "low", "value": 84, "limit": 90, "priority": "medium"}
    battery = {"kind": "technical", "priority": "low"}
    device = of["device"] | {"battery_percent": 9, "charging": False, "clock_off_s": 81.2}
    alarms = [
        alarm(of, now, "nibp_sys_low", 20, **words),
        alarm(of, now, "battery_low", 400, **battery),
    ]
    return of | {"values": made, "alarms": alarms, "device": device}


_STATES = {
    3: lead_off,
    6: low_saturation,
    9: two_alarms,
    11: fast_heart,
    12: latched,
    14: acknowledged,
    16: stale,
}


def ward(now: datetime, beds: int, *, busy: bool = True) -> list[Json]:
    """A unit of so many beds; a busy one shows every state, a calm one no alarm."""
    made = []
    for n in range(1, beds + 1):
        one = bed(now, n)
        if n == 8:
            one |= {"stay": None, "device": None, "live": False, "last_at": None, "values": {}}
        elif busy and n in _STATES:
            one = _STATES[n](one, now)
        elif n == 10 and beds > 8:
            waiting = one["device"] | {"link": "waiting"}
            one |= {"device": waiting, "live": False, "last_at": None, "values": {}}
        elif n == 13:
            one |= {"device": None, "live": False, "last_at": None, "values": {}}
        made.append(one)
    return made


def block(now: datetime, channel: str, hr: float, seconds: float = 1.0) -> Json:
    """A block of a plausible curve that began at `now`, in phase with the clock."""
    rate = 125 if channel != "resp" else 25
    period = 60 / hr if channel != "resp" else 4.0
    start = now.timestamp()
    shape = {"ecg_ii": _ecg, "pleth": _pleth, "resp": _resp}[channel]
    scale = 0.005 if channel == "ecg_ii" else 0.001
    counts = [
        int(shape(((start + i / rate) % period) / period) / scale)
        for i in range(int(rate * seconds))
    ]
    data = base64.b64encode(struct.pack(f"<{len(counts)}h", *counts)).decode()
    unit = "mV" if channel == "ecg_ii" else ""
    return {"rate": rate, "scale": scale, "unit": unit, "data": data}


def _bump(x: float, centre: float, width: float, height: float) -> float:
    return height * math.exp(-(((x - centre) / width) ** 2) / 2)


def _ecg(x: float) -> float:
    waves = ((0.18, 0.025, 0.13), (0.285, 0.01, -0.1), (0.3, 0.013, 1.1), (0.325, 0.012, -0.24))
    return sum(_bump(x, *wave) for wave in waves) + _bump(x, 0.56, 0.045, 0.28)


def _pleth(x: float) -> float:
    return _bump(x, 0.4, 0.08, 0.8) + _bump(x, 0.58, 0.1, 0.45) + _bump(x, 0.8, 0.12, 0.16)


def _resp(x: float) -> float:
    return 0.5 - 0.5 * math.cos(2 * math.pi * x)


def trend(now: datetime, hours: int) -> Json:
    """Trends of the last hours with a gap in the middle and cuff pressures now and then."""
    step, n = 60, hours * 60
    start = now - timedelta(hours=hours)
    times = [int((start + timedelta(seconds=step * i)).timestamp() * 1000) for i in range(n)]
    gap = range(n // 4, n // 4 + max(6, n // 20))

    def line(base: float, drift: float, noise: float) -> dict[str, list[float | None]]:
        mean: list[float | None] = [
            None
            if i in gap
            else base
            + drift * max(0.0, (i - n * 0.55) / n) * 2
            + noise * math.sin(i * 0.7) * math.sin(i * 0.13)
            for i in range(n)
        ]
        low = [None if each is None else each - abs(noise) for each in mean]
        high = [None if each is None else each + abs(noise) for each in mean]
        return {"mean": mean, "min": low, "max": high}

    def cuff(base: float) -> dict[str, list[float | None]]:
        mean: list[float | None] = [
            base - i * 12 / n if i % 15 == 3 and i not in gap else None for i in range(n)
        ]
        return {"mean": mean, "min": mean, "max": mean}

    series = {
        "hr": line(88, 32, 3),
        "spo2": line(95, -11, 0.8),
        "rr": line(18, 11, 1.2),
        "temp": line(37.4, 1.0, 0.05),
        "nibp_sys": cuff(122),
        "nibp_dia": cuff(70),
    }
    return {"times": times, "series": series, "resolution_s": step, "lost": []}
