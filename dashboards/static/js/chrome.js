/**
 * The line at the top of every staff page: clock, whether the page is live, whether what arrives is
 * kept, full screen, and the help for the keys. Also keeps all flashing in step.
 */

import { one, setData, setText, show } from "./dom.js";
import { elapsed, hms, say, weekday, whole } from "./text.js";

/** @typedef {import("./types.js").Recording} Recording */
/** @typedef {import("./types.js").Broker} Broker */
/** @typedef {import("./tile.js").PageState} PageState */

/** @param {string} name */
const part = (name) => one(document, `[data-top=${name}]`);

/**
 * @param {number} now epoch ms of the server
 * @param {PageState} page
 */
export function drawClock(now, page) {
  setText(part("time"), hms(now));
  setText(part("day"), weekday(now));
  setData(part("beat"), "page", page);
  setText(one(part("beat"), "span"), say(`page.${page}`));
}

/**
 * How long ago `since` was, or nothing when it is not known.
 * @param {string | null} since
 * @param {number} now
 */
const how = (since, now) => (since ? elapsed(now - Date.parse(since)) : "");

/**
 * Notices about the hub itself; none while all is well.
 * @param {Recording} recording
 * @param {Broker} broker
 * @param {number} now
 */
export function drawSystem(recording, broker, now) {
  const late = recording.state !== "ok";
  show(part("kept"), !late);
  show(part("recording"), late);
  if (late) {
    setData(part("recording"), "state", recording.state);
    setText(one(part("recording"), "[data-f=words]"), say(`recording.${recording.state}`));
    setText(one(part("recording"), "[data-f=since]"), how(recording.since, now));
    const waiting = say("recording.waiting", { n: whole(recording.waiting) });
    setText(one(part("recording"), "[data-f=waiting]"), waiting);
  }
  const lost = broker.state === "lost";
  show(part("broker"), lost);
  if (lost) setText(one(part("broker"), "[data-f=since]"), how(broker.since, now));
}

/** All flashes of one priority start at the same moment, also those that come later. */
function keepFlashesInStep() {
  document.addEventListener("animationstart", (event) => {
    if (!/^(flash|frame)/.test(event.animationName)) return;
    const target = /** @type {Element} */ (event.target);
    for (const each of target.getAnimations({ subtree: true })) {
      if (each instanceof CSSAnimation && /^(flash|frame)/.test(each.animationName))
        each.startTime = 0;
    }
  });
}

function offerFullScreen() {
  const button = part("full");
  show(button, document.fullscreenEnabled);
  button.addEventListener("click", () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen();
  });
}

/** Open the help for the keys, or close it. */
export function toggleKeys() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

/** Wire the parts of the top line that need no stream. */
export function startChrome() {
  keepFlashesInStep();
  offerFullScreen();
  part("keys").addEventListener("click", toggleKeys);
  for (const close of document.querySelectorAll("dialog [data-close]"))
    close.addEventListener("click", () => close.closest("dialog")?.close());
}
