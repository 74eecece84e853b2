import { resample } from '../../audio/resample';
import { bandsPerOctave, createLogMel, frameRate, SPEECH_LOG_MEL } from '../mel/logMel';
import { melFilterBank } from '../mel/filterBank';
import { averageBands, type BandAxes, type BandAverage } from '../bandAverage';
import { PLANE_PARAMETERS, type PlaneKernel, type PlaneParameters } from '../planeAnalysis';
import { PUBLISHED_SHAPE } from './grid';
import { initialFilters } from './initial';
import { kernelEnergy, gaborKernel, kernelFactors, type ComplexKernel } from './gabor';

/** Parameters of the learnable STRF's filters as they start. */
export interface StrfFeatureParameters extends PlaneParameters {
  /** `time` (default): a value for each of 64 filters and 64 mel bands; `time-frequency`: for each filter. */
  readonly average: BandAverage;
}

/** The defaults. */
export const STRF_FEATURE_PARAMETERS: StrfFeatureParameters = { average: 'time', ...PLANE_PARAMETERS };

/** Filters of a layer by default, and the seed of their draw. */
const [FILTERS, SEED] = [64, 1];
/** Magnitudes below this, in dB of the log-mel spectrogram, count as this. */
const FLOOR = 1e-3;

/** Axes of the features: filters x mel bands, or filters. Rates and scales are those of the filters' carriers. */
export interface StrfFeatureAxes extends BandAxes {
  readonly filters: readonly {
    /** Hz along time, signed. */
    readonly rateHz: number;
    /** Cycles per octave along frequency, signed; true above 1 kHz, where mel bands are logarithmic. */
    readonly scaleCycPerOct: number;
  }[];
}

/** The axes of `createStrfFeatureKernel`. */
export function strfFeatureAxes({ average = 'time' }: { average?: BandAverage } = {}): StrfFeatureAxes {
  const { sampleRate, window, bands, highestHz } = SPEECH_LOG_MEL;
  const filters = initialFilters(FILTERS, { seed: SEED }).map(({ carrier, angle }) => ({
    rateHz: (carrier * Math.cos(angle) * frameRate(SPEECH_LOG_MEL)) / (2 * Math.PI),
    scaleCycPerOct: (carrier * Math.sin(angle) * bandsPerOctave(SPEECH_LOG_MEL)) / (2 * Math.PI),
  }));
  const { centreHz } = melFilterBank(sampleRate, window, bands, highestHz);
  return { filters, ...(average === 'time' ? { bandHz: centreHz } : {}) };
}

/**
 * Prepares the learnable STRF's Gabor filters at their first values as fixed features: the log-mel spectrogram of its
 * speech tasks (64 bands, 100 frames a second, dB, its mean taken away), 64 complex filters of 9 bands x 111 frames and
 * unit energy, zeros beyond the ends; the magnitude of each response, averaged over time (and bands). Features are 20
 * log10 of these means, at least -60.
 *
 * Source: Riad et al. 2021 (arXiv 2103.07125), without training.
 */
export function createStrfFeatureKernel({
  average = 'time',
}: Partial<Pick<StrfFeatureParameters, 'average'>> = {}): PlaneKernel {
  const logMel = createLogMel(SPEECH_LOG_MEL);
  const filters = initialFilters(FILTERS, { seed: SEED }).map((filter) => {
    // A kernel is the product of its factors, times one number.
    const energy = kernelEnergy(gaborKernel(filter, PUBLISHED_SHAPE, { norm: 'area' }));
    const area = 2 * Math.PI * filter.sigmaFrequency * filter.sigmaTime;
    return { ...kernelFactors(filter, PUBLISHED_SHAPE), gain: 1 / (area * Math.sqrt(energy)) };
  });
  return {
    analyse(samples, gain, resampler) {
      const { values, bands, frames } = logMel.compute(resample(samples, resampler).map((x) => gain * x));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      if (values.every((value) => value === values[0])) return undefined;
      const centred = Float64Array.from(values, (value) => value - mean);
      const output = new Float64Array(FILTERS * bands);
      filters.forEach(({ time, frequency, gain: scale }, k) => {
        const along = alongTime(centred, bands, frames, time);
        output.set(meanMagnitudes(along, bands, frames, frequency, scale), k * bands);
      });
      return averageBands(output, bands, average);
    },
    toFeatures: (mean) => Float32Array.from(mean, (value) => 20 * Math.log10(Math.max(value, FLOOR))),
  };
}

/** Taps of a Gaussian envelope below this share of the middle one change nothing that float32 keeps. */
const NEGLIGIBLE = 1e-9;

/** Correlation of each band with a complex kernel whose real part is even and imaginary part odd, length kept. */
function alongTime(x: Float64Array, bands: number, frames: number, kernel: ComplexKernel): ComplexKernel {
  const middle = (kernel.real.length - 1) / 2;
  const real = kernel.real.subarray(middle);
  const imaginary = kernel.imaginary.subarray(middle);
  let reach = middle;
  while (reach > 0 && Math.hypot(real[reach]!, imaginary[reach]!) < NEGLIGIBLE) reach--;
  const padded = new Float64Array(frames + 2 * middle);
  const re = new Float64Array(bands * frames);
  const im = new Float64Array(bands * frames);
  for (let band = 0; band < bands; band++) {
    padded.set(x.subarray(band * frames, (band + 1) * frames), middle);
    for (let n = 0; n < frames; n++) {
      const centre = n + middle;
      let a = padded[centre]! * real[0]!;
      let b = 0;
      for (let j = 1; j <= reach; j++) {
        const after = padded[centre + j]!;
        const before = padded[centre - j]!;
        a += (after + before) * real[j]!;
        b += (after - before) * imaginary[j]!;
      }
      re[band * frames + n] = a;
      im[band * frames + n] = b;
    }
  }
  return { real: re, imaginary: im };
}

/** Correlation along bands, and the mean over frames of its magnitude. */
function meanMagnitudes(
  { real: re, imaginary: im }: ComplexKernel,
  bands: number,
  frames: number,
  { real, imaginary }: ComplexKernel,
  scale: number,
): Float64Array {
  const half = (real.length - 1) / 2;
  const a = new Float64Array(frames);
  const b = new Float64Array(frames);
  return Float64Array.from({ length: bands }, (_, band) => {
    a.fill(0);
    b.fill(0);
    const last = Math.min(real.length, bands + half - band);
    for (let i = Math.max(0, half - band); i < last; i++) {
      const from = (band + i - half) * frames;
      const p = real[i]!;
      const q = imaginary[i]!;
      for (let n = 0; n < frames; n++) {
        const u = re[from + n]!;
        const v = im[from + n]!;
        a[n] = a[n]! + u * p - v * q;
        b[n] = b[n]! + u * q + v * p;
      }
    }
    let sum = 0;
    for (let n = 0; n < frames; n++) sum += Math.sqrt(a[n]! * a[n]! + b[n]! * b[n]!);
    return (scale * sum) / frames;
  });
}
