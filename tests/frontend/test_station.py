"""The station page: live numbers, honest blanks, and a page that knows when it is not live."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.frontend import scene
from tests.frontend.hub import Hub
from tests.frontend.screen import NO_VALUE, Screen

FIGURES = ".tile dd"


async def test_live_numbers_follow_the_stream(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await expect(screen.number(1, "hr")).to_have_text("71")
    await expect(screen.number(1, "bp")).to_have_text("117/67")
    await expect(screen.number(1, "temp")).to_have_text("36,3")
    changed = hub.beds[0]
    changed = changed | {"values": changed["values"] | {"hr": scene.value(93, hub.now)}}
    hub.patch(changed)
    await expect(screen.number(1, "hr")).to_have_text("93")


async def test_first_paint_without_a_stream_shows_no_number(screen: Screen, hub: Hub) -> None:
    hub.sends_snapshot = False
    await screen.open(live=False)
    await expect(screen.mode).to_have_attribute("data-page", "connecting")
    shown = await screen.page.locator(FIGURES).all_inner_texts()
    assert len(shown) >= 16 * 5
    assert set(shown) - {""} == {NO_VALUE}
    await expect(screen.page.locator("#bar")).not_to_contain_text("Không có báo động")
    await screen.silence(7)
    await expect(screen.mode).to_have_attribute("data-page", "lost")


async def test_page_blanks_a_value_by_its_own_watch(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await expect(screen.number(2, "spo2")).to_have_text("96")
    await screen.wait(13, fresh=False)
    await expect(screen.mode).to_have_attribute("data-page", "live")
    await expect(screen.tile(2)).to_have_attribute("data-show", "stale")
    await expect(screen.number(2, "spo2")).to_have_text(NO_VALUE)
    await expect(screen.number(2, "bp")).to_have_text(NO_VALUE)
    await expect(screen.tile(2)).to_contain_text("Không có dữ liệu từ 09:42:07")


async def test_one_old_value_among_fresh_ones_is_blanked(screen: Screen, hub: Hub) -> None:
    old = hub.now - timedelta(seconds=15)
    values = hub.beds[0]["values"] | {"spo2": scene.value(97, old)}
    values["nibp_sys"] = scene.value(120, hub.now - timedelta(hours=2))
    hub.beds[0] |= {"values": values}
    await screen.open()
    await expect(screen.number(1, "hr")).to_have_text("71")
    await expect(screen.number(1, "spo2")).to_have_text(NO_VALUE)
    await expect(screen.number(1, "bp")).to_have_text(NO_VALUE)


@pytest.mark.parametrize("quality", ["sensor_off", "leads_off", "calibrating", "demo"])
async def test_what_is_not_a_reading_is_never_a_number(
    screen: Screen, hub: Hub, quality: str
) -> None:
    values = hub.beds[0]["values"] | {"spo2": scene.value(97, hub.now, q=quality)}
    hub.beds[0] |= {"values": values}
    await screen.open()
    await expect(screen.number(1, "spo2")).to_have_text(NO_VALUE)


async def test_with_the_electrodes_off_the_pulse_stands_in_under_its_own_name(
    screen: Screen, hub: Hub
) -> None:
    hub.beds[0] |= {
        "values": hub.beds[0]["values"]
        | {"hr": scene.value(None, hub.now, q="leads_off"), "pr": scene.value(88, hub.now)}
    }
    await screen.open()
    await expect(screen.number(1, "hr")).to_have_text("88")
    await expect(screen.tile(1).locator("[data-f=hr-name]")).to_have_text("PR")


async def test_stale_null_and_missing_values_are_blank(screen: Screen, hub: Hub) -> None:
    values = hub.beds[0]["values"] | {
        "spo2": scene.value(97, hub.now, f="stale"),
        "rr": scene.value(None, hub.now),
    }
    del values["temp"]
    hub.beds[0] |= {"values": values}
    await screen.open()
    for cell in ("spo2", "rr", "temp"):
        await expect(screen.number(1, cell)).to_have_text(NO_VALUE)
    await expect(screen.tile(1)).to_contain_text("chưa đo")


async def test_zero_is_a_value(screen: Screen, hub: Hub) -> None:
    hub.beds[0] |= {"values": hub.beds[0]["values"] | {"rr": scene.value(0, hub.now)}}
    await screen.open()
    await expect(screen.number(1, "rr")).to_have_text("0")


async def test_silence_of_six_seconds_blanks_the_page(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await screen.wait(3)
    await screen.silence(5)
    await expect(screen.mode).to_have_attribute("data-page", "live")
    hub.is_up = False
    await screen.silence(2)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    lost = screen.page.locator("#lost")
    await expect(lost).to_contain_text("KHÔNG CÓ DỮ LIỆU TRỰC TIẾP 0:07")
    await expect(lost).to_contain_text("Nhìn máy theo dõi tại giường.")
    await expect(lost).to_contain_text("09:42:10")
    first = await lost.locator("[data-f=order] li").all_inner_texts()
    assert first[:3] == ["06", "12", "11"]
    figures = await screen.page.locator(f"{FIGURES}:visible").all_inner_texts()
    assert set(figures) == {NO_VALUE}
    await screen.silence(20)
    await expect(lost).to_contain_text("0:27")


async def test_page_recovers_by_itself(screen: Screen, hub: Hub) -> None:
    await screen.open()
    hub.is_up = False
    hub.cut()
    await screen.silence(8)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    hub.is_up = True
    hub.beds = hub.fresh()
    opened = hub.streams_opened
    for _ in range(20):
        if hub.streams_opened > opened:
            break
        await screen.silence(1)
    await expect(screen.mode).to_have_attribute("data-page", "live")
    hub.patch(*hub.fresh())
    await expect(screen.number(1, "hr")).to_have_text("71")


async def test_a_beat_held_up_on_the_way_is_no_sign_of_life(screen: Screen, hub: Hub) -> None:
    await screen.open()
    late = scene.stamp(hub.now + timedelta(seconds=1))
    hub.sends_snapshot = False
    await screen.silence(9)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    hub.push("beat", {"at": late, "recording": hub.recording, "broker": hub.broker})
    hub.push("alarm", {"at": late, "event": "raised", "alarm": hub.beds[5]["alarms"][0]})
    await expect(screen.page.locator("[data-live-region=urgent] p").first).to_be_attached()
    await expect(screen.mode).to_have_attribute("data-page", "lost")


async def test_a_name_is_text_whatever_it_holds(screen: Screen, hub: Hub) -> None:
    evil = '<img src=x onerror="document.title=1">'
    hub.beds[0] |= {"stay": hub.beds[0]["stay"] | {"name": evil}}
    hub.beds[0] |= {"alarms": [scene.alarm(hub.beds[0], hub.now, "monitor:x", 1, text=evil)]}
    await screen.open()
    await expect(screen.tile(1).locator("[data-f=name]")).to_have_text(evil)
    await expect(screen.tile(1).locator(".ban")).to_contain_text(evil)
    assert await screen.page.locator("img").count() == 0
    assert await screen.page.title() != "1"


async def test_keys_walk_the_beds_take_an_alarm_and_open_a_bed(screen: Screen, hub: Hub) -> None:
    await screen.open()
    focus = screen.page.locator(".tile a:focus")
    for key, label in (
        ("ArrowDown", "01"),
        ("ArrowDown", "05"),
        ("ArrowRight", "06"),
        ("ArrowUp", "02"),
        ("ArrowDown", "06"),
    ):
        await screen.page.keyboard.press(key)
        await expect(focus).to_have_text(label)
    await screen.page.keyboard.press("a")
    await expect(screen.tile(6)).to_have_attribute("data-alarm", "acknowledged")
    await screen.page.keyboard.press("?")
    await expect(screen.page.locator("#keys")).to_be_visible()
    await screen.page.keyboard.press("a")
    await screen.page.keyboard.press("?")
    await expect(screen.page.locator("#keys")).to_be_hidden()
    assert hub.acked == ["noi-3-06-spo2_low"]
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_url("**/beds/noi-3-06")


async def test_language_switch_changes_words_and_numbers(screen: Screen) -> None:
    await screen.open()
    await expect(screen.number(1, "temp")).to_have_text("36,3")
    await screen.page.get_by_role("button", name="EN", exact=True).click()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "en")
    await expect(screen.number(1, "temp")).to_have_text("36.3")
    await expect(screen.cards.first).to_contain_text("No one yet")
    await expect(screen.page.locator("[data-top=counts]")).to_have_text("16 beds · 15 patients")
    await screen.page.get_by_role("button", name="FR", exact=True).click()
    await expect(screen.number(1, "temp")).to_have_text("36,3")
    await expect(screen.tile(11).locator(".ban")).to_contain_text("FC 134 > 130")


async def test_filter_hides_calm_beds_and_order_moves_the_worst_up(
    screen: Screen, hub: Hub
) -> None:
    await screen.open()
    tiles = screen.page.locator(".tile:visible")
    await expect(tiles).to_have_count(16)
    await screen.page.locator("[data-filter=alarms]").click()
    await expect(tiles).to_have_count(7)
    hub.patch(scene.fast_heart(hub.beds[0], hub.now))
    await expect(screen.tile(1)).to_be_visible()
    hub.patch(*[bed | {"alarms": []} for bed in hub.beds])
    await expect(screen.page.locator("#nobody")).to_be_visible()
    await screen.page.locator("#nobody button").click()
    await expect(tiles).to_have_count(16)
    hub.patch(scene.low_saturation(hub.beds[14], hub.now))
    await screen.page.locator("[data-order=worst]").click()
    box = await screen.tile(15).bounding_box()
    assert box is not None
    assert box["x"] < 20
    await screen.page.locator("[data-order=bed]").click()
    box = await screen.tile(1).bounding_box()
    assert box is not None
    assert box["x"] < 20


async def test_an_empty_unit_says_so(screen: Screen, hub: Hub) -> None:
    hub.beds = []
    await screen.open()
    await expect(screen.page.locator("#nobeds")).to_contain_text("Khoa này chưa có giường")


async def test_beds_that_say_why_they_have_no_numbers(screen: Screen) -> None:
    await screen.open()
    await expect(screen.tile(8)).to_contain_text("Giường trống")
    await expect(screen.tile(10)).to_contain_text("Chờ số đo đầu tiên")
    await expect(screen.tile(13)).to_contain_text("Giường chưa có máy theo dõi")
    await expect(screen.tile(16)).to_contain_text("Không có dữ liệu từ 09:41:44")
    await expect(screen.tile(9)).to_contain_text("9 %")
    await expect(screen.tile(9)).to_contain_text("+81 s")
    await expect(screen.tile(3).locator("[data-f=hr-note]")).to_have_text("tuột")


async def test_notices_about_recording_and_broker(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await expect(screen.page.locator("[data-top=kept]")).to_be_visible()
    since = scene.stamp(hub.now - timedelta(seconds=48))
    hub.recording = {"state": "delayed", "waiting": 12480, "since": since}
    hub.broker = {"state": "lost", "since": since}
    hub.beat()
    await expect(screen.page.locator("[data-top=recording]")).to_contain_text(
        "Ghi dữ liệu chậm 0:48 · 12.480 tin đang chờ"
    )
    await expect(screen.page.locator("[data-top=broker]")).to_contain_text("0:48")
    await expect(screen.page.locator("[data-top=kept]")).to_be_hidden()


async def test_new_version_waits_until_no_high_alarm_is_open(screen: Screen, hub: Hub) -> None:
    await screen.open()
    hub.version = "1.0.1"
    hub.push("version", {"version": "1.0.1"})
    await screen.wait(2)
    await expect(screen.page.locator("html")).to_have_attribute("data-version", "1.0.0")
    hub.beds = [bed | {"alarms": []} for bed in hub.fresh()]
    hub.patch(*hub.beds)
    await expect(screen.cards).to_have_count(0)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("html")).to_have_attribute("data-version", "1.0.1")


async def test_ended_session_leads_to_the_login_page(screen: Screen, hub: Hub) -> None:
    await screen.open()
    hub.person = None
    hub.cut()
    await screen.page.clock.run_for(1500)
    await screen.page.wait_for_url(re.compile(r"/login\?next=%2Funits%2Fnoi-3$"))


async def test_a_snapshot_replaces_the_whole_unit(screen: Screen, hub: Hub) -> None:
    await screen.open()
    hub.beds = [scene.bed(hub.now, 1), scene.bed(hub.now, 99)]
    hub.push("snapshot", hub.snapshot())
    await expect(screen.tile(2)).to_have_count(0)
    await expect(screen.tile(99)).to_contain_text("99")
    await expect(screen.number(99, "hr")).not_to_have_text(NO_VALUE)
