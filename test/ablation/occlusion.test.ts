import assert from 'node:assert/strict';
import { test } from 'node:test';
import { occlusionMaps } from 'stm-lab/dist/ablation';

const axes = {
  rateHz: Array.from({ length: 9 }, (_, j) => j - 4),
  scaleCycPerOct: [0, 0.5, 1, 1.5, 2],
};
const cells = 45;
const at = (rate: number, scale: number): number =>
  axes.scaleCycPerOct.indexOf(scale) * 9 + axes.rateHz.indexOf(rate);

/** Class 0 is told by one cell, class 1 by another; a model that knows. */
const telling = [at(-2, 1), at(3, 0.5)];
const predict = (features: Float32Array): Float32Array =>
  Float32Array.from({ length: (2 * features.length) / cells }, (_, i) => {
    const row = Math.floor(i / 2) * cells;
    const [first, second] = telling.map((cell) => features[row + cell]!);
    const p = 0.5 + 0.4 * (first! - second!);
    return i % 2 === 0 ? p : 1 - p;
  });
const rows = 6;
const labels = Int32Array.from({ length: rows }, (_, row) => row % 2);
const features = Float32Array.from({ length: rows * cells }, (_, i) =>
  i % cells === telling[Math.floor(i / cells) % 2] ? 1 : 0,
);
const task = { axes, features, labels, classes: 2, baseline: new Float64Array(cells), predict };

test('with patches of one cell, only the cell that tells a class counts for it', async () => {
  const { drops, rows: counts, patches } = await occlusionMaps({ ...task, rateHz: 1, scaleCycPerOct: 0.5 });
  assert.equal(patches, cells);
  assert.deepEqual(counts, [3, 3]);
  drops.forEach((drop, c) =>
    drop.forEach((value, cell) => {
      const expected = cell === telling[c] ? 0.4 : 0;
      assert.ok(Math.abs(value - expected) < 1e-6, `class ${c}, cell ${cell}: ${value}`);
    }),
  );
});

test('wider patches spread the fall over their own size and no further, and every cell is covered', async () => {
  const { drops } = await occlusionMaps({ ...task, rateHz: 3, scaleCycPerOct: 1 });
  for (const [c, drop] of drops.entries()) {
    const [place, scale] = [telling[c]! % 9, Math.floor(telling[c]! / 9)];
    drop.forEach((value, cell) => {
      assert.ok(Number.isFinite(value));
      const near = Math.abs((cell % 9) - place) < 3 && Math.abs(Math.floor(cell / 9) - scale) < 2;
      if (!near) assert.equal(value, 0, `class ${c}, cell ${cell}`);
    });
    assert.ok(drop[telling[c]!]! > 0.39, 'the telling cell is in every patch that matters');
  }
});

test('the baseline is what a hidden cell becomes; a class without rows has no map', async () => {
  const baseline = Float64Array.from({ length: cells }, (_, cell) => (cell === telling[0] ? 1 : 0));
  const { drops } = await occlusionMaps({ ...task, classes: 2, baseline, rateHz: 1, scaleCycPerOct: 0.5 });
  assert.ok(Math.abs(drops[0]![telling[0]!]!) < 1e-6, 'hidden by the value it had');
  assert.ok(drops[1]![telling[0]!]! > 0.39, 'hidden by the value of the other class');
  const lonely = await occlusionMaps({ ...task, labels: new Int32Array(rows) });
  assert.ok(lonely.drops[1]!.every(Number.isNaN));
  await assert.rejects(occlusionMaps({ ...task, rateHz: 0 }), /a patch of 0 Hz/);
  await assert.rejects(occlusionMaps({ ...task, baseline: [1] }), /baseline of 1 for 6 rows of 45 cells/);
});
