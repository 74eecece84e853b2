import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { readNpy } from 'stm-lab/dist/base/npy';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  componentImage,
  explainedVariance,
  featuresInMemory,
  fitReduction,
  inverseTransform,
  loadAlgebra,
  loadReduction,
  saveReduction,
  transform,
  type FeatureSource,
} from 'stm-lab/dist/reduction';
import { nativeMatrices } from 'stm-lab/dist/engine/nativeMatrices';
import { batchBounds } from 'stm-lab/dist/reduction/pca';

const COLUMNS = 24;

/** Correlated columns of falling variance around 0.5; column 3 is constant. */
function sample(rows: number, seed = 1): Float32Array {
  const random = randomState(seed);
  const values = new Float32Array(rows * COLUMNS);
  for (let r = 0; r < rows; r++) {
    let walk = 0;
    for (let c = 0; c < COLUMNS; c++) {
      walk = 0.8 * walk + random.normal() * (1 + c / 8);
      values[r * COLUMNS + c] = c === 3 ? 1 : 0.5 + 0.05 * walk;
    }
  }
  return values;
}

const inMemory = (values: Float32Array): FeatureSource => featuresInMemory(values, COLUMNS);
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
};

test('columns that are only centred keep their own variances: plain PCA of the covariance', async () => {
  const values = sample(600);
  const features = inMemory(values);
  const reduction = await fitReduction({
    features,
    method: 'exact',
    components: COLUMNS - 1,
    scaling: 'none',
  });
  assert.deepEqual(reduction.standardiser.scale, new Float64Array(COLUMNS).fill(1));
  // All of the variance is in the components (column 3 has none): their sum is the columns' own.
  const total = reduction.components!.explainedVariance.reduce((sum, value) => sum + value, 0);
  let expected = 0;
  for (let c = 0; c < COLUMNS; c++) {
    const column = Array.from({ length: 600 }, (_, r) => values[r * COLUMNS + c]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / 600;
    expected += column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 599;
  }
  assert.ok(Math.abs(total / expected - 1) < 1e-5, `${total}, ${expected}`);
  const each = await fitReduction({ features, method: 'exact', components: COLUMNS - 1 });
  assert.notEqual(each.hash, reduction.hash);
});

test('theory: components are orthonormal, scores uncorrelated with the stated variances', async () => {
  const features = inMemory(sample(600));
  for (const whiten of ['no', 'yes', 'common'] as const) {
    const reduction = await fitReduction({ features, method: 'exact', components: 10, whiten });
    const { vectors, explainedVariance: variance } = reduction.components!;
    for (let i = 0; i < 10; i++)
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let c = 0; c < COLUMNS; c++) dot += vectors[i * COLUMNS + c]! * vectors[j * COLUMNS + c]!;
        assert.ok(Math.abs(dot - (i === j ? 1 : 0)) < 1e-12);
      }
    const scores = await transform(reduction, { features });
    for (let i = 0; i < 10; i++)
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let r = 0; r < 600; r++) product += scores[r * 10 + i]! * scores[r * 10 + j]!;
        const common = variance.reduce((sum, value) => sum + value, 0) / variance.length;
        const own = { no: variance[i]!, yes: 1, common: variance[i]! / common }[whiten];
        const expected = i === j ? own : 0;
        assert.ok(Math.abs(product / 599 - expected) < 1e-5, `${whiten} ${i} ${j}: ${product / 599}`);
      }
  }
});

test('a constant column has scale 1, becomes 0, and plays no part in any component', async () => {
  const reduction = await fitReduction({ features: inMemory(sample(200)), method: 'exact', components: 5 });
  assert.equal(reduction.standardiser.scale[3], 1);
  for (let k = 0; k < 5; k++) assert.ok(Math.abs(componentImage(reduction, k)[3]!) < 1e-12);
});

