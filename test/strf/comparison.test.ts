import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import {
  averageLinkage,
  classicalScaling,
  contourLines,
  KHZ_PER_OCTAVE,
  leafOrder,
  levelOfShare,
  planeDistance,
  PUBLISHED_RANGES,
  shareWithin,
  wassersteinDistance,
  type GaborFilter,
} from 'stm-lab/dist/strf';
import { close } from './fixtures';

type Pair = [number, number];
const golden = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', 'golden', 'strf', 'comparison.json'), 'utf8'),
) as {
  scales: Pair;
  first: Pair[];
  second: Pair[];
  third: Pair[];
  weights: number[];
  equal: number;
  weighted: number;
  distances: number[][];
  merges: [number, number, number, number][];
  plane: Pair[];
  share: number;
};
type Point = { rateHz: number; scaleCycPerOct: number; weight?: number };
const at = ([rateHz, scaleCycPerOct]: Pair): Point => ({ rateHz, scaleCycPerOct });
const [rateHz, scaleCycPerOct] = golden.scales;
const scales = { rateHz, scaleCycPerOct };

test('Wasserstein distance: as SciPy assigns, with weights and sizes that differ too', () => {
  const [first, second, third] = [golden.first, golden.second, golden.third].map((points) => points.map(at));
  close(wassersteinDistance(first!, second!, scales), golden.equal, 1e-9);
  close(wassersteinDistance(second!, first!, scales), golden.equal, 1e-9);
  const weighted = first!.map((point, i) => ({ ...point, weight: golden.weights[i]! }));
  close(wassersteinDistance(weighted, third!, scales), golden.weighted, 1e-9);
  close(
    wassersteinDistance(
      weighted.map(({ weight, ...point }) => ({ ...point, weight: 3 * weight })),
      third!,
      scales,
    ),
    golden.weighted,
    1e-9,
  );
});

test('Wasserstein distance: what theory says', () => {
  const unit = { rateHz: 1, scaleCycPerOct: 1 };
  const state = randomState(3);
  const points = Array.from({ length: 17 }, () => at([10 * state.normal(), Math.abs(state.normal())]));
  // Of one dimension: the mean distance of the sorted values.
  const line = (): number[] => Array.from({ length: 20 }, () => 100 + state.normal());
  const [a, b] = [line().sort((x, y) => x - y), line().sort((x, y) => x - y)];
  const sorted = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / 20;
  const onLine = (values: number[]): Point[] => values.reverse().map((value) => at([value, 0]));
  close(wassersteinDistance(onLine(a), onLine(b), unit), sorted, 1e-9);
  close(wassersteinDistance(points, points, unit), 0, 1e-12);
  // A filter has two names.
  const renamed = points.map((p) => at([-p.rateHz, -p.scaleCycPerOct]));
  close(wassersteinDistance(points, renamed, unit), 0, 1e-12);
  close(planeDistance(at([3, 0.1]), at([-3, 0.1]), unit), 0.2, 1e-12);
  // All filters moved alike; the axis' unit divides.
  const far = points.map((p) => at([p.rateHz + 1000, p.scaleCycPerOct + 100]));
  const farther = far.map((p) => at([p.rateHz + 3, p.scaleCycPerOct + 4]));
  close(wassersteinDistance(far, farther, unit), 5, 1e-9);
  close(wassersteinDistance(far, farther, { rateHz: 3, scaleCycPerOct: 4 }), Math.SQRT2, 1e-9);
  // Twice each filter is the same population.
  close(wassersteinDistance(points, [...points, ...points], unit), 0, 1e-12);
  assert.throws(() => wassersteinDistance([], points, unit), /populations of 0 and 17 filters/);
});

test('average linkage: as SciPy, leaves without crossings', () => {
  const merges = averageLinkage(golden.distances);
  golden.merges.forEach(([first, second, height, size], k) => {
    const own = merges[k]!;
    assert.deepEqual(
      [own.first, own.second].sort((a, b) => a - b),
      [first, second],
    );
    close(own.height, height, 1e-9);
    assert.equal(own.size, size);
  });
  const order = leafOrder(merges);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
  // Every group lies together.
  const members = new Map<number, number[]>(order.map((item) => [item, [item]]));
  merges.forEach(({ first, second }, k) => {
    members.set(9 + k, [...members.get(first)!, ...members.get(second)!]);
    const places = members.get(9 + k)!.map((item) => order.indexOf(item));
    assert.equal(Math.max(...places) - Math.min(...places) + 1, places.length);
  });
});

