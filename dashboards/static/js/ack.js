/**
 * Taking an alarm: one request, and the truth about how it went.
 *
 * An alarm is never drawn as acknowledged before the server has said so. Until then it is "being
 * sent"; when that fails the alarm stays nobody's, the page says so and offers to try again.
 */

import { signIn } from "./stream.js";

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {"sending" | "network" | "refused" | "changed" | "server"} Progress */

const PATIENCE_MS = 8000;

/**
 * @param {number} status
 * @returns {Progress}
 */
function failure(status) {
  if (status === 404 || status === 409) return "changed";
  return status === 403 ? "refused" : "server";
}

export class Acknowledger {
  /** @type {Map<string, Progress>} */
  #progress = new Map();
  #changed;
  #taken;

  /**
   * @param {() => void} changed something to draw anew
   * @param {(alarm: Alarm) => void} taken the server's own word on the alarm
   */
  constructor(changed, taken) {
    this.#changed = changed;
    this.#taken = taken;
  }

  /**
   * @param {string} id
   * @returns {Progress | null}
   */
  progress(id) {
    return this.#progress.get(id) ?? null;
  }

  /**
   * Forget what is over: these alarms are the ones still to be taken.
   * @param {Set<string>} open
   */
  keepOnly(open) {
    for (const id of this.#progress.keys()) if (!open.has(id)) this.#progress.delete(id);
  }

  /** @param {Alarm} alarm */
  async take(alarm) {
    if (this.#progress.get(alarm.id) === "sending") return;
    this.#set(alarm.id, "sending");
    try {
      const answer = await this.#post(alarm.id);
      if (answer.status === 401) return signIn();
      if (!answer.ok) return this.#set(alarm.id, failure(answer.status));
      this.#taken(await answer.json());
      this.#progress.delete(alarm.id);
      this.#changed();
    } catch {
      this.#set(alarm.id, "network");
    }
  }

  /** @param {string} id */
  #post(id) {
    return fetch(`/api/v1/alarms/${encodeURIComponent(id)}/ack`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": document.documentElement.dataset.csrf ?? "",
      },
      body: "{}",
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }

  /**
   * @param {string} id
   * @param {Progress} progress
   */
  #set(id, progress) {
    this.#progress.set(id, progress);
    this.#changed();
  }
}
