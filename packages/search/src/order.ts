import { splitmix32 } from './random.ts';

/**
 * A permutation of 0 … n − 1 by `seed`: the order in which a shuffled sweep's cells are queued, so that an overview of
 * the whole grid exists early. Part of what a sweep is: it must stay the same for one (n, seed) in every later version.
 * Fisher–Yates from the top with splitmix32; a draw that would favour small numbers is drawn again.
 */
export function shuffledOrder(n: number, seed: number): Uint32Array {
  const next = splitmix32(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const bound = i + 1;
    const fair = 2 ** 32 - (2 ** 32 % bound);
    let draw = next();
    while (draw >= fair) draw = next();
    const j = draw % bound;
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
