// Doing something again and again, while somebody looks.

/** Calls `work` every `pause` ms, counted from its end; rests while the tab is hidden, or after `rest`. */
export class Poll {
  #pause;
  #work;
  #timer = null;
  #busy = false;
  #resting = false;

  constructor(pause, work) {
    this.#pause = pause;
    this.#work = work;
    document.addEventListener("visibilitychange", () => this.#next(0));
  }

  start() {
    this.#resting = false;
    this.#next(0);
  }

  rest() {
    this.#resting = true;
    clearTimeout(this.#timer);
  }

  #next(pause) {
    clearTimeout(this.#timer);
    if (this.#resting || this.#busy || document.hidden) return;
    this.#timer = setTimeout(() => this.#turn(), pause);
  }

  async #turn() {
    this.#busy = true;
    try {
      await this.#work();
    } finally {
      this.#busy = false;
      this.#next(this.#pause);
    }
  }
}
