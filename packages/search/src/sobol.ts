/** Bits of a coordinate. */
const BITS = 32;

/** Primitive polynomials and first direction numbers (s, a, m…) of the dimensions from the second on. */
const JOE_KUO: readonly (readonly [number, number, readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
  [7, 4, [1, 3, 7, 13, 13, 15, 69]],
];

/** Most directions of a Sobol sequence here. */
export const SOBOL_DIRECTIONS = JOE_KUO.length + 1;

function directionNumbers(dimension: number): Uint32Array {
  const numbers = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let k = 0; k < BITS; k++) numbers[k] = 2 ** (BITS - 1 - k);
    return numbers;
  }
  const [s, a, m] = JOE_KUO[dimension - 1]!;
  for (let k = 0; k < BITS; k++) {
    if (k < s) {
      numbers[k] = m[k]! * 2 ** (BITS - 1 - k);
      continue;
    }
    let word = numbers[k - s]! ^ (numbers[k - s]! >>> s);
    for (let i = 1; i < s; i++) if ((a >>> (s - 1 - i)) & 1) word ^= numbers[k - i]!;
    numbers[k] = word;
  }
  return numbers;
}

function parity(word: number): number {
  let bits = word;
  for (let shift = 16; shift > 0; shift >>>= 1) bits ^= bits >>> shift;
  return bits & 1;
}

/**
 * Sobol's sequence with the direction numbers of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better
 * two-dimensional projections" (SIAM J. Sci. Comput. 30, 2008; new-joe-kuo-6), in up to 21 directions. With `next`, which
 * gives random words of 32 bits, it is scrambled by J. Matoušek's random linear matrices and a digital shift (J. Complexity
 * 14, 1998): every elementary interval still holds as many points as before. → the point at an index, each number in [0, 1).
 */
export function sobol(directions: number, next?: () => number): (index: number) => number[] {
  if (directions > SOBOL_DIRECTIONS) {
    throw new RangeError(`invalid directions: ${directions}, allowed up to ${SOBOL_DIRECTIONS}`);
  }
  const tables = Array.from({ length: directions }, (_, dimension) => {
    const plain = directionNumbers(dimension);
    if (!next) return { numbers: plain, shift: 0 };
    // Row i of a lower triangular matrix with ones on the diagonal, the highest bit first.
    const rows = Array.from({ length: BITS }, (_, i) => {
      const diagonal = 2 ** (BITS - 1 - i);
      const above = i === 0 ? 0 : next() & (-(2 ** (BITS - i)) | 0);
      return (above | diagonal) >>> 0;
    });
    const numbers = plain.map((word) =>
      rows.reduce((made, row, i) => (made | (parity(row & word) << (BITS - 1 - i))) >>> 0, 0),
    );
    return { numbers, shift: next() >>> 0 };
  });
  return (index) => {
    // By Gray code, as it is published: point n takes the direction numbers of the bits of n ^ (n >> 1).
    const gray = (index ^ (index >>> 1)) >>> 0;
    return tables.map(({ numbers, shift }) => {
      let word = shift;
      for (let k = 0; k < BITS; k++) if ((gray >>> k) & 1) word ^= numbers[k]!;
      return (word >>> 0) / 2 ** BITS;
    });
  };
}