test('all components give the features back; few give the nearest row they can express', async () => {
  const values = sample(200);
  const features = inMemory(values);
  for (const whiten of ['no', 'yes', 'common'] as const) {
    // One column is constant, so 23 components hold everything.
    const full = await fitReduction({ features, method: 'exact', components: 23, whiten });
    assert.ok(largestDifference(inverseTransform(full, await transform(full, { features })), values) < 2e-6);
    assert.ok(Math.abs(explainedVariance(full).at(-1)! - 1) < 1e-9);
  }
  const few = await fitReduction({ features, method: 'exact', components: 4 });
  const share = explainedVariance(few);
  assert.ok(share.every((value, i) => value < 1 && (i === 0 || value > share[i - 1]!)));
  const back = inverseTransform(few, await transform(few, { features }));
  let lost = 0;
  for (let i = 0; i < values.length; i++)
    lost += ((back[i]! - values[i]!) / few.standardiser.scale[i % COLUMNS]!) ** 2;
  assert.ok(Math.abs(lost / (200 * 23) - (1 - share[3]!)) < 1e-4);
});

test('method none standardises only', async () => {
  const features = inMemory(sample(50));
  const reduction = await fitReduction({ features, method: 'none' });
  const scaled = await transform(reduction, { features });
  for (let c = 0; c < COLUMNS; c++) {
    let [sum, square] = [0, 0];
    for (let r = 0; r < 50; r++) {
      sum += scaled[r * COLUMNS + c]!;
      square += scaled[r * COLUMNS + c]! ** 2;
    }
    assert.ok(Math.abs(sum / 50) < 1e-6);
    assert.ok(Math.abs(square / 50 - (c === 3 ? 0 : 1)) < 1e-5);
  }
  assert.equal(explainedVariance(reduction).length, 0);
  assert.ok(largestDifference(inverseTransform(reduction, scaled), sample(50)) < 1e-6);
  assert.throws(() => componentImage(reduction, 0), /no components/);
});

test('only the training rows are seen, in their order', async () => {
  const values = sample(300);
  const rows = Int32Array.from({ length: 150 }, (_, i) => 2 * i);
  const fromAll = await fitReduction({ features: inMemory(values), rows, method: 'exact', components: 6 });
  const spoiled = values.map((value, i) => (Math.floor(i / COLUMNS) % 2 ? 99 : value));
  const again = await fitReduction({ features: inMemory(spoiled), rows, method: 'exact', components: 6 });
  assert.equal(again.hash, fromAll.hash);
  const reversed = { rows: rows.slice().reverse(), method: 'incremental', components: 6 } as const;
  const forward = await fitReduction({ ...reversed, rows, features: inMemory(values) });
  const backward = await fitReduction({ ...reversed, features: inMemory(values) });
  assert.notEqual(forward.hash, backward.hash);
});

test('incremental and exact agree where one batch holds everything, and nearly where several do', async () => {
  const features = inMemory(sample(1000));
  const fit = (method: 'incremental' | 'exact', rows?: Int32Array) =>
    fitReduction({ features, method, components: 8, ...(rows === undefined ? {} : { rows }) });
  const some = Int32Array.from({ length: 120 }, (_, i) => i);
  const [one, exact] = [await fit('incremental', some), await fit('exact', some)];
  assert.ok(largestDifference(one.components!.vectors, exact.components!.vectors) < 1e-5);
  const [many, all] = [await fit('incremental'), await fit('exact')];
  const [captured, most] = [explainedVariance(many).at(-1)!, explainedVariance(all).at(-1)!];
  assert.ok(captured < most && captured > 0.97 * most, `${captured} of ${most}`);
});

