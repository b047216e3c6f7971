import { upperBound } from '../chart/sorted';
import { COLUMNS, type Points } from './points';

/** Points that a curve has room for from its first one on, so that it need not grow while it is drawn: more than a chart has pixels. */
export const ROOM = 1024;
/** What is full is thinned to the least and the greatest of so many parts, which stand for equally many points each. */
const PARTS = ROOM / 4;
/** Thinning that leaves more than this is not worth it. */
const ENOUGH = 3 / 4;
type Column = Float64Array<ArrayBuffer>;
const NOTHING = new Float64Array(0);

/**
 * A curve that grows while it is drawn, however long. Points are put in at their place, late ones too; those of equal steps stay in the
 * order in which they came. When it is full it keeps of each of its parts the least and the greatest value and one of each kind that is
 * not finite, and its first and last point: about half. It never has more than twice its first room. A column that nobody reports takes none.
 */
export class GrowingCurve {
  #room = ROOM;
  #length = 0;
  #of = 0;
  #revision = 0;
  readonly #columns = new Map<keyof Points, Column>();
  /** How many points each one stands for: else a part that was thinned often would be thinned as often again. */
  #weights = new Float64Array(ROOM);

  /** Views of what is known now, until more is added. */
  get points(): Points {
    const column = (name: keyof Points): Float64Array =>
      this.#columns.get(name)?.subarray(0, this.#length) ?? NOTHING;
    return {
      steps: column('steps'),
      values: column('values'),
      epochs: column('epochs'),
      samples: column('samples'),
      seconds: column('seconds'),
    };
  }

  /** How many points came in all. */
  get of(): number {
    return this.#of;
  }

  /** Whether some of them are not kept any more. */
  get thinned(): boolean {
    return this.#of > this.#length;
  }

  /** Rises when something else happened than that points were put to the end. */
  get revision(): number {
    return this.#revision;
  }

  add(more: Points): void {
    for (const name of COLUMNS)
      if (more[name].length > 0 && !this.#columns.has(name))
        this.#columns.set(name, new Float64Array(this.#room).fill(Number.NaN, 0, this.#length));
    for (let i = 0; i < more.steps.length; i++) {
      if (this.#length === this.#room) this.#makeRoom();
      this.#put(more, i);
    }
  }

  #put(more: Points, i: number): void {
    const steps = this.#columns.get('steps')!;
    const end = this.#length;
    const step = more.steps[i]!;
    const late = end > 0 && step < steps[end - 1]!;
    const at = late ? upperBound(steps.subarray(0, end), step) : end;
    if (late) {
      for (const column of this.#columns.values()) column.copyWithin(at + 1, at, end);
      this.#weights.copyWithin(at + 1, at, end);
      this.#revision++;
    }
    for (const [name, column] of this.#columns) column[at] = more[name][i] ?? Number.NaN;
    this.#weights[at] = 1;
    this.#length++;
    this.#of++;
  }

  #makeRoom(): void {
    const { kept, weights } = thin(this.#columns.get('values')!, this.#weights, this.#length);
    if (kept.length > ENOUGH * this.#room) {
      this.#room *= 2;
      for (const [name, column] of this.#columns) this.#columns.set(name, longer(column));
      this.#weights = longer(this.#weights);
      return;
    }
    for (const column of this.#columns.values())
      kept.forEach((from, to) => {
        column[to] = column[from]!;
      });
    this.#weights.set(weights);
    this.#length = kept.length;
    this.#revision++;
  }
}

function longer(column: Column): Column {
  const copy = new Float64Array(2 * column.length);
  copy.set(column);
  return copy;
}

/** → the places of the values that are kept, rising, and how many points each of them stands for from then on. */
function thin(values: Float64Array, weights: Float64Array, length: number) {
  const kept: number[] = [];
  const keptWeights: number[] = [];
  let total = 0;
  for (let i = 0; i < length; i++) total += weights[i]!;
  /** Of the part at hand: the place that is kept of each kind of value. */
  let places = new Map<string, number>();
  let [part, before, weight] = [0, 0, 0];
  const close = (): void => {
    const chosen = [...new Set(places.values())].sort((a, b) => a - b);
    for (const place of chosen) {
      kept.push(place);
      keptWeights.push(weight / chosen.length);
    }
    places = new Map();
    weight = 0;
  };
  for (let i = 0; i < length; i++) {
    const mine = Math.floor((PARTS * (before + weights[i]! / 2)) / total);
    if (mine !== part) close();
    part = mine;
    before += weights[i]!;
    weight += weights[i]!;
    if (i === 0) places.set('first', i);
    if (i === length - 1) places.set('last', i);
    const value = values[i]!;
    if (Number.isFinite(value)) {
      if (!(values[places.get('least') ?? -1]! <= value)) places.set('least', i);
      if (!(values[places.get('greatest') ?? -1]! >= value)) places.set('greatest', i);
    } else if (!places.has(String(value))) places.set(String(value), i);
  }
  close();
  return { kept, weights: keptWeights };
}
