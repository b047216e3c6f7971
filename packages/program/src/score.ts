export interface Score {
  /** Mean cross-entropy over the samples, in nats. */
  readonly loss: number;
  /** Samples whose largest logit is their label's; of equal logits the first counts. */
  readonly correct: number;
}

/** Loss and hits of logits [n, classes] against labels (class numbers) [n], in double precision. */
export function score(logits: Float32Array, labels: ArrayLike<number>, classes: number): Score {
  let loss = 0;
  let correct = 0;
  const n = labels.length;
  for (let i = 0; i < n; i++) {
    const from = i * classes;
    let best = 0;
    for (let k = 1; k < classes; k++) if (logits[from + k]! > logits[from + best]!) best = k;
    const top = logits[from + best]!;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[from + k]! - top);
    loss += Math.log(sum) + top - logits[from + labels[i]!]!;
    if (best === labels[i] && !Number.isNaN(top)) correct++;
  }
  return { loss: loss / n, correct };
}
