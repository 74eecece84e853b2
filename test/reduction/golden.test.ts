import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { readNpy } from 'stm-lab/dist/base/npy';
import { featuresInMemory, fitStandardiser, allRows, loadAlgebra, standardise } from 'stm-lab/dist/reduction';
import { fitExactPca, fitIncrementalPca, type Components } from 'stm-lab/dist/reduction/pca';

const folder = path.join(__dirname, '../golden/pca');
const expected = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  number[]
>;
const array = (name: string): ReturnType<typeof readNpy> => readNpy(path.join(folder, `${name}.npy`));
const x = array('x');
const columns = x.shape[1]!;
const features = featuresInMemory(x.data as Float32Array, columns);
const rows = allRows(features.rows);
const standardiser = fitStandardiser(features, rows);

function largestError(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  assert.equal(actual.length, wanted.length);
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) largest = Math.max(largest, Math.abs(actual[i]! - wanted[i]!));
  return largest;
}

test('the standardiser equals scikit-learn 1.9.1, constant column included', () => {
  assert.ok(largestError(standardiser.mean, expected['mean']!) < 1e-12);
  assert.ok(largestError(standardiser.scale, expected['scale']!) < 1e-12);
  const standardised = standardise(standardiser, features.readRowList(rows));
  assert.ok(largestError(standardised, array('standardised').data) < 1e-6);
  assert.equal(standardiser.scale[5], 1);
  for (let r = 0; r < features.rows; r++) assert.equal(standardised[r * columns + 5], 0);
});

for (const algebra of ['native', 'typescript'] as const) {
  test(`incremental and exact components equal scikit-learn 1.9.1 (${algebra})`, async (t) => {
    const chosen = await loadAlgebra({ algebra: algebra === 'typescript' ? algebra : 'auto' });
    if (chosen.name !== algebra) return t.skip('native TensorFlow is not installed');
    const input = { features, rows, standardiser, components: 40, algebra: chosen };
    const standardised = standardise(standardiser, features.readRowList(rows));
    const check = (name: string, fitted: Components): void => {
      const error = {
        components: largestError(fitted.vectors, array(`${name}_components`).data),
        variance: largestError(fitted.explainedVariance, expected[`${name}_explained_variance`]!),
        transformed: largestError(project(fitted, standardised), array(`${name}_transformed`).data),
      };
      t.diagnostic(`${name}: ${JSON.stringify(error)}`);
      for (const value of Object.values(error)) assert.ok(value < 1e-4, JSON.stringify(error));
    };
    check('exact', fitExactPca(input));
    const incremental = fitIncrementalPca(input, 150);
    check('incremental', incremental);
    assert.ok(largestError(incremental.singularValues, expected['incremental_singular_values']!) < 1e-4);
  });
}

function project({ vectors, count, mean }: Components, block: Float32Array): Float64Array {
  const n = block.length / columns;
  const result = new Float64Array(n * count);
  for (let r = 0; r < n; r++)
    for (let k = 0; k < count; k++)
      for (let c = 0; c < columns; c++)
        result[r * count + k]! += (block[r * columns + c]! - mean[c]!) * vectors[k * columns + c]!;
  return result;
}
