import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { readSnapshot, writeSnapshot } from 'stm-lab/dist/base/snapshot';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import {
  createLearner,
  createLayout,
  runTraining,
  type TrainingResult,
  type TrainingTask,
} from 'stm-lab/dist/training';
import { readCheckpoint } from 'stm-lab/dist/training/checkpoint';

interface Epoch {
  readonly epoch: number;
  readonly stage: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly updates: number;
}

const temporary = (t: { after(f: () => void): void }): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stm-lab-loop-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
};

/** Pulls three numbers towards a target that differs from batch to batch: 5 batches an epoch, 3 an update. */
async function pull(engine: Engine, more: Partial<TrainingTask<Epoch>> = {}): Promise<TrainingResult<Epoch>> {
  const { tf } = engine;
  const layout = createLayout([{ name: 'a', shape: [3], start: { kind: 'constant', value: 0 } }]);
  const stages: TrainingTask<Epoch>['stages'] = [
    { epochs: 3, optimiser: { rule: { kind: 'adam' } }, schedule: { learningRate: 0.1, schedule: 'linear' } },
    { epochs: 2, optimiser: { rule: { kind: 'sgd', momentum: 0.9 } }, schedule: { learningRate: 0.05 } },
    { epochs: 2, optimiser: { rule: { kind: 'sgd', momentum: 0.9 } }, schedule: { learningRate: 0.5 } },
  ];
  const learner = createLearner(engine, layout, [], stages[0]!.optimiser, {
    parameters: new Float32Array(3),
  });
  try {
    return await runTraining<Epoch>(engine, {
      learner,
      stages,
      batchesPerEpoch: 5,
      accumulation: 3,
      together: 2,
      groupGradient: ({ inTraining, count }) => {
        const gradient = tf.tidy(() => {
          const goals = Array.from({ length: count }, (_, k) => [
            1,
            Math.sin(inTraining + k),
            inTraining % 2,
          ]);
          const away = goals.map((goal) => tf.sub(learner.optimiser.values, tf.tensor1d(goal)));
          return tf.div(tf.addN(away), 3) as typeof learner.optimiser.values;
        });
        return { sums: { loss: gradient.dataSync()[0]! ** 2, batches: count }, gradient };
      },
      epochRecord: ({ epoch, stage, sums, learningRate, updates }) => ({
        epoch,
        stage,
        loss: sums['loss']! / sums['batches']!,
        learningRate,
        updates,
      }),
      best: { value: ({ loss }) => loss, direction: 'minimise', keepsValues: true },
      ...more,
    });
  } finally {
    learner.dispose();
  }
}

test('a training stopped after every group of batches and resumed equals an undisturbed one, bit for bit', async (t) => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const straight = await pull(engine);
  assert.equal(straight.stopped, 'completed');
  assert.deepEqual([straight.updates, straight.dropped], [11, 2]);
  assert.deepEqual(
    straight.history.map(({ stage, updates }) => [stage, updates]),
    [[0, 1], [0, 3], [0, 5], [1, 6], [1, 8], [2, 10], [2, 11]], // prettier-ignore
  );
  const checkpoint = { folder: temporary(t), identity: 'pull' };
  let stops = 0;
  for (;;) {
    const stop = new AbortController();
    try {
      const resumed = await pull(engine, { checkpoint, signal: stop.signal, onBatch: () => stop.abort() });
      assert.deepEqual({ ...resumed, resumed: 0 }, straight);
      break;
    } catch (error) {
      assert.match(String(error), /training stopped on request/);
      stops++;
    }
  }
  assert.ok(stops >= 20, `${stops} stops`);
  const again = await pull(engine, { checkpoint });
  assert.deepEqual(again, { ...straight, resumed: 7 });
  assert.equal(engine.tf.memory().numTensors, before);
});

