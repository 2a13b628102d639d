/**
 * One patient's live part: lanes with figures, the values measured now and then, the table of all
 * values with limits and ages. Draws from the bed as last told; decides nothing.
 */

import { vitalName } from "./alarms.js";
import { keepList, one, setData, setText, show, stamp } from "./dom.js";
import { TRACES } from "./sweep.js";
import { NO_VALUE, elapsed, figure, hms, say, whole } from "./text.js";
import { isEpisodic, isHeard, remark, shown, shownNumber, shownPressure } from "./values.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./tile.js").PageState} PageState */
/** @typedef {import("./sweep.js").Painter} Painter */

const LANES = /** @type {const} */ ([
  ["hr", TRACES.ecg],
  ["spo2", TRACES.pleth],
  ["rr", { ...TRACES.resp, slow: 4 }],
]);
const UNITS = /** @type {Record<string, string | undefined>} */ ({
  hr: say("unit.rate"),
  pr: say("unit.rate"),
  rr: say("unit.rate"),
  pvc: say("unit.rate"),
  spo2: "%",
  fio2: "%",
  pi: "%",
  temp: "°C",
  temp2: "°C",
  st_ii: "mm",
});
/** @param {string} vital */
const unitOf = (vital) => UNITS[vital] ?? "mmHg";
const ORDER = [
  "hr", "pr", "spo2", "rr", "nibp_sys", "nibp_dia", "nibp_map", "temp", "temp2",
  "ibp_sys", "ibp_dia", "ibp_map", "etco2", "fio2", "pi", "pvc", "st_ii",
];
const ROWS = 11;

/**
 * @param {Bed} bed
 * @param {string} vital
 */
function badness(bed, vital) {
  const group = vital === "bp" ? ["nibp_sys", "nibp_dia", "nibp_map"] : [vital];
  const bad = bed.alarms.find(
    (each) =>
      each.state === "active" && each.kind === "physiological" && group.includes(each.vital ?? ""),
  );
  return bad?.priority ?? null;
}

/**
 * When it was measured, and a doubt about it, in a few words.
 * @param {Bed} bed
 * @param {string} vital
 * @param {number} now
 */
function note(bed, vital, now) {
  const value = bed.values[vital];
  if (!value) return remark(bed, vital, now);
  const age = elapsed(now - Date.parse(value.at));
  const doubt = value.q === "ok" ? "" : remark(bed, vital, now);
  const when = isEpisodic(vital) ? `${remark(bed, vital, now)} · ${say("source.ago", { time: age })}` : "";
  const ago = shownNumber(bed, vital, now) === null && !isEpisodic(vital) ? say("source.ago", { time: age }) : "";
  return [doubt, when, ago].filter(Boolean).join(" · ");
}

/**
 * @param {HTMLElement} cell
 * @param {string} text
 */
function fillNumber(cell, text) {
  const number = one(cell, "[data-f=value]");
  setText(number, text);
  number.classList.toggle("nil", text === NO_VALUE);
}

/**
 * @param {Bed} bed
 * @param {number} now
 * @param {PageState} page
 */
export function showing(bed, now, page) {
  if (page !== "live") return page;
  if (isHeard(bed, now)) return "live";
  if (!bed.device) return "nodevice";
  return bed.last_at === null || bed.device.link === "waiting" ? "waiting" : "stale";
}

/**
 * @param {Bed} bed
 * @param {string} state
 */
function goneWords(bed, state) {
  if (state === "stale" && bed.last_at) return say("bed.stale", { time: hms(Date.parse(bed.last_at)) });
  const key = { nodevice: "bed.nodevice", waiting: "bed.waiting", stale: "bed.waiting" }[state];
  return key ? say(key) : "";
}

/**
 * @param {Bed} bed
 * @param {string} state
 * @param {number} now
 * @param {Painter} painter
 */
