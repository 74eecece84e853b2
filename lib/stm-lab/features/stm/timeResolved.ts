import type { PlaneAxes } from '../plane';
import { analysePlane, type PlaneKernel, type PlaneOptions, type PlaneResult } from '../planeAnalysis';
import { createStmKernel, stmPlane, STM_PARAMETERS, type StmParameters } from './analysis';
import { stmAxes } from './axes';
import { modulationToFeatures } from './modulation';

/** Parameters of time-resolved STM. */
export interface StmTimeParameters extends StmParameters {
  /** Seconds from one modulation spectrum to the next. Default 0.5. */
  readonly hopSeconds: number;
}

/** The defaults: those of the STM, every half second, over ten minutes at most. */
export const STM_TIME_PARAMETERS: StmTimeParameters = {
  ...STM_PARAMETERS,
  hopSeconds: 0.5,
  maxExcerpts: 1200,
};

/** The axes: two planes of the STM's 20 scales x 121 rates. */
export function stmTimeAxes(options: Partial<Pick<StmParameters, 'channels'>> = {}): PlaneAxes {
  const { rateHz, scaleCycPerOct } = stmAxes(options);
  return { planes: ['mean', 'deviation over time'], scaleCycPerOct, rateHz };
}

/**
 * Prepares time-resolved STM: the modulation spectrum of 4 s, every half second. A row holds the STM features of the
 * mean spectrum, and the standard deviation over time of each cell's level, in dB; rows of excerpts have a deviation of
 * 0 and are the modulation spectrogram.
 */
export async function createStmTimeKernel(
  options: Partial<Pick<StmParameters, 'channels'>> = {},
): Promise<PlaneKernel> {
  const { analyse } = stmPlane(await createStmKernel({ channels: options.channels }));
  return {
    analyse(samples, gain, resampler) {
      const modulation = analyse(samples, gain, resampler);
      if (modulation === undefined) return undefined;
      const cells = modulation.length;
      // The magnitude, its dB, and their squares.
      const values = new Float64Array(3 * cells);
      modulation.forEach((value, i) => {
        const decibels = 20 * Math.log10(value);
        values[i] = value;
        values[cells + i] = decibels;
        values[2 * cells + i] = decibels ** 2;
      });
      return values;
    },
    toFeatures(mean) {
      const cells = mean.length / 3;
      const features = new Float32Array(2 * cells);
      features.set(modulationToFeatures(mean.subarray(0, cells)));
      for (let i = cells; i < 2 * cells; i++)
        features[i] = Math.sqrt(Math.max(0, mean[cells + i]! - mean[i]! ** 2));
      return features;
    },
  };
}

/**
 * Time-resolved STM of a recording held in memory.
 *
 * @param samples mono, any level, at least 4 s
 * @param sampleRate Hz, a positive integer
 * @returns 2 x 20 x 121 features; with `keep: 'excerpts'` also those of every hop. See `createStmTimeKernel`.
 * @throws UserError (`input`) when no excerpt is accepted.
 */
export async function extractStmTime(
  samples: Float32Array,
  sampleRate: number,
  options: PlaneOptions & Partial<StmTimeParameters> = {},
): Promise<PlaneResult & { readonly axes: PlaneAxes }> {
  const full = { ...STM_TIME_PARAMETERS, ...options };
  const kernel = await createStmTimeKernel(full);
  return { ...analysePlane(kernel, samples, sampleRate, full), axes: stmTimeAxes(full) };
}
