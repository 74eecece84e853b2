import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { fitMlp, type LabelledRows } from 'stm-lab/dist/models';
import { mixPlan } from 'stm-lab/dist/models/augment';
import { collectionWeights } from 'stm-lab/dist/training/collectionWeights';
import { lossAndGradient, resolveLoss } from 'stm-lab/dist/training/focalLoss';
import { randomState } from 'research-basics/random/mt19937';

const near = (got: ArrayLike<number>, wanted: readonly number[], within = 1e-6): void => {
  assert.equal(got.length, wanted.length);
  wanted.forEach((value, i) =>
    assert.ok(Math.abs(got[i]! - value) < within, `${i}: ${got[i]}, not ${value}`),
  );
};

test('label smoothing: cross-entropy is least where the probabilities are the smoothed target', () => {
  const loss = resolveLoss({ kind: 'cross-entropy', labelSmoothing: 0.3 }, 3, new Int32Array());
  const gradient = new Float32Array(3);
  lossAndGradient(loss, Float32Array.of(0.1, 0.8, 0.1), Int32Array.of(1), gradient);
  near(gradient, [0, 0, 0]);
  // Half a unit of weight: half of the target is spread.
  lossAndGradient(loss, Float32Array.of(0.1, 0.8, 0.1), Float32Array.of(0, 0.5, 0), gradient);
  near(gradient, [0, 0, 0]);
  const plain = resolveLoss({ kind: 'cross-entropy' }, 3, new Int32Array());
  lossAndGradient(plain, Float32Array.of(0.1, 0.8, 0.1), Int32Array.of(1), gradient);
  near(gradient, [0.1, -0.2, 0.1]);
  // Focal: each class with its own share, -0.25 sum y (1 - p)^2 log p.
  const focal = resolveLoss({ labelSmoothing: 0.3 }, 3, new Int32Array());
  const wanted = [0.1, 0.8, 0.1].reduce(
    (sum, y, c) => sum - 0.25 * y * (1 - [0.2, 0.5, 0.3][c]!) ** 2 * Math.log([0.2, 0.5, 0.3][c]!),
    0,
  );
  near([lossAndGradient(focal, Float32Array.of(0.2, 0.5, 0.3), Int32Array.of(1), undefined)], [wanted]);
  for (const labelSmoothing of [-0.1, 1, NaN])
    assert.throws(
      () => resolveLoss({ labelSmoothing }, 3, new Int32Array()),
      /label smoothing .*: must be from 0 to below 1/,
    );
});

test('weights of collections: n^-p within a class, whose mean stays 1', () => {
  const y = Int32Array.of(0, 0, 0, 0, 1, 1);
  const collections = Int32Array.of(5, 5, 5, 2, 5, 2);
  near(collectionWeights(y, collections, 0), [1, 1, 1, 1, 1, 1]);
  near(collectionWeights(y, collections, 1), [2 / 3, 2 / 3, 2 / 3, 2, 1, 1]);
  const root = Math.sqrt(3);
  near(
    collectionWeights(y, collections, 0.5).subarray(0, 4),
    [1, 1, 1, root].map((raw) => (4 * raw) / (3 + root)),
  );
  assert.throws(
    () => resolveLoss({ collectionBalance: 2 }, 3, new Int32Array()),
    /collection balance 2: must be from 0 to 1/,
  );
  const weights = Float32Array.of(3, 0.5);
  const { targets, shares, partners } = mixPlan(Int32Array.of(0, 1), 2, 0.4, 7, weights);
  shares.forEach((share, r) => {
    const sum = targets[2 * r]! + targets[2 * r + 1]!;
    near([sum], [share * weights[r]! + (1 - share) * weights[partners[r]!]!]);
  });
});

test('collections that weigh the same train as rows repeated until they are equally many', async () => {
  const engine = await loadEngine();
  const random = randomState(3);
  const columns = 4;
  // Two classes alike: three rows of one collection, one of another.
  const vectors = Array.from({ length: 8 }, () => Array.from({ length: columns }, () => random.normal()));
  const rowsOf = (places: readonly number[]): LabelledRows => ({
    ...{ rows: places.length, columns },
    x: Float32Array.from(places.flatMap((place) => vectors[place]!)),
    y: Int32Array.from(places, (place) => (place < 4 ? 0 : 1)),
    collections: Int32Array.from(places, (place) => (place % 4 === 3 ? 1 : 0)),
  });
  const whole = rowsOf([0, 1, 2, 3, 4, 5, 6, 7]);
  const trained = async (train: LabelledRows, loss: object): Promise<number[]> => {
    const { model, history } = await fitMlp(engine, {
      spec: { family: 'dropout', inputs: columns, hidden: [{ units: 5 }], classes: 2 },
      train,
      options: { epochs: 12, batchSize: 16, accumulation: 1, learningRate: 0.01, order: 'stored', loss },
    });
    return [...model.weights.flatMap((array) => [...array]), history.at(-1)!.loss];
  };
  const balanced = await trained(whole, { collectionBalance: 1 });
  const repeated = await trained(rowsOf([0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 7, 7]), {});
  near(balanced, repeated, 1e-4);
  const plain = await trained(whole, {});
  assert.ok(plain.some((value, i) => Math.abs(value - repeated[i]!) > 1e-3));
  const smoothed = await trained(whole, { labelSmoothing: 0.2 });
  assert.ok(smoothed.some((value, i) => Math.abs(value - plain[i]!) > 1e-3));
  const { x, y, rows } = whole;
  await assert.rejects(
    trained({ x, y, rows, columns }, { collectionBalance: 0.5 }),
    /collection balance 0\.5: the training rows name no collections; give the manifest a column "collection"/,
  );
});
