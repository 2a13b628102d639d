"""What leaves on a stream: to whom, when, and until when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.displays.ward import BINH, DUNG, KHANH, NGOAI, NOI, START, a_house
from tests.displays.wire_reader import settle, stream
from ward_hub.core.events import SystemChanged, WavesArrived
from ward_hub.core.ids import DeviceId, UnitId
from ward_hub.displays.web import end_streams

WAVE = b'{"ecg_ii":{"rate":125,"scale":0.005,"unit":"mV","data":"AAEC"}}'


async def test_a_stream_opens_with_a_snapshot_of_its_unit() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        ((name, document),) = seen.events()
    assert name == "snapshot"
    assert document["unit"] == {"id": "noi-3", "name": "Nội 3"}
    assert document["version"] == "1.2.3"
    assert document["at"] == "2026-11-22T07:00:00.000Z"
    assert [bed["bed"] for bed in document["beds"]] == [DUNG, BINH]
    assert document["recording"]["state"] == "ok"
    assert seen.headers["content-type"].startswith("text/event-stream")
    assert seen.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in seen.headers["content-security-policy"]


async def test_no_byte_of_another_unit_leaves_on_a_unit_stream() -> None:
    house = a_house()
    async with (
        stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as noi,
        stream(house.app, "/stream/units/ngoai-2", house.cookie("lan")) as ngoai,
    ):
        for bed in (DUNG, BINH, KHANH):
            house.live.measure(bed, 77)
            house.live.alarm_on(bed)
            unit = house.live.map.beds[bed].unit
            house.bus.publish(WavesArrived(unit, bed, DeviceId("mon-1"), START, WAVE))
        house.screens.fanout.flush()
        await settle()
    assert {"snapshot", "patch", "alarm", "waves"} <= set(noi.names()) & set(ngoai.names())
    assert b"Dung" in noi.received
    assert b"noi-3-01" in noi.received
    for word in (b"ngoai-2", "Ngoại".encode(), "Khánh".encode()):
        assert word not in noi.received
    for word in (b"noi-3", b"Dung", "Bình".encode()):
        assert word not in ngoai.received


async def test_a_stay_stream_carries_its_own_bed_only() -> None:
    house = a_house()
    async with stream(house.app, "/stream/stays/11", house.cookie("hoa")) as seen:
        house.live.measure(DUNG, 80)
        house.live.measure(BINH, 90)
        house.live.alarm_on(BINH)
        house.screens.fanout.flush()
        await settle()
    assert b"noi-3-02" not in seen.received
    assert seen.names() == ["snapshot", "patch"]


async def test_a_measurement_reaches_the_page_as_a_patch() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.live.measure(DUNG, 81)
        house.live.measure(DUNG, 82)
        house.screens.fanout.flush()
        await settle()
    name, document = seen.events()[-1]
    assert name == "patch"
    assert [bed["values"]["hr"]["v"] for bed in document["beds"]] == [82]


async def test_an_alarm_does_not_wait_for_the_flush() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        alarm = house.live.alarm_on(DUNG)
        await settle()
    (_, patch), (name, document) = seen.events()[-2:]
    assert name == "alarm"
    assert document["event"] == "raised"
    assert document["alarm"]["id"] == alarm
    assert [each["id"] for each in patch["beds"][0]["alarms"]] == [alarm]


async def test_line_breaks_from_a_device_cannot_make_an_event() -> None:
    house = a_house()
    evil = b'{"ecg_ii":\n\nevent: alarm\ndata: {}\n\n{}}'
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.bus.publish(WavesArrived(NOI, DUNG, DeviceId("mon-1"), START, evil))
        house.screens.fanout.flush()
        await settle()
    assert seen.received.count(b"\nevent: ") == 2
    assert b"\nevent: alarm" not in seen.received


async def test_a_change_of_recording_is_told_at_once() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.live.recording = "delayed"
        house.bus.publish(SystemChanged())
        await settle()
    name, document = seen.events()[-1]
    assert (name, document["recording"]["state"]) == ("beat", "delayed")


async def test_a_session_ended_elsewhere_ends_its_stream() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.accounts.good.clear()
        house.clock.advance(1)
        await house.screens.sessions.verify_streams()
        house.live.measure(DUNG, 99)
        house.screens.fanout.flush()
        await settle()
        assert seen.is_over
    assert seen.names() == ["snapshot"]


async def test_a_session_that_expires_ends_its_stream_at_the_next_beat() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.clock.advance(13 * 3600)
        house.screens.fanout.beat()
        await settle()
        assert seen.is_over
    assert seen.names() == ["snapshot"]


async def test_a_right_taken_away_ends_the_stream() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        key, session = next(iter(house.accounts.good.items()))
        moved = replace(session.person, units=frozenset({NGOAI}))
        house.accounts.good[key] = replace(session, person=moved)
        await house.screens.sessions.verify_streams()
        await settle()
        assert seen.is_over


async def test_signing_out_ends_the_stream_before_anything_else_leaves() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        (key,) = house.accounts.good
        house.screens.sessions.drop(key)
        house.live.alarm_on(DUNG)
        await settle()
        assert seen.is_over
    assert seen.names() == ["snapshot"]


async def test_a_stay_stream_ends_with_the_stay() -> None:
    house = a_house()
    async with stream(house.app, "/stream/stays/11", house.cookie("hoa")) as seen:
        house.clock.advance(60)
        house.live.discharge(DUNG, house.clock.now())
        await settle()
        assert seen.is_over


async def test_a_stay_stream_shows_nothing_of_the_next_patient() -> None:
    house = a_house()
    async with stream(house.app, "/stream/stays/11", house.cookie("hoa")) as seen:
        house.clock.advance(60)
        house.live.discharge(DUNG, house.clock.now())
        house.live.admit(40, DUNG, "Đinh Thị Mới", house.clock.now())
        house.live.alarm_on(DUNG)
        house.bus.publish(
            WavesArrived(NOI, DUNG, DeviceId("mon-1"), START + timedelta(seconds=61), WAVE)
        )
        house.screens.fanout.flush()
        await settle()
        assert seen.is_over
    assert "Mới".encode() not in seen.received
    assert seen.names() == ["snapshot"]


async def test_a_transfer_shows_the_new_patient_on_the_unit_stream() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.clock.advance(60)
        house.live.discharge(DUNG, house.clock.now())
        house.live.admit(40, DUNG, "Đinh Thị Mới", house.clock.now())
        await settle()
    name, document = seen.events()[-1]
    assert name == "snapshot"
    assert document["beds"][0]["stay"]["name"] == "Đ.T. Mới"


async def test_every_stream_ends_when_the_hub_stops() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        end_streams(house.app)
        await settle()
        assert seen.is_over
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as late:
        assert late.is_over
        assert late.names() == []


async def test_a_reader_that_takes_nothing_is_given_up() -> None:
    house = a_house(send_timeout_s=0.01)
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        seen.stalled = True
        house.live.alarm_on(DUNG)
        await asyncio.wait_for(_gone(house.screens.fanout), 5)
        assert house.screens.fanout.viewers == 0


async def _gone(fanout: object) -> None:
    while getattr(fanout, "viewers", 0):
        await asyncio.sleep(0.005)


async def test_a_browser_that_leaves_is_forgotten() -> None:
    house = a_house()
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        assert house.screens.fanout.viewers == 1
        seen.leave()
        await settle()
        assert house.screens.fanout.viewers == 0


async def test_one_session_cannot_open_streams_without_end() -> None:
    house = a_house(streams_per_session=1)
    cookie = house.cookie("hoa")
    async with (
        stream(house.app, "/stream/units/noi-3", cookie) as first,
        stream(house.app, "/stream/units/noi-3", cookie) as second,
    ):
        assert (first.status, second.status) == (200, 429)


async def test_the_station_stays_lit_while_the_database_is_away() -> None:
    house = a_house(fail_open_s=600)
    async with stream(house.app, "/stream/units/noi-3", house.cookie("hoa")) as seen:
        house.accounts.is_away = True
        for _ in range(5):
            house.clock.advance(60)
            await house.screens.sessions.verify_streams()
            house.screens.fanout.beat()
            await settle()
        assert not seen.is_over
        assert seen.names().count("beat") == 5
        house.clock.advance(301)
        house.screens.fanout.beat()
        await settle()
        assert seen.is_over


@pytest.mark.parametrize("path", ["/stream/units/noi-3", "/stream/stays/11"])
@pytest.mark.parametrize(
    ("login", "status"),
    [("", 401), ("hoa", 200), ("lan", None), ("minh", 200), ("an", 200), ("thu", None)],
)
async def test_who_may_open_a_stream(path: str, login: str, status: int | None) -> None:
    house = a_house()
    refused = 403 if "units" in path else 404
    headers = house.cookie(login) if login else {}
    async with stream(house.app, path, headers) as seen:
        assert seen.status == (status or refused)
        assert (b"Dung" in seen.received) == (status == 200)


async def test_a_unit_that_does_not_exist_has_no_stream() -> None:
    house = a_house()
    async with stream(house.app, f"/stream/units/{UnitId('x')}", house.cookie("an")) as seen:
        assert seen.status == 404
