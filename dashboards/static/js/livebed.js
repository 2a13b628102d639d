/**
 * One patient live: large curves and figures, every value, the open alarms, and the last hours.
 * The bed as last told is kept here; the whole page is drawn from it. When the stay's stream is
 * silent nothing may look alive, and when somebody else lies on the bed the page is loaded anew.
 */

import { Acknowledger } from "./ack.js";
import { byUrgency, lineOf, needsSomebody, worst } from "./alarms.js";
import { announce, tell } from "./announce.js";
import { drawBar } from "./bar.js";
import { drawBed } from "./bedview.js";
import { drawClock, drawSystem } from "./chrome.js";
import { one, setData, show } from "./dom.js";
import { Trends, loadHistory } from "./history.js";
import { drawLost } from "./lost.js";
import { Reload } from "./reload.js";
import { Stream } from "./stream.js";
import { Painter } from "./sweep.js";
import { say } from "./text.js";
import { Waves } from "./waves.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./types.js").Snapshot} Snapshot */
/** @typedef {import("./tile.js").PageState} PageState */

const TICK_MS = 500;
/** 25 mm a second on a screen of 96 dots an inch. */
const PACE_PX = 94.5;
const WAVE_SECONDS = 64;
const REFRESH_MS = 60_000;

export class LiveBed {
  /** @type {Bed | null} */
  #bed = null;
  /** @type {Pick<Snapshot, "recording" | "broker"> | null} */
  #system = null;
  #wasLost = false;
  #loadedAt = -Infinity;
  #id;
  #stay;
  #waves = new Waves(["ecg_ii", "pleth", "resp"], WAVE_SECONDS);
  #painter = new Painter(this.#waves, PACE_PX);
  #reload = new Reload();
  #trends;
  #acks = new Acknowledger(
    () => this.#draw(),
    (alarm) => this.#replaceAlarm(alarm),
  );
  #stream;

  /** @param {HTMLElement} main */
  constructor(main) {
    this.#id = main.dataset.bed ?? "";
    this.#stay = main.dataset.stay ?? "";
    this.#trends = new Trends(this.#stay);
    this.#stream = new Stream(main.dataset.stream ?? "", {
      snapshot: (snapshot) => {
        this.#system = snapshot;
        this.#reload.see(snapshot.version);
        this.#takeBeds(snapshot.beds);
      },
      patch: (patch) => this.#takeBeds(patch.beds),
      alarm: (event) => {
        announce(event);
        this.#refresh();
      },
      waves: (event) => this.#waves.take(event, performance.now()),
      beat: (beat) => {
        this.#system = beat;
        this.#draw();
      },
      version: ({ version }) => this.#reload.see(version),
    });
  }

  /** Listen to the person and begin to tick. */
  start() {
    for (const button of document.querySelectorAll("[data-hours]"))
      button.addEventListener("click", () => this.#choose(/** @type {HTMLElement} */ (button)));
    one(document, "#nochart button").addEventListener("click", () => void this.#load());
    document.addEventListener("click", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const button = /** @type {HTMLElement | null} */ (target.closest("button[data-alarm]"));
      const alarm = this.#bed?.alarms.find((each) => each.id === button?.dataset.alarm);
      if (alarm) void this.#acks.take(alarm);
    });
    document.addEventListener("keydown", (event) => {
      const isPlain = !(event.ctrlKey || event.metaKey || event.altKey);
      if (isPlain && event.key.toLowerCase() === "a") this.#takeWorst();
    });
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** @param {Bed[]} beds */
  #takeBeds(beds) {
    const mine = beds.find((each) => each.bed === this.#id);
    if (!mine) return;
    if (String(mine.stay?.id) !== this.#stay) return location.reload();
    this.#waves.keepOnly([mine.bed]);
    this.#bed = mine;
    this.#draw();
  }

  /** @param {Alarm} alarm the hub's answer to an acknowledgement */
  #replaceAlarm(alarm) {
    if (!this.#bed) return;
    const others = this.#bed.alarms.filter((each) => each.id !== alarm.id);
    const isOpen = alarm.state === "acknowledged" || alarm.ended_at === null;
    this.#bed = { ...this.#bed, alarms: isOpen ? [...others, alarm] : others };
    this.#refresh();
  }

  #takeWorst() {
    const alarm = worst(this.#bed?.alarms ?? []);
    if (alarm && needsSomebody(alarm) && this.#state() === "live") void this.#acks.take(alarm);
  }

  /** Fetch trends and past alarms again at the next tick. */
  #refresh() {
    this.#loadedAt = -Infinity;
  }

  /** @param {HTMLElement} button of a span of hours */
  #choose(button) {
    for (const each of document.querySelectorAll("[data-hours]"))
      each.setAttribute("aria-pressed", String(each === button));
    this.#trends.hours = Number(button.dataset.hours);
    void this.#trends.load(this.#stream.time.now());
  }

  /** @returns {PageState} */
  #state() {
    if (this.#system && !this.#stream.isSilent()) return "live";
    return this.#system || this.#stream.attempts > 0 ? "lost" : "connecting";
  }

  /**
   * @param {number} now
   * @param {PageState} page
   */
  #drawAlarms(now, page) {
    const alarms = [...(this.#bed?.alarms ?? [])].sort(byUrgency);
    this.#acks.keepOnly(new Set(alarms.filter(needsSomebody).map((each) => each.id)));
    const isLost = page === "lost";
    const bar = one(document, "#bar");
    const lost = one(document, "#lost");
    show(bar, !isLost);
    show(lost, isLost);
    const { attempts, time } = this.#stream;
    if (isLost) {
      const facts = { silence: time.silence(), lastAt: time.lastAt, attempts };
      drawLost(lost, { alarms: alarms.slice(0, 2), ...facts }, lineOf);
      return;
    }
    const connecting = !this.#system;
    drawBar(bar, { alarms, open: alarms.length, acks: this.#acks, now, connecting });
  }

  #draw() {
    const now = this.#stream.time.now();
    const page = this.#state();
    document.body.dataset.page = page;
    setData(document.documentElement, "live", page === "live" ? "" : null);
    drawClock(now, page);
    this.#drawAlarms(now, page);
    if (this.#bed) drawBed(this.#bed, { now, page, painter: this.#painter });
    if (this.#system) drawSystem(this.#system.recording, this.#system.broker, now);
  }

  async #load() {
    this.#loadedAt = performance.now();
    const now = this.#stream.time.now();
    this.#trends.limits = this.#bed?.values ?? {};
    this.#trends.marks = await loadHistory(this.#stay);
    await this.#trends.load(now);
  }

  #tick() {
    this.#stream.check();
    const isLost = this.#state() === "lost";
    if (isLost !== this.#wasLost) {
      this.#wasLost = isLost;
      if (isLost) this.#waves.clear();
      tell("urgent", say(isLost ? "page.lost" : "page.live"));
    }
    this.#draw();
    const isDue = performance.now() - this.#loadedAt > REFRESH_MS;
    if (this.#bed && !isLost && isDue) void this.#load();
    this.#reload.tick(isLost || !this.#bed?.alarms.some((each) => each.priority === "high"));
  }
}