function drawLanes(bed, state, now, painter) {
  const live = state === "live";
  for (const [vital, trace] of LANES) {
    const lane = one(document, `.lane[data-cell=${vital}]`);
    fillNumber(lane, live ? shown(bed, vital, now) : NO_VALUE);
    setData(lane, "bad", live ? badness(bed, vital) : null);
    setText(one(lane, "[data-f=unit]"), unitOf(vital));
    const value = bed.values[vital];
    const limit = (/** @type {number | null | undefined} */ v) => (v == null ? "" : figure(vital, v));
    setText(one(lane, "[data-f=hi]"), limit(value?.hi));
    setText(one(lane, "[data-f=lo]"), limit(value?.lo));
    setText(one(lane, "[data-f=note]"), live ? note(bed, vital, now) : "");
    const canvas = /** @type {HTMLCanvasElement} */ (one(lane, "canvas"));
    painter.show(canvas, bed.bed, live ? [trace] : []);
  }
}

/**
 * @param {Bed} bed
 * @param {string} state
 * @param {number} now
 */
function drawSpot(bed, state, now) {
  const live = state === "live";
  for (const cell of ["bp", "temp", "pr"]) {
    const node = one(document, `.spot [data-cell=${cell}]`);
    const vital = cell === "bp" ? "nibp_sys" : cell;
    const text = cell === "bp" ? shownPressure(bed, now) : shown(bed, vital, now);
    const map = cell === "bp" && live ? shownNumber(bed, "nibp_map", now) : null;
    fillNumber(node, live ? `${text}${map === null ? "" : ` (${whole(map)})`}` : NO_VALUE);
    setData(node, "bad", live ? badness(bed, cell) : null);
    setText(one(node, "[data-f=unit]"), unitOf(vital));
    setText(one(node, "[data-f=note]"), live ? note(bed, vital, now) : "");
  }
}

/**
 * @param {Bed} bed
 * @param {string} page
 */
function drawDevice({ device }, page) {
  const link = one(document, ".device [data-f=link]");
  const state = one(document, ".device [data-f=state]");
  setText(link, device ? `${device.id} · ${say(`device.${device.link}`)}` : say("bed.nodevice"));
  if (page === "lost") setText(link, NO_VALUE);
  if (!device || page === "lost") return setText(state, "");
  const percent = device.battery_percent;
  const battery =
    percent === null
      ? say("device.mains")
      : say(device.charging ? "device.charging" : "device.battery", { n: whole(percent) });
  const off = device.clock_off_s;
  const clock =
    off === null
      ? say("device.clock.good")
      : say("device.clock.off", { n: whole(Math.abs(off)) });
  setText(state, `${battery} · ${clock}`);
}

/**
 * @param {string} vital
 * @param {number | null} lo
 * @param {number | null} hi
 */
function limitsOf(vital, lo, hi) {
  if (lo !== null && hi !== null) return `${figure(vital, lo)}–${figure(vital, hi)}`;
  if (lo !== null) return `≥ ${figure(vital, lo)}`;
  return hi === null ? "" : `≤ ${figure(vital, hi)}`;
}

/**
 * @param {Bed} bed
 * @param {string} state
 * @param {number} now
 */
function drawTable(bed, state, now) {
  const known = ORDER.filter((vital) => bed.values[vital]);
  const others = Object.keys(bed.values).filter((vital) => !ORDER.includes(vital)).sort();
  keepList(
    one(document, "#values"),
    [...known, ...others].slice(0, ROWS),
    (vital) => vital,
    () => stamp("row"),
    (row, vital) => {
      const value = bed.values[vital];
      const text = state === "live" ? shown(bed, vital, now) : NO_VALUE;
      setText(one(row, "[data-f=name]"), vitalName(vital));
      setText(one(row, "[data-f=value]"), text);
      setText(one(row, "[data-f=unit]"), ORDER.includes(vital) ? unitOf(vital) : "");
      setText(one(row, "[data-f=limits]"), limitsOf(vital, value?.lo ?? null, value?.hi ?? null));
      setText(one(row, "[data-f=note]"), state === "live" ? note(bed, vital, now) : "");
      setData(row, "bad", state === "live" ? badness(bed, vital) : null);
    },
  );
}

/**
 * @param {Bed} bed
 * @param {{now: number, page: PageState, painter: Painter}} with_
 */
export function drawBed(bed, { now, page, painter }) {
  const state = showing(bed, now, page);
  setData(one(document, "#bed"), "show", state);
  drawLanes(bed, state, now, painter);
  drawSpot(bed, state, now);
  drawDevice(bed, page);
  drawTable(bed, state, now);
  const gone = one(document, "#gone");
  const words = goneWords(bed, state);
  show(gone, words !== "");
  setText(gone, words);
}
