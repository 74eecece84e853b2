import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import { readSnapshot } from 'stm-lab/dist/base/snapshot';
import { fastNormals } from 'stm-lab/dist/training/random';
import { memorySource } from 'stm-lab/dist/tmnn/data/spectrogramCache';
import { fitTmnn, type TmnnEpoch, type TmnnFitTask } from 'stm-lab/dist/tmnn/fit';
import { loadTmnn, saveTmnn, startTmnn } from 'stm-lab/dist/tmnn/model';
import { predictClips } from 'stm-lab/dist/tmnn/predict';
import { PUBLISHED_STAGES, resolveFit, stageOptimiser } from 'stm-lab/dist/tmnn/schedule';
import { resolveTmnn } from 'stm-lab/dist/tmnn/spec';
import { createTrainer } from 'stm-lab/dist/tmnn/trainer';
import { learnPlantedRate, PLANTED_HZ } from 'stm-lab/dist/tmnn';

const next = fastNormals(3, 'clips');
const source = memorySource(
  Array.from({ length: 22 }, () => Float32Array.from({ length: 24 * 33 }, () => next() ** 2)),
  33,
);
const task: TmnnFitTask = {
  spec: resolveTmnn({
    frontEnd: { kind: 'harmonic', harmonics: 1, perSemitone: 1 },
    modulation: { filters: 1, taps: 11 },
    backEnd: { width: 2 },
    outputs: 3,
    analysis: { fftLength: 64 },
  }),
  task: 'tags',
  data: {
    source,
    labels: Float32Array.from({ length: 66 }, (_, i) => Number((i * 5) % 7 < 3)),
    train: Array.from({ length: 17 }, (_, i) => i),
    validation: [17, 18, 19, 20, 21],
    window: 20,
  },
  fit: {
    stages: [
      { rule: 'adam', learningRate: 3e-2, epochs: 3 },
      { rule: 'sgd', learningRate: 1e-2, epochs: 1 },
      { rule: 'sgd', learningRate: 1e-3, epochs: 2 },
    ],
    batchSize: 4,
    windows: 3,
  },
};

test('a training killed after every epoch and resumed equals an undisturbed one, bit for bit', async (t) => {
  const engine = await loadEngine();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-fit-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const before = engine.tf.memory().numTensors;
  const straight = await fitTmnn(engine, task);
  assert.equal(engine.tf.memory().numTensors, before);
  assert.equal(straight.history.length, 6);
  const checkpoint = { folder, identity: 'one' };
  let result: Awaited<ReturnType<typeof fitTmnn>> | undefined;
  for (let run = 0; result === undefined && run < 10; run++) {
    const killer = new AbortController();
    try {
      result = await fitTmnn(engine, {
        ...task,
        checkpoint,
        signal: killer.signal,
        // In the middle of the next epoch.
        onEpoch: () => undefined,
        onStep: (step) => {
          if (step === 2 && run < 6 && fs.existsSync(path.join(folder, 'snapshot.json')) !== (run === 0))
            if (epochsKept(folder) === run) killer.abort();
        },
      });
    } catch (error) {
      assert.ok(killer.signal.aborted, String(error));
    }
    assert.equal(engine.tf.memory().numTensors, before);
  }
  assert.ok(result!.resumed > 0);
  assert.deepEqual(result!.history, straight.history);
  assert.deepEqual(result!.best, straight.best);
  await assert.rejects(
    fitTmnn(engine, { ...task, checkpoint: { folder, identity: 'other' } }),
    /another network/,
  );
  const other = await fitTmnn(engine, { ...task, fit: { ...task.fit, seed: 2 } });
  assert.notDeepEqual(other.history, straight.history);
});

function epochsKept(folder: string): number {
  const file = path.join(folder, 'snapshot.json');
  if (!fs.existsSync(file)) return 0;
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { progress: { history: unknown[] } }).progress.history
    .length;
}

test('a stage begins with the best weights; momentum is kept within a rule and 0 under a new one', async () => {
  const engine = await loadEngine();
  const seen: TmnnEpoch[] = [];
  const { best, bestEpoch, history, first } = await fitTmnn(engine, {
    ...task,
    onEpoch: (epoch) => seen.push(epoch),
  });
  assert.deepEqual(seen, history);
  assert.deepEqual(
    history.map(({ stage, learningRate }) => [stage, learningRate]),
    [[0, 3e-2], [0, 3e-2], [0, 3e-2], [1, 1e-2], [2, 1e-3], [2, 1e-3]], // prettier-ignore
  );
  const lowest = Math.min(...history.map(({ validationLoss }) => validationLoss));
  assert.equal(history[bestEpoch - 1]!.validationLoss, lowest);
  // The best values give the best loss again.
  const network = createTrainer(engine, task.spec, 'tags', { rule: { kind: 'sgd' } }, best);
  const labels = task.data.labels.slice(17 * 3);
  const judged = await predictClips(network, 'tags', source, task.data.validation, labels, {
    window: 20,
    windows: 3,
    batchSize: 4,
  });
  network.dispose();
  assert.ok(Math.abs(judged.loss - lowest) < 1e-9);
  assert.notDeepEqual(history[0]!.filters, first);

  const trainer = createTrainer(engine, task.spec, 'tags', stageOptimiser(PUBLISHED_STAGES[0]!, 0), {
    seed: 1,
  });
  assert.equal(trainer.optimiser.read().slots.length, 2);
  trainer.changeRule(stageOptimiser(PUBLISHED_STAGES[1]!, 0));
  const { slots, updates } = trainer.optimiser.read();
  assert.equal(slots.length, 1);
  assert.ok(slots[0]!.every((value) => value === 0) && updates === 0);
  trainer.dispose();
});

