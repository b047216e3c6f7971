import { networkOf } from '@smallbatch/db';

export interface SignInGateLimits {
  /** How long a refusal is held back: by chance between these, as many that are told at once would all try again at once. */
  readonly holdMs: readonly [number, number];
  /** Refusals that are held back at once; who comes then gets no answer. */
  readonly held: number;
  /** How long it is remembered that an address is over its limit, before the database is asked again. */
  readonly knownMs: number;
  /** Sign-ins of one address that are looked at at once. */
  readonly atOnce: number;
}
export const SIGN_IN_LIMITS: SignInGateLimits = {
  holdMs: [1_000, 3_000],
  held: 1_000,
  knownMs: 10_000,
  atOnce: 10,
};

/**
 * Stands before sign-in, so that a flood of it costs the others nothing. An address that is over its limit is refused without a
 * statement and slowly: whoever waits for an answer before the next try cannot try faster. And nobody has all turns at stretching.
 */
export class SignInGate {
  readonly #limits: SignInGateLimits;
  readonly #over = new Map<string, { readonly until: number; readonly askAgain: number }>();
  readonly #inside = new Map<string, number>();
  readonly #lines = new Map<string, Promise<unknown>>();
  #held = 0;

  constructor(limits: SignInGateLimits = SIGN_IN_LIMITS) {
    this.#limits = limits;
  }

  /** Seconds for which an address is known to be over its limit. */
  secondsLeft(address: string): number | undefined {
    const network = networkOf(address);
    const known = this.#over.get(network);
    if (!known) return undefined;
    const now = Date.now();
    if (now < known.askAgain) return Math.ceil((known.until - now) / 1000);
    this.#over.delete(network);
    return undefined;
  }

  /** An address is over its limit for so long. */
  close(address: string, seconds: number): void {
    const now = Date.now();
    if (this.#over.size >= 10 * this.#limits.held)
      for (const [network, { askAgain }] of this.#over) if (askAgain <= now) this.#over.delete(network);
    const until = now + seconds * 1000;
    this.#over.set(networkOf(address), { until, askAgain: Math.min(until, now + this.#limits.knownMs) });
  }

  /** Holds a refusal back; false where so many are that this one is not worth an answer. */
  async hold(): Promise<boolean> {
    if (this.#held >= this.#limits.held) return false;
    this.#held++;
    const [least, most] = this.#limits.holdMs;
    await new Promise((done) => setTimeout(done, least + Math.random() * (most - least)).unref());
    this.#held--;
    return true;
  }

  /** Does one thing after another of an address: counting its tries takes one connection to the database, however many come at once. */
  async inLine<T>(address: string, work: () => Promise<T>): Promise<T> {
    const network = networkOf(address);
    const mine = (this.#lines.get(network) ?? Promise.resolve()).then(work);
    const over = mine.catch(() => {});
    this.#lines.set(network, over);
    try {
      return await mine;
    } finally {
      if (this.#lines.get(network) === over) this.#lines.delete(network);
    }
  }

  /** Does what an address asks for; undefined where as many of it are at work as may be. */
  async within<T>(address: string, work: () => Promise<T>): Promise<T | undefined> {
    const network = networkOf(address);
    const inside = this.#inside.get(network) ?? 0;
    if (inside >= this.#limits.atOnce) return undefined;
    this.#inside.set(network, inside + 1);
    try {
      return await work();
    } finally {
      const left = this.#inside.get(network)! - 1;
      if (left > 0) this.#inside.set(network, left);
      else this.#inside.delete(network);
    }
  }
}
