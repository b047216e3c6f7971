import type { Primitive } from '../program.ts';

function softmax(logits: Float64Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let from = 0; from < logits.length; from += classes) {
    const row = logits.subarray(from, from + classes);
    const top = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - top), 0);
    for (let k = 0; k < classes; k++) result[from + k] = Math.exp(row[k]! - top) / sum;
  }
  return result;
}

/** Logits [m, K] and one-hot labels [m, K] → mean loss over the m samples, in nats, shape []. */
export const softmaxCrossEntropy: Primitive = {
  shape([logits, labels]) {
    if (logits!.join() !== labels!.join()) {
      throw new Error(`invalid labels: [${labels!.join(', ')}] for logits [${logits!.join(', ')}]`);
    }
    return [[]];
  },
  reference([logits, labels], [shape]) {
    const [m = 1, classes = 1] = shape!;
    const p = softmax(logits!, classes);
    return [
      Float64Array.of(labels!.reduce((loss, y, i) => (y ? loss - (y * Math.log(p[i]!)) / m : loss), 0)),
    ];
  },
  gradient: (build, { inputs }, [seed]) => [
    build.apply('softmaxCrossEntropyGradient', [inputs[0]!, inputs[1]!, seed!]),
    undefined,
  ],
};

/** (softmax(logits) − labels) · seed / m, shape [m, K]; the seed is the loss's own gradient, shape []. */
export const softmaxCrossEntropyGradient: Primitive = {
  shape: ([logits]) => [logits!],
  reference([logits, labels, seed], [shape]) {
    const [m = 1, classes = 1] = shape!;
    return [softmax(logits!, classes).map((p, i) => ((p - labels![i]!) * seed![0]!) / m)];
  },
};
