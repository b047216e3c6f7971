import type { Attributes, Primitive } from '../program.ts';
import type { Shape } from '../shape.ts';

function geometry(a: Shape, b: Shape, { transposeA, transposeB }: Attributes) {
  const [rows, inner] = transposeA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
  const [innerB, columns] = transposeB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
  if (a.length !== 2 || b.length !== 2 || inner !== innerB) {
    throw new Error(`invalid matrix product: [${a.join(', ')}] with [${b.join(', ')}]`);
  }
  return { rows, inner, columns };
}

/** a·b of matrices [P, Q]·[Q, S] → [P, S]. Attributes transposeA, transposeB. */
export const matmul: Primitive = {
  shape([a, b], attributes) {
    const { rows, columns } = geometry(a!, b!, attributes);
    return [[rows, columns]];
  },
  reference([a, b], [as, bs], attributes) {
    const { rows, inner, columns } = geometry(as!, bs!, attributes);
    const y = new Float64Array(rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const left = attributes.transposeA ? a![k * rows + r]! : a![r * inner + k]!;
          const right = attributes.transposeB ? b![c * inner + k]! : b![k * columns + c]!;
          sum += left * right;
        }
        y[r * columns + c] = sum;
      }
    return [y];
  },
  gradient(build, { inputs, attributes }, [dy], wanted) {
    if (attributes.transposeA || attributes.transposeB) {
      throw new Error('unsupported gradient: a matrix product of transposed factors');
    }
    const [a, b] = inputs;
    return [
      wanted[0] ? build.apply('matmul', [dy!, b!], { transposeB: true }) : undefined,
      wanted[1] ? build.apply('matmul', [a!, dy!], { transposeA: true }) : undefined,
    ];
  },
  multiplyAdds([a, b], attributes) {
    const { rows, inner, columns } = geometry(a!, b!, attributes);
    return rows * inner * columns;
  },
};

/** Rows [m, K] + bias [K]. */
export const addRow: Primitive = {
  shape([x, bias]) {
    if (x![1] !== bias![0]) throw new Error(`invalid bias: [${bias!.join()}] for rows [${x!.join(', ')}]`);
    return [x!];
  },
  reference: ([x, bias]) => [x!.map((value, i) => value + bias![i % bias!.length]!)],
  gradient: (build, _step, [dy]) => [dy, build.apply('sumRows', [dy!])],
};