test('classical scaling: as by NumPy; points of a plane come back with their distances', () => {
  const { points, share } = classicalScaling(golden.distances);
  golden.plane.forEach((expected, i) =>
    expected.forEach((value, axis) => close(Math.abs(points[i]![axis]!), value, 1e-9)),
  );
  close(share, golden.share, 1e-9);
  assert.ok(points[0]![0] >= 0 && points[0]![1] >= 0);
  const flat: Pair[] = [
    [0, 0],
    [3, 0],
    [3, 4],
    [-1, 2],
  ];
  const distances = flat.map((p) => flat.map((q) => Math.hypot(p[0] - q[0], p[1] - q[1])));
  const mapped = classicalScaling(distances);
  close(mapped.share, 1, 1e-9);
  flat.forEach((_, i) =>
    flat.forEach((_q, j) =>
      close(
        Math.hypot(mapped.points[i]![0] - mapped.points[j]![0], mapped.points[i]![1] - mapped.points[j]![1]),
        distances[i]![j]!,
        1e-9,
      ),
    ),
  );
  assert.deepEqual(
    classicalScaling([
      [0, 0],
      [0, 0],
    ]).points,
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.throws(() => classicalScaling([[0, 1], [1]]), /row 1 has 1 of 2 entries/);
});

test('contours: the densest half of a bell lies within its circle; saddles are joined along their middle', () => {
  const steps = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from + i / 10);
  const grid = { rateHz: steps(-4, 81), scaleCycPerOct: steps(-4, 81) };
  const bell = grid.scaleCycPerOct.flatMap((y) => grid.rateHz.map((x) => Math.exp(-(x * x + y * y) / 2)));
  const level = levelOfShare(bell, 0.5);
  // Half of a two-dimensional bell lies within sqrt(2 ln 2) deviations, where its height is one half.
  close(level, 0.5, 0.01);
  close(levelOfShare(bell, 0.9), 0.1, 0.01);
  const pieces = contourLines(bell, grid, 0.9999 * level);
  assert.ok(pieces.length > 40);
  for (const { rateHz: x, scaleCycPerOct: y } of pieces)
    for (const end of [0, 1]) close(Math.hypot(x[end]!, y[end]!), Math.sqrt(2 * Math.log(2)), 0.03);
  // Every end is the end of another piece: the line is closed.
  const ends = pieces.flatMap((p) =>
    [0, 1].map((end) => `${p.rateHz[end]!.toFixed(9)} ${p.scaleCycPerOct[end]!.toFixed(9)}`),
  );
  for (const end of ends) assert.equal(ends.filter((other) => other === end).length, 2);
  const square = { rateHz: [0, 1], scaleCycPerOct: [0, 1] };
  const low = contourLines([1, 0, 0, 1], square, 0.4);
  const high = contourLines([1, 0, 0, 1], square, 0.6);
  // The middle is 0.5: above the lower level, where each 0 is cut off, and below the higher one, where each 1 is.
  assert.deepEqual([low.length, high.length], [2, 2]);
  const cutsOff = (pieces: typeof low, x: number, y: number): boolean =>
    pieces.some((p) =>
      [0, 1].every((end) => Math.abs(p.rateHz[end]! - x) + Math.abs(p.scaleCycPerOct[end]! - y) < 1),
    );
  assert.ok(cutsOff(low, 1, 0) && cutsOff(low, 0, 1) && cutsOff(high, 0, 0) && cutsOff(high, 1, 1));
});

test('published ranges: cycles per kHz from any number of bands, shares of filters by hand', () => {
  // One band is 200/3 Hz over the distance in mel below 1 kHz, and ln 6.4 / 27 octaves (natural) above.
  close(KHZ_PER_OCTAVE, ((200 / 3) * 27 * Math.LN2) / Math.log(6.4) / 1000, 1e-12);
  const units = { frameRate: 100, bandsPerOctave: 14.4837, shape: { frequencyTaps: 9, timeTaps: 111 } };
  const tuned = (rate: number, cycPerKHz: number): GaborFilter => {
    const [frame, band] = [rate / 100, (cycPerKHz * KHZ_PER_OCTAVE) / 14.4837];
    return {
      carrier: 2 * Math.PI * Math.hypot(frame, band),
      angle: Math.atan2(band, frame),
      sigmaFrequency: 3,
      sigmaTime: 10,
    };
  };
  const filters = [tuned(3, 0.5), tuned(-3, 0.5), tuned(3, 5), tuned(10, 2), tuned(20, 0.1)];
  assert.deepEqual(
    PUBLISHED_RANGES.map((range) => shareWithin(filters, units, range)),
    [3 / 5, 2 / 5, 3 / 5],
  );
});