test('a new stage goes back to the best weights, bit for bit', async (t) => {
  const engine = await loadEngine();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-stage-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const rule of ['adam', 'sgd'] as const) {
    const checkpoint = { folder: path.join(folder, rule), identity: 'stages' };
    fs.mkdirSync(checkpoint.folder);
    const { history } = await fitTmnn(engine, {
      ...task,
      checkpoint,
      fit: {
        ...task.fit,
        // The last epoch of the first stage is not the best; then a rate of nothing to speak of.
        stages: [
          { rule: 'adam', learningRate: 0.01, epochs: 4 },
          { rule, learningRate: 1e-30, epochs: 1 },
        ],
      },
    });
    const losses = history.slice(0, 4).map(({ validationLoss }) => validationLoss);
    const best = losses.indexOf(Math.min(...losses));
    assert.ok(best < 3, `best is epoch ${best + 1} of ${losses.join(' ')}`);
    assert.notDeepEqual(history[3]!.filters, history[best]!.filters);
    assert.deepEqual(history[4]!.filters, history[best]!.filters);
    const { arrays } = readSnapshot(checkpoint.folder, 'stages')!;
    assert.deepEqual(arrays['parameters'], arrays['bestParameters']);
  }
});

test('the published schedule; options out of range are named', () => {
  assert.deepEqual(
    PUBLISHED_STAGES.map(({ rule, learningRate, epochs }) => [rule, learningRate, epochs]),
    [
      ['adam', 1e-4, 80],
      ['sgd', 1e-3, 20],
      ['sgd', 1e-4, 20],
      ['sgd', 1e-5, 80],
    ],
  );
  assert.deepEqual(stageOptimiser(PUBLISHED_STAGES[1]!, 1e-4), {
    rule: { kind: 'sgd', momentum: 0.9, form: 'nesterov' },
    decay: 1e-4,
  });
  assert.throws(() => resolveFit({ batchSize: 1 }), /batchSize 1/);
  assert.throws(() => resolveFit({ stages: [{ rule: 'adam', learningRate: 0, epochs: 1 }] }), /rate 0/);
  assert.throws(() => resolveFit({ stages: [] }), /no stages/);
});

test('a kept model judges as before; another folder holds none', async (t) => {
  const engine = await loadEngine();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-tmnn-model-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  assert.equal(loadTmnn(folder), undefined);
  const trainer = createTrainer(engine, task.spec, 'tags', { rule: { kind: 'sgd' } }, { seed: 4 });
  const power = new Float32Array(2 * 20 * 33).fill(0.3);
  trainer.step({ rows: 2, frames: 20, power, labels: new Float32Array(6) }, 0.1, 1);
  const before = trainer.logits(power, 2, 20);
  saveTmnn(folder, {
    spec: task.spec,
    task: 'tags',
    outputs: ['a', 'b', 'c'],
    segmentSeconds: 1,
    values: trainer.read(),
  });
  trainer.dispose();
  const model = loadTmnn(folder)!;
  assert.deepEqual(model.outputs, ['a', 'b', 'c']);
  const again = startTmnn(engine, model);
  assert.deepEqual(again.logits(power, 2, 20), before);
  again.dispose();
});

test('classes that differ in modulation rate alone: learned with one filter, not without', async () => {
  const engine = await loadEngine();
  const filtered = await learnPlantedRate(engine, 1, 1);
  const plain = await learnPlantedRate(engine, 0, 1, [4, 1]);
  assert.ok(plain.parameters >= filtered.parameters, `${plain.parameters} ${filtered.parameters}`);
  assert.ok(filtered.accuracy >= 0.9, `with a filter ${filtered.accuracy}`);
  assert.ok(plain.accuracy <= 0.65, `without ${plain.accuracy}`);
  assert.ok(
    filtered.passLowHz <= PLANTED_HZ && filtered.passHighHz >= PLANTED_HZ,
    `${filtered.passLowHz} to ${filtered.passHighHz}`,
  );
});

test('a corpus smaller than a batch is one batch; a single clip is refused', async () => {
  const engine = await loadEngine();
  const few = { ...task.data, train: [0, 1, 2, 3, 4] };
  const fit = { ...task.fit, batchSize: 8 };
  const small = await fitTmnn(engine, { ...task, data: few, fit });
  const same = await fitTmnn(engine, { ...task, data: few, fit: { ...fit, batchSize: 5 } });
  assert.deepEqual(small.best, same.best);
  await assert.rejects(
    fitTmnn(engine, { ...task, data: { ...few, train: [0] }, fit }),
    /1 training clips are too few/,
  );
});
