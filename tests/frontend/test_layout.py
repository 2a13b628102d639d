"""Everything fits: 8 to 32 beds on one 1920 × 1080 screen, no text cut or on top of another."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.frontend import scene
from tests.frontend.hub import Hub
from tests.frontend.screen import STATION, Screen

COUNTS = (8, 16, 24, 32)

FIND_CLIPPED = """() => {
  const boxes = '.tile, .al, .top, .lost, .panel, .line, .sheetbox, .calm, .box, .brand';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [], seen = [];
  while (walk.nextNode()) {
    const text = walk.currentNode, holder = text.parentElement;
    const own = holder.closest('.vh, script, template, svg, [hidden], .log, dialog:not([open])');
    if (!text.data.trim() || own || !holder.checkVisibility({visibilityProperty: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1) continue;
      const box = holder.closest(boxes);
      if (!box) continue;
      const frame = box.getBoundingClientRect();
      const out = rect.left < frame.left - 1 || rect.right > frame.right + 1 ||
        rect.top + rect.height * .2 < frame.top || rect.bottom - rect.height * .2 > frame.bottom;
      if (out) found.push(`outside: ${text.data}`);
      const inner = {left: rect.left + 1, right: rect.right - 1,
        top: rect.top + rect.height * .3, bottom: rect.bottom - rect.height * .3, text, box};
      for (const other of seen) {
        if (other.text === text || other.box !== box) continue;
        if (inner.left < other.right && other.left < inner.right &&
            inner.top < other.bottom && other.top < inner.bottom)
          found.push(`overlap: ${text.data} / ${other.text.data}`);
      }
      seen.push(inner);
    }
    for (let at = holder; at && at !== document.body; at = at.parentElement) {
      const cuts = getComputedStyle(at).overflowX !== 'visible';
      if (cuts && at.scrollWidth > at.clientWidth + 1) { found.push(`cut: ${text.data}`); break; }
    }
  }
  const root = document.scrollingElement;
  if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) found.push('page scrolls');
  return [...new Set(found)];
}"""


async def clipped(screen: Screen) -> str:
    """Texts that are cut, outside their box or over each other; and whether the page scrolls."""
    found: list[str] = await screen.page.evaluate(FIND_CLIPPED)
    return "; ".join(found)


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
async def test_the_station_fits_without_scrolling(screen: Screen, hub: Hub, language: str) -> None:
    hub.language = language
    for count in COUNTS:
        hub.beds = scene.ward(hub.now, count)
        await screen.open()
        await expect(screen.page.locator(".tile:visible")).to_have_count(count)
        assert await clipped(screen) == "", f"{count} beds in {language}"


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
async def test_the_station_fits_in_every_state(screen: Screen, hub: Hub, language: str) -> None:
    hub.language = language
    hub.beds = scene.ward(hub.now, 32)
    hub.ack_status = 500
    await screen.open()
    for nth in (0, 1, 2):
        await screen.cards.nth(nth).get_by_role("button").click()
    await expect(screen.page.locator(".al[data-progress=server]")).to_have_count(3)
    since = scene.stamp(hub.now)
    hub.recording = {"state": "failing", "waiting": 1_248_000, "since": since}
    hub.broker = {"state": "lost", "since": since}
    hub.beat()
    await expect(screen.page.locator("[data-top=broker]")).to_be_visible()
    assert await clipped(screen) == ""
    await screen.page.locator("[data-open=alarms]").click()
    assert await clipped(screen) == ""
    await screen.page.keyboard.press("Escape")
    hub.is_up = False
    await screen.silence(8)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    assert await clipped(screen) == ""


def one_of_each(hub: Hub, count: int) -> list[scene.Json]:
    """So many beds; the first sixteen have every alarm the pages know words for, an hour old."""
    rules = ("no_data", "device_offline", "sensor_off", "leads_off", "clock_off", "battery_low")
    codes = ("asystole", "vf", "vtach", "extreme_brady", "extreme_tachy", "apnoea", "desat")
    limits = (("hr", 234, 130), ("nibp_sys", 214, 180), ("temp", 39.4, 39.0))
    words: list[scene.Json] = [
        *({"rule": rule, "kind": "technical", "vital": "spo2"} for rule in rules),
        *({"rule": f"monitor:{code}"} for code in codes),
        *({"vital": v, "side": "high", "value": x, "limit": y, "rule": v} for v, x, y in limits),
    ]
    beds = [scene.bed(hub.now, n) for n in range(1, count + 1)]
    for bed, own in zip(beds, words, strict=False):
        bed["alarms"] = [scene.alarm(bed, hub.now, age_s=3700, **own)]
    return beds


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
@pytest.mark.parametrize("count", [16, 32])
async def test_every_alarm_has_room_for_its_words(
    screen: Screen, hub: Hub, language: str, count: int
) -> None:
    hub.language = language
    hub.beds = one_of_each(hub, count)
    await screen.open()
    await expect(screen.tile(16)).to_have_attribute("data-alarm", "active")
    assert await clipped(screen) == ""


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
async def test_every_alarm_has_room_in_the_bar(screen: Screen, hub: Hub, language: str) -> None:
    hub.language = language
    alarms = [bed["alarms"][0] for bed in one_of_each(hub, 16)]
    calm = [scene.bed(hub.now, n) for n in range(1, 17)]
    hub.beds = calm
    await screen.open()
    for nth, first in enumerate(alarms):
        shown = [first, *(alarms[nth + 1 :] + alarms[:nth])[:4]]
        busy = [bed | {"alarms": []} for bed in calm]
        for n, alarm in enumerate(shown):
            place = {"bed": busy[n]["bed"], "label": busy[n]["label"], "id": f"{nth}-{n}"}
            rank = {"priority": "medium" if n else "high"}
            busy[n] |= {"alarms": [alarm | place | rank]}
        hub.push("patch", {"at": scene.stamp(hub.now), "beds": busy})
        await expect(screen.cards.first).to_have_attribute("data-key", f"{nth}-0")
        assert await clipped(screen) == ""


@pytest.mark.parametrize("language", ["vi", "fr", "en"])
async def test_the_bed_page_fits(screen: Screen, hub: Hub, language: str) -> None:
    hub.language = language
    for bed in (6, 9, 16, 13):
        await screen.open(f"/beds/noi-3-{bed:02}")
        await screen.page.clock.run_for(1000)
        assert await clipped(screen) == "", f"bed {bed} in {language}"


@pytest.mark.parametrize("path", ["/login?error=Sai+m%E1%BA%ADt+kh%E1%BA%A9u", "/about", "/broken"])
async def test_plain_pages_fit_a_phone(screen: Screen, path: str) -> None:
    await screen.page.set_viewport_size({"width": 390, "height": 844})
    await screen.open(path, live=False)
    wide = await screen.page.evaluate("document.scrollingElement.scrollWidth")
    assert wide == 390
    assert await clipped(screen) in {"", "page scrolls"}


async def test_a_larger_wall_gets_larger_figures(screen: Screen) -> None:
    await screen.page.set_viewport_size({"width": 3840, "height": 2160})
    await screen.open(STATION)
    size = await screen.number(1, "hr").evaluate("node => getComputedStyle(node).fontSize")
    assert size == "112px"
    assert await clipped(screen) == ""


@pytest.mark.parametrize("size", [(390, 844), (820, 1180), (1366, 768)])
async def test_smaller_screens_scroll_down_but_cut_nothing(
    screen: Screen, size: tuple[int, int]
) -> None:
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})
    await screen.open(STATION)
    assert await clipped(screen) in {"", "page scrolls"}
    wide = await screen.page.evaluate("document.scrollingElement.scrollWidth")
    assert wide == size[0]
