"""Alarms on the station: worst first, taken only when the hub says so, told to every sense."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.frontend import scene
from tests.frontend.hub import Hub
from tests.frontend.screen import Screen


async def test_acknowledgement_is_drawn_only_after_the_hub_has_answered(
    screen: Screen, hub: Hub
) -> None:
    hub.answer_ack.clear()
    await screen.open()
    first = screen.cards.first
    await expect(first).to_contain_text("SpO₂ 84 < 88")
    await first.get_by_role("button").click()
    await expect(first).to_contain_text("Đang gửi…")
    await expect(first).to_have_attribute("data-alarm", "active")
    await expect(screen.tile(6)).to_have_attribute("data-alarm", "active")
    hub.answer_ack.set()
    await expect(screen.tile(6)).to_have_attribute("data-alarm", "acknowledged")
    await expect(screen.tile(6)).to_contain_text("Trần Thị Hoa")
    assert hub.acked == ["noi-3-06-spo2_low"]
    assert hub.headers[0]["x-csrf-token"] == "token-1"
    assert hub.headers[0]["sec-fetch-site"] == "same-origin"
    await expect(screen.cards.first).to_contain_text("12")


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "lỗi máy chủ"), (409, "đã thay đổi"), (404, "đã thay đổi"), (403, "thiếu quyền")],
)
async def test_a_refused_acknowledgement_is_said_and_can_be_tried_again(
    screen: Screen, hub: Hub, status: int, words: str
) -> None:
    hub.ack_status = status
    await screen.open()
    await screen.cards.first.get_by_role("button").click()
    await expect(screen.cards.first).to_contain_text(words)
    await expect(screen.cards.first).to_have_attribute("data-alarm", "active")
    await expect(screen.tile(6).locator(".own")).to_contain_text("Chưa nhận")
    hub.ack_status = 200
    await screen.cards.first.get_by_role("button", name="Thử lại").click()
    await expect(screen.tile(6)).to_have_attribute("data-alarm", "acknowledged")


async def test_acknowledgement_without_network_says_so(screen: Screen, page: Page) -> None:
    await screen.open()
    await page.route("**/ack", lambda route: route.abort())
    await screen.cards.first.get_by_role("button").click()
    await expect(screen.cards.first).to_contain_text("mất mạng")
    await expect(screen.tile(6)).to_have_attribute("data-alarm", "active")


async def test_bar_puts_the_worst_first_and_keeps_its_height(screen: Screen, hub: Hub) -> None:
    await screen.open()
    beds = await screen.cards.locator("[data-f=bed]").all_inner_texts()
    assert beds == ["06", "12", "11", "09", "16"]
    await expect(screen.page.locator("#bar [data-f=more]")).to_contain_text("+3")
    before = await screen.tile(1).bounding_box()
    calm = [bed | {"alarms": []} for bed in hub.beds]
    hub.patch(*calm)
    await expect(screen.page.locator("#bar")).to_contain_text("Không có báo động")
    assert await screen.tile(1).bounding_box() == before


async def test_an_alarm_moves_no_figure(screen: Screen, hub: Hub) -> None:
    hub.beds = scene.ward(hub.now, 16, busy=False)
    await screen.open()
    places = {cell: await screen.number(6, cell).bounding_box() for cell in ("hr", "spo2", "temp")}
    hub.patch(scene.low_saturation(hub.beds[5], hub.now))
    await expect(screen.tile(6)).to_have_attribute("data-priority", "high")
    for cell, before in places.items():
        after = await screen.number(6, cell).bounding_box()
        assert before is not None
        assert after is not None
        assert (after["y"], after["height"]) == (before["y"], before["height"])


async def test_alarm_list_holds_every_open_alarm(screen: Screen) -> None:
    await screen.open()
    await screen.page.locator("[data-open=alarms]").click()
    lines = screen.page.locator("#alarms .line")
    await expect(lines).to_have_count(8)
    await expect(lines.nth(5)).to_contain_text("Pin yếu")
    await lines.nth(1).get_by_role("button").click()
    await expect(screen.tile(12)).to_have_attribute("data-alarm", "acknowledged")


async def test_the_monitors_own_words_are_shown_as_they_are(screen: Screen, hub: Hub) -> None:
    own = scene.alarm(hub.beds[0], hub.now, "monitor:pacer_not_capture", 3, text="** PACER NC")
    hub.beds[0] |= {"alarms": [own]}
    await screen.open()
    await expect(screen.tile(1).locator(".ban")).to_contain_text("** PACER NC")


async def test_alarm_events_are_spoken(screen: Screen, hub: Hub) -> None:
    await screen.open()
    alarm = hub.beds[5]["alarms"][0]
    hub.push("alarm", {"at": scene.stamp(hub.now), "event": "raised", "alarm": alarm})
    urgent = screen.page.locator("[role=alert][data-live-region=urgent]")
    await expect(urgent).to_contain_text("Giường 06, báo động cao: SpO₂ 84 dưới 88")
    taken = alarm | {"state": "acknowledged", "by": "Trần Thị Hoa"}
    hub.push("alarm", {"at": scene.stamp(hub.now), "event": "acknowledged", "alarm": taken})
    await expect(screen.page.locator("[role=status][data-live-region=calm]")).to_contain_text(
        "Trần Thị Hoa đã nhận"
    )


async def test_flashes_of_one_priority_are_in_step(screen: Screen, hub: Hub) -> None:
    await screen.open()
    starts = """() => document.getAnimations()
        .filter(each => each.animationName === 'flash-high' && each.playState === 'running')
        .map(each => Number(each.startTime))"""
    await screen.page.wait_for_function(f"() => ({starts})().length >= 2")
    hub.patch(scene.low_saturation(hub.beds[0], hub.now))
    await screen.page.wait_for_function(f"() => ({starts})().length >= 3")
    await screen.page.wait_for_function(f"() => ({starts})().every(start => start === 0)")


async def test_reduced_motion_keeps_large_areas_still(screen: Screen, page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await screen.open()
    names = await page.evaluate("document.getAnimations().map(each => each.animationName)")
    assert set(names) == {"flash-symbol"}
