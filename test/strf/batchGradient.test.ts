import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from 'stm-lab/dist/engine';
import {
  classTargets,
  createCallNetwork,
  createSceneNetwork,
  createSpeechNetwork,
  type SoundSet,
  trainStrf,
} from 'stm-lab/dist/strf';
import { randomState } from 'research-basics/random/mt19937';
import { worst } from '../training/fixtures';

const FRONT = { bands: 16, contraction: 6, strf: { filters: 4, shape: { frequencyTaps: 5, timeTaps: 9 } } };

function sounds(rows: number, targets: Float32Array, frames = 12): SoundSet {
  const state = randomState(3);
  const values = Float32Array.from({ length: rows * 16 * frames }, () => state.normal());
  return { values, rows, bands: 16, frames, targets, targetSize: targets.length / rows };
}

test('a batch that passes in parts gives the same training but for rounding, weights of classes included', async () => {
  const engine = await loadEngine();
  const before = engine.tf.memory().numTensors;
  const perFrame = Uint8Array.from({ length: 10 * 12 }, (_, i) => (i % 5 < 2 ? 1 : 0));
  const cases = [
    {
      network: createSpeechNetwork(engine, { ...FRONT, recurrent: [5], dense: [4] }),
      data: sounds(10, classTargets(perFrame, 2)),
    },
    {
      // Weights that differ by part of the batch.
      network: createCallNetwork(engine, { ...FRONT, recurrent: 5, dense: 4, classes: 3 }),
      data: sounds(10, classTargets([0, 0, 0, 0, 0, 0, 0, 1, 1, 2], 3, [0.3, 1.5, 4])),
    },
  ];
  for (const { network, data } of cases) {
    const options = { steps: 4, batch: 10, learningRate: 0.01, recordEvery: 2 };
    const whole = await trainStrf(engine, network, data, options);
    const parts = await trainStrf(engine, network, data, { ...options, together: 3 });
    assert.ok(worst(parts.values, whole.values) < 2e-4, `${worst(parts.values, whole.values)}`);
    assert.ok(Math.abs(parts.records[1]!.loss - whole.records[1]!.loss) < 1e-4);
    assert.ok(Math.abs(whole.records[0]!.loss - whole.records[2]!.loss) > 1e-3, 'it trains');
    network.dispose();
  }
  assert.equal(engine.tf.memory().numTensors, before);
});

test('parts of a batch are refused where batch normalisation needs it whole', async () => {
  const engine = await loadEngine();
  const network = createSceneNetwork(engine, {
    tags: 2,
    bands: 16,
    strf: FRONT.strf,
    blocks: [4],
  });
  const data = sounds(4, new Float32Array(8).fill(1), 32);
  await assert.rejects(trainStrf(engine, network, data, { steps: 2, batch: 4, together: 2 }), {
    kind: 'input',
    message: /together is 2: batch normalisation needs all 4 spectrograms/,
  });
  network.dispose();
});
