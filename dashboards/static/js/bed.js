/**
 * The page of one bed: large curves and figures, every value, its alarms, and the last hours.
 * The live part comes by the stay's own stream; when that is silent nothing may look alive.
 */

import { Acknowledger } from "./ack.js";
import { byUrgency, lineOf, needsSomebody, worst } from "./alarms.js";
import { announce, tell } from "./announce.js";
import { drawBar } from "./bar.js";
import { drawBed } from "./bedview.js";
import { drawClock, drawSystem, startChrome, toggleKeys } from "./chrome.js";
import { one, setData, setText, show } from "./dom.js";
import { Trends, loadHistory } from "./history.js";
import { drawLost } from "./lost.js";
import { Reload } from "./reload.js";
import { Stream } from "./stream.js";
import { Painter } from "./sweep.js";
import { dayAndTime, say } from "./text.js";
import { Waves } from "./waves.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./types.js").Snapshot} Snapshot */

const TICK_MS = 500;
const PACE_PX = 94.5;
const WAVE_SECONDS = 64;
const REFRESH_MS = 60_000;

/** @param {HTMLElement} main */
function start(main) {
  let bed = /** @type {Bed | null} */ (null);
  let system = /** @type {Pick<Snapshot, "recording" | "broker"> | null} */ (null);
  let wasLost = false;
  let loadedAt = -Infinity;
  const stay = main.dataset.stay ?? "";
  const waves = new Waves(["ecg_ii", "pleth", "resp"], WAVE_SECONDS);
  const painter = new Painter(waves, PACE_PX);
  const reload = new Reload();
  const trends = new Trends(stay);
  const acks = new Acknowledger(draw, (alarm) => {
    if (!bed) return;
    const others = bed.alarms.filter((each) => each.id !== alarm.id);
    const isOpen = alarm.state === "acknowledged" || alarm.ended_at === null;
    bed = { ...bed, alarms: isOpen ? [...others, alarm] : others };
    refresh();
  });

  const stream = new Stream(main.dataset.stream ?? "", {
    snapshot: (/** @type {Snapshot} */ snapshot) => {
      system = snapshot;
      reload.see(snapshot.version);
      takeBeds(snapshot.beds);
    },
    patch: (patch) => takeBeds(patch.beds),
    alarm: (event) => {
      announce(event);
      refresh();
    },
    waves: (event) => waves.take(event, performance.now()),
    beat: (beat) => {
      system = beat;
      draw();
    },
    version: ({ version }) => reload.see(version),
  });

  /** @param {Bed[]} beds */
  function takeBeds(beds) {
    const mine = beds.find((each) => each.bed === main.dataset.bed);
    if (!mine) return;
    if (String(mine.stay?.id) !== stay) return location.reload();
    waves.keepOnly([mine.bed]);
    bed = mine;
    draw();
  }

  /** Fetch trends and past alarms again at the next tick. */
  function refresh() {
    loadedAt = -Infinity;
  }

  /** @returns {import("./tile.js").PageState} */
  function pageState() {
    if (system && !stream.isSilent()) return "live";
    return system || stream.attempts > 0 ? "lost" : "connecting";
  }

  function drawAlarms(/** @type {number} */ now, /** @type {string} */ page) {
    const isLost = page === "lost";
    const bar = one(document, "#bar");
    const lost = one(document, "#lost");
    show(bar, !isLost);
    show(lost, isLost);
    const alarms = [...(bed?.alarms ?? [])].sort(byUrgency);
    const first = alarms.find(needsSomebody) ?? alarms[0] ?? null;
    setData(one(document, "#label"), "priority", first?.priority ?? null);
    acks.keepOnly(new Set(alarms.filter(needsSomebody).map((each) => each.id)));
    if (isLost) {
      const silence = stream.time.silence();
      const { attempts } = stream;
      const facts = { alarms: alarms.slice(0, 2), silence, lastAt: stream.time.lastAt, attempts };
      drawLost(lost, facts, lineOf);
    } else drawBar(bar, { alarms, open: alarms.length, acks, now, connecting: !system });
  }

  function draw() {
    const now = stream.time.now();
    const page = pageState();
    document.body.dataset.page = page;
    setData(document.documentElement, "live", page === "live" ? "" : null);
    drawClock(now, page);
    drawAlarms(now, page);
    if (bed) drawBed(bed, { now, page, painter });
    if (system) drawSystem(system.recording, system.broker, now);
  }

  async function load() {
    loadedAt = performance.now();
    const now = stream.time.now();
    trends.limits = bed?.values ?? {};
    trends.marks = await loadHistory(stay);
    await trends.load(now);
  }

  function tick() {
    stream.check();
    const isLost = pageState() === "lost";
    if (isLost !== wasLost) {
      wasLost = isLost;
      if (isLost) waves.clear();
      tell("urgent", say(isLost ? "page.lost" : "page.live"));
    }
    draw();
    if (bed && !isLost && performance.now() - loadedAt > REFRESH_MS) void load();
    reload.tick(isLost || !bed?.alarms.some((each) => each.priority === "high"));
  }

  for (const button of document.querySelectorAll("[data-hours]")) {
    const choice = /** @type {HTMLElement} */ (button);
    choice.addEventListener("click", () => {
      for (const each of document.querySelectorAll("[data-hours]"))
        each.setAttribute("aria-pressed", String(each === choice));
      trends.hours = Number(choice.dataset.hours);
      void trends.load(stream.time.now());
    });
  }
  one(document, "#nochart button").addEventListener("click", () => void load());
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const button = /** @type {HTMLElement | null} */ (target.closest("button[data-alarm]"));
    const alarm = bed?.alarms.find((each) => each.id === button?.dataset.alarm);
    if (alarm) void acks.take(alarm);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "a" || event.ctrlKey || event.metaKey || event.altKey) return;
    const alarm = worst(bed?.alarms ?? []);
    if (alarm && needsSomebody(alarm) && pageState() === "live") void acks.take(alarm);
  });
  setInterval(tick, TICK_MS);
}

const admitted = /** @type {HTMLElement | null} */ (document.querySelector("[data-admitted]"));
if (admitted) {
  const time = dayAndTime(Date.parse(admitted.dataset.admitted ?? ""));
  setText(admitted, say("bed.admitted", { time }));
}
startChrome();
document.addEventListener("keydown", (event) => {
  if (event.key === "?") toggleKeys();
  if (event.key === "Escape" && !document.querySelector("dialog[open]"))
    /** @type {HTMLElement} */ (one(document, "#back")).click();
});
const main = document.getElementById("bed");
if (main) start(main);
else drawClock(Date.now(), "connecting");
