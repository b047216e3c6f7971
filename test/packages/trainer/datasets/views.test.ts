import fc from 'fast-check';
import { expect, test } from 'vitest';
import { centreView, randomView } from '../../../../packages/trainer/src/datasets/views.ts';

test('the centre of an image is shown with its short side at 256 for 224', () => {
  expect(centreView(500, 375, 224)).toEqual({
    region: { left: 0, top: 0, width: 500, height: 375 },
    resized: { width: 341, height: 256 },
    part: { left: 58, top: 16, width: 224, height: 224 },
  });
  expect(centreView(100, 1000, 32)).toMatchObject({
    resized: { width: 37, height: 370 },
    part: { left: 2, top: 169, width: 32, height: 32 },
  });
});

test('every view lies within the image, whatever its size', () => {
  const side = fc.integer({ min: 1, max: 3000 });
  const draws = fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    epoch: fc.nat(1000),
    sample: fc.nat(2e6),
  });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 8, max: 320 }), draws, (width, height, size, by) => {
      const { region, resized } = randomView(width, height, size, by);
      expect(resized).toEqual({ width: size, height: size });
      for (const number of Object.values(region)) expect(Number.isInteger(number)).toBe(true);
      expect(Math.min(region.left, region.top, region.width - 1, region.height - 1)).toBeGreaterThanOrEqual(
        0,
      );
      expect(region.left + region.width).toBeLessThanOrEqual(width);
      expect(region.top + region.height).toBeLessThanOrEqual(height);
      const { part, resized: whole } = centreView(width, height, size);
      expect(part!.left + part!.width).toBeLessThanOrEqual(whole.width);
      expect(part!.top + part!.height).toBeLessThanOrEqual(whole.height);
    }),
    { numRuns: 300 },
  );
});

test('random views have areas from 8 % to all, ratios from 3/4 to 4/3, all places, half of them flipped', () => {
  const views = Array.from({ length: 4000 }, (_, sample) =>
    randomView(500, 500, 224, { seed: 3, epoch: 1, sample }),
  );
  const areas = views.map(({ region }) => (region.width * region.height) / 250_000);
  const ratios = views.map(({ region }) => region.width / region.height);
  expect(Math.min(...areas)).toBeGreaterThan(0.078);
  expect(Math.min(...areas)).toBeLessThan(0.09);
  expect(Math.max(...areas)).toBeGreaterThan(0.95);
  expect(Math.min(...ratios)).toBeGreaterThan(0.74);
  expect(Math.min(...ratios)).toBeLessThan(0.76);
  expect(Math.max(...ratios)).toBeLessThan(1.35);
  expect(Math.max(...ratios)).toBeGreaterThan(1.32);
  expect(views.filter(({ flip }) => flip).length / 4000).toBeCloseTo(0.5, 1);
  const free = views.filter(({ region }) => region.height < 400);
  const places = free.map(({ region }) => region.top / (500 - region.height));
  expect(Math.min(...places)).toBeLessThan(0.01);
  expect(Math.max(...places)).toBeGreaterThan(0.99);
  const again = randomView(500, 500, 224, { seed: 3, epoch: 1, sample: 17 });
  expect(again).toEqual(views[17]);
  expect(randomView(500, 500, 224, { seed: 3, epoch: 2, sample: 17 })).not.toEqual(again);
});
