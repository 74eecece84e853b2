import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  converged,
  createModel,
  fitMlp,
  initialWeights,
  predictProbabilities,
  type FitTask,
} from 'stm-lab/dist/models';
import { sha256 } from 'research-basics/files';
import { createTrialObjective } from 'stm-lab/dist/pipeline/trialObjective';
import { createStudy, optimize } from 'bayesian-optimizer';
import { cloudRows } from './fixtures';

const data = cloudRows(120, 10, 4, 1);
const spec = { family: 'dropout', inputs: 10, hidden: [{ units: 8 }], classes: 4 } as const;
const options = { batchSize: 30, accumulation: 1, biasCorrection: 'standard', seed: 2 } as const;
const task = (own: Partial<FitTask>): FitTask => ({ spec, train: data, ...own });
const finite = (weights: readonly Float32Array[]): boolean =>
  weights.every((values) => values.every(Number.isFinite));

test('a training that diverges says when, keeps the last sound weights, and checkpoints nothing of it', async (t) => {
  const engine = await loadEngine();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-diverged-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const before = engine.tf.memory().numTensors;
  // The rate is harmless until its warm-up ends.
  const wild = { ...options, epochs: 6, learningRate: 1e38, schedule: 'constant' } as const;
  const epochs: number[] = [];
  const result = await fitMlp(
    engine,
    task({ options: wild, checkpoint: { folder }, onEpoch: ({ epoch }) => void epochs.push(epoch) }),
  );
  assert.equal(result.stopped, 'diverged');
  assert.match(result.divergence!, /diverged in epoch \d+: its .* became infinite or not a number/);
  assert.ok(finite(result.model.weights));
  assert.deepEqual(
    result.history.map(({ epoch }) => epoch),
    epochs,
  );
  assert.ok(result.history.every(({ loss }) => Number.isFinite(loss)));
  if (result.history.length === 0) assert.deepEqual(fs.readdirSync(folder), []);
  assert.throws(() => converged(result, 'fold 3'), {
    kind: 'diverged',
    message: /^fold 3 diverged in epoch/,
  });
  assert.equal(engine.tf.memory().numTensors, before);
  const sound = await fitMlp(engine, task({ options: { ...options, epochs: 2 } }));
  assert.equal(converged(sound), sound);
});

test('weights that only the last update spoils are noticed', async () => {
  const engine = await loadEngine();
  // One update in all: its loss is still a number.
  const last = { ...options, epochs: 1, batchSize: 120, learningRate: Number.MAX_VALUE } as const;
  const result = await fitMlp(engine, task({ options: last }));
  assert.equal(result.stopped, 'diverged');
  assert.match(result.divergence!, /its weights became/);
  assert.deepEqual(
    result.model.weights.map((w) => sha256(w)),
    initialWeights(spec, 2).map((w) => sha256(w)),
  );
});

test('no model is made of, and no probability comes from, what is not a number', async () => {
  const engine = await loadEngine();
  const weights = initialWeights(spec, 1).map((values) => values.slice());
  const model = createModel(spec, weights);
  const huge = new Float32Array(10).fill(3e38);
  assert.throws(() => predictProbabilities(engine, model, huge, 1), { kind: 'diverged', message: /row 0/ });
  weights[1]![3] = NaN;
  assert.throws(() => createModel(spec, weights), { kind: 'diverged', message: /hidden0\.bias holds NaN/ });
});

test('a trial that diverges is failed with its reason; the others are scored', async () => {
  const engine = await loadEngine();
  const objective = createTrialObjective({
    engine,
    data: () => ({
      classes: ['a', 'b', 'c', 'd'],
      parts: 1,
      part: () => Promise.resolve({ train: data, test: data }),
    }),
    search: {
      sampler: 'random',
      trials: 6,
      executions: 1,
      seed: 3,
      objective: 'macroF1',
      family: 'dropout',
      space: {
        num_layers: { type: 'int', min: 1, max: 1 },
        units_0: { type: 'int', min: 8, max: 8 },
        lr: { type: 'categorical', choices: [0.01, 1e38] },
      },
      fit: { ...options, epochs: 2 },
    } as never,
    base: {
      family: 'dropout',
      fit: { ...options, epochs: 2 },
      features: { kind: 'stm' },
      reduction: { method: 'none', components: 1 },
    },
    studyName: 'diverging',
  });
  const study = createStudy({
    name: 'diverging',
    space: { num_layers: { type: 'int', min: 1, max: 1 }, units_0: { type: 'int', min: 8, max: 8 }, lr: { type: 'categorical', choices: [0.01, 1e38] } }, // prettier-ignore
    direction: 'maximize',
    sampler: 'random',
    seed: 3,
  });
  await optimize(study, objective as never, { trials: 8, maxConsecutiveFailures: Infinity });
  const trials = study.trials();
  const wild = trials.filter(({ values }) => values['lr'] === 1e38);
  assert.ok(wild.length > 0 && wild.length < trials.length);
  for (const trial of trials)
    if (trial.values['lr'] === 1e38) {
      assert.equal(trial.state, 'failed');
      assert.match(trial.failure!, /training diverged in epoch 1/);
    } else assert.ok(trial.value! > 0.25 && trial.value! <= 1);
});
