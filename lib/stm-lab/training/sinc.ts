import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { inputError } from 'research-basics/errors';
import type { Engine } from '../engine';
import { adjoiningBands, hammingWindow } from '../features/tmnn/filterBank';
import type { Parameter } from './parameters';

/** Edges of band-pass filters, Hz, each (filters, 1). */
export interface SincEdges {
  readonly low: Tensor2D;
  readonly high: Tensor2D;
}

/** Limits of the edges, Hz. */
export interface SincLimits {
  /** Added to every lower edge; default 0. */
  readonly minLowHz?: number;
  /** Bandwidth below which no filter goes. */
  readonly minBandHz: number;
  /** Half the sampling rate. */
  readonly nyquistHz: number;
}

/**
 * Edges from what is trained, as SincNet has them: low = minLow + |a|, high = low + minBand + |b|, both kept below half the
 * sampling rate. Differentiable in both.
 *
 * @param a float32, one number per filter, Hz.
 * @param b as `a`.
 */
export function sincEdges(
  { tf }: Pick<Engine, 'tf'>,
  a: Tensor,
  b: Tensor,
  { minLowHz = 0, minBandHz, nyquistHz }: SincLimits,
): SincEdges {
  const [lower, wider] = [a, b].map((x) => tf.abs(tf.reshape(x, [-1, 1]))) as [Tensor, Tensor];
  const low = tf.minimum(tf.add(lower, minLowHz), nyquistHz - minBandHz) as Tensor2D;
  const high = tf.minimum(tf.add(low, tf.add(wider, minBandHz)), nyquistHz) as Tensor2D;
  return { low, high };
}

/**
 * Kernels of `sincKernel` (Ravanelli & Bengio 2018) for these edges, float32 (filters, taps), differentiable in them. Tap 0 is
 * 1; the gain in the pass band is about frameRate / (2 (high - low)).
 *
 * @param frameRate of the signal to be filtered, Hz.
 * @param taps odd.
 */
export function sincKernels(
  { tf }: Pick<Engine, 'tf'>,
  { low, high }: SincEdges,
  frameRate: number,
  taps: number,
): Tensor2D {
  const half = (taps - 1) / 2;
  const row = (values: (i: number) => number): Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: half }, (_, at) => values(at + 1)),
      [1, half],
    );
  const window = hammingWindow(taps);
  const frames = row((i) => i);
  const angle = tf.mul(frames, (2 * Math.PI) / frameRate);
  const difference = tf.sub(tf.sin(tf.mul(angle, high)), tf.sin(tf.mul(angle, low)));
  const ideal = tf.div(difference, tf.mul(frames, Math.PI / frameRate));
  const hamming = row((i) => window[half + i]!);
  const side = tf.mul(hamming, tf.div(ideal, tf.mul(2, tf.sub(high, low)))) as Tensor2D;
  return tf.concat([tf.reverse(side, 1), tf.ones([low.shape[0], 1]), side], 1) as Tensor2D;
}

/** SincNet's limits for waveforms, Hz, and where its first filter begins before `minLowHz` is added. */
const WAVEFORM = { minLowHz: 50, minBandHz: 50, firstHz: 30 } as const;

/** A bank of band-pass filters on a waveform, whose edges are trained. */
export interface SincBank {
  /** `name.low` and `name.band`, Hz: bands adjoin on the mel scale at the start. */
  readonly parameters: readonly Parameter[];
  edges(a: Tensor, b: Tensor): SincEdges;
  /** Kernels (filters, taps) with gain 1 (0 dB) in the pass band. */
  kernels(edges: SincEdges): Tensor2D;
}

/**
 * A bank of SincNet's filters with its starting values and limits (50 Hz to half the sampling rate, at least 50 Hz wide), scaled
 * to gain 1.
 *
 * @param options `rate`: factor on the learning rate of the edges, default 1.
 * @throws UserError (`input`) for even taps, no filter, or a sampling rate that leaves no band.
 */