test('fewer rows than columns: the small decomposition gives the same as the large', async () => {
  const wide = featuresInMemory(sample(200), 10 * COLUMNS);
  const rows = wide.rows;
  assert.equal(rows, 20);
  for (const algebra of ['auto', 'typescript'] as const) {
    const few = await fitReduction({ features: wide, method: 'exact', components: 20, algebra });
    const { vectors, explainedVariance: variance } = few.components!;
    // Twenty rows about their mean span nineteen directions; the twentieth is arbitrary but orthogonal.
    assert.ok(variance[18]! > 1e-3 && variance[19] === 0);
    for (let i = 0; i < 20; i++)
      for (let j = 0; j <= i; j++) {
        let product = 0;
        for (let c = 0; c < few.columns; c++)
          product += vectors[i * few.columns + c]! * vectors[j * few.columns + c]!;
        assert.ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-12, `${i} ${j} ${product}`);
      }
    assert.ok(
      largestDifference(inverseTransform(few, await transform(few, { features: wide })), sample(200)) < 2e-6,
    );
    // Each row ten times has the same components, and is enough rows for the large decomposition.
    const tenfold = Int32Array.from({ length: 13 * rows }, (_, i) => i % rows);
    const large = await fitReduction({
      features: wide,
      rows: tenfold,
      method: 'exact',
      components: 19,
      algebra,
    });
    assert.ok(largestDifference(large.components!.vectors, vectors.subarray(0, 19 * few.columns)) < 1e-5);
    const [first, second] = [await fitReduction({ features: wide, components: 8, algebra }), few];
    assert.ok(
      largestDifference(first.components!.vectors, second.components!.vectors.subarray(0, 8 * few.columns)) <
        1e-5,
    );
  }
});

test('batches: whole ones, and a tail shorter than the components joins the last', () => {
  assert.deepEqual(batchBounds(700, 150, 40), [
    [0, 150],
    [150, 300],
    [300, 450],
    [450, 600],
    [600, 700],
  ]);
  assert.deepEqual(batchBounds(630, 150, 40).at(-1), [450, 630]);
  assert.deepEqual(batchBounds(100, 150, 40), [[0, 100]]);
  const paper = batchBounds(770_393, 12_100, 1024);
  assert.equal(paper.length, 64);
  assert.equal(paper.at(-1)![1] - paper.at(-1)![0], 8093);
});

test('native and TypeScript algebra agree, and no native matrix is left behind', async (t) => {
  const native = nativeMatrices(await loadEngine());
  if (native === undefined) return t.skip('native TensorFlow is not installed');
  const features = inMemory(sample(400));
  const fit = (algebra: 'native' | 'typescript') =>
    fitReduction({ features, method: 'incremental', components: 12, algebra });
  const [a, b] = [await fit('native'), await fit('typescript')];
  assert.ok(largestDifference(a.components!.vectors, b.components!.vectors) < 1e-9);
  const [ta, tb] = [
    await transform(a, { features, algebra: 'native' }),
    await transform(b, { features, algebra: 'typescript' }),
  ];
  assert.ok(largestDifference(ta, tb) < 1e-5);
  const algebra = await loadAlgebra({ algebra: 'native' });
  const before = algebra.held();
  await transform(a, { features });
  await fit('native');
  assert.equal(algebra.held(), before);
});

test('float32 products: near the float64 result, and the default for exact PCA alone', async (t) => {
  if ((await loadEngine()).name !== 'native') return t.skip('native TensorFlow is not installed');
  const features = inMemory(sample(5000));
  const fit = (precision?: 'float64' | 'float32') =>
    fitReduction({
      features,
      method: 'exact',
      components: 8,
      ...(precision === undefined ? {} : { precision }),
    });
  const [wide, narrow, byDefault] = [await fit('float64'), await fit('float32'), await fit()];
  assert.equal(byDefault.hash, narrow.hash);
  const incremental = { features, method: 'incremental', components: 8 } as const;
  assert.equal(
    (await fitReduction(incremental)).hash,
    (await fitReduction({ ...incremental, precision: 'float64' })).hash,
  );
  const difference = largestDifference(wide.components!.vectors, narrow.components!.vectors);
  assert.ok(difference > 0 && difference < 1e-5, String(difference));
  const scores = await transform(wide, { features });
  const narrowScores = await transform(wide, { features, precision: 'float32' });
  const error = largestDifference(scores, narrowScores);
  assert.ok(error > 0 && error < 1e-5, String(error));
  assert.equal((await loadAlgebra()).held(), 0);
});

test('float64 goes through the native engine to the last bit', async (t) => {
  const native = nativeMatrices(await loadEngine());
  if (native === undefined) return t.skip('native TensorFlow is not installed');
  const values = Float64Array.of(1 / 3, -0, Number.MIN_VALUE, 1 + Number.EPSILON, -Math.PI, 1e300);
  const held = native.upload(values, 2, 3);
  assert.deepEqual(native.download(held), values);
  native.free(held);
  assert.equal(native.live(), 0);
});

