/**
 * What time it is on the server, and for how long the stream has been silent.
 *
 * The computer of a wall screen may have any clock, so no age on a page comes from it. Each `at`
 * that arrives says "the server's clock was here, or is later by now"; the largest difference seen
 * in the last minute is the best estimate, and an event that was held up on the way is seen to be
 * old. The wall clock is used for one thing: `performance.now()` can stand still while a computer
 * sleeps, and a page that wakes up must not take its old numbers for new ones.
 */

const KEPT = 30;

export class ServerTime {
  /** @type {number[]} */
  #offsets = [];
  #newest = -Infinity;
  #wallThen = 0;

  /**
   * A beat or snapshot has come.
   * @param {string} at
   */
  mark(at) {
    const then = Date.parse(at);
    if (Number.isNaN(then)) return;
    this.#offsets.push(then - performance.now());
    if (this.#offsets.length > KEPT) this.#offsets.shift();
    this.#newest = then;
    this.#wallThen = Date.now();
  }

  /** Whether the server has said anything yet. */
  get known() {
    return this.#offsets.length > 0;
  }

  /** Epoch ms on the server's clock; the computer's own before the first event. */
  now() {
    if (!this.known) return Date.now();
    return performance.now() + Math.max(...this.#offsets);
  }

  /** When the server last spoke, epoch ms of its clock. */
  get lastAt() {
    return this.#newest;
  }

  /** Ms since the server last spoke, at least as long as any clock of ours says. */
  silence() {
    if (!this.known) return Infinity;
    return Math.max(this.now() - this.#newest, Date.now() - this.#wallThen);
  }
}
