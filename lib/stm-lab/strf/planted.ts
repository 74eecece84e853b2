import type { Scalar, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { argMax } from 'research-basics/numerics/argMax';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import {
  batchNormBuffers,
  batchNormParameters,
  createLayers,
  createLayout,
  denseParameters,
  type ParameterTensors,
  weightedCrossEntropy,
} from '../training';
import { fastDoubles, fastNormals } from '../training/random';
import { createStrfLayer, type StrfLayer } from './layer';
import { type NetworkState, normsByFilter, type StrfNetwork } from './networks/network';
import { predictStrf } from './predict';
import { classTargets, type SoundSet, type SoundSource } from './soundSet';
import { type TrainedStrf, trainStrf } from './train';
import { filterTuning, type FilterTuning, type UnitContext } from './units';

/** A ripple, cos(2 pi (rate t + scale m) + phase) over time t and band m. */
export interface PlantedRipple {
  /** Hz at 100 frames a second; above 0 moves down in frequency with time. */
  readonly rateHz: number;
  /** Cycles per band. */
  readonly cyclesPerBand: number;
}

/** Weak ripples hidden in noise, and the layer that has to find them. */
export interface PlantedOptions {
  /** `learn` (default) or `frozen`, which tells what the classifier can do without learning filters. */
  readonly variant?: 'learn' | 'frozen';
  /** Each is a class of its own, beside noise alone. Default one of 8 Hz and 0.12 cycles per band. */
  readonly ripples?: readonly PlantedRipple[];
  /** In noise of deviation 1. Default 0.1 x root 2 (20 dB below it); `matchRipple`: root 2 (0 dB). */
  readonly amplitude?: number;
  /** Complex filters. Default 8; `matchRipple`: 32. */
  readonly filters?: number;
  /** Updates. Default 400; `matchRipple`: 300. */
  readonly steps?: number;
  /** Spectrograms per update. Default 48; `matchRipple`: 4. */
  readonly batch?: number;
  /** Default 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** What became of one filter. */
export interface PlantedFilter {
  /** How much the answer takes of it, relative to the filter with the largest weight (0 .. 1). */
  readonly weight: number;
  readonly start: FilterTuning;
  readonly end: FilterTuning;
}

/** What became of all filters. */
export interface PlantedOutcome {
  /** Share of new spectrograms classified correctly; chance is 1 / (ripples + 1). */
  readonly accuracy: number;
  /** Largest weight first. */
  readonly filters: readonly PlantedFilter[];
}

const BANDS = 32;
const FRAMES = 96;
const SHAPE = { frequencyTaps: 9, timeTaps: 61 };
const UNITS: UnitContext = { frameRate: 100, bandsPerOctave: 14.5, shape: SHAPE };
const LEARNING_RATE = 0.02;
const TEST_BATCHES = 20;
const RIPPLE: PlantedRipple = { rateHz: 8, cyclesPerBand: 0.12 };

/**
 * Trains filters to tell noise with a weak ripple from noise alone (and ripples from each other) by nothing but the log
 * energy of each filter's output, and reports where they ended: a known-answer test of the whole learning path. Filters that
 * start more than about a bandwidth away get no gradient, so not every start can succeed.
 *
 * @throws UserError: `interrupted` on `signal`; `diverged` when loss or weights become infinite or not a number.
 */
export async function detectPlanted(engine: Engine, options: PlantedOptions = {}): Promise<PlantedOutcome> {
  const { ripples = [RIPPLE], amplitude = 0.1 * Math.SQRT2, filters = 8, steps = 400, batch = 48 } = options;
  const { seed = 1 } = options;
  const classes = ripples.length + 1;
  const sounds = (name: string, n: number): SoundSet => {
    const labels = Uint8Array.from({ length: batch }, (_, i) => i % classes);
    const values = ripplesInNoise([undefined, ...ripples], amplitude, labels, deriveSeed(seed, name, n));
    return { ...shapeOf(batch), values, targets: classTargets(labels, classes), targetSize: classes };
  };
  const network = detector(engine, layerOf(engine, options.variant, filters, seed), classes);
  try {
    const trained = await train(engine, network, { rows: batch, batch: (_, step) => sounds('batch', step) }, { ...options, steps, batch }); // prettier-ignore
    let correct = 0;
    for (let n = 0; n < TEST_BATCHES; n++) {
      const test = sounds('test', n);
      const { probabilities } = await predictStrf(engine, network, trained, test, { batch });
      for (let row = 0; row < batch; row++) {
        const own = probabilities.subarray(row * classes, (row + 1) * classes);
        correct += argMax(own) === row % classes ? 1 : 0;
      }
    }
    return {
      accuracy: correct / (TEST_BATCHES * batch),
      filters: describe(trained, trained.records.at(-1)!.weights),
    };
  } finally {
    network.dispose();
  }
}

/**
 * Trains each filter for itself to answer most to a ripple in noise, for its energy: matched filters, without any classes or
 * labels. A filter's weight is the mean square of its output on ripples in noise.
 *
 * @param options only the first ripple is taken, and no variant.
 * @throws UserError as `detectPlanted`.
 */
export async function matchRipple(engine: Engine, options: PlantedOptions = {}): Promise<PlantedFilter[]> {
  const {
    ripples = [RIPPLE],
    amplitude = Math.SQRT2,
    filters = 32,
    steps = 300,
    batch = 4,
    seed = 1,
  } = options;
  const network = matcher(engine, layerOf(engine, 'learn', filters, seed));
  const sounds = (rows: number, ...seeds: (string | number)[]): SoundSet => ({
    ...shapeOf(rows),
    values: ripplesInNoise([ripples[0]], amplitude, new Uint8Array(rows), deriveSeed(seed, ...seeds)),
    targets: new Float32Array(rows * filters),
    targetSize: filters,
  });
  try {
    const trained = await train(engine, network, { rows: batch, batch: (_, step) => sounds(batch, 'batch', step) }, { ...options, steps, batch }); // prettier-ignore
    const rows = TEST_BATCHES * batch;
    const { probabilities: energies } = await predictStrf(engine, network, trained, sounds(rows, 'test'));
    const weights = new Float64Array(filters);
    energies.forEach((energy, i) => (weights[i % filters]! += energy / rows));
    const largest = Math.max(...weights);
    return describe(
      trained,
      weights.map((weight) => weight / largest),
    );
  } finally {
    network.dispose();
  }
}

const shapeOf = (rows: number): Pick<SoundSet, 'rows' | 'bands' | 'frames'> => ({
  ...{ rows, bands: BANDS, frames: FRAMES },
});

const layerOf = (
  engine: Engine,
  variant: PlantedOptions['variant'] = 'learn',
  filters: number,
  seed: number,
): StrfLayer =>
  createStrfLayer(engine, {
    ...{ variant, filters, shape: SHAPE },
    initial: { seed: deriveSeed(seed, 'filters') },
    sigmaBounds: { sigmaFrequency: [0.5, 8], sigmaTime: [0.5, 30] },
  });

const train = (
  engine: Engine,
  network: StrfNetwork,
  source: SoundSource,
  { steps, batch, seed = 1, signal }: PlantedOptions & { readonly steps: number; readonly batch: number },
): Promise<TrainedStrf> =>
  trainStrf(
    engine,
    network,
    source,
    {
      steps,
      batch,
      seed,
      learningRate: LEARNING_RATE,
      optimiser: { rule: { kind: 'adam' } },
      recordEvery: steps,
    },
    { signal },
  );

/** (batch, filters): mean square of each complex filter's output where the kernel does not reach beyond the ends. */
function energiesOf({ tf }: Engine, layer: StrfLayer, parameters: ParameterTensors, x: Tensor3D): Tensor2D {
  const [bands, frames] = [BANDS - SHAPE.frequencyTaps + 1, FRAMES - SHAPE.timeTaps + 1];
  const from = [0, (BANDS - bands) / 2, (FRAMES - frames) / 2, 0];
  const inside = tf.slice(layer.apply(parameters, x), from, [-1, bands, frames, 2 * layer.count]) as Tensor4D;
  return tf.sum(tf.reshape(tf.mean(tf.square(inside), [1, 2]), [-1, 2, layer.count]), 1);
}

/** Log energies, batch normalisation without gain and offset, a dense layer. */
function detector(engine: Engine, layer: StrfLayer, classes: number): StrfNetwork {
  const { tf } = engine;
  const layers = createLayers(engine);
  const logits = (
    { parameters, buffers }: NetworkState,
    x: Tensor3D,
    mode: 'train' | 'evaluate',
  ): Tensor2D => {
    const features = tf.log(tf.add(energiesOf(engine, layer, parameters, x), 1e-8)) as Tensor2D;
    return layers.dense(parameters, 'output', layers.batchNorm(parameters, buffers, 'norm', features, mode));
  };
  return {
    layout: createLayout([
      ...layer.parameters,
      ...batchNormParameters('norm', layer.count).map((parameter) => ({ ...parameter, rate: 0 })),
      ...denseParameters('output', layer.count, classes),
    ]),
    buffers: batchNormBuffers('norm', layer.count),
    layer,
    outputs: classes,
    targetsPer: 'clip',
    loss: (state, x, targets) => weightedCrossEntropy(engine, logits(state, x, 'train'), targets),
    predict: (state, x) => tf.softmax(logits(state, x, 'evaluate')),
    filterWeights: (valuesOf) =>
      normsByFilter(valuesOf('output.kernel'), layer.count, (element) => Math.floor(element / classes)),
    dispose: layer.dispose,
  };
}

/** Each filter's log energy is its own loss; kernels have the energy 1. Its "probabilities" are the energies. */
function matcher(engine: Engine, layer: StrfLayer): StrfNetwork {
  const { tf } = engine;
  return {
    layout: createLayout(layer.parameters),
    buffers: [],
    layer,
    outputs: layer.count,
    targetsPer: 'clip',
    loss: ({ parameters }, x) =>
      tf.neg(tf.sum(tf.log(tf.mean(energiesOf(engine, layer, parameters, x), 0)))) as Scalar,
    predict: ({ parameters }, x) => energiesOf(engine, layer, parameters, x),
    filterWeights: () => new Float32Array(layer.count).fill(1),
    dispose: layer.dispose,
  };
}

function describe({ records }: TrainedStrf, weights: ArrayLike<number>): PlantedFilter[] {
  const [start, end] = [records[0]!.filters, records.at(-1)!.filters];
  return start
    .map((filter, k) => ({
      weight: weights[k]!,
      start: filterTuning(filter, UNITS),
      end: filterTuning(end[k]!, UNITS),
    }))
    .sort((a, b) => b.weight - a.weight);
}

/** Spectrograms (rows x bands x frames) of noise of deviation 1, each with the ripple of its class in a random phase. */
function ripplesInNoise(
  ripples: readonly (PlantedRipple | undefined)[],
  amplitude: number,
  labels: Uint8Array,
  seed: number,
): Float32Array {
  const normal = fastNormals(seed, 'noise');
  const uniform = fastDoubles(seed, 'phase');
  const values = new Float32Array(labels.length * BANDS * FRAMES);
  labels.forEach((label, row) => {
    const phase = 2 * Math.PI * uniform();
    const { rateHz, cyclesPerBand } = ripples[label] ?? { rateHz: 0, cyclesPerBand: 0 };
    const height = ripples[label] === undefined ? 0 : amplitude;
    for (let m = 0; m < BANDS; m++)
      for (let t = 0; t < FRAMES; t++) {
        const turn = 2 * Math.PI * ((rateHz / UNITS.frameRate) * t + cyclesPerBand * m) + phase;
        values[(row * BANDS + m) * FRAMES + t] = normal() + height * Math.cos(turn);
      }
  });
  return values;
}
