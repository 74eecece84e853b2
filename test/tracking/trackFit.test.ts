import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { createTracker, trackFit, type FitTracking } from 'mlflow-tracking-client';
import { loadEngine } from 'stm-lab/dist/engine';
import { gpuMetrics } from '../../lib/mlflow-tracking-client/dist/systemMetrics';
import { temporaryFolder } from './support';

const folder = temporaryFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('trackFit is a callback of TensorFlow.js, alone and behind those of TensorFlow.js', async () => {
  const { tf: tensorflow } = await loadEngine();
  const tracker = createTracker({
    mode: 'offline',
    journalFolder: path.join(folder, 'callback'),
    experiment: 'callback',
  });
  const fit = async (
    name: string,
    wrap: (tracking: FitTracking) => tf.CustomCallbackArgs,
  ): Promise<string> => {
    const model = tensorflow.sequential({
      layers: [tensorflow.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros' })],
    });
    model.compile({ optimizer: tensorflow.train.adam(0.25), loss: 'meanSquaredError' });
    const [x, y] = [tensorflow.zeros([4, 1]), tensorflow.ones([4, 1])];
    const run = tracker.startRun({ name, key: name });
    await model.fit(x, y, { epochs: 5, batchSize: 2, verbose: 0, callbacks: wrap(trackFit(run)) });
    tensorflow.dispose([x, y]);
    model.dispose();
    run.end();
    return fs.readFileSync(path.join(folder, 'callback', `${name}.jsonl`), 'utf8');
  };
  const alone = await fit('alone', (tracking) => tracking);
  assert.equal(alone.match(/"loss"/g)?.length, 5);
  // Stops after the second epoch: nothing is 1e9 better than before.
  const stopping = tensorflow.callbacks.earlyStopping({ monitor: 'loss', minDelta: 1e9, patience: 1 });
  const behind = await fit('behind', (tracking) => [stopping, tracking] as unknown as tf.CustomCallbackArgs);
  for (const text of [
    '"epochs":"5"',
    '"batch_size":"2"',
    '"opt_name":"adam"',
    '"opt_learning_rate":"0.25"',
    '"opt_beta_1":"0.9"',
    '"stopped_epoch":1',
  ])
    assert.ok(behind.includes(text), `${text} is not in ${behind}`);
  await tracker.close();
});

test('what nvidia-smi prints becomes metrics under the names of MLflow', () => {
  assert.deepEqual(gpuMetrics('37, 1000, 4000, 71.5\n0, 0, 2000, [N/A]\n'), {
    'system/gpu_0_utilization_percentage': 37,
    'system/gpu_0_memory_usage_megabytes': 1048.576,
    'system/gpu_0_memory_usage_percentage': 25,
    'system/gpu_0_power_usage_watts': 71.5,
    'system/gpu_1_utilization_percentage': 0,
    'system/gpu_1_memory_usage_megabytes': 0,
    'system/gpu_1_memory_usage_percentage': 0,
  });
  assert.deepEqual(gpuMetrics(''), {});
});