test('one order of calls: batches, record, onEpoch, checkpoint; "stop", patience and divergence end it', async (t) => {
  const engine = await loadEngine();
  const checkpoint = { folder: temporary(t), identity: 'order' };
  const calls: string[] = [];
  const stopped = await pull(engine, {
    checkpoint,
    onBatch: (done) => void calls.push(`batch ${done}`),
    onEpoch: ({ epoch }) => {
      const saved = readSnapshot<{ history: unknown[] }>(checkpoint.folder, 'order');
      calls.push(`epoch ${epoch}, ${saved?.progress.history.length ?? 0} saved`);
      return epoch === 2 ? 'stop' : undefined;
    },
  });
  assert.deepEqual(calls, [
    'batch 2', 'batch 3', 'batch 5', 'epoch 1, 0 saved',
    'batch 1', 'batch 3', 'batch 4', 'batch 5', 'epoch 2, 1 saved',
  ]); // prettier-ignore
  assert.equal(stopped.stopped, 'callback');
  assert.equal((await pull(engine, { checkpoint })).stopped, 'callback');
  const patient = await pull(engine, {
    best: { value: ({ epoch }) => epoch, direction: 'minimise', patience: 2, keepsValues: true },
  });
  assert.deepEqual([patient.stopped, patient.bestEpoch, patient.history.length], ['early', 1, 3]);
  const wild = await pull(engine, { epochRecord: () => 'validation loss' });
  assert.deepEqual(
    [wild.stopped, wild.divergence!.what, wild.divergence!.updates],
    ['diverged', 'validation loss', 1],
  );
  assert.deepEqual(wild.last.parameters, new Float32Array(3));
});

test('checkpoints of earlier versions are read', (t) => {
  const folder = temporary(t);
  const array = (...values: number[]): Float32Array => Float32Array.from(values);
  const read = (
    name: string,
    arrays: Record<string, Float32Array>,
    progress: unknown,
    accumulation = 1,
  ): unknown => {
    const place = { folder: path.join(folder, name), identity: name };
    writeSnapshot(place.folder, name, { arrays, progress });
    return readCheckpoint(place, { batchesPerEpoch: 5, accumulation });
  };
  const common = { bestEpoch: 1, bestValue: null, stopped: null };
  const none = new Float32Array();
  assert.deepEqual(
    read(
      'features',
      {
        'weights.0': array(1, 2), 'weights.1': array(3), 'first.0': array(4, 5), 'first.1': array(6),
        'second.0': array(7, 8), 'second.1': array(9), 'pending.0': array(1, 1), 'pending.1': array(0),
      }, // prettier-ignore
      { batches: 5, progress: { history: [{ epoch: 1 }], ...common } },
      2,
    ),
    {
      optimiser: { updates: 2, values: array(1, 2, 3), slots: [array(4, 5, 6), array(7, 8, 9)] },
      buffers: none,
      pending: array(1, 1, 0),
      best: undefined,
      progress: { batches: 5, sums: {}, history: [{ epoch: 1 }], ...common, memory: { first: undefined } },
    },
  );
  assert.deepEqual(
    read(
      'temporal',
      {
        parameters: array(1),
        buffers: array(2),
        bestParameters: array(3),
        bestBuffers: array(4),
        slot0: array(5),
      },
      { updates: 7, history: [{ epoch: 1 }, { epoch: 2 }], bestEpoch: 1, first: { q: 2 } },
    ),
    {
      optimiser: { updates: 7, values: array(1), slots: [array(5)] },
      buffers: array(2),
      pending: undefined,
      best: { parameters: array(3), buffers: array(4) },
      progress: {
        batches: 10, sums: {}, history: [{ epoch: 1 }, { epoch: 2 }], ...common, memory: { first: { q: 2 } },
      }, // prettier-ignore
    },
  );
  assert.deepEqual(
    read(
      'spectrotemporal',
      { values: array(1), first: array(2), second: array(3), buffers: array(4) },
      { step: 7, lossSum: 0.5, records: [{ step: 0 }, { step: 5 }] },
    ),
    {
      optimiser: { updates: 7, values: array(1), slots: [array(2), array(3)] },
      buffers: array(4),
      pending: undefined,
      best: undefined,
      progress: {
        batches: 7, sums: { loss: 0.5 }, history: [{ step: 5 }], ...common, memory: { first: { step: 0 } },
      }, // prettier-ignore
    },
  );
});
