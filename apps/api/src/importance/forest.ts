import { streamAt } from '@smallbatch/search';

/**
 * A regression forest over whole-numbered features (Breiman, Random Forests, 2001): trees grown on bootstrap samples, each split
 * the best of a random two thirds of the features. Our own because the features are few small numbers: counting them makes a
 * split linear in the rows, where packages that sort values took minutes for 2,000 rows.
 */
export interface Table {
  /** A column for each feature: small whole numbers, in an order that means something. */
  readonly features: readonly Int32Array[];
  readonly target: Float64Array;
}

interface Tree {
  /** By node: the feature that it splits by, or −1; the greatest value that goes left; and where left and right are. */
  readonly feature: number[];
  readonly at: number[];
  readonly left: number[];
  readonly right: number[];
  readonly mean: number[];
}

const LEAST_LEAF = 2;
const DEEPEST = 16;

const below = (next: () => number, bound: number): number => Math.floor((next() / 2 ** 32) * bound);

function grow({ features, target }: Table, rows: Int32Array, next: () => number): Tree {
  const tree: Tree = { feature: [], at: [], left: [], right: [], mean: [] };
  const tried = Math.max(1, Math.ceil((features.length * 2) / 3));
  const sizes = features.map((column) => column.reduce((most, value) => Math.max(most, value), 0) + 1);
  const build = (from: number, to: number, depth: number): number => {
    const node = tree.feature.length;
    const n = to - from;
    let sum = 0;
    for (let i = from; i < to; i++) sum += target[rows[i]!]!;
    tree.feature.push(-1);
    tree.at.push(0);
    tree.left.push(-1);
    tree.right.push(-1);
    tree.mean.push(sum / n);
    if (n < 2 * LEAST_LEAF || depth >= DEEPEST) return node;
    let [gain, feature, at] = [(sum * sum) / n + 1e-12 * Math.abs(sum), -1, 0];
    const order = features.map((_, i) => i);
    for (let t = 0; t < tried; t++) {
      const pick = t + below(next, order.length - t);
      [order[t], order[pick]] = [order[pick]!, order[t]!];
      const f = order[t]!;
      const [counts, sums] = [new Int32Array(sizes[f]!), new Float64Array(sizes[f]!)];
      const column = features[f]!;
      for (let i = from; i < to; i++) {
        const row = rows[i]!;
        counts[column[row]!]!++;
        sums[column[row]!]! += target[row]!;
      }
      let [left, leftSum] = [0, 0];
      for (let value = 0; value < sizes[f]! - 1; value++) {
        left += counts[value]!;
        leftSum += sums[value]!;
        if (left < LEAST_LEAF || n - left < LEAST_LEAF || counts[value] === 0) continue;
        const score = leftSum ** 2 / left + (sum - leftSum) ** 2 / (n - left);
        if (score > gain) [gain, feature, at] = [score, f, value];
      }
    }
    if (feature < 0) return node;
    const column = features[feature]!;
    let middle = from;
    for (let i = from; i < to; i++) {
      if (column[rows[i]!]! > at) continue;
      [rows[i], rows[middle]] = [rows[middle]!, rows[i]!];
      middle++;
    }
    tree.feature[node] = feature;
    tree.at[node] = at;
    tree.left[node] = build(from, middle, depth + 1);
    tree.right[node] = build(middle, to, depth + 1);
    return node;
  };
  build(0, rows.length, 0);
  return tree;
}

/** What a tree says of a row, one feature's value taken from another row. */
function predict(tree: Tree, { features }: Table, row: number, swapped = -1, other = row): number {
  let node = 0;
  while (tree.feature[node]! >= 0) {
    const feature = tree.feature[node]!;
    const value = features[feature]![feature === swapped ? other : row]!;
    node = value <= tree.at[node]! ? tree.left[node]! : tree.right[node]!;
  }
  return tree.mean[node]!;
}

export interface Importance {
  /** By feature: the share of the variance that goes with it, alone or with others; and its deviation over trees. */
  readonly shares: readonly { readonly mean: number; readonly sd: number }[];
  /** Of the target's variance, what rows outside of each tree's sample are predicted of. */
  readonly r2: number;
}

/**
 * Permutation importance outside of each tree's sample: shuffling a feature adds twice the variance that it carries (Sobol's total
 * effect), so half of what is added, over the whole variance, is its share. The same for the same seed. Gives way to other
 * requests after each tree.
 */
export async function importance(table: Table, trees: number, seed: number): Promise<Importance> {
  const { features, target } = table;
  const n = target.length;
  const mean = target.reduce((sum, value) => sum + value, 0) / n;
  const variance = target.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  const [said, votes] = [new Float64Array(n), new Int32Array(n)];
  const shares: number[][] = features.map(() => []);
  for (let t = 0; t < trees; t++) {
    const next = streamAt(seed, t);
    const sample = Int32Array.from({ length: n }, () => below(next, n));
    const outside = new Set(Array.from({ length: n }, (_, i) => i));
    for (const row of sample) outside.delete(row);
    const tree = grow(table, sample, next);
    const rows = [...outside];
    let error = 0;
    for (const row of rows) {
      const value = predict(tree, table, row);
      said[row]! += value;
      votes[row]!++;
      error += (value - target[row]!) ** 2;
    }
    for (const [f, list] of shares.entries()) {
      const shuffled = [...rows];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = below(next, i + 1);
        [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
      }
      let worse = 0;
      for (const [i, row] of rows.entries())
        worse += (predict(tree, table, row, f, shuffled[i]!) - target[row]!) ** 2;
      if (rows.length > 0) list.push((worse - error) / rows.length / (2 * variance));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  let left = 0;
  let counted = 0;
  for (let row = 0; row < n; row++) {
    if (votes[row] === 0) continue;
    left += (said[row]! / votes[row]! - target[row]!) ** 2;
    counted++;
  }
  return {
    r2: 1 - left / counted / variance,
    shares: shares.map((list) => {
      const centre = list.reduce((sum, value) => sum + value, 0) / list.length;
      const spread =
        list.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, list.length - 1);
      return { mean: centre, sd: Math.sqrt(spread) };
    }),
  };
}