test('large symmetric matrices: eigenpairs hold, with repeated eigenvalues', async () => {
  const n = 300;
  const random = randomState(5);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = i < 280 ? random.normal() : 0;
  for (const algebra of ['auto', 'typescript'] as const) {
    const { values, vectors } = (await loadAlgebra({ algebra })).eigen(a.slice(), n);
    assert.ok(values.every((value, k) => k === 0 || value <= values[k - 1]!));
    for (let k = 0; k < n; k += 7) {
      for (let i = 0; i < n; i++) {
        let product = 0;
        for (let j = 0; j < n; j++) product += a[i * n + j]! * vectors[k * n + j]!;
        assert.ok(Math.abs(product - values[k]! * vectors[k * n + i]!) < 1e-11 * values[0]!);
      }
    }
  }
});

test('clear sentences: not finite, too few rows, too many components', async () => {
  const values = sample(60);
  values[17 * COLUMNS + 5] = NaN;
  const features = inMemory(values);
  const nameOf = (row: number): string => `recording ${row}.wav`;
  await assert.rejects(
    fitReduction({ features, method: 'exact', components: 3, nameOf }),
    /row 17 \(recording 17.wav\) holds NaN in column 5/,
  );
  const rows = Int32Array.from({ length: 59 }, (_, i) => (i < 17 ? i : i + 1));
  const sound = await fitReduction({ features, rows, method: 'exact', components: 3, nameOf });
  await assert.rejects(transform(sound, { features, nameOf }), /row 17 \(recording 17.wav\) holds NaN/);
  const infinite = sample(10).fill(Infinity, 30, 31);
  await assert.rejects(fitReduction({ features: inMemory(infinite), components: 3 }), /row 1 holds Infinity/);

  const few = inMemory(sample(12));
  const capped = await fitReduction({ features: few, method: 'exact', components: 20 });
  assert.equal(capped.width, 12);
  assert.match(capped.warnings.join(), /20 components were asked for; 12 rows/);
  await assert.rejects(fitReduction({ features: few, components: 20 }), /20 components .*has 12/);
  await assert.rejects(
    fitReduction({ features: inMemory(sample(90)), components: 30 }),
    /more than the 24 columns/,
  );
  await assert.rejects(fitReduction({ features: few, components: 0 }), /components is 0/);
  await assert.rejects(fitReduction({ features: few, rows: Int32Array.of(1) }), /1 training rows/);
});

test('a reduction comes back from its files; changed or foreign ones are refused', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-reduction-'));
  const features = inMemory(sample(100));
  const provenance = { axesHash: 'a'.repeat(64), featuresHash: 'f'.repeat(64) };
  for (const method of ['incremental', 'none'] as const) {
    const reduction = await fitReduction({ features, method, components: 5, provenance });
    const target = path.join(folder, method);
    saveReduction(target, reduction);
    assert.deepEqual(loadReduction(target), reduction);
  }
  const target = path.join(folder, 'incremental');
  const reduction = loadReduction(target, { axesHash: provenance.axesHash });
  assert.deepEqual(readNpy(path.join(target, 'components.npy')).shape, [5, COLUMNS]);
  assert.throws(() => loadReduction(target, { axesHash: 'b'.repeat(64) }), /axes .*bbbb/);
  assert.throws(() => loadReduction(target, { featuresHash: 'b'.repeat(64) }), /values .*bbbb/);
  await assert.rejects(transform(reduction, { features, axesHash: 'b'.repeat(64) }), /axes/);
  const narrow = featuresInMemory(new Float32Array(40), 20);
  await assert.rejects(
    transform(reduction, { features: narrow }),
    /has 20 columns, the reduction was fitted on 24/,
  );
  const file = path.join(target, 'components.npy');
  const bytes = fs.readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  fs.writeFileSync(file, bytes);
  assert.throws(() => loadReduction(target), /not those that reduction.json describes/);
});
