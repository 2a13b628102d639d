/**
 * One bed's tile: puts what is known of the bed on the page, and nothing that is not.
 *
 * A tile is drawn as a whole from the bed, the time and the state of the page; drawing it twice
 * changes nothing. Numbers go through `values.js`, which decides whether they may be seen.
 */

import { SYMBOL, byUrgency, needsSomebody, vitalName, wordsOf, worst } from "./alarms.js";
import { one, setAttribute, setData, setIcon, setText, show } from "./dom.js";
import { TRACES } from "./sweep.js";
import { NO_VALUE, elapsed, hm, hms, say, whole } from "./text.js";
import { isHeard, remark, shown, shownNumber, shownPressure } from "./values.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./ack.js").Acknowledger} Acknowledger */
/** @typedef {import("./sweep.js").Painter} Painter */
/** @typedef {import("./sweep.js").Trace} Trace */
/** @typedef {"large" | "medium" | "small"} Size */
/** @typedef {"connecting" | "live" | "lost"} PageState */
/**
 * @typedef {{
 *   now: number,
 *   page: PageState,
 *   lostAt: number,
 *   size: Size,
 *   acks: Acknowledger,
 *   painter: Painter,
 *   hasWave: (bed: string, channel: string) => boolean,
 * }} Scene
 */

const BATTERY_LOW = 25;
const LONG_WORDS = 17;

/**
 * What the tile is: an empty bed, one that waits for its monitor, one that is not heard, or live.
 * @param {Bed} bed
 * @param {Scene} scene
 */
function showing(bed, { now, page }) {
  const heard = isHeard(bed, now);
  if (!bed.stay && !heard && bed.alarms.length === 0) return "empty";
  if (page !== "live") return page;
  if (heard) return "live";
  if (!bed.device) return "nodevice";
  return bed.last_at === null || bed.device.link === "waiting" ? "waiting" : "stale";
}

/**
 * The curve that explains the alarm, where there is room for one only.
 * @param {Bed} bed
 * @param {Alarm | null} alarm
 * @param {Scene} scene
 * @returns {Trace[]}
 */
function tracesFor(bed, alarm, { size, hasWave }) {
  const { ecg, pleth, resp } = TRACES;
  if (size === "large") return [ecg, pleth, resp];
  if (!alarm) return size === "medium" ? [ecg, pleth] : [ecg];
  if (alarm.vital === "rr" && hasWave(bed.bed, "resp")) return [resp];
  return alarm.vital === "spo2" || alarm.rule === "leads_off" ? [pleth] : [ecg];
}

/**
 * Fill `node` with the alarm's words, its value the strongest.
 * @param {Element} node
 * @param {Alarm} alarm
 */
export function fillWords(node, alarm) {
  const words = wordsOf(alarm);
  setText(one(node, "[data-f=lead]"), words.lead);
  setText(one(node, "[data-f=value]"), words.value);
  setText(one(node, "[data-f=tail]"), words.tail);
}

/**
 * For how long, or, when it is over, since when.
 * @param {Alarm} alarm
 * @param {number} now
 */
export const sinceWhen = (alarm, now) =>
  alarm.state === "latched" && alarm.ended_at
    ? hm(Date.parse(alarm.ended_at))
    : elapsed(now - Date.parse(alarm.began_at));

/**
 * Who has it, in a few words: nobody, a name, over, or how the attempt to take it went.
 * @param {Alarm} alarm
 * @param {Acknowledger} acks
 */
export function ownerOf(alarm, acks) {
  const progress = acks.progress(alarm.id);
  if (progress) return say(`ack.${progress}`);
  if (alarm.state === "acknowledged") return alarm.by ?? say("alarm.taken");
  return say(alarm.state === "latched" ? "alarm.over" : "alarm.nobody");
}

/**
 * The button's word, and whether it can be pressed.
 * @param {HTMLButtonElement} button
 * @param {Alarm} alarm
 * @param {Acknowledger} acks
 * @param {"long" | "short"} length
 */
export function fillTake(button, alarm, acks, length) {
  const progress = acks.progress(alarm.id);
  const word =
    progress === "sending"
      ? "ack.sending"
      : progress
        ? "take.again"
        : `take.${alarm.state === "latched" ? "latched" : length}`;
  setText(button, say(word));
  button.disabled = progress === "sending";
  setData(button, "alarm", alarm.id);
  setAttribute(button, "aria-label", `${say(word)}: ${say("bed.named", { bed: alarm.label })}`);
  show(button, needsSomebody(alarm));
}

export class Tile {
  #node;

  /** @param {HTMLElement} node */
  constructor(node) {
    this.#node = node;
  }

  get node() {
    return this.#node;
  }

  /** @param {string} name */
  #f(name) {
    return one(this.#node, `[data-f=${name}]`);
  }

