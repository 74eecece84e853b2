import type { Scalar, Tensor1D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { type Learner, lossGradient } from '../training';
import type { StrfNetwork } from './networks';
import { batchTensors } from './predict';
import { selectSounds, type SoundSet } from './soundSet';

/**
 * Loss and gradient of a batch. With `together`, its spectrograms pass through the network in parts of at most that many,
 * whose losses and gradients are averaged by the weight of their targets: the same except for rounding (and what dropout draws),
 * in less memory.
 *
 * @param seed of this update's dropout.
 * @returns the mean loss, and its gradient with respect to all parameters, which the caller disposes.
 * @throws UserError (`input`) for parts of a batch with a network whose batch normalisation needs it whole.
 */
export function batchGradient(
  engine: Engine,
  network: StrfNetwork,
  { optimiser, buffers }: Learner,
  sounds: SoundSet,
  { together = sounds.rows, seed }: { readonly together?: number | undefined; readonly seed: number },
): { loss: number; gradient: Tensor1D } {
  const { tf } = engine;
  const parts = partsOf(sounds, together);
  if (parts.length > 1 && network.buffers.length > 0)
    throw inputError(
      `training option together is ${together}: batch normalisation needs all ${sounds.rows} spectrograms of a batch; leave the option out`,
    );
  const weights = parts.map(({ targets }) => targets.reduce((sum, value) => sum + Math.max(0, value), 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let mean = 0;
  let gradient: Tensor1D | undefined;
  parts.forEach((part, p) => {
    const one = tf.tidy(() => {
      const { x, targets } = batchTensors(engine, network, part);
      const dropoutSeed = p === 0 ? seed : deriveSeed(seed, 'part', p);
      return lossGradient(engine, network.layout, optimiser.values, (parameters) =>
        network.loss({ parameters, buffers }, x, targets, dropoutSeed),
      ) as { loss: Scalar; gradient: Tensor1D };
    });
    const value = one.loss.dataSync()[0]!;
    one.loss.dispose();
    if (parts.length === 1) {
      [mean, gradient] = [value, one.gradient];
      return;
    }
    const share = total > 0 ? weights[p]! / total : 1 / parts.length;
    mean += share * value;
    const before = gradient;
    gradient = tf.tidy((): Tensor1D => {
      const own = tf.mul<Tensor1D>(one.gradient, share);
      return before === undefined ? own : tf.add(before, own);
    });
    [before, one.gradient].forEach((tensor) => tensor?.dispose());
  });
  return { loss: mean, gradient: gradient! };
}

function partsOf(sounds: SoundSet, together: number): SoundSet[] {
  if (together >= sounds.rows) return [sounds];
  return Array.from({ length: Math.ceil(sounds.rows / together) }, (_, p) => {
    const from = p * together;
    const length = Math.min(together, sounds.rows - from);
    return selectSounds(
      sounds,
      Int32Array.from({ length }, (_, i) => from + i),
    );
  });
}
