import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensor4D } from '@tensorflow/tfjs';
import { type Engine, loadEngine } from 'stm-lab/dist/engine';
import { createKernels } from 'stm-lab/dist/training/kernels';
import { worst } from './fixtures';

type Backend = Record<string, (...args: unknown[]) => unknown>;

/** The engine, said to compute on a graphics card or not, with the operations that are called by name. */
function watched(engine: Engine, isUsingGpuDevice: boolean): { engine: Engine; called: string[] } {
  const called: string[] = [];
  const own = engine.tf.backend() as unknown as Backend;
  const backend = {
    isUsingGpuDevice,
    binding: own['binding'],
    executeMultipleOutputs: (op: string, ...rest: unknown[]) => {
      called.push(op);
      return own['executeMultipleOutputs']!(op, ...rest);
    },
  };
  const tf = { ...engine.tf, backend: () => backend } as unknown as Engine['tf'];
  return { engine: { ...engine, tf }, called };
}

test('on a graphics card batch normalisation does without the operation whose outputs differ there', async () => {
  const engine = await loadEngine({ prefer: 'native' });
  const { tf } = engine;
  const gradientOf = (of: Engine): number[] =>
    tf.tidy(() => {
      const kernels = createKernels(of);
      const x = tf.tensor4d(
        Float32Array.from({ length: 36 }, (_, i) => Math.sin(i * i)),
        [2, 3, 3, 2],
      );
      const gamma = tf.tensor1d([1.5, 0.5]);
      const { mean, variance } = kernels.normalise(x, gamma, tf.tensor1d([0, 1]), 1e-5);
      const [dx] = kernels.normaliseGradient(tf.exp(x) as Tensor4D, x, gamma, mean, variance, 1e-5);
      return [...dx.dataSync()];
    });
  const [card, processor] = [watched(engine, true), watched(engine, false)];
  const difference = worst(gradientOf(card.engine), gradientOf(processor.engine));
  assert.ok(difference < 1e-4, `${difference}`);
  assert.deepEqual(card.called, []);
  assert.deepEqual(processor.called, ['FusedBatchNormV3', 'FusedBatchNormGradV3']);
});
