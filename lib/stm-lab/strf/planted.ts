import type { Scalar, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import {
  batchNormBuffers,
  batchNormParameters,
  binaryCrossEntropy,
  createBuffers,
  createLayers,
  createOptimiser,
  denseParameters,
  initialValues,
  createLayout,
  lossGradient,
  unpack,
  type Mode,
  type ParameterTensors,
} from '../training';
import { fastDoubles, fastNormals } from '../training/random';
import { createStrfLayer } from './layer';
import { filterTuning, type FilterTuning, type UnitContext } from './units';

/** A weak ripple hidden in noise, and the layer that is to find it. */
export interface PlantedOptions {
  /** `learn` (default) or `frozen`, which tells what the classifier can do without learning filters. */
  readonly variant?: 'learn' | 'frozen';
  /** Rate of the ripple, Hz at 100 frames a second; default 8. */
  readonly rateHz?: number;
  /** Scale of the ripple, cycles per band; default 0.12. */
  readonly cyclesPerBand?: number;
  /** Amplitude in noise of deviation 1; default 0.1 x root 2, 20 dB below it. */
  readonly amplitude?: number;
  /** Complex filters; default 8. */
  readonly filters?: number;
  /** Updates; default 400. */
  readonly steps?: number;
  /** Spectrograms per update; default 48. */
  readonly batch?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** What became of the filters. */
export interface PlantedOutcome {
  /** Share of fresh spectrograms classified correctly; chance is 0.5. */
  readonly accuracy: number;
  /** Filters with the classifier's weight, largest first. */
  readonly filters: readonly {
    readonly weight: number;
    readonly start: FilterTuning;
    readonly end: FilterTuning;
  }[];
}

const BANDS = 32;
const FRAMES = 96;
const SHAPE = { frequencyTaps: 9, timeTaps: 61 };
const UNITS: UnitContext = { frameRate: 100, bandsPerOctave: 14.5, shape: SHAPE };
const LEARNING_RATE = 0.02;
const JUDGED_BATCHES = 20;

/**
 * Trains filters to tell noise with a weak ripple from noise alone, by nothing but the log energy of each
 * filter's output, and reports where they ended: a known-answer test of the whole learning path. Filters
 * that start more than about a bandwidth away get no gradient, so not every start can succeed.
 */
export function detectPlanted(engine: Engine, options: PlantedOptions = {}): PlantedOutcome {
  const { tf } = engine;
  const { variant = 'learn', filters = 8, steps = 400, batch = 48, seed = 1 } = options;
  const strf = createStrfLayer(engine, {
    variant,
    filters,
    shape: SHAPE,
    initial: { seed: deriveSeed(seed, 'filters') },
    sigmaBounds: { sigmaFrequency: [0.5, 8], sigmaTime: [0.5, 30] },
  });
  const layers = createLayers(engine);
  const layout = createLayout([
    ...strf.parameters,
    ...batchNormParameters('norm', filters).map((parameter) => ({ ...parameter, rate: 0 })),
    ...denseParameters('output', filters, 1),
  ]);
  const buffers = createBuffers(engine, batchNormBuffers('norm', filters));
  const optimiser = createOptimiser(engine, layout, initialValues(layout, deriveSeed(seed, 'start')), {
    rule: { kind: 'adam' },
  });
  const logits = (parameters: ParameterTensors, x: Tensor3D, mode: Mode): Tensor2D => {
    const maps = strf.apply(parameters, x);
    // Only where the kernel does not reach beyond the ends.
    const [bands, frames] = [BANDS - SHAPE.frequencyTaps + 1, FRAMES - SHAPE.timeTaps + 1];
    const from = [0, (BANDS - bands) / 2, (FRAMES - frames) / 2, 0];
    const inside = tf.slice(maps, from, [-1, bands, frames, 2 * filters]) as Tensor4D;
    const energy = tf.sum(tf.reshape(tf.mean(tf.square(inside), [1, 2]), [-1, 2, filters]), 1);
    const features = tf.log(tf.add(energy, 1e-8)) as Tensor2D;
    return layers.dense(parameters, 'output', layers.batchNorm(parameters, buffers, 'norm', features, mode));
  };
  const filtersNow = (): ReturnType<typeof strf.filters> => {
    const values = optimiser.read().values;
    return strf.filters((name) => {
      const { from, to } = layout.range(name);
      return values.subarray(from, to);
    });
  };
  try {
    const start = filtersNow();
    for (let step = 0; step < steps; step++)
      tf.tidy(() => {
        const { x, labels } = plantedBatch(options, batch, deriveSeed(seed, 'batch', step));
        const tensor = tf.tensor3d(x, [batch, BANDS, FRAMES]);
        const { gradient } = lossGradient(
          engine,
          layout,
          optimiser.values,
          (parameters) =>
            binaryCrossEntropy(
              engine,
              logits(parameters, tensor, 'train'),
              tf.tensor2d(labels, [batch, 1]),
            ) as Scalar,
        );
        optimiser.update(gradient, LEARNING_RATE);
      });
    let right = 0;
    for (let n = 0; n < JUDGED_BATCHES; n++)
      tf.tidy(() => {
        const { x, labels } = plantedBatch(options, batch, deriveSeed(seed, 'judged', n));
        const parameters = unpack(engine, layout, optimiser.values);
        const said = logits(parameters, tf.tensor3d(x, [batch, BANDS, FRAMES]), 'evaluate').dataSync();
        said.forEach((logit, i) => (right += logit > 0 === labels[i]! > 0 ? 1 : 0));
      });
    const weights = optimiser.read().values.subarray(layout.range('output.kernel').from);
    const end = filtersNow();
    return {
      accuracy: right / (JUDGED_BATCHES * batch),
      filters: start
        .map((filter, k) => ({
          weight: Math.abs(weights[k]!),
          start: filterTuning(filter, UNITS),
          end: filterTuning(end[k]!, UNITS),
        }))
        .sort((a, b) => b.weight - a.weight),
    };
  } finally {
    optimiser.dispose();
    buffers.dispose();
    strf.dispose();
  }
}

/** Noise of deviation 1; every second spectrogram holds a ripple of random phase. */
function plantedBatch(
  { rateHz = 8, cyclesPerBand = 0.12, amplitude = 0.1 * Math.SQRT2 }: PlantedOptions,
  batch: number,
  seed: number,
): { x: Float32Array; labels: Float32Array } {
  const normal = fastNormals(seed, 'noise');
  const uniform = fastDoubles(seed, 'phase');
  const x = new Float32Array(batch * BANDS * FRAMES);
  const labels = Float32Array.from({ length: batch }, (_, i) => i % 2);
  for (let i = 0; i < batch; i++) {
    const phase = 2 * Math.PI * uniform();
    for (let m = 0; m < BANDS; m++)
      for (let t = 0; t < FRAMES; t++) {
        const turn = 2 * Math.PI * ((rateHz / UNITS.frameRate) * t + cyclesPerBand * m) + phase;
        x[(i * BANDS + m) * FRAMES + t] = normal() + labels[i]! * amplitude * Math.cos(turn);
      }
  }
  return { x, labels };
}
