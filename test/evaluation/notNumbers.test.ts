import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { writeNpy } from 'stm-lab/dist/base/npy';
import * as evaluation from 'stm-lab/dist/evaluation';

const { argMax, crossValidate, kerasF1, kerasMicroAuc, macroF1, mostProbable, rankScores, tagScores } =
  evaluation;

test('arg max: the first of equal values, never NaN, nothing of the neighbours', () => {
  assert.equal(argMax([1, 3, 3]), 1);
  assert.equal(argMax([NaN, -Infinity, NaN]), 1);
  assert.equal(argMax([NaN, 2, 5, NaN, 9]), 4);
  assert.equal(argMax([9, NaN, 1, 2, 9], 1, 3), 2);
  assert.equal(argMax([9, NaN, NaN, 9], 1, 2), -1);
  assert.equal(argMax([]), -1);
});

test('a row without numbers has no class and no rank, and says so', () => {
  const broken = Float32Array.from([0.9, 0.1, NaN, NaN]);
  const labels = Int32Array.of(0, 1);
  for (const score of [
    () => mostProbable(broken, 2),
    () => macroF1({ labels, probabilities: broken, classes: 2 }),
    () => kerasF1({ labels, probabilities: broken, classes: 2 }, 0.5),
    () => kerasMicroAuc({ labels, probabilities: broken, classes: 2 }),
  ])
    assert.throws(score, { kind: 'diverged', message: /row 1/ });
  // One number is enough to know the largest.
  assert.deepEqual([...mostProbable(Float32Array.from([NaN, 0.2, 0.3, NaN]), 2)], [1, 0]);
  assert.throws(() => rankScores([0.1, NaN], () => true), /score 1 of 2 is not a number/);
  assert.doesNotThrow(() => rankScores([Infinity, -Infinity, 0], () => true));
  assert.throws(() => tagScores(Float32Array.of(0, 1), Float32Array.of(0.5, NaN), ['a']), /not a number/);
});

test('cross-validation stores no fold that is not numbers, and computes a stored one again', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-nan-folds-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const labels = Int32Array.of(0, 1, 0, 1, 0, 1);
  const task = (spoilt: number | undefined, folds: number[]): evaluation.CrossValidationTask => ({
    labels,
    classNames: ['a', 'b'],
    groups: Int32Array.of(0, 1, 2, 3, 4, 5),
    folds: Int32Array.of(0, 0, 1, 1, 2, 2),
    seeds: [1],
    resume: { folder, identity: 'nan' },
    bootstrap: { resamples: 5 },
    fitFold: ({ testRows, fold }) => {
      folds.push(fold);
      return Float32Array.from({ length: 2 * testRows.length }, (_, i) =>
        fold === spoilt && i === 2 ? NaN : labels[testRows[i >> 1]!] === i % 2 ? 0.8 : 0.2,
      );
    },
  });
  const first: number[] = [];
  await assert.rejects(crossValidate(task(1, first)), {
    kind: 'diverged',
    message: /fold 1 of seed 1 predicts NaN for row 3/,
  });
  assert.deepEqual(first, [0, 1]);
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith('.npy')),
    ['seed1-fold0.npy'],
  );
  // As an earlier version left it.
  writeNpy(path.join(folder, 'seed1-fold1.npy'), { shape: [2, 2], data: new Float32Array(4).fill(NaN) });
  const second: number[] = [];
  const { mean } = await crossValidate(task(undefined, second));
  assert.deepEqual(second, [1, 2]);
  assert.equal(mean.macroF1.value, 1);
});
