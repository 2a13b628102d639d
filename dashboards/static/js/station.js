/**
 * The station page of a unit: every bed at once, drawn from one stream.
 *
 * The ward as last told is kept here and nowhere else; twice a second and after every event the
 * whole page is drawn from it. When the stream is silent nothing on the page may look alive.
 */

import { Acknowledger } from "./ack.js";
import { needsSomebody, worst, byUrgency } from "./alarms.js";
import { announce, tell } from "./announce.js";
import { bedsToSee, drawBar, drawPanel } from "./bar.js";
import { drawClock, drawSystem, startChrome } from "./chrome.js";
import { one, setData, setText, show, stamp } from "./dom.js";
import { startKeys } from "./keys.js";
import { drawLost } from "./lost.js";
import { Reload } from "./reload.js";
import { Stream } from "./stream.js";
import { Painter } from "./sweep.js";
import { count, say, whole } from "./text.js";
import { Tile } from "./tile.js";
import { Waves } from "./waves.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./types.js").Snapshot} Snapshot */

const TICK_MS = 500;
const PACE_PX = 75;
const WAVE_SECONDS = 16;
const VIEW = "station-order";

const grid = one(document, "#grid");
const bar = one(document, "#bar");
const panel = /** @type {HTMLDialogElement} */ (one(document, "#alarms"));
const lost = one(document, "#lost");

/** @type {Map<string, Bed>} */
const beds = new Map();
/** @type {Map<string, Tile>} */
const tiles = new Map();
let system = /** @type {Pick<Snapshot, "recording" | "broker"> | null} */ (null);
let order = localStorage.getItem(VIEW) === "worst" ? "worst" : "bed";
let filter = "all";
let wasLost = false;

const waves = new Waves(["ecg_ii", "pleth", "resp"], WAVE_SECONDS);
const painter = new Painter(waves, PACE_PX);
const reload = new Reload();
const acks = new Acknowledger(draw, replaceAlarm);

for (const node of grid.querySelectorAll(".tile")) {
  const tile = /** @type {HTMLElement} */ (node);
  tiles.set(tile.dataset.bed ?? "", new Tile(tile));
}

/** @param {Bed} bed */
function take(bed) {
  const before = beds.get(bed.bed);
  if (before && before.stay?.id !== bed.stay?.id) waves.forget(bed.bed);
  beds.set(bed.bed, bed);
  if (tiles.has(bed.bed)) return;
  const node = stamp("tile");
  node.dataset.bed = bed.bed;
  tiles.set(bed.bed, new Tile(node));
  grid.append(node);
  waves.keepOnly(beds.keys());
}

/**
 * The unit as it is; beds that are no longer there go.
 * @param {Snapshot} snapshot
 */
function takeSnapshot(snapshot) {
  for (const bed of snapshot.beds) take(bed);
  const still = new Set(snapshot.beds.map((bed) => bed.bed));
  for (const id of beds.keys()) if (!still.has(id)) beds.delete(id);
  for (const [id, { node }] of tiles) {
    if (beds.has(id)) continue;
    painter.forget(/** @type {HTMLCanvasElement} */ (one(node, "canvas")));
    node.remove();
    tiles.delete(id);
  }
  waves.keepOnly(beds.keys());
  system = snapshot;
  reload.see(snapshot.version);
  draw();
}

/**
 * What the server answered to an acknowledgement.
 * @param {Alarm} alarm
 */
function replaceAlarm(alarm) {
  const bed = beds.get(alarm.bed);
  if (!bed) return;
  const isOpen = alarm.state === "acknowledged" || alarm.ended_at === null;
  const others = bed.alarms.filter((each) => each.id !== alarm.id);
  beds.set(bed.bed, { ...bed, alarms: isOpen ? [...others, alarm] : others });
}

const stream = new Stream(grid.dataset.stream ?? "", {
  snapshot: takeSnapshot,
  patch: (patch) => {
    for (const bed of patch.beds) take(bed);
    draw();
  },
  alarm: announce,
  waves: (event) => waves.take(event, performance.now()),
  beat: (beat) => {
    system = beat;
    draw();
  },
  version: ({ version }) => reload.see(version),
});

/** @returns {import("./tile.js").PageState} */
function pageState() {
  if (system && !stream.isSilent()) return "live";
  return system || stream.attempts > 0 ? "lost" : "connecting";
}

/** @param {Bed} bed */
const isShown = (bed) => filter === "all" || bed.alarms.length > 0;

