import { type EarlyStopping, goesOn, isBelowMedian, parseSweep, rungs } from '@smallbatch/search';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const halving = (eta = 3, from = 1): EarlyStopping & { kind: 'halving' } => ({
  kind: 'halving',
  metric: 'test_accuracy',
  eta,
  from,
});
const median = (after = 2, least = 3): EarlyStopping & { kind: 'median' } => ({
  kind: 'median',
  metric: 'test_accuracy',
  after,
  least,
});
const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
const accuracies = fc.array(accuracy, { maxLength: 40 });

describe('successive halving', () => {
  test('has its rungs at from, from·η, from·η² … epochs, before the end of the run', () => {
    expect(rungs(halving(3, 1), 82)).toEqual([1, 3, 9, 27, 81]);
    expect(rungs(halving(2, 5), 40)).toEqual([5, 10, 20]);
    expect(rungs(halving(4, 8), 8)).toEqual([]);
  });

  test('lets exactly the best ⌊n/η⌋ of n different values on, once all have arrived', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(accuracy, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 5 }),
        (all, eta) => {
          const on = all.filter((value) =>
            goesOn(
              halving(eta),
              value,
              all.filter((other) => other !== value),
            ),
          );
          const best = [...all].sort((a, b) => b - a).slice(0, Math.max(1, Math.floor(all.length / eta)));
          expect(new Set(on)).toEqual(new Set(best));
        },
      ),
    );
  });

  test('never stops the best so far, never keeps a diverged run, and a better value never does worse', () => {
    fc.assert(
      fc.property(accuracies, accuracy, accuracy, (others, a, b) => {
        expect(goesOn(halving(), Math.max(...others, a), others)).toBe(true);
        expect(goesOn(halving(), Number.NaN, others)).toBe(false);
        const [low, high] = a < b ? [a, b] : [b, a];
        if (goesOn(halving(), low, others)) expect(goesOn(halving(), high, others)).toBe(true);
      }),
    );
  });

  test('takes a diverged neighbour for worse than any number, and a loss for better when it is lower', () => {
    expect(goesOn(halving(2), 0.1, [Number.NaN, Number.NaN])).toBe(true);
    const byLoss = { ...halving(2), metric: 'test_loss' as const };
    expect(goesOn(byLoss, 0.5, [0.7])).toBe(true);
    expect(goesOn(byLoss, 0.7, [0.5])).toBe(false);
  });
});

describe('the median rule', () => {
  test('stops a run whose best value is below the median of the running averages of the others', () => {
    expect(isBelowMedian(median(), [0.1, 0.2], [0.3, 0.1, 0.4])).toBe(true);
    expect(isBelowMedian(median(), [0.1, 0.31], [0.3, 0.1, 0.4])).toBe(false);
    expect(isBelowMedian(median(), [0.34, 0.2], [0.3, 0.1, 0.4, 0.5])).toBe(true);
    expect(isBelowMedian(median(), [0.36, 0.2], [0.3, 0.1, 0.4, 0.5])).toBe(false);
  });

  test('leaves a run its first epochs, and waits until enough others have got as far', () => {
    expect(isBelowMedian(median(3), [0, 0], [1, 1, 1])).toBe(false);
    expect(isBelowMedian(median(2, 4), [0, 0], [1, 1, 1])).toBe(false);
    expect(isBelowMedian(median(2, 3), [0, 0], [1, 1, 1])).toBe(true);
  });

  test('never stops a run that has been better than half of the averages, whatever the order of anything', () => {
    fc.assert(
      fc.property(fc.array(accuracy, { minLength: 2, maxLength: 9 }), accuracies, (values, averages) => {
        const best = Math.max(...values);
        const below = averages.filter((average) => average < best).length;
        const stopped = isBelowMedian(median(), values, averages);
        if (below * 2 > averages.length) expect(stopped).toBe(false);
        expect(isBelowMedian(median(), [...values].reverse(), [...averages].reverse())).toBe(stopped);
      }),
    );
  });
});

test('what a sweep file says of stopping is read with its defaults, or refused by name', () => {
  const read = (more: Record<string, unknown>) =>
    parseSweep({ name: 'a', dataset: 'shapes', model: 'resnet8', ...more }, ['epochs']);
  expect(read({ strategy: 'halving' })).toMatchObject({
    sweep: { stopping: { kind: 'halving', metric: 'test_accuracy', eta: 3, from: 1 } },
  });
  expect(read({ median: { after: 2 } })).toMatchObject({
    sweep: { strategy: 'grid', stopping: { kind: 'median', metric: 'test_accuracy', after: 2, least: 5 } },
  });
  expect(read({})).toMatchObject({ sweep: { stopping: null, measures: [] } });
  const problems = (more: Record<string, unknown>): string[] => {
    const parsed = read(more);
    return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
  };
  expect(problems({ strategy: 'halving', halving: { eta: 1, metric: 'test_acuracy', form: 2 } })).toEqual([
    'unknown halving.form: did you mean "from"?',
    'unknown metric "test_acuracy": did you mean "test_accuracy"?',
    'invalid halving.eta: 1',
  ]);
  expect(problems({ halving: {} })).toEqual(['invalid halving: the strategy is grid']);
  expect(problems({ strategy: 'halving', median: {} })).toEqual([
    'invalid median: successive halving stops runs already',
  ]);
  expect(problems({ measures: ['weight_nrm', 'gradient_norm', 'gradient_norm'] })).toEqual([
    'unknown measure "weight_nrm": did you mean "weight_norm"?',
    'repeated measure "gradient_norm": did you mean "gradient_norm"?',
  ]);
});
