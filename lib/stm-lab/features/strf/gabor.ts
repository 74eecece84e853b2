import { gridAxis, type GridName, type KernelShape } from './grid';

/** The four numbers of a complex Gabor filter. Lengths are in taps (mel channels, frames). */
export interface GaborFilter {
  /** Carrier F, radians per tap along its direction. */
  readonly carrier: number;
  /** Direction of the carrier, radians: 0 is along time, pi / 2 along frequency. */
  readonly angle: number;
  /** Standard deviation of the envelope along mel channels. */
  readonly sigmaFrequency: number;
  /** Standard deviation of the envelope along frames. */
  readonly sigmaTime: number;
}

/** The names of the four, in the order of draws and gradients. */
export const GABOR_PARAMETERS = ['carrier', 'angle', 'sigmaFrequency', 'sigmaTime'] as const;

/**
 * Loudness of a kernel: `l2` divides by the root of its energy (real and imaginary together); `area` is
 * the published factor 1 / (2 pi sigma_f sigma_t), which makes wide filters quiet.
 */
export type KernelNorm = 'l2' | 'area';

/** How kernels are sampled and scaled. */
export interface KernelOptions {
  /** Default `centred`. */
  readonly grid?: GridName;
  /** Default `l2`. */
  readonly norm?: KernelNorm;
}

/** A complex kernel, `frequencyTaps` x `timeTaps`, row-major. */
export interface ComplexKernel {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** Added to each sigma inside the exponent only, as in the released code. */
export const SIGMA_GUARD = 1e-3;

/**
 * Samples a Gabor kernel: envelope exp(-(f^2 / (sigma_f + d)^2 + t^2 / (sigma_t + d)^2) / 2) with d =
 * 0.001, not rotated, times exp(j F (t cos(angle) + f sin(angle))).
 *
 * Source: Riad et al. 2021 (arXiv 2103.07125), with F in radians per tap as in the released code.
 */
export function gaborKernel(
  filter: GaborFilter,
  shape: KernelShape,
  options: KernelOptions = {},
): ComplexKernel {
  const { grid = 'centred', norm = 'l2' } = options;
  const { carrier, angle, sigmaFrequency, sigmaTime } = filter;
  const fs = gridAxis(shape.frequencyTaps, grid);
  const ts = gridAxis(shape.timeTaps, grid);
  const real = new Float64Array(fs.length * ts.length);
  const imaginary = new Float64Array(real.length);
  const area = 1 / (2 * Math.PI * sigmaFrequency * sigmaTime);
  fs.forEach((f, i) =>
    ts.forEach((t, j) => {
      const distance = (f / (sigmaFrequency + SIGMA_GUARD)) ** 2 + (t / (sigmaTime + SIGMA_GUARD)) ** 2;
      const envelope = area * Math.exp(-distance / 2);
      const phase = carrier * (t * Math.cos(angle) + f * Math.sin(angle));
      real[i * ts.length + j] = envelope * Math.cos(phase);
      imaginary[i * ts.length + j] = envelope * Math.sin(phase);
    }),
  );
  return norm === 'area' ? { real, imaginary } : scaleToUnitEnergy({ real, imaginary });
}

/** The kernel divided by the root of the energy of its two parts together. */
export function scaleToUnitEnergy({ real, imaginary }: ComplexKernel): ComplexKernel {
  const norm = Math.sqrt(kernelEnergy({ real, imaginary }));
  return { real: real.map((x) => x / norm), imaginary: imaginary.map((x) => x / norm) };
}

/** Sum of squares of both parts. */
export function kernelEnergy({ real, imaginary }: ComplexKernel): number {
  return real.reduce((sum, x) => sum + x * x, 0) + imaginary.reduce((sum, x) => sum + x * x, 0);
}

/** The two factors of a complex kernel: along mel channels and along frames. */
export interface KernelFactors {
  readonly frequency: ComplexKernel;
  readonly time: ComplexKernel;
}

/**
 * Factors of the unscaled kernel: its envelope is not rotated, so kernel[i, j] = frequency[i] * time[j] as
 * complex numbers, exactly. The real part alone is not separable.
 */
export function kernelFactors(
  filter: GaborFilter,
  shape: KernelShape,
  grid: GridName = 'centred',
): KernelFactors {
  const factor = (taps: number, sigma: number, step: number): ComplexKernel => {
    const axis = gridAxis(taps, grid);
    const envelope = axis.map((x) => Math.exp(-((x / (sigma + SIGMA_GUARD)) ** 2) / 2));
    return {
      real: envelope.map((e, i) => e * Math.cos(step * axis[i]!)),
      imaginary: envelope.map((e, i) => e * Math.sin(step * axis[i]!)),
    };
  };
  const { carrier, angle, sigmaFrequency, sigmaTime } = filter;
  return {
    frequency: factor(shape.frequencyTaps, sigmaFrequency, carrier * Math.sin(angle)),
    time: factor(shape.timeTaps, sigmaTime, carrier * Math.cos(angle)),
  };
}
