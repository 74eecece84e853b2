import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import type { Engine } from '../engine';
import { gridAxis, type GridName, type KernelShape } from '../features/strf/grid';
import { SIGMA_GUARD, type KernelNorm } from '../features/strf/gabor';

/** Parameters of N filters, one vector each (see `GaborFilter`). */
export interface GaborTensors {
  readonly carrier: Tensor1D;
  readonly angle: Tensor1D;
  readonly sigmaFrequency: Tensor1D;
  readonly sigmaTime: Tensor1D;
}

/** The complex factors of N kernels, each (N, taps); the kernel's scale is in the time factor. */
export interface FactorTensors {
  readonly frequencyReal: Tensor2D;
  readonly frequencyImaginary: Tensor2D;
  readonly timeReal: Tensor2D;
  readonly timeImaginary: Tensor2D;
}

/** Factors of Gabor kernels, differentiable in the four vectors (see `kernelFactors`). */
export function gaborFactors(
  { tf }: Engine,
  { carrier, angle, sigmaFrequency, sigmaTime }: GaborTensors,
  shape: KernelShape,
  grid: GridName,
  norm: KernelNorm,
): FactorTensors {
  const axis = (taps: number): Tensor2D => tf.tensor2d(Float32Array.from(gridAxis(taps, grid)), [1, taps]);
  const [f, t] = [axis(shape.frequencyTaps), axis(shape.timeTaps)];
  const column = (vector: Tensor): Tensor => tf.reshape(vector, [-1, 1]);
  const envelope = (x: Tensor2D, sigma: Tensor1D): Tensor =>
    tf.exp(tf.mul(tf.square(tf.div(x, tf.add(column(sigma), SIGMA_GUARD))), -0.5));
  const [envelopeF, envelopeT] = [envelope(f, sigmaFrequency), envelope(t, sigmaTime)];
  const scale =
    norm === 'area'
      ? tf.div(1 / (2 * Math.PI), tf.mul(column(sigmaFrequency), column(sigmaTime)))
      : // The carrier drops out of re^2 + im^2, so the energy is that of the envelopes.
        tf.rsqrt(tf.mul(tf.sum(tf.square(envelopeF), 1, true), tf.sum(tf.square(envelopeT), 1, true)));
  const phaseF = tf.mul(f, column(tf.mul(carrier, tf.sin(angle))));
  const phaseT = tf.mul(t, column(tf.mul(carrier, tf.cos(angle))));
  const loud = tf.mul(envelopeT, scale);
  return {
    frequencyReal: tf.mul(envelopeF, tf.cos(phaseF)) as Tensor2D,
    frequencyImaginary: tf.mul(envelopeF, tf.sin(phaseF)) as Tensor2D,
    timeReal: tf.mul(loud, tf.cos(phaseT)) as Tensor2D,
    timeImaginary: tf.mul(loud, tf.sin(phaseT)) as Tensor2D,
  };
}

/** Kernels from their factors: (frequency taps, time taps, 1, 2 N), all real parts, then all imaginary ones. */
export function kernelTensor({ tf }: Engine, factors: FactorTensors): Tensor4D {
  const frequency = (part: Tensor2D): Tensor => tf.expandDims(part, 2);
  const time = (part: Tensor2D): Tensor => tf.expandDims(part, 1);
  const [fr, fi] = [frequency(factors.frequencyReal), frequency(factors.frequencyImaginary)];
  const [tr, ti] = [time(factors.timeReal), time(factors.timeImaginary)];
  const real = tf.sub(tf.mul(fr, tr), tf.mul(fi, ti));
  const imaginary = tf.add(tf.mul(fr, ti), tf.mul(fi, tr));
  return tf.expandDims(tf.transpose(tf.concat([real, imaginary], 0), [1, 2, 0]), 2) as Tensor4D;
}

/**
 * Runs complex filters along time, then along frequency, both as matrix products: the first with every
 * band's neighbouring frames as columns, the second with one banded matrix (bands x bands) per filter.
 *
 * @param x (batch, bands, frames).
 * @returns (N, parts, bands, batch x frames); parts are real and imaginary, or the one asked for.
 */
export function separableStack(
  { tf }: Engine,
  factors: FactorTensors,
  x: Tensor3D,
  output: 'concat' | 'modulus' | 'real' | 'imaginary',
): Tensor4D {
  const [batch, bands, frames] = x.shape;
  const [filters, timeTaps] = factors.timeReal.shape;
  const frequencyTaps = factors.frequencyReal.shape[1];
  const columns = batch * frames;
  const side = (timeTaps - 1) / 2;
  const padded = tf.pad(tf.transpose(x, [1, 0, 2]), [
    [0, 0],
    [0, 0],
    [side, side],
  ]);
  const views = Array.from({ length: timeTaps }, (_, tap) =>
    tf.slice(padded, [0, 0, tap], [bands, batch, frames]),
  );
  const patches = tf.reshape(tf.stack(views), [timeTaps, bands * columns]) as Tensor2D;
  const time = tf.reshape(tf.stack([factors.timeReal, factors.timeImaginary], 1), [2 * filters, timeTaps]);
  const slow = tf.reshape(tf.matMul(time as Tensor2D, patches), [filters, 2 * bands, columns]) as Tensor3D;

  const place = bandPlaces({ tf }, bands, frequencyTaps);
  const banded = (factor: Tensor2D): Tensor3D =>
    tf.reshape(tf.matMul(factor, place), [filters, bands, bands]) as Tensor3D;
  const [re, im] = [banded(factors.frequencyReal), banded(factors.frequencyImaginary)];
  const rows: Tensor3D[] = [];
  if (output !== 'imaginary') rows.push(tf.concat([re, tf.neg(im)], 2));
  if (output !== 'real') rows.push(tf.concat([im, re], 2));
  const both = tf.matMul(rows.length === 1 ? rows[0]! : tf.concat(rows, 1), slow);
  return tf.reshape(both, [filters, rows.length, bands, columns]) as Tensor4D;
}

/** (taps, bands x bands): 1 where tap i carries input band n to output band m, n = m + i - middle. */
function bandPlaces({ tf }: Pick<Engine, 'tf'>, bands: number, taps: number): Tensor2D {
  const middle = (taps - 1) / 2;
  const place = new Float32Array(taps * bands * bands);
  for (let i = 0; i < taps; i++)
    for (let m = 0; m < bands; m++) {
      const n = m + i - middle;
      if (n >= 0 && n < bands) place[i * bands * bands + m * bands + n] = 1;
    }
  return tf.tensor2d(place, [taps, bands * bands]);
}
