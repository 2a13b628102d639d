/**
 * The page when its stream is dead: it says so, for how long, what to do, and where to go first.
 * The order of the beds is the last one known, with the time of that knowledge beside it.
 */

import { keepList, one, setData, setText, show } from "./dom.js";
import { bedsToSee } from "./bar.js";
import { elapsed, hms, say } from "./text.js";

/** @typedef {import("./types.js").Bed} Bed */

const FIRST = 6;

/**
 * @param {HTMLElement} banner
 * @param {{beds: Bed[], silence: number, lastAt: number, attempts: number}} with_
 */
export function drawLost(banner, { beds, silence, lastAt, attempts }) {
  const known = Number.isFinite(silence);
  setText(one(banner, "[data-f=silence]"), known ? elapsed(silence) : "");
  setText(one(banner, "[data-f=attempts]"), say("lost.attempt", { n: Math.max(1, attempts) }));
  const order = bedsToSee(beds).slice(0, FIRST);
  show(one(banner, "[data-f=first]"), order.length > 0);
  if (known) setText(one(banner, "[data-f=asof]"), say("lost.first", { time: hms(lastAt) }));
  keepList(
    one(banner, "[data-f=order]"),
    order,
    (alarm) => alarm.bed,
    () => document.createElement("li"),
    (node, alarm) => {
      setText(node, alarm.label);
      setData(node, "priority", alarm.priority);
      setData(node, "alarm", alarm.state);
    },
  );
}
