"""The past of a stay over HTTP, from a real database: whose it is, and who may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.displays.ward import START, House, a_house
from tests.displays.wire_reader import browser
from ward_hub import pg
from ward_hub.displays.deps import WebDeps
from ward_hub.displays.history import History

DUNG, BINH = 11, 12
MINUTE = timedelta(minutes=1)
PATHS = ("vitals", "alarms", "waves?channel=ecg_ii")


@pytest.fixture
async def house(migrated_database: str) -> AsyncIterator[House]:
    with pg.connect(migrated_database, "test") as connection:
        connection.execute(
            "INSERT INTO staff (login, full_name, role, password_hash)"
            " VALUES ('hoa', 'Trần Thị Hoa', 'nurse', '')"
        )
        for stay, rate in ((DUNG, 81.0), (BINH, 62.0)):
            for n in range(3):
                connection.execute(
                    "INSERT INTO vital (time, received_at, stay_id, seq, device_key, flags, hr)"
                    " VALUES (%s, %s, %s, %s, %s, 0, %s)",
                    (START - (3 - n) * MINUTE, START, stay, n, stay, rate + n),
                )
            connection.execute(
                "INSERT INTO wave_block (time, stay_id, seq, rate_hz, scale, device_key, samples,"
                " codec, channel, unit, data)"
                " VALUES (%s, %s, 1, 125, 0.005, %s, 2, 0, 'ecg_ii', 'mV', %s)",
                (START - timedelta(seconds=30), stay, stay, b"\x01\x00\x02\x00"),
            )
            connection.execute(
                "INSERT INTO alarm VALUES (%s, 'noi-3-01', %s, NULL, 'hr_high', 'physiological',"
                " 'acknowledged', 'high', '', 141, 130, %s, %s, NULL, false, '1', %s, '{}', '', %s,"
                " 'acknowledged')",
                (f"alarm-{stay}", stay, START - MINUTE, START - MINUTE, START, START),
            )
            connection.execute(
                "INSERT INTO alarm_event (at, alarm_id, event, state, priority, bed_id, stay_id,"
                " message, value, threshold, by_whom, until, detail) VALUES (%s, %s,"
                " 'acknowledged', 'acknowledged', 'high', 'noi-3-01', %s, '', 141, 130, '1', %s,"
                " '{}')",
                (START - MINUTE, f"alarm-{stay}", stay, START + MINUTE),
            )
    async with pg.pool(migrated_database, "test", max_size=1) as pool:

        def with_past(deps: WebDeps) -> WebDeps:
            return replace(deps, pool=pool, history=History(pool, lambda _, data: data))

        yield a_house(with_past)


async def get(house: House, path: str, login: str = "hoa") -> Any:
    headers = house.cookie(login) if login else {}
    async with browser(house.app) as client:
        return await client.get(f"/api/v1/stays/{path}", headers=headers)


def ago(minutes: float) -> str:
    return (START - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


async def test_a_short_trend_has_every_sample_of_this_stay_only(house: House) -> None:
    trend = (await get(house, f"11/vitals?from={ago(20)}&to={ago(-1)}")).json()
    rates = [rate for rate in trend["series"]["hr"]["mean"] if rate is not None]
    assert rates == [81, 82, 83]
    assert trend["resolution_s"] == 1
    assert len(trend["times"]) == len(trend["series"]["hr"]["mean"])


async def test_a_trend_says_which_messages_never_arrived(
    house: House, migrated_database: str
) -> None:
    with pg.connect(migrated_database, "test") as connection:
        for stay, kind, missing in ((11, "vitals", 9), (11, "waves", 5), (11, "vitals", 0)):
            connection.execute(
                "INSERT INTO gap (from_at, to_at, stay_id, first_seq, last_seq, missing, device_id,"
                " kind) VALUES (%s, %s, %s, %s, 20, %s, 'mon-11', %s)",
                (START - MINUTE, START - MINUTE / 2, stay, missing, missing, kind),
            )
    (lost,) = (await get(house, "11/vitals")).json()["lost"]
    assert (lost["missing"], lost["to_ms"] - lost["from_ms"]) == (9, 30_000)


async def test_a_long_trend_has_steps_with_their_extremes(house: House) -> None:
    trend = (await get(house, "11/vitals")).json()
    line = trend["series"]["hr"]
    assert trend["resolution_s"] == 60
    assert set(line) == {"min", "mean", "max"}
    assert [rate for rate in line["max"] if rate is not None] == [81, 82, 83]
    assert len(trend["times"]) == len(line["min"]) == 360


async def test_past_alarms_look_like_present_ones_and_name_who_took_them(house: House) -> None:
    (alarm,) = (await get(house, "11/alarms")).json()
    assert alarm["id"] == "alarm-11"
    assert (alarm["vital"], alarm["side"], alarm["limit"]) == ("hr", "high", 130)
    assert (alarm["label"], alarm["unit"], alarm["patient"]) == ("01", "noi-3", "P.T. Dung")
    assert alarm["by"] == "Trần Thị Hoa"
    assert [event["by"] for event in alarm["events"]] == ["Trần Thị Hoa"]


async def test_waves_come_in_the_form_of_the_live_stream(house: House) -> None:
    waves = (await get(house, "11/waves?channel=ecg_ii")).json()
    start_ms = round((START - timedelta(seconds=30)).timestamp() * 1000)
    block = {"t": start_ms, "rate": 125, "scale": 0.005, "unit": "mV", "data": "AQACAA=="}
    assert waves == {"channel": "ecg_ii", "blocks": [block]}


@pytest.mark.parametrize(
    "query",
    [
        "vitals?from=yesterday",
        "vitals?from=2026-11-22T07:00:00",
        f"vitals?from={ago(0)}&to={ago(10)}",
        "vitals?from=1970-01-01T00:00:00Z",
        f"waves?channel=ecg_ii&from={ago(20)}",
        "waves",
        "waves?channel=../../x",
    ],
)
async def test_what_cannot_be_asked_is_said_so(house: House, query: str) -> None:
    answer = await get(house, f"11/{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("login", "status"),
    [("", 401), ("hoa", 200), ("lan", 404), ("minh", 200), ("an", 200), ("thu", 404)],
)
async def test_who_may_ask_for_the_past(house: House, path: str, login: str, status: int) -> None:
    answer = await get(house, f"11/{path}", login)
    assert answer.status_code == status
    assert (await get(house, f"999/{path}", login or "an")).status_code == 404
    assert "Dung" not in answer.text or login in {"hoa", "minh", "an"}