export function sincBank(
  engine: Pick<Engine, 'tf'>,
  name: string,
  {
    filters,
    taps,
    sampleRate,
    rate = 1,
  }: {
    readonly filters: number;
    readonly taps: number;
    readonly sampleRate: number;
    readonly rate?: number;
  },
): SincBank {
  const { tf } = engine;
  const nyquistHz = sampleRate / 2;
  const { minLowHz, minBandHz, firstHz } = WAVEFORM;
  const lastHz = nyquistHz - minLowHz - minBandHz;
  if (!Number.isInteger(filters) || filters < 1)
    throw inputError(`sinc filters: ${filters} filters; give a whole number from 1`);
  if (!Number.isInteger(taps) || taps < 3 || taps % 2 === 0)
    throw inputError(
      `sinc filters: ${taps} taps; give an odd number from 3, so that the kernel has a middle`,
    );
  if (lastHz <= firstHz)
    throw inputError(
      `sinc filters: a sampling rate of ${sampleRate} Hz leaves no band above ${minLowHz} Hz; use at least 300 Hz`,
    );
  const first = adjoiningBands(filters, firstHz, lastHz, 'mel');
  const own = (part: string, values: readonly number[]): Parameter => ({
    name: `${name}.${part}`,
    shape: [filters],
    start: { kind: 'values', values },
    rate,
    // Edges are in Hz: decay would pull every filter down to the lowest band.
    decay: 'no',
  });
  return {
    parameters: [
      own(
        'low',
        first.map(({ lowHz }) => lowHz),
      ),
      own(
        'band',
        first.map(({ lowHz, highHz }) => highHz - lowHz),
      ),
    ],
    edges: (a, b) => sincEdges(engine, a, b, { minLowHz, minBandHz, nyquistHz }),
    kernels: ({ low, high }) => {
      const scale = tf.div(tf.sub(high, low), nyquistHz);
      return tf.mul(sincKernels(engine, { low, high }, sampleRate, taps), scale) as Tensor2D;
    },
  };
}

/**
 * Correlation of waveforms with kernels at every `stride`-th sample, without padding, as one matrix product: it has a gradient
 * in the kernels on every engine.
 *
 * @param x float32 (batch, samples).
 * @param kernels float32 (filters, taps).
 * @returns (batch, floor((samples - taps) / stride) + 1, filters).
 * @throws UserError (`input`) for fewer samples than taps.
 */
export function filterWaveforms(
  { tf }: Pick<Engine, 'tf'>,
  x: Tensor2D,
  kernels: Tensor2D,
  stride: number,
): Tensor3D {
  const [batch, samples] = x.shape;
  const [filters, taps] = kernels.shape;
  const places = Math.floor((samples - taps) / stride) + 1;
  if (places < 1)
    throw inputError(`waveform filters: ${samples} samples are fewer than ${taps} taps; use longer excerpts`);
  // Windows are runs of whole strides; the kernel is filled up with zeros to such a run.
  const blocks = Math.ceil(taps / stride);
  const length = (places - 1 + blocks) * stride;
  const fitted =
    length > samples
      ? tf.pad(x, [
          [0, 0],
          [0, length - samples],
        ])
      : tf.slice(x, [0, 0], [batch, length]);
  const strides = tf.reshape(fitted, [batch, places - 1 + blocks, stride]);
  const views = Array.from({ length: blocks }, (_, b) =>
    tf.slice(strides, [0, b, 0], [batch, places, stride]),
  );
  const windows = tf.reshape(tf.concat(views, 2), [batch * places, blocks * stride]) as Tensor2D;
  const filled = tf.pad(kernels, [
    [0, 0],
    [0, blocks * stride - taps],
  ]);
  return tf.reshape(tf.matMul(windows, tf.transpose(filled)), [batch, places, filters]) as Tensor3D;
}
