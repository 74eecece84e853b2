import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomState } from 'research-basics/random/mt19937';
import { supportVectorMachine, type LabelledRows } from 'stm-lab/dist/models';

const COLUMNS = 60;

/** Recordings of speakers: each speaker has a strong voice of its own, and the class only shifts it a little. */
function speakers(
  first: number,
  count: number,
  takes: number,
  seed: number,
): LabelledRows & { groups: Int32Array } {
  const state = randomState(seed);
  const rows = count * takes;
  const x = new Float32Array(rows * COLUMNS);
  const y = new Int32Array(rows);
  const groups = new Int32Array(rows);
  for (let s = 0; s < count; s++) {
    const voice = Float32Array.from({ length: COLUMNS }, () => state.normal());
    for (let take = 0; take < takes; take++) {
      const row = s * takes + take;
      groups[row] = first + s;
      y[row] = s % 2;
      for (let j = 0; j < COLUMNS; j++)
        x[row * COLUMNS + j] =
          voice[j]! + (j < 4 ? 0.25 * (y[row] === 1 ? 1 : -1) : 0) + 0.1 * state.normal();
    }
  }
  return { x, y, rows, columns: COLUMNS, groups };
}

async function logLoss(train: LabelledRows, test: LabelledRows): Promise<number> {
  const fitted = await supportVectorMachine({ kernel: 'linear', C: 1 }).fit(train, 2);
  const probabilities = await fitted.predictProbabilities(test.x, test.rows);
  let sum = 0;
  test.y.forEach(
    (label, row) => (sum -= Math.log(Math.max(probabilities[2 * row + label]!, 1e-12)) / test.rows),
  );
  return sum;
}

test('probabilities of new speakers are honest when calibrated by speaker, and too sure when by row', async () => {
  const train = speakers(0, 24, 6, 1);
  const held = speakers(100, 60, 4, 2);
  const { x, y, rows, columns } = train;
  const [byGroup, byRow] = [await logLoss(train, held), await logLoss({ x, y, rows, columns }, held)];
  // A coin says 0.693 of either class.
  assert.ok(byGroup < 0.8 && byRow > 1, `by group ${byGroup}, by row ${byRow}`);
  assert.ok(byRow > byGroup + 0.2, `by row ${byRow}, by group ${byGroup}`);
  assert.equal(await logLoss(train, held), byGroup);
});

test('a class of one group falls back to rows; groups of another number are refused', async () => {
  const train = speakers(0, 8, 6, 3);
  const one = { ...train, groups: train.y.map((label, row) => (label === 0 ? 0 : train.groups[row]!)) };
  assert.ok(Number.isFinite(await logLoss(one, train)));
  await assert.rejects(async () => supportVectorMachine().fit({ ...train, groups: Int32Array.of(1) }, 2), {
    message: /1 groups for 48 rows/,
  });
});
