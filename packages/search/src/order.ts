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

/** Words 0 … 2^32 − 1. A seed beyond 32 bits counts with its high word, so that no two safe integers share a stream start. */
function splitmix32(seed: number): () => number {
  let state = mix((seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) >>> 0));
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state);
  };
}

function mix(word: number): number {
  let z = word;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
