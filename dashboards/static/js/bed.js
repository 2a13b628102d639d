/**
 * The page of one bed. Wires what works without a stream; where somebody lies on the bed, the live
 * part (`livebed.js`) does the rest. An empty bed has no stream.
 */

import { drawClock, startChrome, toggleKeys } from "./chrome.js";
import { one, setText } from "./dom.js";
import { LiveBed } from "./livebed.js";
import { dayAndTime, say } from "./text.js";

const admitted = /** @type {HTMLElement | null} */ (document.querySelector("[data-admitted]"));
if (admitted) {
  const time = dayAndTime(Date.parse(admitted.dataset.admitted ?? ""));
  setText(admitted, say("bed.admitted", { time }));
}
startChrome();
document.addEventListener("keydown", (event) => {
  if (event.key === "?") toggleKeys();
  if (event.key === "Escape" && !document.querySelector("dialog[open]"))
    one(document, "#back").click();
});
const main = document.getElementById("bed");
if (main) new LiveBed(main).start();
else drawClock(Date.now(), "connecting");
