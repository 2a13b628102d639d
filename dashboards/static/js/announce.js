/**
 * Tells screen readers what happened, through two live regions of the page.
 * What is urgent interrupts; that somebody has taken an alarm does not.
 */

import { one } from "./dom.js";
import { spoken } from "./alarms.js";
import { say } from "./text.js";

/** @typedef {import("./types.js").AlarmEvent} AlarmEvent */

const KEPT = 4;
const URGENT = new Set(["raised", "worse", "returned"]);
const CALM = new Set(["acknowledged", "latched"]);

/**
 * @param {"urgent" | "calm"} region
 * @param {string} text
 */
export function tell(region, text) {
  const list = one(document, `[data-live-region=${region}]`);
  const line = document.createElement("p");
  line.textContent = text;
  list.append(line);
  while (list.children.length > KEPT) list.firstElementChild?.remove();
}

/** @param {AlarmEvent} happened */
export function announce({ event, alarm }) {
  if (URGENT.has(event)) tell(alarm.priority === "low" ? "calm" : "urgent", spoken(alarm));
  else if (CALM.has(event))
    tell("calm", `${spoken(alarm)}. ${say(`spoken.${event}`, { who: alarm.by ?? "" })}`);
}
