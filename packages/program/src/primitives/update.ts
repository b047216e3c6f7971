import type { Primitive } from '../program.ts';

/**
 * Plain SGD with weight decay: w − η·(g + λ·w). Weights and gradient of one shape; η and λ of shape [].
 * η = η̃·m where g is the gradient of the mean loss (Masters & Luschi 2018, section 2).
 */
export const sgd: Primitive = {
  shape: ([w]) => [w!],
  reference: ([w, g, rate, decay]) => [
    w!.map((value, i) => value - rate![0]! * (g![i]! + decay![0]! * value)),
  ],
};

/**
 * SGD with momentum μ: v' = μ·v + (g + λ·w); w' = w − η·v', or w − η·(g + λ·w + μ·v') with Nesterov's look-ahead.
 * Inputs w, g, v of one shape, η, λ, μ of shape [] → w', v'. Attribute nesterov.
 */
export const momentum: Primitive = {
  shape: ([w]) => [w!, w!],
  reference([w, g, v, rate, decay, mu], _shapes, { nesterov }) {
    const d = w!.map((value, i) => g![i]! + decay![0]! * value);
    const next = d.map((value, i) => mu![0]! * v![i]! + value);
    const moved = w!.map((value, i) => {
      const direction = nesterov ? d[i]! + mu![0]! * next[i]! : next[i]!;
      return value - rate![0]! * direction;
    });
    return [moved, next];
  },
};
