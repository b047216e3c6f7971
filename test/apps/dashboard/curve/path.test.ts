import { expect, test } from 'vitest';
import {
  drawLine,
  extentX,
  extentY,
  type Frame,
  marksOf,
  padded,
} from '../../../../apps/dashboard/src/chart/curve-path.ts';

const frame = (x: [number, number], y: [number, number], log = { x: false, y: false }): Frame => ({
  left: 10,
  top: 20,
  width: 100,
  height: 50,
  x: { log: log.x, min: x[0], max: x[1] },
  y: { log: log.y, min: y[0], max: y[1] },
});
/** A pen that remembers. */
const pen = () => {
  const moves: string[] = [];
  const round = (value: number): number => Number(value.toFixed(6));
  return {
    moves,
    moveTo: (x: number, y: number) => moves.push(`M${round(x)} ${round(y)}`),
    lineTo: (x: number, y: number) => moves.push(`L${round(x)} ${round(y)}`),
  };
};

test('every point of a line is drawn at its place', () => {
  const drawn = pen();
  drawLine(frame([0, 10], [0, 1]), [0, 5, 10], [0, 0.5, 1], drawn);
  expect(drawn.moves).toEqual(['M10 70', 'L60 45', 'L110 20']);
});

test('on log axes equal factors are equal distances', () => {
  const drawn = pen();
  drawLine(frame([1, 100], [0.01, 1], { x: true, y: true }), [1, 10, 100], [1, 0.1, 0.01], drawn);
  expect(drawn.moves).toEqual(['M10 20', 'L60 45', 'L110 70']);
});

test('a value that is not finite is a gap with a mark; a point between gaps is told to stand alone', () => {
  const drawn = pen();
  const of = { name: 'loss', style: 0, x: [0, 2, 4, 6, 8], y: [0.5, Number.NaN, 0.5, Infinity, -Infinity] };
  const alone = drawLine(frame([0, 10], [0, 1]), of.x, of.y, drawn);
  expect(alone).toEqual([0, 2]);
  expect(drawn.moves.filter((one) => one.startsWith('L'))).toEqual([]);
  expect(marksOf(frame([0, 10], [0, 1]), of)).toEqual([
    { x: 30, y: 70, kind: 'NaN' },
    { x: 70, y: 20, kind: '+∞' },
    { x: 90, y: 70, kind: '−∞' },
  ]);
});

test('zero has no place on a log axis and is marked, not drawn somewhere', () => {
  const of = { name: 'loss', style: 0, x: [1, 2, 3], y: [1, 0, 1] };
  expect(marksOf(frame([1, 3], [0.1, 1], { x: false, y: true }), of).map(({ kind }) => kind)).toEqual([
    '≤ 0',
  ]);
  expect(extentY([of], undefined, true)).toEqual([1, 1]);
  expect(padded([1, 1], true)).toEqual([0.5, 2]);
});

test('of more points than pixels each pixel has its least and its greatest', () => {
  const n = 100_000;
  const x = Array.from({ length: n }, (_, i) => i);
  const y = x.map((i) => (i === 54_321 ? 9 : i === 77_777 ? -9 : Math.sin(i)));
  const drawn = pen();
  drawLine(frame([0, n - 1], [-10, 10]), x, y, drawn);
  expect(drawn.moves.length).toBeLessThanOrEqual(2 * 101);
  const heights = drawn.moves.map((one) => Number(one.split(' ')[1]));
  expect(Math.min(...heights)).toBeCloseTo(20 + 50 * (1 / 20), 5);
  expect(Math.max(...heights)).toBeCloseTo(20 + 50 * (19 / 20), 5);
});

test('what is shown of the y axis is of the points in view, with the neighbours that lines come from', () => {
  const of = { name: 'loss', style: 0, x: [1, 2, 3, 4, 5, 6], y: [100, 1, 2, 3, 4, 100] };
  expect(extentY([of], { log: false, min: 2.5, max: 4.5 }, false)).toEqual([1, 4]);
  expect(extentX([of], false)).toEqual([1, 6]);
  expect(extentX([{ ...of, x: [0, 2, 3, 4, 5, 6] }], true)).toEqual([2, 6]);
});
