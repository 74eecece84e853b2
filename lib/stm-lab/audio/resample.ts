/** A rational-rate resampler: a linear-phase FIR filter in polyphase form. */
export interface Resampler {
  /** Interpolation and decimation factor, without common divisor: output rate = input rate * up / down. */
  readonly up: number;
  readonly down: number;
  /** Filter taps on either side of the centre, counted at `up` times the input rate. */
  readonly halfLength: number;
  /**
   * The filter by phase, ready for a forward dot product: row `phase` holds `rowLength` weights for
   * consecutive input samples. Float64, `up * rowLength` values, zero-padded.
   */
  readonly rows: Float64Array;
  readonly rowLength: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
export function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const KAISER_BETA = 5;
/** Zero crossings of the low-pass filter on either side of its centre. */
export const LOW_PASS_ZEROS = 10;

/** Sum of the taps below, so that the gain at 0 Hz is 1. */
const gains = new Map<number, number>();

function windowedSinc(position: number, factor: number): number {
  const edge = position / (LOW_PASS_ZEROS * factor);
  if (Math.abs(edge) > 1) return 0;
  const x = (Math.PI * position) / factor;
  return (position === 0 ? 1 : Math.sin(x) / x) * besselI0(KAISER_BETA * Math.sqrt(1 - edge * edge));
}

/**
 * Low-pass filter as a function of time: sinc with its -6 dB point at 1/`factor` of the Nyquist frequency, Kaiser
 * window (beta 5), 10 zero crossings on either side; its values at whole positions sum to 1.
 *
 * @param position in samples from the centre, not necessarily whole
 */
export function lowPassAt(position: number, factor: number): number {
  let gain = gains.get(factor);
  if (gain === undefined) {
    gain = 0;
    for (let i = -LOW_PASS_ZEROS * factor; i <= LOW_PASS_ZEROS * factor; i++) gain += windowedSinc(i, factor);
    gains.set(factor, gain);
  }
  return windowedSinc(position, factor) / gain;
}

/** Designs in use; a table of an odd rate takes megabytes, so only a few are held. */
const designs = new Map<string, Resampler>();
const MOST_DESIGNS = 8;

/**
 * The resampler from one rate to another, designed once and then the same object while it is in use: polyphase FIR, cutoff at the lower of the two Nyquist
 * frequencies, 10 zero crossings on each side, Kaiser window of beta 5, unit gain at 0 Hz. The same filter as
 * `scipy.signal.resample_poly` with its defaults (SciPy 1.17) and MATLAB's `resample`.
 *
 * @param inputRate Hz, a positive integer
 * @param outputRate Hz, a positive integer
 * @throws RangeError when a rate is not a positive integer.
 */
export function designResampler(inputRate: number, outputRate: number): Resampler {
  const key = `${inputRate} ${outputRate}`;
  const resampler = designs.get(key) ?? design(inputRate, outputRate);
  // The one used last goes to the end, so that the first is the one to be dropped.
  designs.delete(key);
  designs.set(key, resampler);
  if (designs.size > MOST_DESIGNS) designs.delete(designs.keys().next().value!);
  return resampler;
}

function design(inputRate: number, outputRate: number): Resampler {
  for (const rate of [inputRate, outputRate]) {
    if (!Number.isInteger(rate) || rate < 1)
      throw new RangeError(`sampling rate ${rate} Hz: must be a positive integer`);
  }
  const divisor = greatestCommonDivisor(inputRate, outputRate);
  const up = outputRate / divisor;
  const down = inputRate / divisor;
  if (up === 1 && down === 1) return { up, down, halfLength: 0, rows: Float64Array.of(1), rowLength: 1 };
  const factor = Math.max(up, down);
  const halfLength = LOW_PASS_ZEROS * factor;
  const taps = Float64Array.from({ length: 2 * halfLength + 1 }, (_, i) => lowPassAt(i - halfLength, factor));
  const rowLength = Math.ceil(taps.length / up);
  const rows = new Float64Array(up * rowLength);
  for (let phase = 0; phase < up; phase++) {
    // Tap phase + j * up meets input sample newest - j; stored oldest first.
    for (let j = 0; phase + j * up < taps.length; j++)
      rows[phase * rowLength + rowLength - 1 - j] = up * taps[phase + j * up]!;
  }
  return { up, down, halfLength, rows, rowLength };
}

/** Number of samples that `resample` makes of `length` samples: ceil(length * up / down). */
export function resampledLength({ up, down }: Resampler, length: number): number {
  return Math.ceil((length * up) / down);
}

/**
 * Resamples a whole signal; beyond its ends the signal counts as zero, and the filter's delay is compensated
 * (output sample m lies at input time m * down / up).
 *
 * @param samples any length n
 * @returns Float32Array of ceil(n * up / down) samples. Sums are taken in double precision.
 */
export function resample(samples: Float32Array | Float64Array, resampler: Resampler): Float32Array {
  const output = new Float32Array(resampledLength(resampler, samples.length));
  for (let m = 0; m < output.length; m++) output[m] = resampledAt(resampler, m, samples, 0);
  return output;
}

/** The last input sample that an output sample depends on. */
export function newestInput({ up, down, halfLength }: Resampler, output: number): number {
  return Math.floor((output * down + halfLength) / up);
}

/**
 * One output sample, from a stretch of the input that begins at its sample `begin`; what lies outside counts as zero. Summed
 * in double precision.
 */
export function resampledAt(
  resampler: Resampler,
  output: number,
  input: Float32Array | Float64Array,
  begin: number,
): number {
  const { up, down, halfLength, rows, rowLength } = resampler;
  const row = ((output * down + halfLength) % up) * rowLength;
  const oldest = newestInput(resampler, output) - rowLength + 1;
  const from = Math.max(0, begin - oldest);
  const to = Math.min(rowLength, begin + input.length - oldest);
  let sum = 0;
  for (let j = from; j < to; j++) sum += rows[row + j]! * input[oldest + j - begin]!;
  return sum;
}