/** Put tiles into their places; by bed unless somebody asked for the worst first. */
function arrange() {
  const all = [...beds.values()];
  const rank = new Map(all.map((bed, i) => [bed.bed, i]));
  if (order === "worst") {
    const alarming = all.filter((bed) => bed.alarms.length > 0);
    const calm = all.filter((bed) => bed.alarms.length === 0);
    alarming.sort((a, b) => byUrgency(/** @type {Alarm} */ (worst(a.alarms)), /** @type {Alarm} */ (worst(b.alarms))));
    calm.sort((a, b) => Number(!a.stay) - Number(!b.stay));
    [...alarming, ...calm].forEach((bed, i) => rank.set(bed.bed, i));
  }
  for (const [id, { node }] of tiles) {
    const bed = beds.get(id);
    const place = String(rank.get(id) ?? 0);
    if (node.style.order !== place) node.style.order = place;
    show(node, !bed || isShown(bed));
  }
  const shown = all.filter(isShown).length;
  show(one(document, "#nobody"), beds.size > 0 && shown === 0);
  show(one(document, "#nobeds"), system !== null && beds.size === 0);
}

/** @param {number} n */
function sizeFor(n) {
  if (n <= 8) return /** @type {const} */ ("large");
  return n <= 16 ? /** @type {const} */ ("medium") : /** @type {const} */ ("small");
}

function drawCounts() {
  const all = [...beds.values()];
  const alarming = all.filter((bed) => bed.alarms.length > 0).length;
  const patients = all.filter((bed) => bed.stay).length;
  const text = `${count("beds", all.length)} · ${count("patients", patients)}`;
  setText(one(document, "[data-top=counts]"), system ? text : "");
  setText(one(document, "[data-filter=all] b"), whole(all.length));
  setText(one(document, "[data-filter=alarms] b"), whole(alarming));
}

function draw() {
  const now = stream.time.now();
  const page = pageState();
  const all = [...beds.values()];
  document.body.dataset.page = page;
  const size = sizeFor(tiles.size);
  setData(grid, "size", size);
  setData(grid, "columns", String(columnsFor(tiles.size)));
  acks.keepOnly(new Set(all.flatMap((bed) => bed.alarms.filter(needsSomebody).map((a) => a.id))));
  const hasWave = (/** @type {string} */ bed, /** @type {string} */ channel) =>
    waves.playing(bed, channel) !== null;
  const scene = { now, page, lostAt: stream.time.lastAt, size, acks, painter, hasWave };
  for (const bed of all) tiles.get(bed.bed)?.draw(bed, scene);
  arrange();
  drawCounts();
  drawClock(now, page);
  show(bar, page !== "lost");
  show(lost, page === "lost");
  if (page === "lost") drawLost(lost, lostFacts(all), (alarm) => alarm.label);
  else {
    const open = all.reduce((sum, bed) => sum + bed.alarms.length, 0);
    drawBar(bar, { alarms: bedsToSee(all), open, acks, now, connecting: page === "connecting" });
  }
  if (panel.open) drawPanel(panel, { beds: all, acks, now });
  if (system) drawSystem(system.recording, system.broker, now);
  setData(document.documentElement, "live", page === "live" ? "" : null);
}

/** @param {Bed[]} all */
const lostFacts = (all) => ({
  alarms: bedsToSee(all),
  silence: stream.time.silence(),
  lastAt: stream.time.lastAt,
  attempts: stream.attempts,
});

/** @param {number} n */
function columnsFor(n) {
  if (n <= 2) return Math.max(1, n);
  if (n <= 4) return 2;
  if (n <= 6) return 3;
  if (n <= 16) return 4;
  if (n <= 20) return 5;
  return n <= 24 ? 6 : 8;
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
  const high = [...beds.values()].some((bed) => bed.alarms.some((a) => a.priority === "high"));
  reload.tick(!high || isLost);
}

/**
 * Buttons of which one is pressed.
 * @param {string} name the `data-` attribute that tells them apart
 * @param {string} pressed
 * @param {(value: string) => void} choose
 */
function choice(name, pressed, choose) {
  const buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-${name}]`)]);
  const press = (/** @type {string} */ value) => {
    for (const each of buttons)
      each.setAttribute("aria-pressed", String(each.dataset[name] === value));
    choose(value);
    draw();
  };
  for (const button of buttons)
    button.addEventListener("click", () => press(button.dataset[name] ?? ""));
  press(pressed);
}

/** @param {string} id */
function takeAlarm(id) {
  for (const bed of beds.values()) {
    const alarm = bed.alarms.find((each) => each.id === id);
    if (alarm) void acks.take(alarm);
  }
}

/** @param {string} bedId */
function takeWorst(bedId) {
  const alarm = worst(beds.get(bedId)?.alarms ?? []);
  if (alarm && needsSomebody(alarm) && pageState() === "live") void acks.take(alarm);
}

startChrome();
startKeys(grid, takeWorst);
choice("order", order, (value) => {
  order = value;
  localStorage.setItem(VIEW, value);
});
choice("filter", filter, (value) => {
  filter = value;
});
document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest("button[data-alarm]"));
  if (button?.dataset.alarm) takeAlarm(button.dataset.alarm);
});
for (const opener of document.querySelectorAll("[data-open=alarms]")) {
  opener.addEventListener("click", () => {
    panel.showModal();
    draw();
  });
}
one(document, "#nobody button").addEventListener("click", () =>
  one(document, "[data-filter=all]").click(),
);
setInterval(tick, TICK_MS);
