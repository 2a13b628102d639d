/**
 * The last hours of a stay as one chart of small rows, one for each vital sign.
 *
 * A gap in the data is a gap in the line: no line runs across minutes nobody measured. Where nothing
 * at all came the chart is hatched. The area beyond an alarm limit is tinted. Times run to the
 * present, so the right edge is always "now".
 */

import { vitalName } from "./alarms.js";
import { NO_VALUE, figure, hm } from "./text.js";

/** @typedef {import("./types.js").Trend} Trend */
/** @typedef {import("./types.js").Value} Value */
/** @typedef {(number | null)[]} Line */
/** @typedef {{from: number, to: number, trend: Trend, limits: Record<string, Value | undefined>, marks: number[]}} Facts */
/** @typedef {{x: (t: number) => number, left: number, right: number, facts: Facts}} Frame */

const SVG = "http://www.w3.org/2000/svg";
const TEN_MINUTES = 600_000;
const HOUR = 6 * TEN_MINUTES;
/** Vital signs from the top, the range a row spans at least, and its colour's class. */
const ROWS = /** @type {const} */ ([
  { vital: "hr", tone: "hr", low: 50, high: 140 },
  { vital: "spo2", tone: "spo2", low: 84, high: 100 },
  { vital: "rr", tone: "rr", low: 6, high: 34 },
  { vital: "nibp_sys", tone: "bp", low: 50, high: 160, with: "nibp_dia", name: "nibp" },
  { vital: "temp", tone: "temp", low: 35.5, high: 39.5 },
]);

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function node(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * Runs of neighbouring points that were measured, as [first, last] indexes.
 * @param {Line} line
 * @param {number[]} times
 * @param {number} step ms beyond which two points are not neighbours
 */
export function runs(line, times, step) {
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < line.length; i++) {
    if (line[i] === null || line[i] === undefined) continue;
    const last = found.at(-1);
    if (last && last[1] === i - 1 && (times[i] ?? 0) - (times[i - 1] ?? 0) <= step) last[1] = i;
    else found.push([i, i]);
  }
  return found;
}

/**
 * How far apart two points may be and still be neighbours, ms.
 * @param {Trend} trend
 */
const reach = (trend) => Math.max(trend.resolution_s * 2500, 15_000);

/**
 * Stretches in which nothing continuous came, as [from, to] in epoch ms.
 * @param {Facts} facts
 */
export function gaps({ from, to, trend }) {
  const step = reach(trend);
  const lines = ["hr", "spo2", "rr", "pr"].map((name) => trend.series[name]?.mean ?? []);
  /** @type {[number, number][]} */
  const found = [];
  let before = from;
  const close = (/** @type {number} */ t) => {
    if (t - before > step) found.push([before, t]);
    before = t;
  };
  trend.times.forEach((t, i) => {
    if (t >= from && t <= to && lines.some((line) => typeof line[i] === "number")) close(t);
  });
  close(to);
  return found;
}

/** @param {Trend} trend */
export const isEmpty = (trend) =>
  !Object.values(trend.series).some((series) => series.mean.some((each) => each !== null));

/**
 * A row's own scale: at least its usual range, more where the values or limits need it.
 * @param {typeof ROWS[number]} row
 * @param {Trend} trend
 */
function rangeOf(row, trend) {
  let { low, high } = /** @type {{low: number, high: number}} */ (row);
  const names = "with" in row ? [row.vital, row.with] : [row.vital];
  for (const name of names) {
    for (const each of trend.series[name]?.mean ?? []) {
      if (each === null) continue;
      low = Math.min(low, each);
      high = Math.max(high, each);
    }
  }
  return { low, high };
}

/**
 * @param {Line} line
 * @param {Frame} frame
 * @param {(v: number) => number} y
 */
function linePath(line, { x, facts }, y) {
  const { times } = facts.trend;
  const at = (/** @type {number} */ i) =>
    `${x(times[i] ?? 0).toFixed(1)} ${y(line[i] ?? 0).toFixed(1)}`;
  return runs(line, times, reach(facts.trend))
    .map(([first, last]) => {
      const points = Array.from({ length: last - first + 1 }, (_, i) => at(first + i));
      return first === last ? `M${points[0]}h1` : `M${points.join("L")}`;
    })
    .join("");
}

