/**
 * The page's one EventSource: hands events on, notices when the stream is dead, and comes back.
 *
 * After any error or silence the source is closed and a new one opened after a growing pause; the
 * first event is a snapshot, so nothing has to be remembered across the gap. A session that has
 * ended leads to the login page. This module draws nothing and keeps no state of the ward.
 */

import { ServerTime } from "./servertime.js";

export const SILENT_MS = 6000;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];
const PATIENCE = 2;
const MARK = "reloaded-after-refusal";
const EVENTS = /** @type {const} */ (["snapshot", "patch", "alarm", "waves", "beat", "version"]);

/** Leave for the login page, to come back here afterwards. */
export function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

/**
 * A hub that is there but gives no stream has something else to say (the stay is over, the right is
 * gone): the page itself will tell. At most once a minute, so that it cannot become a loop.
 */
function mayReload() {
  const then = Number(sessionStorage.getItem(MARK) ?? 0);
  if (Math.abs(Date.now() - then) < 60_000) return false;
  sessionStorage.setItem(MARK, String(Date.now()));
  return true;
}

export class Stream {
  time = new ServerTime();
  /** How many times in a row the stream was tried again. */
  attempts = 0;
  #url;
  #take;
  /** @type {EventSource | null} */
  #source = null;
  #openedAt = 0;
  #waiting = false;
  /** Times in a row that the server answered with something else than a stream. */
  #refusals = 0;

  /**
   * @param {string} url
   * @param {Partial<Record<typeof EVENTS[number], (data: any) => void>>} take what to do with each event
   */
  constructor(url, take) {
    this.#url = url;
    this.#take = take;
    this.#open();
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#openedAt = performance.now();
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => this.#receive(source, name, event.data));
    }
    source.onerror = () => {
      this.#refusals = source.readyState === EventSource.CLOSED ? this.#refusals + 1 : 0;
      this.#again();
    };
  }

  /**
   * @param {EventSource} source
   * @param {typeof EVENTS[number]} name
   * @param {string} text
   */
  #receive(source, name, text) {
    if (source !== this.#source) return;
    const data = JSON.parse(text);
    if (name === "snapshot" || name === "beat") this.time.mark(data.at);
    if (name === "snapshot") this.attempts = this.#refusals = 0;
    this.#take[name]?.(data);
  }

  /** Called by the page's tick: a stream that says nothing is opened anew. */
  check() {
    const sinceOpen = performance.now() - this.#openedAt;
    if (!this.#waiting && sinceOpen > SILENT_MS && this.isSilent()) this.#again();
  }

  /** Whether nothing on the page may be taken for live. */
  isSilent() {
    return this.time.silence() > SILENT_MS;
  }

  #again() {
    this.#source?.close();
    this.#source = null;
    if (this.#waiting) return;
    this.#waiting = true;
    const pause = PAUSES_MS[Math.min(this.attempts, PAUSES_MS.length - 1)] ?? 15000;
    this.attempts += 1;
    setTimeout(() => void this.#reopen(), pause * (0.8 + 0.4 * Math.random()));
  }

  async #reopen() {
    this.#waiting = false;
    try {
      const answer = await fetch("/api/v1/units", { cache: "no-store", redirect: "manual" });
      if (answer.status === 401) signIn();
      else if (answer.ok && this.#refusals >= PATIENCE && mayReload()) location.reload();
      else this.#open();
    } catch {
      this.#again();
    }
  }
}
