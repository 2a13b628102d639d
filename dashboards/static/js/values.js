/**
 * Whether a value may be shown, decided by the page itself.
 *
 * The server says how fresh a value is, and is believed when it says "stale". It is not believed
 * when it says nothing: every value's age is reckoned again against the server's clock, and what is
 * too old is blanked even when no event ever says so. The limits are a little above the server's
 * own, so that this is the second line of defence and not a second opinion.
 */

import { NO_VALUE, elapsed, figure, hm, say } from "./text.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Value} Value */

const GRACE_MS = 2000;
const CONTINUOUS_MS = 10_000;
const AGEING_MS = 5000;
const HOUR_MS = 3_600_000;

/** How long a value measured now and then may be shown, by vital sign. */
const EPISODIC_MS = /** @type {Record<string, number | undefined>} */ ({
  nibp_sys: HOUR_MS,
  nibp_dia: HOUR_MS,
  nibp_map: HOUR_MS,
  temp: 4 * HOUR_MS,
  temp2: 4 * HOUR_MS,
});

const NO_READING = new Set(["sensor_off", "leads_off", "calibrating", "demo"]);
const DOUBTFUL = new Set(["motion", "artifact", "low_perfusion"]);

/** @param {string} vital */
export const isEpisodic = (vital) => EPISODIC_MS[vital] !== undefined;

/**
 * @param {string} vital
 * @param {string} at
 * @param {number} now epoch ms of the server
 */
function isTooOld(vital, at, now) {
  const age = now - Date.parse(at);
  return !(age <= (EPISODIC_MS[vital] ?? CONTINUOUS_MS) + GRACE_MS);
}

/**
 * Whether the bed's monitor is being heard at all: nothing may be shown of a bed that is not.
 * @param {Bed} bed
 * @param {number} now
 */
export function isHeard(bed, now) {
  if (!bed.live || !bed.last_at) return false;
  return now - Date.parse(bed.last_at) <= CONTINUOUS_MS + GRACE_MS;
}

/**
 * The value as a number if it may be shown, else null.
 * @param {Bed} bed
 * @param {string} vital
 * @param {number} now
 */
export function shownNumber(bed, vital, now) {
  const value = bed.values[vital];
  if (!value || value.v === null || value.f === "stale" || NO_READING.has(value.q)) return null;
  if (!isHeard(bed, now) || isTooOld(vital, value.at, now)) return null;
  return value.v;
}

/**
 * @param {Bed} bed
 * @param {string} vital
 * @param {number} now
 */
export function shown(bed, vital, now) {
  const number = shownNumber(bed, vital, now);
  return number === null ? NO_VALUE : figure(vital, number);
}

/**
 * `128/76`; one unknown side makes the whole unknown.
 * @param {Bed} bed
 * @param {number} now
 */
export function shownPressure(bed, now) {
  const sys = shownNumber(bed, "nibp_sys", now);
  const dia = shownNumber(bed, "nibp_dia", now);
  if (sys === null || dia === null) return NO_VALUE;
  return `${figure("nibp_sys", sys)}/${figure("nibp_dia", dia)}`;
}

/**
 * The few words beside a value's name: when it was measured, why there is none, or a doubt.
 * @param {Bed} bed
 * @param {string} vital
 * @param {number} now
 */
export function remark(bed, vital, now) {
  const value = bed.values[vital];
  if (!value) return isEpisodic(vital) ? say("value.never") : "";
  if (NO_READING.has(value.q) || DOUBTFUL.has(value.q)) return say(`quality.${value.q}`);
  const at = Date.parse(value.at);
  if (isEpisodic(vital)) return hm(at);
  const age = now - at;
  if (shownNumber(bed, vital, now) !== null && (value.f === "ageing" || age > AGEING_MS + GRACE_MS))
    return elapsed(age);
  return "";
}