/**
 * The area between the smallest and the largest value of each step.
 * @param {Line} low
 * @param {Line} high
 * @param {Frame} frame
 * @param {(v: number) => number} y
 */
function bandPath(low, high, { x, facts }, y) {
  const { times } = facts.trend;
  const at = (/** @type {Line} */ line, /** @type {number} */ i) =>
    `${x(times[i] ?? 0).toFixed(1)} ${y(line[i] ?? 0).toFixed(1)}`;
  return runs(low, times, reach(facts.trend))
    .map(([first, last]) => {
      const there = Array.from({ length: last - first + 1 }, (_, i) => at(high, first + i));
      const back = Array.from({ length: last - first + 1 }, (_, i) => at(low, last - i));
      return `M${[...there, ...back].join("L")}Z`;
    })
    .join("");
}

/**
 * Cuff pressures: a bar from diastolic to systolic for each time somebody measured.
 * @param {Line} sys
 * @param {Line} dia
 * @param {Frame} frame
 * @param {(v: number) => number} y
 */
function barsPath(sys, dia, { x, facts }, y) {
  return facts.trend.times
    .map((t, i) => {
      const [top, bottom] = [sys[i], dia[i]];
      if (typeof top !== "number" || typeof bottom !== "number") return "";
      const [cx, high, low] = [x(t), y(top), y(bottom)];
      return `M${cx - 4} ${high}h8M${cx} ${high}V${low}M${cx - 4} ${low}h8`;
    })
    .join("");
}

/**
 * The tint beyond each limit, with the limit's own number.
 * @param {Element} group
 * @param {typeof ROWS[number]} row
 * @param {Frame} frame
 * @param {{top: number, height: number, y: (v: number) => number, low: number, high: number}} box
 */
function drawLimits(group, row, { left, right, facts }, { top, height, y, low, high }) {
  const value = facts.limits[row.vital];
  const tint = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ limit) => {
    group.append(node("rect", { class: "out", x: left, y: from, width: right - left, height: to - from }));
    const edge = y(limit);
    group.append(node("line", { class: "edge", x1: left, x2: right, y1: edge, y2: edge }));
    const label = Math.min(Math.max(edge + 4, top + 12), top + height - 3);
    group.append(node("text", { class: "limit", x: left + 6, y: label }, figure(row.vital, limit)));
  };
  const hi = value?.hi ?? null;
  const lo = value?.lo ?? null;
  if (hi !== null && hi < high) tint(top, y(hi), hi);
  if (lo !== null && lo > low) tint(y(lo), top + height, lo);
}

/**
 * @param {Element} svg
 * @param {typeof ROWS[number]} row
 * @param {Frame} frame
 * @param {number} top
 * @param {number} height
 */
function drawRow(svg, row, frame, top, height) {
  const { left, right, facts } = frame;
  const series = facts.trend.series[row.vital];
  const { low, high } = rangeOf(row, facts.trend);
  const y = (/** @type {number} */ v) => top + height - ((v - low) / (high - low)) * height;
  const group = node("g", { class: row.tone });
  drawLimits(group, row, frame, { top, height, y, low, high });
  group.append(node("rect", { class: "box", x: left, y: top, width: right - left, height }));
  const name = vitalName("name" in row ? row.name : row.vital);
  group.append(node("text", { class: "name", x: 0, y: top + height / 2 }, name));
  const range = `${figure(row.vital, low)}–${figure(row.vital, high)}`;
  group.append(node("text", { class: "range", x: 0, y: top + height / 2 + 16 }, range));
  if (series && "with" in row) {
    const dia = facts.trend.series[row.with]?.mean ?? [];
    group.append(node("path", { class: "bars", d: barsPath(series.mean, dia, frame, y) }));
  } else if (series) {
    if (series.min && series.max)
      group.append(node("path", { class: "band", d: bandPath(series.min, series.max, frame, y) }));
    group.append(node("path", { class: "line", d: linePath(series.mean, frame, y) }));
  }
  svg.append(group);
}

/**
 * Round times of the hospital's clock: each 10 minutes, hour or 4 hours.
 * @param {number} from
 * @param {number} to
 * @returns {number[]}
 */
