/**
 * Every word, number and time a page shows, in the page's language.
 *
 * Words come from the server (`<script id="strings">`, made from the gettext catalogues); this
 * module must never hold a word of its own. Times are the hospital's: the zone the server names,
 * or else the zone of the screen's computer.
 */

const root = document.documentElement;
/** @type {Record<string, string>} */
const words = JSON.parse(document.getElementById("strings")?.textContent ?? "{}");
const language = root.lang || "vi";
/** English as hospitals write it outside the United States: the day before the month. */
const locale = language === "en" ? "en-GB" : language;
const zone = root.dataset.timezone ? { timeZone: root.dataset.timezone } : {};
const hourOnly = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

const plural = new Intl.PluralRules(language);
const wholeNumber = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const clock = new Intl.DateTimeFormat(locale, { ...hourOnly, ...zone, second: "2-digit" });
const minute = new Intl.DateTimeFormat(locale, { ...hourOnly, ...zone });
const day = new Intl.DateTimeFormat(locale, {
  ...zone,
  weekday: "short",
  day: "2-digit",
  month: "2-digit",
});
const dayMinute = new Intl.DateTimeFormat(locale, {
  ...hourOnly,
  ...zone,
  day: "2-digit",
  month: "2-digit",
});

export const NO_VALUE = "–?–";

/** @param {string} key */
export const knows = (key) => key in words;

/**
 * The text for `key`, with `{name}` filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [parts]
 */
export function say(key, parts = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (hole, name) => String(parts[name] ?? hole));
}

/**
 * "1 bed", "16 beds": the right plural form of `key`.
 * @param {string} key
 * @param {number} n
 */
export function count(key, n) {
  const form = plural.select(n) === "one" ? "one" : "other";
  return say(`${key}.${form}`, { n: wholeNumber.format(n) });
}

/** A whole number or one with a decimal, as the vital sign is usually read. */
const WITH_TENTHS = new Set(["temp", "temp2", "pi", "st_ii"]);

/**
 * @param {string} vital
 * @param {number} value
 */
export const figure = (vital, value) =>
  (WITH_TENTHS.has(vital) ? tenths : wholeNumber).format(value);

/** @param {number} value */
export const whole = (value) => wholeNumber.format(value);

/** @param {number} at epoch ms */
export const hms = (at) => clock.format(at);
/** @param {number} at epoch ms */
export const hm = (at) => minute.format(at);
/** @param {number} at epoch ms */
export const weekday = (at) => day.format(at);
/** @param {number} at epoch ms */
export const dayAndTime = (at) => dayMinute.format(at);

/**
 * A time that went by: `0:42`, `12:05`, `3h07` from an hour on.
 * @param {number} ms
 */
export function elapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}`;
}
