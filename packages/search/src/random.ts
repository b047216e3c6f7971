/** Words 0 … 2^32 − 1. A seed beyond 32 bits counts with its high word, so that no two safe integers share a stream start. */
export function splitmix32(seed: number): () => number {
  let state = mix((seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) >>> 0));
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state);
  };
}

/** A stream for each (seed, index): what is drawn at one index depends on no other. */
export function streamAt(seed: number, index: number): () => number {
  return splitmix32((mix((seed >>> 0) ^ mix(index + 1)) >>> 0) + Math.floor(seed / 2 ** 32) * 2 ** 32);
}

function mix(word: number): number {
  let z = word;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
