/**
 * Lets so many through at once; the others wait their turn here, in memory, however many they are. Ten thousand pages that
 * connect again at one moment would else wait for a connection to the database until that gives them up.
 */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  async pass<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** Half of a pool's connections: requests over HTTP have the others. Who has passed must not pass again within. */
export const gate = new Gate(8);
