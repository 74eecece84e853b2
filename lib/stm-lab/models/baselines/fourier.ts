import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';

/** Options of random Fourier features. */
export interface FourierOptions {
  /** How many. Default 1000. */
  readonly features?: number;
  /** Width of the kernel exp(-gamma |u - v|^2), more than 0; `scale` (default): as in `SvmOptions`. */
  readonly gamma?: number | 'scale';
  /** Default 1. */
  readonly seed?: number;
}

/**
 * Random Fourier features: cosines of random projections, whose products approach a Gaussian kernel, so that a linear
 * model of them stands in for a kernel machine.
 *
 * @param columns of the rows, @param variance of all training values, for gamma `scale`.
 * @returns a function that takes rows x columns (float32, row-major) and gives rows x features.
 * @throws UserError (`input`) for options out of range.
 *
 * Source: Rahimi & Recht 2007; scikit-learn's `RBFSampler`.
 */
export function fourierFeatures(
  columns: number,
  variance: number,
  options: FourierOptions = {},
): (x: Float32Array) => Float32Array {
  const { features = 1000, seed = 1 } = options;
  const gamma =
    options.gamma === undefined || options.gamma === 'scale' ? 1 / (columns * variance) : options.gamma;
  if (!Number.isInteger(features) || features < 1)
    throw inputError(`random Fourier features: ${features} features; it must be a whole number from 1`);
  if (!(gamma > 0 && gamma < Infinity))
    throw inputError(`random Fourier features: gamma ${gamma} must be more than 0`);
  const random = randomState(seed);
  const width = Math.sqrt(2 * gamma);
  const directions = Float64Array.from({ length: features * columns }, () => width * random.normal());
  const offsets = Float64Array.from({ length: features }, () => 2 * Math.PI * random.double());
  const height = Math.sqrt(2 / features);
  return (x) => {
    const mapped = new Float32Array((x.length / columns) * features);
    for (let i = 0; i < mapped.length; i++) {
      const f = i % features;
      const row = ((i - f) / features) * columns;
      let sum = offsets[f]!;
      for (let j = 0; j < columns; j++) sum += directions[f * columns + j]! * x[row + j]!;
      mapped[i] = height * Math.cos(sum);
    }
    return mapped;
  };
}
