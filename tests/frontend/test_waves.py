"""Curves: drawn as they come, a gap where nothing came, and never a line that stands still."""

from __future__ import annotations

from playwright.async_api import expect

from tests.frontend import scene
from tests.frontend.hub import Hub
from tests.frontend.screen import Screen

INK = """([bed, half]) => {
  const canvas = document.querySelector(`.tile[data-bed="noi-3-${bed}"] canvas`);
  const {width, height} = canvas;
  const top = half === 'lower' ? Math.floor(height / 2) : 0;
  const data = canvas.getContext('2d').getImageData(0, top, width, Math.floor(height / 2)).data;
  const columns = new Set();
  for (let i = 3; i < data.length; i += 4) if (data[i] > 40) columns.add(((i - 3) / 4) % width);
  return columns.size;
}"""


async def columns(screen: Screen, bed: int = 1, half: str = "upper") -> int:
    """How many columns of a tile's canvas have ink; the ECG is in the upper half."""
    drawn: int = await screen.page.evaluate(INK, [f"{bed:02}", half])
    return drawn


def send(hub: Hub, channels: tuple[str, ...] = ("ecg_ii", "pleth"), bed: int = 1) -> None:
    """One second of curve that begins now."""
    waves = {each: scene.block(hub.now, each, 75) for each in channels}
    at = int(hub.now.timestamp() * 1000)
    hub.push("waves", {"bed": f"noi-3-{bed:02}", "t": at, "w": waves})


async def play(screen: Screen, hub: Hub, seconds: int, *channels: str) -> None:
    """So many seconds of curve, as a monitor sends it."""
    for _ in range(seconds):
        send(hub, channels or ("ecg_ii", "pleth"))
        await screen.wait(1)


async def test_curves_run_from_left_to_right(screen: Screen, hub: Hub) -> None:
    await screen.open()
    assert await columns(screen) == 0
    await play(screen, hub, 4)
    early = await columns(screen)
    assert 75 * 1.5 < early < 75 * 4
    assert await columns(screen, half="lower") > 75 * 1.5
    await play(screen, hub, 3)
    assert await columns(screen) > early + 75
    assert await columns(screen, bed=2) == 0


async def test_a_lane_without_data_is_wiped(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await play(screen, hub, 4)
    await play(screen, hub, 6, "pleth")
    assert await columns(screen) == 0
    assert await columns(screen, half="lower") > 75 * 3


async def test_no_curve_when_the_page_is_not_live(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await play(screen, hub, 4)
    assert await columns(screen) > 0
    hub.is_up = False
    await screen.silence(8)
    await expect(screen.mode).to_have_attribute("data-page", "lost")
    assert await columns(screen) == 0


async def test_a_missing_block_is_a_gap_in_the_line(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await play(screen, hub, 3)
    await screen.wait(2)
    await play(screen, hub, 1)
    after_gap = await columns(screen)
    await screen.page.clock.run_for(100)
    await play(screen, hub, 1)
    assert after_gap < 75 * 4


async def test_curves_of_another_patient_are_forgotten(screen: Screen, hub: Hub) -> None:
    await screen.open()
    await play(screen, hub, 4)
    other = scene.bed(hub.now, 1)
    hub.patch(other | {"stay": other["stay"] | {"id": 99, "name": "N.V. Tân"}})
    await expect(screen.tile(1)).to_contain_text("N.V. Tân")
    await screen.wait(4)
    assert await columns(screen) == 0


async def test_rubbish_blocks_do_no_harm(screen: Screen, hub: Hub) -> None:
    await screen.open()
    bad = {"rate": 125, "scale": 0.005, "unit": "mV", "data": "!not base64!"}
    fast = {"rate": 9e9, "scale": 0.005, "unit": "mV", "data": "AAAA"}
    for block in (bad, fast):
        hub.push("waves", {"bed": "noi-3-01", "t": 0, "w": {"ecg_ii": block}})
    hub.push("waves", {"bed": "nowhere", "t": 0, "w": {"ecg_ii": bad}})
    await play(screen, hub, 4)
    assert await columns(screen) > 75


async def test_the_store_of_samples_is_bounded(screen: Screen) -> None:
    await screen.open()
    kept = await screen.page.evaluate(
        """async () => {
          const {Lane} = await import('/static/js/waves.js');
          const lane = new Lane('pleth', 100, 16);
          for (let second = 0; second < 1000; second++)
            lane.write(second * 1000, new Int16Array(100).fill(7), 1);
          const here = [...Array(100000).keys()].filter(n => !Number.isNaN(lane.at(n)));
          return [here.length, here.at(-1)];
        }"""
    )
    assert kept == [1600, 99_999]


async def test_samples_come_back_exactly_with_their_gap(screen: Screen) -> None:
    await screen.open()
    read = await screen.page.evaluate(
        """async () => {
          const {Waves} = await import('/static/js/waves.js');
          const waves = new Waves(['pleth'], 16);
          waves.keepOnly(['a']);
          const block = counts => ({rate: 4, scale: 0.5, unit: '',
            data: btoa(String.fromCharCode(...new Uint8Array(new Int16Array(counts).buffer)))});
          waves.take({bed: 'a', t: 0, w: {pleth: block([1, -2, 300, -32768])}}, 0);
          waves.take({bed: 'a', t: 2000, w: {pleth: block([5, 6, 7, 8])}}, 2000);
          const {lane} = waves.playing('a', 'pleth');
          return [...Array(13).keys()].map(n => Number.isNaN(lane.at(n)) ? null : lane.at(n));
        }"""
    )
    assert read == [0.5, -1, 150, -16384, None, None, None, None, 2.5, 3, 3.5, 4, None]
