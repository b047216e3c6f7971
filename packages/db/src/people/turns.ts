/** As many wait as may; try again after some seconds. */
export class TooBusy extends Error {
  constructor(waiting: number) {
    super(`too busy: ${waiting} wait already; try again in some seconds`);
    this.name = 'TooBusy';
  }
}

/** Lets some work at once and some wait; who comes then is refused. */
export class Turns {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #working = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Does `work` when it is its turn; throws TooBusy where too many wait for theirs. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working < this.#atOnce) this.#working++;
    else if (this.#waiting.length >= this.#mostWaiting) throw new TooBusy(this.#waiting.length);
    // Whoever ends hands its place on, so nobody who comes in between takes it.
    else await new Promise<void>((turn) => this.#waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#working--;
    }
  }
}
