/**
 * The unit's alarms above the beds: the worst at the left and largest, one card for each bed.
 * The bar keeps its height when there is none, so that the beds never move.
 */

import { SYMBOL, byUrgency, lineOf, worst } from "./alarms.js";
import { keepList, one, setData, setIcon, setText, show, stamp } from "./dom.js";
import { say, whole } from "./text.js";
import { fillTake, fillWords, ownerOf, sinceWhen } from "./tile.js";

/** @typedef {import("./types.js").Bed} Bed */
/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./ack.js").Acknowledger} Acknowledger */

const CARDS = 5;
/** More letters than these are drawn smaller, in a small card and in the first. */
const LONG_WORDS = 16;
const WIDE_WORDS = 12;

/**
 * The worst alarm of each bed, worst bed first.
 * @param {Bed[]} beds
 * @returns {Alarm[]}
 */
export const bedsToSee = (beds) =>
  beds
    .map((bed) => worst(bed.alarms))
    .filter((alarm) => alarm !== null)
    .sort(byUrgency);

/**
 * One alarm as a card or a line of the list.
 * @param {HTMLElement} node
 * @param {Alarm} alarm
 * @param {{acks: Acknowledger, now: number, long: boolean}} with_
 */
export function fillAlarm(node, alarm, { acks, now, long }) {
  setData(node, "priority", alarm.priority);
  setData(node, "alarm", alarm.state);
  setData(node, "progress", acks.progress(alarm.id));
  setText(one(node, "[data-f=symbol]"), alarm.state === "active" ? SYMBOL[alarm.priority] : "");
  setIcon(
    one(node, "[data-f=icon]"),
    { active: null, latched: "lock", acknowledged: "check" }[alarm.state],
  );
  setText(one(node, "[data-f=bed]"), alarm.label);
  fillWords(node, alarm);
  const { length } = lineOf(alarm);
  setData(node, "long", length > LONG_WORDS ? "" : null);
  setData(node, "wide", length > WIDE_WORDS ? "" : null);
  setText(one(node, "[data-f=since]"), sinceWhen(alarm, now));
  setText(one(node, "[data-f=patient]"), alarm.patient);
  setText(one(node, "[data-f=owner]"), ownerOf(alarm, acks));
  const button = /** @type {HTMLButtonElement} */ (one(node, "[data-f=take]"));
  fillTake(button, alarm, acks, long ? "long" : "short");
}

/**
 * @param {HTMLElement} bar
 * @param {{alarms: Alarm[], open: number, acks: Acknowledger, now: number, connecting: boolean}} with_
 *   alarms: the cards, worst first; open: how many alarms are open in all
 */
export function drawBar(bar, { alarms, open, acks, now, connecting }) {
  const cards = alarms.slice(0, CARDS);
  const list = one(bar, "[data-f=cards]");
  keepList(
    list,
    cards,
    (alarm) => alarm.id,
    () => stamp("card"),
    (node, alarm, index) => {
      node.classList.toggle("first", index === 0);
      fillAlarm(node, alarm, { acks, now, long: index === 0 });
    },
  );
  const calm = one(bar, "[data-f=calm]");
  show(calm, cards.length === 0);
  setData(calm, "connecting", connecting ? "" : null);
  setText(one(calm, "span"), say(connecting ? "page.connecting" : "alarms.none"));
  const more = one(bar, "[data-f=more]");
  show(more, open > cards.length);
  setText(one(more, "b"), `+${whole(open - cards.length)}`);
}

/**
 * The panel with every open alarm: active, over but not seen to, and taken.
 * @param {HTMLElement} panel
 * @param {{beds: Bed[], acks: Acknowledger, now: number}} with_
 */
export function drawPanel(panel, { beds, acks, now }) {
  const alarms = beds.flatMap((bed) => bed.alarms).sort(byUrgency);
  keepList(
    one(panel, "[data-f=lines]"),
    alarms,
    (alarm) => alarm.id,
    () => stamp("line"),
    (node, alarm) => fillAlarm(node, alarm, { acks, now, long: false }),
  );
  show(one(panel, "[data-f=nothing]"), alarms.length === 0);
}
