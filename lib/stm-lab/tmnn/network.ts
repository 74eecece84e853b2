import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import {
  batchNormBuffers,
  batchNormParameters,
  type BufferSpec,
  type BufferStore,
  createLayers,
  denseParameters,
  type Layers,
  createLayout,
  type Mode,
  type Parameter,
  type ParameterLayout,
  type ParameterTensors,
  type SincEdges,
} from '../training';
import { createBackEnd } from './backEnd';
import { createFrontEnd } from './frontEnd';
import { createModulation } from './modulation';
import type { TmnnSpec } from './spec';

/** A temporal-modulation network as functions on tensors. */
export interface TmnnNetwork {
  readonly spec: TmnnSpec;
  readonly layout: ParameterLayout;
  readonly buffers: readonly BufferSpec[];
  /** Bands per harmonic, and channels that reach the back end. */
  readonly bands: number;
  readonly channels: number;
  /**
   * Logits (batch x outputs) of power spectrograms (batch, frames, bins), or of waveforms (batch, samples, 1) where
   * `readsWaveform` says so.
   *
   * @param seed of this step's dropout; unused in evaluation.
   */
  logits(
    parameters: ParameterTensors,
    buffers: BufferStore,
    input: Tensor3D,
    mode: Mode,
    seed: number,
  ): Tensor2D;
  /** Kernels of the modulation filters, filters x taps; undefined without the block. */
  modulationKernels(parameters: ParameterTensors): Tensor2D | undefined;
  /** Weights of the filter bank, bins x (harmonics * bands); undefined for waveforms. */
  filterBank(parameters: ParameterTensors): Tensor2D | undefined;
  /** Edges of the filters on the waveform, Hz; undefined without. */
  sincEdges(parameters: ParameterTensors): SincEdges | undefined;
  dispose(): void;
}

/** Power below which decibels end: -100 dB. */
const FLOOR = 1e-10;

/** Builds a network. Its constants live on the engine until `dispose`. */
export function createTmnn(
  engine: Engine,
  spec: TmnnSpec,
  layers: Layers = createLayers(engine),
): TmnnNetwork {
  const { tf } = engine;
  const { filters, normalise, input: filteredInput } = spec.modulation;
  const frontEnd = createFrontEnd(engine, spec);
  const modulation = filters > 0 ? createModulation(engine, spec) : undefined;
  const own = frontEnd.channels;
  const filtered = own * filters;
  const normalisesAfter = modulation !== undefined && normalise === 'after';
  const channels = own + filtered;
  const backEnd = createBackEnd(engine, layers, spec, channels);
  const { outputs: hidden, hasHidden } = backEnd;
  const isSamples = spec.frontEnd.kind === 'waveform';
  const parameters: Parameter[] = [
    ...frontEnd.parameters,
    ...(isSamples ? [] : batchNormParameters('input', own)),
    ...(modulation?.parameters ?? []),
    ...(normalisesAfter ? batchNormParameters('filtered', filtered) : []),
    ...backEnd.parameters,
    ...(hasHidden
      ? [...denseParameters('fc1', hidden, hidden), ...batchNormParameters('fc1.norm', hidden)]
      : []),
    ...denseParameters('fc2', hidden, spec.outputs),
  ];
  const buffers: BufferSpec[] = [
    ...(isSamples ? [] : batchNormBuffers('input', own)),
    ...(normalisesAfter ? batchNormBuffers('filtered', filtered) : []),
    ...backEnd.buffers,
    ...(hasHidden ? batchNormBuffers('fc1.norm', hidden) : []),
  ];

  const decibels = (power: Tensor4D): Tensor4D =>
    tf.mul(tf.log(tf.maximum(power, FLOOR)), 10 / Math.LN10) as Tensor4D;

  return {
    spec,
    layout: createLayout(parameters),
    buffers,
    bands: frontEnd.bands,
    channels,
    logits: (p, store, input, mode, seed) => {
      const bands = frontEnd.apply(p, input);
      let x = isSamples ? bands : layers.batchNorm(p, store, 'input', decibels(bands), mode);
      if (modulation !== undefined) {
        let z = modulation.apply(p, filteredInput === 'power' ? bands : x);
        if (normalisesAfter) z = layers.batchNorm(p, store, 'filtered', z, mode);
        x = tf.concat([x, z], 3);
      }
      let top = backEnd.apply(p, store, x, mode);
      if (hasHidden)
        top = layers.relu(layers.batchNorm(p, store, 'fc1.norm', layers.dense(p, 'fc1', top), mode));
      return layers.dense(p, 'fc2', layers.dropout(top, spec.dropout, mode, seed));
    },
    modulationKernels: (p) => modulation?.kernels(p),
    filterBank: (p) => frontEnd.weights?.(p),
    sincEdges: (p) => frontEnd.edges?.(p),
    dispose: () => {
      frontEnd.dispose();
      modulation?.dispose();
    },
  };
}
