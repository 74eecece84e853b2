import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { featuresInMemory, fitReduction } from 'stm-lab/dist/reduction';
import { symmetricEigen } from 'stm-lab/dist/reduction/symmetricEigen';

const rows = 25;
const columns = 40;

function wideMatrix(): Float32Array {
  const random = randomState(7);
  return Float32Array.from({ length: rows * columns }, (_, i) => random.normal() * (1 + (i % columns)) + 3);
}

test('fewer rows than columns: the same variances and components as the full covariance', async () => {
  const reduction = await fitReduction({
    features: featuresInMemory(wideMatrix(), columns),
    method: 'exact',
    components: 20,
  });
  const { mean, scale } = reduction.standardiser;
  const x = Float64Array.from(wideMatrix(), (v, i) =>
    Math.fround(Math.fround(v - mean[i % columns]!) / scale[i % columns]!),
  );
  const covariance = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++)
    for (let j = 0; j < columns; j++)
      for (let r = 0; r < rows; r++)
        covariance[i * columns + j]! += (x[r * columns + i]! * x[r * columns + j]!) / (rows - 1);
  const full = symmetricEigen(covariance, columns);
  const { explainedVariance, vectors } = reduction.components!;
  for (let k = 0; k < 20; k++) {
    assert.ok(Math.abs(explainedVariance[k]! - full.values[k]!) < 1e-5 * full.values[0]!, `variance ${k}`);
    let dot = 0;
    for (let c = 0; c < columns; c++) dot += vectors[k * columns + c]! * full.vectors[k * columns + c]!;
    assert.ok(Math.abs(Math.abs(dot) - 1) < 1e-4, `component ${k}: cosine ${dot}`);
  }
});

test('as many components as rows: the one without variance still completes an orthonormal basis', async () => {
  const reduction = await fitReduction({
    features: featuresInMemory(wideMatrix(), columns),
    method: 'exact',
    components: rows,
  });
  const { vectors, count } = reduction.components!;
  assert.equal(count, rows);
  for (let i = 0; i < count; i++)
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let c = 0; c < columns; c++) dot += vectors[i * columns + c]! * vectors[j * columns + c]!;
      assert.ok(Math.abs(dot - (i === j ? 1 : 0)) < 1e-9, `components ${i}, ${j}: ${dot}`);
    }
});
