import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ablationRegions,
  marginalOf,
  neighbourPairs,
  regionColumns,
  regionName,
  regionText,
  selectColumns,
} from 'stm-lab/dist/ablation';
import { amAxes, corticalAxes, mpsAxes, type PlaneAxes } from 'stm-lab/dist/features';

const axes = {
  rateHz: Array.from({ length: 121 }, (_, j) => -15 + 0.25 * j),
  scaleCycPerOct: Array.from({ length: 20 }, (_, k) => (2 * k * 28) / 150),
};
const cutoffs = [0, 1, 2, 3, 4, 5, 6];
const lowColumns = [1, 9, 17, 25, 33, 41, 49];
const lowRows = [1, 3, 6, 9, 11, 14, 17];
const highColumns = [120, 112, 104, 96, 88, 80, 72];
const highRows = [19, 17, 14, 11, 9, 6, 3];

test('all 98 published cells keep the printed number of features', () => {
  for (const { pass, rateHz, scaleCycPerOct } of ablationRegions({
    passes: ['low', 'high'],
    rateHz: cutoffs,
    scaleCycPerOct: cutoffs,
  })) {
    const expected =
      pass === 'low'
        ? lowColumns[rateHz!]! * lowRows[scaleCycPerOct!]!
        : highColumns[rateHz!]! * highRows[scaleCycPerOct!]!;
    assert.equal(
      regionColumns(axes, { pass, rateHz, scaleCycPerOct }).length,
      expected,
      `${pass} ${rateHz} ${scaleCycPerOct}`,
    );
  }
});

test("input sizes that the authors' own logs print: 561 below (4, 6) and 1,008 above (6, 2)", () => {
  assert.equal(regionColumns(axes, { pass: 'low', rateHz: 4, scaleCycPerOct: 6 }).length, 561);
  assert.equal(regionColumns(axes, { pass: 'high', rateHz: 6, scaleCycPerOct: 2 }).length, 1008);
});

test('a region and its complement partition the plane', () => {
  for (const [pass, complement] of [
    ['low', 'not-low'],
    ['high', 'not-high'],
  ] as const) {
    const inside = regionColumns(axes, { pass, rateHz: 3, scaleCycPerOct: 2.5 });
    const outside = regionColumns(axes, { pass: complement, rateHz: 3, scaleCycPerOct: 2.5 });
    assert.equal(new Set([...inside, ...outside]).size, 2420);
    assert.equal(inside.length + outside.length, 2420);
  }
});

test('columns come from the axes, not from positions: a coarser table is cut at the same Hz', () => {
  const coarse = { rateHz: [-8, -4, 0, 4, 8], scaleCycPerOct: [0, 2, 4] };
  assert.deepEqual(
    [...regionColumns(coarse, { pass: 'low', rateHz: 4, scaleCycPerOct: 2 })],
    [1, 2, 3, 6, 7, 8],
  );
  assert.deepEqual([...regionColumns(coarse, { pass: 'high', rateHz: 4, scaleCycPerOct: 2 })], [10, 14]);
});

test('an empty region and a negative cutoff are refused with the cutoffs named', () => {
  assert.throws(
    () => regionColumns(axes, { pass: 'high', rateHz: 15, scaleCycPerOct: 0 }),
    /15 Hz and scale > 0 cyc\/oct keeps no feature/,
  );
  assert.throws(() => regionColumns(axes, { pass: 'low', rateHz: -1, scaleCycPerOct: 0 }), /-1 Hz/);
});

test('selectColumns keeps rows apart', () => {
  const data = Float32Array.from([0, 1, 2, 3, 10, 11, 12, 13]);
  assert.deepEqual([...selectColumns(data, 4, Int32Array.from([1, 3]))], [1, 3, 11, 13]);
});

test('a cutoff on one axis leaves the other whole, and its two sides make the plane', () => {
  assert.equal(regionColumns(axes, { pass: 'low', rateHz: 4 }).length, 33 * 20);
  assert.equal(regionColumns(axes, { pass: 'high', rateHz: 4 }).length, 88 * 20);
  assert.equal(regionColumns(axes, { pass: 'low', scaleCycPerOct: 2 }).length, 121 * 6);
  assert.equal(regionColumns(axes, { pass: 'high', scaleCycPerOct: 2 }).length, 121 * 14);
  assert.throws(() => regionColumns(axes, { pass: 'low' }), /give a cutoff/);
});

test('the design: grid by pass, then marginals of both axes when asked for; names tell them apart', () => {
  const design = {
    passes: ['low', 'high', 'not-low', 'not-high'],
    rateHz: cutoffs,
    scaleCycPerOct: cutoffs,
  } as const;
  assert.equal(ablationRegions(design).length, 196);
  const regions = ablationRegions({ ...design, marginals: 'yes' });
  assert.equal(regions.length, 224);
  assert.equal(new Set(regions.map(regionName)).size, 224);
  assert.equal(regionName(regions[196]!), 'low-rate0');
  assert.equal(
    regionText({ pass: 'not-high', rateHz: 4, scaleCycPerOct: 2 }),
    '|rate| <= 4 Hz or scale <= 2 cyc/oct',
  );
  assert.equal(regionText({ pass: 'high', scaleCycPerOct: 2 }), 'scale > 2 cyc/oct');
});

test('every representation has its transfer functions: cutoffs in its own units, within its axes', () => {
  const design = {
    passes: ['low', 'not-low', 'high'],
    rateHz: [0, 2, 6],
    scaleCycPerOct: [0, 2, 6],
  } as const;
  const marginals = (axes: PlaneAxes): string[] =>
    ablationRegions({ ...design, marginals: 'yes' }, axes).flatMap((region) => {
      assert.ok(regionColumns(axes, region).length > 0, regionText(region));
      const place = marginalOf(region);
      return place === undefined ? [] : [`${place.pass} ${place.cutoff} ${place.unit}`];
    });
  const both = (...cutoffs: string[]): string[] =>
    ['low', 'high'].flatMap((pass) => cutoffs.map((cutoff) => `${pass} ${cutoff}`));
  assert.deepEqual(marginals(axes), [
    ...both('0 Hz', '2 Hz', '6 Hz'),
    ...both('0 cyc/oct', '2 cyc/oct', '6 cyc/oct'),
  ]);
  assert.deepEqual(marginals(corticalAxes()), [...both('2 Hz', '6 Hz'), ...both('2 cyc/oct', '6 cyc/oct')]);
  assert.deepEqual(marginals(amAxes()), both('2 Hz', '6 Hz'));
  assert.deepEqual(marginals(mpsAxes()), [
    ...both('0 Hz', '2 Hz', '6 Hz'),
    ...both('0.5 cyc/kHz', '1 cyc/kHz', '2 cyc/kHz', '4 cyc/kHz'),
  ]);
  const region = { pass: 'high', scaleCycPerKHz: 2 } as const;
  assert.deepEqual([regionName(region), regionText(region)], ['high-scale2', 'scale > 2 cyc/kHz']);
  // 17 of 49 scales are not above, in each of two planes of 41 rates.
  assert.equal(regionColumns(mpsAxes(), region).length, 2 * 32 * 41);
  assert.throws(() => regionColumns(axes, region), /no axis in cyc\/kHz; leave that cutoff out/);
  assert.deepEqual(
    neighbourPairs(
      [0.5, 1].map((cutoff) => ({ name: String(cutoff), region: { ...region, scaleCycPerKHz: cutoff } })),
    ),
    [['0.5', '1']],
  );
});
