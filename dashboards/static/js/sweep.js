/**
 * Curves on canvas, drawn as a sweep: a bar runs from left to right and leaves the new curve.
 *
 * One animation frame serves the whole page and draws only the columns that are new. All beds sweep
 * in step. A lane that has had no sample for some seconds is wiped whole, so that no curve can
 * stand still and look alive.
 */

/** @typedef {import("./waves.js").Waves} Waves */
/** @typedef {{channel: string, ink: string, slow?: number}} Trace */

const BAR_PX = 16;
const DEAD_MS = 2500;
const ROOM = 0.08;

class Sweep {
  /** @type {Trace[]} */
  traces = [];
  bed = "";
  #canvas;
  #pen;
  #width = 0;
  #height = 0;
  #then = -Infinity;
  #rescaled = 0;
  /** When each trace last had a sample to draw. */
  #aliveAt = /** @type {Map<string, number>} */ (new Map());

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const pen = canvas.getContext("2d");
    if (!pen) throw new Error("no canvas");
    this.#canvas = canvas;
    this.#pen = pen;
  }

  /** Take the canvas' present size; what was drawn is drawn again from the store. */
  resize() {
    const ratio = devicePixelRatio || 1;
    this.#width = this.#canvas.clientWidth;
    this.#height = this.#canvas.clientHeight;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(this.#height * ratio);
    this.#pen.scale(ratio, ratio);
    this.#pen.lineJoin = this.#pen.lineCap = "round";
    this.#then = -Infinity;
  }

  /**
   * Show these traces, top to bottom, for this bed.
   * @param {string} bed
   * @param {Trace[]} traces
   */
  set(bed, traces) {
    const key = (/** @type {Trace[]} */ list) => list.map((trace) => trace.channel).join();
    if (bed === this.bed && key(traces) === key(this.traces)) return;
    this.bed = bed;
    this.traces = traces;
    this.wipe();
  }

  wipe() {
    this.#pen.clearRect(0, 0, this.#width, this.#height);
    this.#then = -Infinity;
    this.#aliveAt.clear();
  }

  /**
   * @param {Waves} waves
   * @param {number} now page time, ms
   * @param {number} speed CSS pixels a second
   */
  draw(waves, now, speed) {
    if (this.#width === 0 || this.#height === 0) return;
    const rescaled = this.traces.reduce(
      (sum, { channel }) => sum + (waves.playing(this.bed, channel)?.lane.rescaled ?? 0),
      0,
    );
    if (rescaled !== this.#rescaled) this.#then = -Infinity;
    this.#rescaled = rescaled;
    const then = Math.max(this.#then, now - ((this.#width - BAR_PX) / speed) * 1000);
    const height = this.#height / Math.max(1, this.traces.length);
    this.traces.forEach((trace, i) => {
      const pace = speed / (trace.slow ?? 1);
      const from = trace.slow ? Math.max(this.#then, now - (this.#width / pace) * 1000) : then;
      this.#clear(from, now, pace, i * height, height);
      if (this.#trace(waves, trace, from, now, pace, i * height, height))
        this.#aliveAt.set(trace.channel, now);
      else if (now - (this.#aliveAt.get(trace.channel) ?? now) > DEAD_MS) {
        this.#pen.clearRect(0, i * height, this.#width, height);
        this.#aliveAt.delete(trace.channel);
      }
    });
    this.#then = now;
  }

  /**
   * Wipe the columns to be drawn and the bar before them.
   * @param {number} from
   * @param {number} to
   * @param {number} pace
   * @param {number} top
   * @param {number} height
   */
  #clear(from, to, pace, top, height) {
    const x = ((from * pace) / 1000) % this.#width;
    const wide = ((to - from) * pace) / 1000 + BAR_PX;
    this.#pen.clearRect(x + 1.5, top, wide, height);
    if (x + wide > this.#width)
      this.#pen.clearRect(0, top, x + 1.5 + wide - this.#width, height);
  }

  /**
   * Draw one trace's new samples; false when it had none.
   * @param {Waves} waves
   * @param {Trace} trace
   * @param {number} from
   * @param {number} to
   * @param {number} pace
   * @param {number} top
   * @param {number} height
   */
  #trace(waves, trace, from, to, pace, top, height) {
    const playing = waves.playing(this.bed, trace.channel);
    if (!playing) return false;
    const { lane, offset } = playing;
    const step = 1000 / lane.rate;
    const span = lane.high - lane.low || 1;
    const first = Math.floor((from + offset) / step) - 1;
    const last = Math.floor((to + offset) / step);
    let before = Infinity;
    let drew = false;
    this.#pen.strokeStyle = trace.ink;
    this.#pen.beginPath();
    for (let n = first; n <= last; n++) {
      const value = lane.at(n);
      if (Number.isNaN(value)) {
        before = Infinity;
        continue;
      }
      const x = (((n * step - offset) * pace) / 1000) % this.#width;
      const y = top + height * (1 - ROOM - ((value - lane.low) / span) * (1 - 2 * ROOM));
      if (x < before) this.#pen.moveTo(x, y);
      else this.#pen.lineTo(x, y);
      before = x;
      drew = true;
    }
    this.#pen.stroke();
    return drew;
  }

  /** @param {number} px */
  thickness(px) {
    this.#pen.lineWidth = px;
  }
}

/** Draws all curves of a page in one animation loop. */
export class Painter {
  /** @type {Map<HTMLCanvasElement, Sweep>} */
  #sweeps = new Map();
  #waves;
  #pace;
  #scale = 1;
  #observer;

  /**
   * @param {Waves} waves
   * @param {number} pace CSS pixels a second at the design's size
   */
  constructor(waves, pace) {
    this.#waves = waves;
    this.#pace = pace;
    this.#observer = new ResizeObserver((changes) => {
      this.#scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 10;
      for (const change of changes) {
        const sweep = this.#sweeps.get(/** @type {HTMLCanvasElement} */ (change.target));
        sweep?.resize();
        sweep?.thickness(1.7 * this.#scale);
      }
    });
    const frame = () => {
      const now = performance.now();
      for (const sweep of this.#sweeps.values())
        if (sweep.traces.length > 0) sweep.draw(this.#waves, now, this.#pace * this.#scale);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /**
   * What a canvas shows; no traces wipes it.
   * @param {HTMLCanvasElement} canvas
   * @param {string} bed
   * @param {Trace[]} traces
   */
  show(canvas, bed, traces) {
    let sweep = this.#sweeps.get(canvas);
    if (!sweep) {
      sweep = new Sweep(canvas);
      this.#sweeps.set(canvas, sweep);
      this.#observer.observe(canvas);
    }
    sweep.set(bed, traces);
  }

  /** @param {HTMLCanvasElement} canvas */
  forget(canvas) {
    this.#sweeps.delete(canvas);
    this.#observer.unobserve(canvas);
  }
}

const styles = getComputedStyle(document.documentElement);
/** @param {string} token */
const ink = (token) => styles.getPropertyValue(token).trim();

/** What each curve is drawn in. */
export const TRACES = {
  ecg: { channel: "ecg_ii", ink: ink("--hr") },
  pleth: { channel: "pleth", ink: ink("--spo2") },
  resp: { channel: "resp", ink: ink("--rr") },
};
