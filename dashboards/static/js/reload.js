/**
 * Loads the page anew when the server has a newer one, but never while an alarm of high priority
 * is open, and never twice for the same version, so that a mistake cannot make a loop.
 */

const MARK = "reloaded-for";

export class Reload {
  #wanted = /** @type {string | null} */ (null);

  /**
   * The server says which version it serves.
   * @param {string} version
   */
  see(version) {
    const here = document.documentElement.dataset.version;
    const isNew = version !== here && sessionStorage.getItem(MARK) !== version;
    this.#wanted = isNew ? version : null;
  }

  /** @param {boolean} isCalm whether no alarm of high priority is open */
  tick(isCalm) {
    if (!this.#wanted || !isCalm) return;
    sessionStorage.setItem(MARK, this.#wanted);
    this.#wanted = null;
    location.reload();
  }
}
