// The last ten minutes of live figures, kept in this tab: a reload or a look at another page does not lose them.

/** In ms. */
export const LENGTH = 10 * 60 * 1000;
const SHORTEST = 2 * 60 * 1000;
const PLACE = "weir-live-history";

/** Moments, oldest first: `{ at, gpu, vllm, proxy }`, each source's last answer, or `null` while it was silent. */
export class History {
  #moments = load();

  constructor() {
    addEventListener("pagehide", () => save(this.#moments));
  }

  add(moment) {
    this.#moments.push(moment);
    const oldest = moment.at - LENGTH;
    // A clock that was set back would keep what lies in the future.
    this.#moments = this.#moments.filter(({ at }) => at >= oldest && at <= moment.at);
  }

  /** From when to when there is something to show: two minutes at least. */
  window() {
    const end = this.#moments.at(-1)?.at ?? Date.now();
    const start = Math.min(this.#moments[0]?.at ?? end, end - SHORTEST);
    return [start, end];
  }

  /**
   * A line per name: `figures(moment, moments)` gives pairs of a name and a figure of a moment among all. A moment
   * in which a line has no figure is a gap in it.
   */
  lines(figures) {
    const x = this.#moments.map(({ at }) => new Date(at));
    const lines = new Map();
    this.#moments.forEach((moment, index) => {
      for (const [name, value] of figures(moment, this.#moments)) {
        if (!lines.has(name)) lines.set(name, new Array(x.length).fill(null));
        lines.get(name)[index] = value ?? null;
      }
    });
    return [...lines].map(([name, y]) => ({ name, x, y }));
  }
}

function load() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return []; // Nothing is kept where the browser keeps nothing.
  }
}

function save(moments) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(moments));
  } catch {
    // Too much, or not allowed: then the history begins anew.
  }
}