function ticks(from, to) {
  const first = Math.ceil(from / TEN_MINUTES) * TEN_MINUTES;
  const all = Array.from(
    { length: Math.floor((to - first) / TEN_MINUTES) + 1 },
    (_, i) => first + i * TEN_MINUTES,
  );
  if (to - from <= 2 * HOUR) return all;
  const hours = all.filter((t) => hm(t).endsWith("00"));
  return to - from <= 8 * HOUR ? hours : hours.filter((t) => parseInt(hm(t), 10) % 4 === 0);
}

/**
 * What was measured at a moment, for the reader under the pointer.
 * @param {Facts} facts
 * @param {number} t
 */
export function readAt({ trend }, t) {
  const nearest = trend.times.reduce(
    (best, time, i) => (Math.abs(time - t) < Math.abs((trend.times[best] ?? 0) - t) ? i : best),
    0,
  );
  const words = ROWS.filter((row) => trend.series[row.vital]).map((row) => {
    const value = trend.series[row.vital]?.mean[nearest];
    const name = vitalName("name" in row ? row.name : row.vital);
    if ("with" in row && typeof value !== "number") return "";
    if (typeof value !== "number") return `${name} ${NO_VALUE}`;
    const dia = "with" in row ? trend.series[row.with]?.mean[nearest] : null;
    return `${name} ${figure(row.vital, value)}${typeof dia === "number" ? `/${figure("hr", dia)}` : ""}`;
  });
  return [hm(t), ...words.filter(Boolean)].join(" · ");
}

/**
 * @param {HTMLElement} chart
 * @param {Facts} facts
 */
export function drawChart(chart, facts) {
  const { clientWidth: width, clientHeight: height } = chart;
  if (width < 200 || height < 100) return;
  const left = 74;
  const right = width - 8;
  const bottom = height - 20;
  const x = (/** @type {number} */ t) =>
    left + ((t - facts.from) / (facts.to - facts.from)) * (right - left);
  const frame = { x, left, right, facts };
  const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.append(hatching());
  const room = (bottom + 8) / ROWS.length;
  ROWS.forEach((row, i) => drawRow(svg, row, frame, i * room, room - 8));
  for (const t of ticks(facts.from, facts.to)) {
    svg.append(node("line", { class: "tick", x1: x(t), x2: x(t), y1: 0, y2: bottom }));
    const middle = { class: "hour", x: x(t), y: height - 3, "text-anchor": "middle" };
    svg.append(node("text", middle, hm(t)));
  }
  for (const [from, to] of gaps(facts))
    svg.append(node("rect", { class: "gap", x: x(from), y: 0, width: x(to) - x(from), height: bottom }));
  for (const { from_ms, to_ms } of facts.trend.lost) {
    const wide = Math.max(2, x(to_ms) - x(from_ms));
    svg.append(node("rect", { class: "gap", x: x(from_ms), y: 0, width: wide, height: bottom }));
  }
  for (const t of facts.marks.filter((each) => each >= facts.from && each <= facts.to))
    svg.append(node("line", { class: "mark", x1: x(t), x2: x(t), y1: 0, y2: bottom }));
  const cursor = node("line", { class: "cursor", x1: -9, x2: -9, y1: 0, y2: bottom });
  svg.append(cursor);
  chart.replaceChildren(svg);
}

function hatching() {
  const defs = node("defs", {});
  const pattern = node("pattern", {
    id: "gap",
    width: 12,
    height: 12,
    patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)",
  });
  pattern.append(node("rect", { width: 12, height: 12, fill: "#0d141b" }));
  pattern.append(node("line", { class: "hatch", x1: 0, x2: 0, y1: 0, y2: 12 }));
  defs.append(pattern);
  return defs;
}

/**
 * The moment under the pointer, or null outside the rows.
 * @param {HTMLElement} chart
 * @param {Facts} facts
 * @param {number} clientX
 */
export function momentAt(chart, facts, clientX) {
  const box = chart.getBoundingClientRect();
  const px = clientX - box.left;
  const left = 74;
  const right = box.width - 8;
  if (px < left || px > right) return null;
  chart.querySelector(".cursor")?.setAttribute("x1", String(px));
  chart.querySelector(".cursor")?.setAttribute("x2", String(px));
  return facts.from + ((px - left) / (right - left)) * (facts.to - facts.from);
}
