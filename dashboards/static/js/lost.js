/**
 * The page when its stream is dead: it says so, for how long, what to do, and where to go first.
 * The order of the beds is the last one known, with the time of that knowledge beside it.
 */

import { keepList, one, setData, setText, show } from "./dom.js";
import { elapsed, hms, say } from "./text.js";

/** @typedef {import("./types.js").Alarm} Alarm */

const FIRST = 6;

/**
 * @param {HTMLElement} banner
 * @param {{alarms: Alarm[], silence: number, lastAt: number, attempts: number}} with_
 * @param {(alarm: Alarm) => string} words what to call an alarm here
 */
export function drawLost(banner, { alarms, silence, lastAt, attempts }, words) {
  const known = Number.isFinite(silence);
  setText(one(banner, "[data-f=silence]"), known ? elapsed(silence) : "");
  setText(one(banner, "[data-f=attempts]"), say("lost.attempt", { n: Math.max(1, attempts) }));
  const order = alarms.slice(0, FIRST);
  show(one(banner, "[data-f=first]"), order.length > 0);
  if (known) setText(one(banner, "[data-f=asof]"), say("lost.first", { time: hms(lastAt) }));
  keepList(
    one(banner, "[data-f=order]"),
    order,
    (alarm) => alarm.id,
    () => document.createElement("li"),
    (node, alarm) => {
      setText(node, words(alarm));
      setData(node, "priority", alarm.priority);
      setData(node, "alarm", alarm.state);
    },
  );
}
