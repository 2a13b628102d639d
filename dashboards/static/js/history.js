/**
 * What a bed page fetches rather than streams: the trends and the past alarms of the stay.
 * Each can fail on its own; then it says so and offers to try again, and the live part goes on.
 */

import { SYMBOL } from "./alarms.js";
import { keepList, one, setData, setText, show, stamp } from "./dom.js";
import { signIn } from "./stream.js";
import { dayAndTime, elapsed, hm, say } from "./text.js";
import { drawChart, isEmpty, momentAt, readAt } from "./trends.js";
import { fillWords } from "./tile.js";

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./types.js").Trend} Trend */
/** @typedef {import("./types.js").Value} Value */
/** @typedef {import("./trends.js").Facts} Facts */

const PATIENCE_MS = 15_000;
const HOUR = 3_600_000;

/**
 * @param {string} url
 * @returns {Promise<any>} null when it could not be had
 */
async function fetchJson(url) {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(url, { cache: "no-store", redirect: "manual", signal });
    if (answer.status === 401) signIn();
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

export class Trends {
  hours = 6;
  /** @type {Record<string, Value | undefined>} */
  limits = {};
  /** @type {number[]} */
  marks = [];
  /** @type {Facts | null} */
  #facts = null;
  #url;
  #chart = one(document, "#chart");
  #instead = one(document, "#nochart");
  #asked = 0;

  /** @param {string} stay */
  constructor(stay) {
    this.#url = `/api/v1/stays/${encodeURIComponent(stay)}/vitals`;
    new ResizeObserver(() => this.draw()).observe(this.#chart);
    const read = one(document, "#read");
    this.#chart.addEventListener("pointermove", (event) => {
      const at = this.#facts && momentAt(this.#chart, this.#facts, event.clientX);
      setText(read, this.#facts && at ? readAt(this.#facts, at) : "");
    });
    this.#chart.addEventListener("pointerleave", () => {
      setText(read, "");
      this.draw();
    });
  }

  /** @param {number} now epoch ms of the server */
  async load(now) {
    const asked = ++this.#asked;
    const from = now - this.hours * HOUR;
    if (!this.#facts) this.#say(say("trend.loading"), false);
    const span = `from=${new Date(from).toISOString()}&to=${new Date(now).toISOString()}`;
    const trend = /** @type {Trend | null} */ (await fetchJson(`${this.#url}?${span}`));
    if (asked !== this.#asked) return;
    const isNone = trend !== null && isEmpty(trend);
    this.#facts = null;
    if (!trend) return this.#say(say("trend.failed"), true);
    if (isNone) return this.#say(say("trend.none", { from: hm(from), to: hm(now) }), false);
    this.#facts = { from, to: now, trend, limits: this.limits, marks: this.marks };
    const lost = trend.lost.reduce((sum, each) => sum + each.missing, 0);
    setText(one(document, "#missing"), lost ? ` · ${say("trend.lost", { n: lost })}` : "");
    show(this.#instead, false);
    show(this.#chart, true);
    this.draw();
  }

  draw() {
    if (this.#facts)
      drawChart(this.#chart, { ...this.#facts, limits: this.limits, marks: this.marks });
  }

  /**
   * @param {string} text
   * @param {boolean} again whether to offer another try
   */
  #say(text, again) {
    show(this.#chart, false);
    show(this.#instead, true);
    setText(one(this.#instead, "span"), text);
    show(one(this.#instead, "button"), again);
  }
}

/**
 * @param {Alarm} alarm
 * @returns {string} how it went: who took it and how long it lasted
 */
function howItWent(alarm) {
  const owner = alarm.by ? say("history.by", { who: alarm.by }) : say("history.nobody");
  if (!alarm.ended_at) return alarm.by ? owner : say("history.open");
  const lasted = elapsed(Date.parse(alarm.ended_at) - Date.parse(alarm.began_at));
  return `${say("history.lasted", { time: lasted })} · ${owner}`;
}

/**
 * Fill the list of past alarms, newest first.
 * @param {string} stay
 * @returns {Promise<number[]>} when each physiological alarm began
 */
export async function loadHistory(stay) {
  const url = `/api/v1/stays/${encodeURIComponent(stay)}/alarms`;
  const alarms = /** @type {Alarm[] | null} */ (await fetchJson(url));
  const none = one(document, "#nohistory");
  show(none, !alarms?.length);
  setText(none, say(alarms ? "history.none" : "history.failed"));
  const newest = [...(alarms ?? [])].sort((a, b) => Date.parse(b.began_at) - Date.parse(a.began_at));
  keepList(
    one(document, "#history"),
    newest,
    (alarm) => alarm.id,
    () => stamp("past"),
    (node, alarm) => {
      setData(node, "priority", alarm.priority);
      setData(node, "open", alarm.ended_at ? null : "");
      setText(one(node, "time"), dayAndTime(Date.parse(alarm.began_at)));
      setText(one(node, "[data-f=symbol]"), SYMBOL[alarm.priority]);
      fillWords(node, alarm);
      setText(one(node, "[data-f=how]"), howItWent(alarm));
    },
  );
  return newest
    .filter((alarm) => alarm.kind === "physiological")
    .map((alarm) => Date.parse(alarm.began_at));
}
