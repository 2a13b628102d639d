/**
 * The station by keyboard: arrows walk over the beds, A takes the worst alarm of the bed that has
 * the focus, ? shows the keys. Enter opens the bed because the focus is on its link.
 */

import { toggleKeys } from "./chrome.js";

/**
 * The link of the nearest tile in the direction (dx, dy).
 * @param {HTMLElement[]} tiles
 * @param {HTMLElement} from
 * @param {number} dx
 * @param {number} dy
 */
function neighbour(tiles, from, dx, dy) {
  const here = from.getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const tile of tiles) {
    const there = tile.getBoundingClientRect();
    const x = (there.left - here.left) / here.width;
    const y = (there.top - here.top) / here.height;
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (ahead < 0.5 || ahead + 4 * aside >= least) continue;
    least = ahead + 4 * aside;
    best = tile;
  }
  return best;
}

const STEP = /** @type {Record<string, [number, number] | undefined>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});

/**
 * @param {HTMLElement} grid
 * @param {(bed: string) => void} take
 */
export function startKeys(grid, take) {
  const tiles = () =>
    /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(".tile")]).filter((tile) => !tile.hidden);
  const focused = () =>
    /** @type {HTMLElement | null} */ (document.activeElement?.closest(".tile") ?? null);

  /** @param {HTMLElement | null} tile */
  const focus = (tile) => /** @type {HTMLElement | null} */ (tile?.querySelector("a"))?.focus();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "?") return toggleKeys();
    if (document.querySelector("dialog[open]")) return;
    const step = STEP[event.key];
    const here = focused();
    if (step && (here || document.activeElement === document.body)) {
      focus(here ? neighbour(tiles(), here, ...step) : (tiles()[0] ?? null));
      event.preventDefault();
    }
    if (event.key.toLowerCase() === "a" && here?.dataset.bed) take(here.dataset.bed);
  });
}
