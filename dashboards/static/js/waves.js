/**
 * The last seconds of every waveform, and the moment each bed is being played at.
 *
 * Blocks come about once a second and a curve must move all the time, so each bed is played a
 * little late: by one block and a margin, and by more where blocks come unevenly. A lane is a ring
 * of fixed size; what was not sent is NaN in it and is drawn as a gap. Only the channels a page
 * draws are kept, so memory is bounded by the number of beds.
 */

/** @typedef {import("./types.js").WavesEvent} WavesEvent */
/** @typedef {import("./types.js").WaveBlock} WaveBlock */

const MARGIN_MS = 300;
const MARGIN_MAX_MS = 1200;
const LEAD_MIN_MS = 40;
const LEAD_SLACK_MS = 1500;
const JOIN_S = 0.05;
const RANGE_S = 8;
const RESCALE = 0.1;
const MOST_RATE = 1000;
/** The smallest height a lane spans, so that a flat line is drawn flat and not as loud noise. */
const LEAST_SPAN = /** @type {Record<string, number | undefined>} */ ({ ecg_ii: 1.2 });

export class Lane {
  /** Number of the sample after the newest, counted from the epoch at `rate`. */
  end = 0;
  low = 0;
  high = 0;
  /** Grows when the scale has changed so much that what is on the screen must be drawn again. */
  rescaled = 0;
  #ring;
  /** @type {[number, number, number][]} lowest, highest, seconds of the last blocks */
  #extremes = [];
  #leastSpan;
  #tallest = 0;

  /**
   * @param {string} channel
   * @param {number} rate samples a second
   * @param {number} seconds how much is kept
   */
  constructor(channel, rate, seconds) {
    this.rate = rate;
    this.#ring = new Float32Array(Math.ceil(rate * seconds)).fill(NaN);
    this.#leastSpan = LEAST_SPAN[channel] ?? 0;
  }