  /**
   * @param {Bed} bed
   * @param {Scene} scene
   */
  draw(bed, scene) {
    const state = showing(bed, scene);
    const alarm = worst(bed.alarms);
    setData(this.#node, "show", state);
    setData(this.#node, "alarm", alarm?.state ?? null);
    setData(this.#node, "priority", alarm?.priority ?? null);
    setData(this.#node, "kind", alarm?.kind ?? null);
    this.#drawWho(bed, state);
    this.#drawDevice(bed, state);
    this.#drawBanner(bed, alarm, scene);
    this.#drawValues(bed, state, scene.now);
    this.#drawGone(bed, state);
    const canvas = /** @type {HTMLCanvasElement} */ (one(this.#node, "canvas"));
    scene.painter.show(canvas, bed.bed, state === "live" ? tracesFor(bed, alarm, scene) : []);
  }

  /**
   * @param {Bed} bed
   * @param {string} state
   */
  #drawWho(bed, state) {
    const link = this.#f("label");
    setText(link, bed.label);
    setAttribute(link, "href", `/beds/${encodeURIComponent(bed.bed)}`);
    const name = bed.stay?.name ?? (state === "empty" ? "" : say("bed.unnamed"));
    setAttribute(link, "aria-label", [say("bed.named", { bed: bed.label }), name].join(", "));
    setText(this.#f("name"), name);
    const age = bed.stay?.age_band ? say("age", { age: bed.stay.age_band }) : "";
    const sex = bed.stay?.sex ? say(`sex.${bed.stay.sex}`) : "";
    setText(this.#f("age"), [age, sex].filter(Boolean).join(" · "));
  }

  /**
   * @param {Bed} bed
   * @param {string} state
   */
  #drawDevice(bed, state) {
    const { battery_percent: percent, charging, clock_off_s: off } = bed.device ?? {};
    const live = state === "live";
    const low = live && typeof percent === "number" && percent <= BATTERY_LOW && !charging;
    show(this.#f("battery"), low);
    if (low) setText(this.#f("percent"), `${whole(percent)} %`);
    const wrong = live && typeof off === "number";
    show(this.#f("clock"), wrong);
    if (wrong) setText(this.#f("off"), `${off > 0 ? "+" : ""}${whole(off)} s`);
  }

  /**
   * @param {Bed} bed
   * @param {Alarm | null} alarm
   * @param {Scene} scene
   */
  #drawBanner(bed, alarm, { acks, now, page, lostAt }) {
    const banner = this.#f("banner");
    show(banner, alarm !== null && page !== "connecting");
    if (!alarm) return;
    fillWords(banner, alarm);
    const words = wordsOf(alarm);
    const length = words.lead.length + words.value.length + words.tail.length;
    setData(banner, "long", length > LONG_WORDS ? "" : null);
    setText(this.#f("symbol"), alarm.state === "active" ? SYMBOL[alarm.priority] : "");
    setIcon(one(banner, ".ic"), { active: null, latched: "lock", acknowledged: "check" }[alarm.state]);
    const failed = acks.progress(alarm.id);
    setData(banner, "progress", failed);
    const lost = page === "lost";
    setText(this.#f("owner"), lost ? say("lost.asof", { time: hms(lostAt) }) : ownerOf(alarm, acks));
    setText(this.#f("since"), lost ? "" : sinceWhen(alarm, now));
    const others = bed.alarms.length - 1;
    setText(this.#f("others"), others > 0 ? `+${others}` : "");
    const button = /** @type {HTMLButtonElement} */ (this.#f("take"));
    fillTake(button, alarm, acks, "short");
    if (lost) show(button, false);
  }

  /**
   * @param {Bed} bed
   * @param {string} state
   * @param {number} now
   */
  #drawValues(bed, state, now) {
    const live = state === "live";
    const alarming = [...bed.alarms].filter((each) => each.state === "active").sort(byUrgency);
    const isPulse = shownNumber(bed, "hr", now) === null && shownNumber(bed, "pr", now) !== null;
    const pulse = live && isPulse ? "pr" : "hr";
    for (const [cell, vital] of [["hr", pulse], ["spo2", "spo2"], ["rr", "rr"], ["temp", "temp"]]) {
      this.#drawValue(String(cell), live ? shown(bed, String(vital), now) : NO_VALUE);
      const note = remark(bed, String(cell), now) || remark(bed, String(vital), now);
      setText(this.#f(`${cell}-note`), live ? note : "");
    }
    setText(this.#f("hr-name"), vitalName(pulse));
    this.#drawValue("bp", live ? shownPressure(bed, now) : NO_VALUE);
    setText(this.#f("bp-note"), live ? remark(bed, "nibp_sys", now) : "");
    for (const cell of ["hr", "spo2", "rr", "bp", "temp"]) {
      const vitals = { hr: ["hr", "pr"], bp: ["nibp_sys", "nibp_dia", "nibp_map"] }[cell] ?? [cell];
      const bad = live ? alarming.find((each) => each.vital && vitals.includes(each.vital)) : null;
      const limit = bad?.kind === "physiological" ? bad.priority : null;
      setData(one(this.#node, `[data-cell=${cell}]`), "bad", limit);
    }
  }

  /**
   * @param {string} cell
   * @param {string} text
   */
  #drawValue(cell, text) {
    const node = this.#f(cell);
    setText(node, text);
    node.classList.toggle("nil", text === NO_VALUE);
  }

  /**
   * @param {Bed} bed
   * @param {string} state
   */
  #drawGone(bed, state) {
    const gone = this.#f("gone");
    const words = {
      empty: say("bed.empty"),
      nodevice: say("bed.nodevice"),
      waiting: say("bed.waiting"),
      stale: bed.last_at ? say("bed.stale", { time: hms(Date.parse(bed.last_at)) }) : say("bed.waiting"),
    }[state];
    show(gone, words !== undefined);
    setText(gone, words ?? "");
  }
}
