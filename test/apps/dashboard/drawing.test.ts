import { describe, expect, it } from 'vitest';
import { contour } from '../../../apps/dashboard/src/chart/contour.ts';
import { csvOf } from '../../../apps/dashboard/src/chart/csv.ts';
import { ticksOf } from '../../../apps/dashboard/src/chart/ticks.ts';

describe('ticks', () => {
  it.each([
    [0.8612, 0.9188, [0.86, 0.92, 0.02]],
    [0, 1, [0, 1, 0.2]],
    [-3, 7, [-4, 8, 2]],
    [0.9, 0.9, [0.9, 0.9002, 0.0002]],
    [12, 1043, [0, 1250, 250]],
  ])('from %f to %f are round, equal and have both ends inside', (low, high, [min, max, step]: number[]) => {
    const ticks = ticksOf(low, high);
    expect(ticks[0]).toBeCloseTo(min!, 10);
    expect(ticks[1]).toBeCloseTo(max!, 10);
    expect(ticks[2]).toBeCloseTo(step!, 10);
    expect(ticks[0]).toBeLessThanOrEqual(low);
    expect(ticks[1]).toBeGreaterThanOrEqual(high);
  });
});

describe('a contour', () => {
  const at = { x: 0, y: 0, width: 10, height: 10 };
  it('of one cell is a closed square inside of it', () => {
    const path = contour(3, 3, (column, row) => column === 1 && row === 1, at, 1);
    expect(path.split('M').filter(Boolean).sort()).toEqual(
      ['11 11V19', '11 11H19', '11 19H19', '19 11V19'].sort(),
    );
  });
  it('goes around cells side by side without a line between them', () => {
    const path = contour(2, 1, () => true, at, 0);
    expect(path.split('M').filter(Boolean)).toHaveLength(6);
    expect(path).not.toContain('M10 0V10');
  });
  it('of no cell is nothing', () => {
    expect(contour(4, 4, () => false, at, 1)).toBe('');
  });
  it('meets itself at an inner corner', () => {
    // An L: the cell at the right of the lower one's neighbour is not in it.
    const path = contour(2, 2, (column, row) => column === 0 || row === 1, at, 2);
    expect(path).toContain('M8 2V12');
    expect(path).toContain('M8 12H18');
  });
});

describe('CSV', () => {
  it('is that of the exports: quotes, nothing for null, no text that becomes a formula', () => {
    expect(
      csvOf(
        ['a', 'b'],
        [
          ['x,"y"', null],
          ['=1+1', -1.5],
          ['', { kind: 'cosine' }],
          [true, 'plain'],
        ],
      ),
    ).toBe('a,b\r\n"x,""y""",\r\n\'=1+1,-1.5\r\n"","{""kind"":""cosine""}"\r\ntrue,plain\r\n');
  });
});