  /**
   * The sample with this number, NaN when it was not sent or is no longer kept.
   * @param {number} n
   */
  at(n) {
    if (n >= this.end || n < this.end - this.#ring.length) return NaN;
    return this.#ring[n % this.#ring.length] ?? NaN;
  }

  /**
   * @param {number} t epoch ms of the first sample
   * @param {Int16Array} counts
   * @param {number} scale
   */
  write(t, counts, scale) {
    let n = Math.round((t / 1000) * this.rate);
    if (Math.abs(n - this.end) <= JOIN_S * this.rate) n = this.end;
    const size = this.#ring.length;
    if (n > this.end) {
      for (let i = Math.max(this.end, n - size); i < n; i++) this.#ring[i % size] = NaN;
    }
    for (let i = 0; i < counts.length; i++) this.#ring[(n + i) % size] = (counts[i] ?? 0) * scale;
    this.end = Math.max(this.end, n + counts.length);
    this.#fit(counts, scale);
  }

  /**
   * Grow at once to hold what came; shrink slowly towards what the last seconds held.
   * @param {Int16Array} counts
   * @param {number} scale
   */
  #fit(counts, scale) {
    if (counts.length === 0) return;
    let low = Infinity;
    let high = -Infinity;
    for (const count of counts) {
      if (count < low) low = count;
      if (count > high) high = count;
    }
    this.#extremes.push([low * scale, high * scale, counts.length / this.rate]);
    let held = this.#extremes.reduce((sum, [, , seconds]) => sum + seconds, 0);
    while (this.#extremes.length > 1 && held > RANGE_S) held -= this.#extremes.shift()?.[2] ?? 0;
    this.#aim(
      Math.min(...this.#extremes.map((each) => each[0])),
      Math.max(...this.#extremes.map((each) => each[1])),
    );
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  #aim(low, high) {
    this.#tallest = Math.max(high - low, this.#tallest * 0.995);
    const least = Math.max(this.#leastSpan, this.#tallest * 0.2, Number.EPSILON);
    const lack = Math.max(0, least - (high - low));
    const to = { low: low - lack * 0.3, high: high + lack * 0.7 };
    const isFirst = this.low === this.high;
    const span = this.high - this.low;
    const growth = Math.max(this.low - to.low, to.high - this.high);
    if (isFirst || growth > span * RESCALE) this.rescaled += 1;
    this.low = isFirst || to.low < this.low ? to.low : this.low + (to.low - this.low) * 0.1;
    this.high = isFirst || to.high > this.high ? to.high : this.high + (to.high - this.high) * 0.1;
  }
}

/**
 * Little-endian 16-bit counts from base64; null when it is not that.
 * @param {string} text
 * @returns {Int16Array | null}
 */
function decode(text) {
  let bytes;
  try {
    bytes = atob(text);
  } catch {
    return null;
  }
  const counts = new Int16Array(bytes.length >> 1);
  for (let i = 0; i < counts.length; i++) {
    const pair = bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
    counts[i] = (pair << 16) >> 16;
  }
  return counts;
}

class BedWaves {
  /** @type {Map<string, Lane>} */
  lanes = new Map();
  /** Sample time minus page time, ms: where the bed is being played. Null: nothing yet. */
  offset = /** @type {number | null} */ (null);
  #margin = MARGIN_MS;

  /**
   * Keep playing evenly; only when the store runs dry or piles up is the needle set anew.
   * @param {number} end epoch ms of the newest sample
   * @param {number} length ms of the block
   * @param {number} now page time, ms
   */
  anchor(end, length, now) {
    const want = length + this.#margin;
    if (this.offset !== null) {
      const lead = end - now - this.offset;
      if (lead >= LEAD_MIN_MS && lead <= want + LEAD_SLACK_MS) return;
      if (lead < LEAD_MIN_MS) this.#margin = Math.min(this.#margin * 1.5, MARGIN_MAX_MS);
    }
    this.offset = end - length - this.#margin - now;
  }
}

export class Waves {
  /** @type {Map<string, BedWaves>} */
  #beds = new Map();
  #channels;
  #seconds;

  /**
   * @param {string[]} channels the channels the page draws; others are not kept
   * @param {number} seconds how much of each is kept
   */
  constructor(channels, seconds) {
    this.#channels = new Set(channels);
    this.#seconds = seconds;
  }

  /**
   * Only these beds exist; the curves of others are forgotten.
   * @param {Iterable<string>} beds
   */
  keepOnly(beds) {
    const wanted = new Set(beds);
    for (const bed of this.#beds.keys()) if (!wanted.has(bed)) this.#beds.delete(bed);
    for (const bed of wanted) if (!this.#beds.has(bed)) this.#beds.set(bed, new BedWaves());
  }

  /**
   * Forget one bed's samples: somebody else lies there now.
   * @param {string} bed
   */
  forget(bed) {
    if (this.#beds.has(bed)) this.#beds.set(bed, new BedWaves());
  }

  /** Forget every sample: the page is not live. */
  clear() {
    for (const bed of this.#beds.keys()) this.#beds.set(bed, new BedWaves());
  }

  /**
   * @param {WavesEvent} event
   * @param {number} now page time, ms
   */
  take(event, now) {
    const bed = this.#beds.get(event.bed);
    if (!bed) return;
    let length = 0;
    for (const [channel, block] of Object.entries(event.w)) {
      if (this.#channels.has(channel))
        length = Math.max(length, this.#write(bed, channel, event.t, block));
    }
    if (length > 0) bed.anchor(event.t + length, length, now);
  }

  /**
   * @param {BedWaves} bed
   * @param {string} channel
   * @param {number} t
   * @param {WaveBlock} block
   * @returns {number} ms of curve
   */
  #write(bed, channel, t, block) {
    const counts = decode(block.data);
    if (!counts || !(block.rate > 0 && block.rate <= MOST_RATE)) return 0;
    let lane = bed.lanes.get(channel);
    if (lane?.rate !== block.rate) {
      lane = new Lane(channel, block.rate, this.#seconds);
      bed.lanes.set(channel, lane);
    }
    lane.write(t, counts, block.scale);
    return (counts.length / block.rate) * 1000;
  }

  /**
   * @param {string} bed
   * @param {string} channel
   * @returns {{lane: Lane, offset: number} | null}
   */
  playing(bed, channel) {
    const held = this.#beds.get(bed);
    const lane = held?.lanes.get(channel);
    return held && lane && held.offset !== null ? { lane, offset: held.offset } : null;
  }
}
