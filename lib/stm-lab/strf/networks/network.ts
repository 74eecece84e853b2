import type { Scalar, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { BufferSpec, BufferStore, ParameterLayout, ParameterTensors } from '../../training';
import type { StrfLayer } from '../layer';

/** Present values of a network. */
export interface NetworkState {
  readonly parameters: ParameterTensors;
  readonly buffers: BufferStore;
}

/** A network on log-mel spectrograms x, float32 (batch, bands, frames), standardised. */
export interface StrfNetwork {
  readonly layout: ParameterLayout;
  readonly buffers: readonly BufferSpec[];
  readonly layer: StrfLayer;
  /** Classes, or tags. */
  readonly outputs: number;
  /** Whether a target row stands for a whole spectrogram or for one of its frames. */
  readonly targetsPer: 'clip' | 'frame';
  /**
   * Mean loss of a batch in training mode.
   *
   * @param targets (rows, outputs), rows by clip, then by frame where `targetsPer` says so. Classes: the
   *   weight of the true class, all 0 where nothing is known. Tags: 1, 0, or -1 where not known.
   * @param seed of this step's dropout.
   */
  loss(state: NetworkState, x: Tensor3D, targets: Tensor2D, seed: number): Scalar;
  /** Probabilities (rows, outputs), rows as those of `targets`. */
  predict(state: NetworkState, x: Tensor3D): Tensor2D;
  /**
   * How much of each filter the next layer takes: the norm of the weights that read its maps. Empty where
   * there are no filters.
   */
  filterWeights(valuesOf: (name: string) => ArrayLike<number>): Float32Array;
  /** What a speaker network says of a clip, (batch, size); absent elsewhere. */
  readonly embed?: (state: NetworkState, x: Tensor3D) => Tensor2D;
  dispose(): void;
}

/**
 * Norm of a weight array's parts by filter.
 *
 * @param filterOf the filter that an element belongs to.
 */
export function normsByFilter(
  weights: ArrayLike<number>,
  filters: number,
  filterOf: (element: number) => number,
): Float32Array {
  const squares = new Float64Array(filters);
  for (let i = 0; i < weights.length; i++) squares[filterOf(i)]! += weights[i]! ** 2;
  return Float32Array.from(squares, Math.sqrt);
}

/** Class weights inverse to how often classes occur, scaled so that the mean over rows is 1. */
export function inverseFrequencyWeights(labels: ArrayLike<number>, classes: number): Float32Array {
  const counts = new Float32Array(classes);
  for (let row = 0; row < labels.length; row++) counts[labels[row]!]!++;
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 0 : labels.length / (present * count)));
}
