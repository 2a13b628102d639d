/**
 * Alarms as the pages speak of them: which is worst, and what to call it.
 *
 * An alarm's words are put together here from its rule, vital sign and side, so that they follow
 * the page's language; only a text that came from the monitor itself is shown as it is.
 */

import { figure, knows, say } from "./text.js";

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {{lead: string, value: string, tail: string}} Words */

const PRIORITY = { high: 0, medium: 1, low: 2 };
const STATE = { active: 0, latched: 1, acknowledged: 2 };
const KIND = { physiological: 0, technical: 1 };

export const SYMBOL = { high: "!!!", medium: "!!", low: "!" };

/**
 * Who must be seen first: what nobody has taken comes before what somebody has, then the worse,
 * then what still goes on, then the patient before the cable, then what has waited longest.
 * @param {Alarm} a
 * @param {Alarm} b
 */
export function byUrgency(a, b) {
  return (
    Number(a.state === "acknowledged") - Number(b.state === "acknowledged") ||
    PRIORITY[a.priority] - PRIORITY[b.priority] ||
    STATE[a.state] - STATE[b.state] ||
    KIND[a.kind] - KIND[b.kind] ||
    Date.parse(a.began_at) - Date.parse(b.began_at) ||
    (a.id < b.id ? -1 : 1)
  );
}

/**
 * The one alarm a tile speaks of.
 * @param {Alarm[]} alarms
 * @returns {Alarm | null}
 */
export const worst = (alarms) => [...alarms].sort(byUrgency)[0] ?? null;

/** @param {Alarm} alarm */
export const needsSomebody = (alarm) => alarm.state !== "acknowledged";

/** @param {string} vital */
export const vitalName = (vital) =>
  knows(`vital.${vital}`) ? say(`vital.${vital}`) : vital.replaceAll("_", " ");

/** @param {Alarm} alarm */
function named(alarm) {
  if (alarm.rule.startsWith("monitor:")) {
    const key = `monitor.${alarm.rule.slice("monitor:".length)}`;
    return knows(key) ? say(key) : alarm.text || say("alarm.unnamed");
  }
  const withVital = `alarm.${alarm.rule}.vital`;
  if (alarm.vital && knows(withVital)) return say(withVital, { vital: vitalName(alarm.vital) });
  const key = `alarm.${alarm.rule}`;
  return knows(key) ? say(key) : alarm.text || say("alarm.unnamed");
}

/**
 * The alarm in a few words; the value apart, so that it can be drawn stronger.
 * @param {Alarm} alarm
 * @returns {Words}
 */
export function wordsOf(alarm) {
  const { vital, side, value, limit } = alarm;
  if (!vital || !side || limit === null || alarm.kind === "technical")
    return { lead: named(alarm), value: "", tail: "" };
  return {
    lead: vitalName(vital),
    value: value === null ? "" : figure(vital, value),
    tail: `${side === "low" ? "<" : ">"} ${figure(vital, limit)}`,
  };
}

/**
 * The same as one line.
 * @param {Alarm} alarm
 */
export function lineOf(alarm) {
  const { lead, value, tail } = wordsOf(alarm);
  return [lead, value, tail].filter(Boolean).join(" ");
}

/**
 * For a voice: bed, priority, what, and who has it.
 * @param {Alarm} alarm
 */
export function spoken(alarm) {
  const { vital, side, value, limit } = alarm;
  const what =
    vital && side && limit !== null && value !== null && alarm.kind === "physiological"
      ? say(side === "low" ? "spoken.below" : "spoken.above", {
          vital: vitalName(vital),
          value: figure(vital, value),
          limit: figure(vital, limit),
        })
      : lineOf(alarm);
  return say("spoken.alarm", {
    bed: alarm.label,
    priority: say(`priority.${alarm.priority}`),
    what,
  });
}
