import { resample } from '../../audio/resample';
import { averageBands, type BandAverage, type BandAxes } from '../bandAverage';
import { htkMelBank } from '../mel/htkBank';
import { PLANE_PARAMETERS, type PlaneKernel, type PlaneParameters } from '../planeAnalysis';
import { createPowerSpectrogram, PUBLISHED_ANALYSIS } from '../spectrogram';
import { adjoiningBands, sincKernel, type PassBand } from './filterBank';

/** Parameters of the TMNN's modulation filters as they start. */
export interface TmnnFeatureParameters extends PlaneParameters {
  /** `time` (default): a value for each of 3 filters and 128 mel bands; `time-frequency`: for each filter. */
  readonly average: BandAverage;
}

/** The defaults. */
export const TMNN_FEATURE_PARAMETERS: TmnnFeatureParameters = { average: 'time', ...PLANE_PARAMETERS };

/** Three adjoining bands are as many as the published least bandwidth of 1 Hz leaves room for. */
const [FILTERS, LOW_HZ, HIGH_HZ, TAPS, BANDS] = [3, 0.5, 30.25, 101, 128];
/** Power of the spectrogram, and mean squares of filtered decibels, below these count as these. */
const [POWER_FLOOR, FLOOR] = [1e-10, 1e-6];

/** Axes of the features: filters x mel bands, or filters. */
export interface TmnnFeatureAxes extends BandAxes {
  readonly passBandHz: readonly PassBand[];
}

/** The axes of `createTmnnFeatureKernel`. */
export function tmnnFeatureAxes({ average = 'time' }: { average?: BandAverage } = {}): TmnnFeatureAxes {
  const { sampleRate, fftLength } = PUBLISHED_ANALYSIS;
  const { centreHz } = htkMelBank(sampleRate, fftLength, BANDS);
  return {
    passBandHz: adjoiningBands(FILTERS, LOW_HZ, HIGH_HZ, 'log'),
    ...(average === 'time' ? { bandHz: [...centreHz] } : {}),
  };
}

/**
 * Prepares the TMNN's temporal-modulation filters at their first values as fixed features: its mel spectrogram (128 HTK
 * bands, 62.5 frames a second, dB not below -100, its mean taken away), each band through three adjoining sinc band-passes
 * from 0.5 to 30.25 Hz (101 taps, zeros beyond the ends); the mean square of each over time (and bands). Features are 10
 * log10 of it, at least -60.
 */
export async function createTmnnFeatureKernel({
  average = 'time',
}: Partial<Pick<TmnnFeatureParameters, 'average'>> = {}): Promise<PlaneKernel> {
  const { sampleRate, fftLength, hop } = PUBLISHED_ANALYSIS;
  const spectrogram = await createPowerSpectrogram(PUBLISHED_ANALYSIS);
  const { weights } = htkMelBank(sampleRate, fftLength, BANDS);
  const bins = fftLength / 2 + 1;
  const kernels = adjoiningBands(FILTERS, LOW_HZ, HIGH_HZ, 'log').map(({ lowHz, highHz }) =>
    sincKernel(lowHz, highHz, sampleRate / hop, TAPS),
  );
  const half = (TAPS - 1) / 2;
  return {
    analyse(samples, gain, resampler) {
      const power = spectrogram.compute(resample(samples, resampler).map((x) => gain * x));
      const frames = power.length / bins;
      const decibels = new Float64Array(BANDS * frames);
      for (let n = 0; n < frames; n++)
        for (let band = 0; band < BANDS; band++) {
          let sum = 0;
          for (let k = 0; k < bins; k++) sum += power[n * bins + k]! * weights[k * BANDS + band]!;
          decibels[band * frames + n] = 10 * Math.log10(Math.max(sum, POWER_FLOOR));
        }
      if (decibels.every((value) => value === decibels[0])) return undefined;
      const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length;
      const padded = new Float64Array(frames + 2 * half);
      const output = new Float64Array(FILTERS * BANDS);
      for (let band = 0; band < BANDS; band++) {
        for (let n = 0; n < frames; n++) padded[half + n] = decibels[band * frames + n]! - mean;
        kernels.forEach((kernel, m) => {
          let squares = 0;
          for (let n = 0; n < frames; n++) {
            let value = 0;
            for (let j = 0; j < TAPS; j++) value += kernel[j]! * padded[n + j]!;
            squares += value * value;
          }
          output[m * BANDS + band] = squares / frames;
        });
      }
      return averageBands(output, BANDS, average);
    },
    toFeatures: (mean) => Float32Array.from(mean, (value) => 10 * Math.log10(Math.max(value, FLOOR))),
  };
}
