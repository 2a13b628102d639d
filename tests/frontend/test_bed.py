"""The page of one bed: figures with age and limits, trends with their gaps, alarms of the stay."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Locator, expect

from tests.frontend import scene
from tests.frontend.hub import Hub
from tests.frontend.screen import NO_VALUE, Screen

BED = "/beds/noi-3-06"


def lane(screen: Screen, cell: str) -> Locator:
    return screen.page.locator(f".lane[data-cell={cell}]")


async def test_figures_limits_and_ages(screen: Screen) -> None:
    await screen.open(BED)
    await expect(screen.page.locator("h1")).to_contain_text("P.T. Dung")
    await expect(screen.page.locator(".id")).to_contain_text("74 t")
    await expect(screen.page.locator(".id")).to_contain_text("BA 26-11-0482")
    await expect(lane(screen, "spo2").locator("[data-f=value]")).to_have_text("84")
    await expect(lane(screen, "spo2").locator("[data-f=lo]")).to_have_text("88")
    await expect(lane(screen, "spo2")).to_have_attribute("data-bad", "high")
    pressure = screen.page.locator(".spot [data-cell=bp]")
    await expect(pressure).to_contain_text("142/82 (100)")
    await expect(pressure).to_contain_text("09:29 · 13:00 trước")
    await expect(screen.page.locator("#values")).to_contain_text("35,0–39,0")


async def test_old_values_are_blanked_by_the_page_itself(screen: Screen) -> None:
    await screen.open(BED)
    await screen.wait(13, fresh=False)
    await expect(screen.page.locator("#bed")).to_have_attribute("data-show", "stale")
    numbers = await screen.page.locator("#bed [data-f=value]:not(.words *)").all_inner_texts()
    shown = {each for each in numbers if not each.startswith(("34", "35", "36"))}
    assert shown == {NO_VALUE}
    await expect(screen.page.locator("#gone")).to_contain_text("Không có dữ liệu từ 09:42:07")


async def test_silence_blanks_the_bed_and_says_what_was_last_known(
    screen: Screen, hub: Hub
) -> None:
    await screen.open(BED)
    hub.is_up = False
    await screen.silence(8)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    await expect(screen.page.locator("#lost")).to_contain_text("SpO₂ 84 < 88")
    await expect(lane(screen, "hr").locator("[data-f=value]")).to_have_text(NO_VALUE)
    await expect(screen.page.locator(".device [data-f=link]")).to_have_text(NO_VALUE)


async def test_acknowledge_on_the_bed_page(screen: Screen, hub: Hub) -> None:
    await screen.open(BED)
    await screen.page.keyboard.press("a")
    await expect(screen.cards.first).to_have_attribute("data-alarm", "acknowledged")
    await expect(screen.cards.first).to_contain_text("Trần Thị Hoa")
    assert hub.acked == ["noi-3-06-spo2_low"]


async def test_trends_leave_gaps_open_and_tint_beyond_limits(screen: Screen) -> None:
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    chart = screen.page.locator("#chart svg")
    await expect(chart.locator(".gap")).to_have_count(1)
    line = await chart.locator("g.hr .line").get_attribute("d")
    assert line is not None
    assert line.count("M") == 2
    await expect(chart.locator("g.spo2 .limit")).to_have_text("88")
    assert await chart.locator("g.bp .bars").get_attribute("d") != ""
    await expect(chart.locator(".hour")).to_have_text(
        ["04:00", "05:00", "06:00", "07:00", "08:00", "09:00"]
    )


async def test_messages_that_never_arrived_are_counted_and_hatched(
    screen: Screen, hub: Hub
) -> None:
    def trend(_start: float, end: float) -> scene.Json:
        lost = {"from_ms": (end - 600) * 1000, "to_ms": (end - 590) * 1000, "missing": 9}
        return scene.trend(hub.now, 6) | {"lost": [lost]}

    hub.trend = trend
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("#missing")).to_have_text(" · mất 9 tin của máy")
    await expect(screen.page.locator("#chart svg .gap")).to_have_count(2)


async def test_trends_of_another_span_are_asked_for(screen: Screen, hub: Hub) -> None:
    asked: list[float] = []

    def trend(start: float, end: float) -> scene.Json:
        asked.append((end - start) / 3_600_000)
        return scene.trend(hub.now, 24)

    hub.trend = trend
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("#chart svg")).to_be_visible()
    await screen.page.locator("[data-hours='24']").click()
    await expect(screen.page.locator("#chart .hour").first).to_have_text("12:00")
    assert [round(each, 3) for each in asked] == [6, 24]


async def test_trends_without_data_say_for_when(screen: Screen, hub: Hub) -> None:
    hub.trend = lambda _start, _end: {"times": [], "series": {}, "resolution_s": 60, "lost": []}
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("#nochart")).to_contain_text("Không có dữ liệu 03:42–09:42")


async def test_trends_that_fail_can_be_tried_again(screen: Screen, hub: Hub) -> None:
    hub.vitals_status = 503
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("#nochart")).to_contain_text("Không tải được diễn biến.")
    hub.vitals_status = 200
    await screen.page.locator("#nochart").get_by_role("button").click()
    await expect(screen.page.locator("#chart svg")).to_be_visible()


async def test_alarm_history_says_how_each_alarm_went(screen: Screen, hub: Hub) -> None:
    ended = {"ended_at": scene.stamp(hub.now - timedelta(seconds=3500)), "by": "Trần Thị Hoa"}
    words = {"vital": "rr", "side": "high", "value": 34, "limit": 30, "id": "old"}
    past = scene.alarm(hub.beds[5], hub.now, "rr_high", 3600, **words, **ended)
    hub.history = [past, *hub.beds[5]["alarms"]]
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    lines = screen.page.locator("#history li")
    await expect(lines).to_have_count(2)
    await expect(lines.nth(0)).to_contain_text("còn mở")
    await expect(lines.nth(1)).to_contain_text("RR 34 > 30")
    await expect(lines.nth(1)).to_contain_text("kéo dài 1:40 · Trần Thị Hoa nhận")


async def test_no_history_says_so(screen: Screen) -> None:
    await screen.open(BED)
    await screen.page.clock.run_for(1000)
    await expect(screen.page.locator("#nohistory")).to_contain_text("chưa có báo động")


async def test_another_patient_on_the_bed_loads_the_page_anew(screen: Screen, hub: Hub) -> None:
    await screen.open(BED)
    other = scene.bed(hub.now, 6)
    other["stay"] = other["stay"] | {"id": 77, "name": "N.V. Tân"}
    hub.patch(other)
    await expect(screen.page.locator("#patient")).to_have_text("N.V. Tân")


async def test_an_empty_bed_has_no_stream(screen: Screen, hub: Hub) -> None:
    await screen.open("/beds/noi-3-08", live=False)
    await expect(screen.page.locator("main")).to_contain_text("Giường trống")
    await screen.page.locator("main .back").click()
    await screen.page.wait_for_url("**/units/noi-3")
    assert hub.streams_opened <= 1


async def test_a_stay_that_is_over_leads_to_the_page_as_it_is_now(screen: Screen, hub: Hub) -> None:
    await screen.open(BED)
    hub.gives_streams = False
    hub.beds[5] |= {"stay": None, "values": {}, "alarms": []}
    hub.cut()
    for _ in range(8):
        await screen.silence(1)
    await expect(screen.page.locator("main")).to_contain_text("Giường trống")
