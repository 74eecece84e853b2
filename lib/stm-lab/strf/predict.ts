import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { divergedError } from 'research-basics/errors';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { createPace } from 'research-basics/pace';
import { concatenate } from '../base/concatenate';
import type { Engine } from '../engine';
import { type BufferStore, createBuffers, unpack } from '../training';
import type { StrfNetwork } from './networks';
import { selectSounds, type SoundSet } from './soundSet';

/** A network's values on the host. */
export interface StrfValues {
  readonly values: Float32Array;
  readonly buffers: Float32Array;
}

/** Spectrograms and their targets on the engine. */
export function batchTensors(
  { tf }: Engine,
  network: StrfNetwork,
  { values, rows, bands, frames, targets }: SoundSet,
): { x: Tensor3D; targets: Tensor2D } {
  return {
    x: tf.tensor3d(values, [rows, bands, frames]),
    targets: tf.tensor2d(targets, [targets.length / network.outputs, network.outputs]),
  };
}

/** What a trained network says of spectrograms. */
export interface StrfPredictions {
  /** rows (or rows x frames) x outputs. */
  readonly probabilities: Float32Array;
  /** rows x size; empty where the network has no embeddings. */
  readonly embeddings: Float32Array;
}

/**
 * Runs a trained network over spectrograms, `batch` (default 64) at a time.
 *
 * @throws UserError: `interrupted` on `signal`; `diverged` when an output is not a number.
 */
export async function predictStrf(
  engine: Engine,
  network: StrfNetwork,
  { values, buffers }: StrfValues,
  data: SoundSet,
  { batch = 64, signal }: { readonly batch?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<StrfPredictions> {
  const { tf } = engine;
  const store: BufferStore = createBuffers(engine, network.buffers);
  const probabilities: Float32Array[] = [];
  const embeddings: Float32Array[] = [];
  const pace = createPace(signal, 'prediction');
  try {
    store.write(buffers);
    for (let from = 0; from < data.rows; from += batch) {
      await pace();
      const rows = Int32Array.from({ length: Math.min(batch, data.rows - from) }, (_, i) => from + i);
      tf.tidy(() => {
        const { x } = batchTensors(engine, network, selectSounds(data, rows));
        const parameters = unpack(engine, network.layout, tf.tensor1d(values));
        const state = { parameters, buffers: store };
        probabilities.push(Float32Array.from(network.predict(state, x).dataSync()));
        if (network.embed !== undefined)
          embeddings.push(Float32Array.from(network.embed(state, x).dataSync()));
      });
    }
  } finally {
    store.dispose();
  }
  const found = { probabilities: concatenate(probabilities), embeddings: concatenate(embeddings) };
  for (const [name, all] of Object.entries(found)) {
    const wrong = firstNotFinite(all);
    if (wrong >= 0)
      throw divergedError(
        `prediction: the network's ${name} hold ${all[wrong]} (value ${wrong} of ${all.length}); the training has diverged, lower the learning rate`,
      );
  }
  return found;
}
