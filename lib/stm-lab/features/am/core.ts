import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { hannWindow } from '../hann';
import type { PlaneAxes } from '../plane';
import { PLANE_PARAMETERS, type PlaneKernel, type PlaneParameters } from '../planeAnalysis';
import { createStmKernel, isFlat } from '../stm/analysis';
import { FRAMES } from '../stm/axes';
import { bandCentres } from '../stm/filterBank';
import { AM_RATES, amRateHz, CHANNELS_PER_BAND, ratePower } from './filterBank';

/** Parameters of the AM spectrum. */
export interface AmParameters extends PlaneParameters {
  /** `none` (default): a spectrum for each of 30 bands; `frequency`: their mean. */
  readonly average: 'none' | 'frequency';
}

/** The defaults. */
export const AM_PARAMETERS: AmParameters = { average: 'none', ...PLANE_PARAMETERS };

/** Modulation below this power counts as this: 60 dB below full modulation. */
const FLOOR = 1e-6;

/** The axes of AM features: 30 bands x 64 rates, or 64 rates. Rates have no sign. */
export function amAxes({ average = 'none' }: Partial<Pick<AmParameters, 'average'>> = {}): PlaneAxes {
  return { rateHz: amRateHz(), ...(average === 'none' ? { channelHz: bandCentres(CHANNELS_PER_BAND) } : {}) };
}

/**
 * Prepares the AM spectrum: the envelope of each of the 150 channels of the published cochleagram (125 Hz), divided by
 * its mean and windowed (Hann, 4 s); its power in modulation filters 0.5 Hz apart, averaged over five neighbouring
 * channels. Values are squared modulation depths: a fully modulated sinusoid has 1, so 0 dB; features are in dB, at
 * least -60.
 *
 * Source: the modulation spectrum of Houtgast & Steeneken 1985 (modulation index by octave band), on a cochleagram.
 */
export async function createAmKernel({
  average = 'none',
}: Partial<Pick<AmParameters, 'average'>> = {}): Promise<PlaneKernel> {
  const { cochleagram } = await createStmKernel();
  const channels = cochleagram.bank.centreHz.length;
  const bands = average === 'none' ? channels / CHANNELS_PER_BAND : 1;
  const window = hannWindow(FRAMES);
  const weight = window.reduce((sum, value) => sum + value, 0);
  const fourier = fourierTransform(FRAMES);
  const parts = [new Float64Array(FRAMES), new Float64Array(FRAMES)] as const;
  const powers = [0, 1].map(() => new Float64Array(2 * AM_RATES + 2));
  /** Envelope / mean - 1, windowed. */
  const prepare = (decibels: Float32Array, channel: number, target: Float64Array): void => {
    let mean = 0;
    for (let n = 0; n < FRAMES; n++) {
      target[n] = 10 ** (decibels[channel * FRAMES + n]! / 20);
      mean += (target[n]! * window[n]!) / weight;
    }
    for (let n = 0; n < FRAMES; n++) target[n] = (target[n]! / mean - 1) * window[n]!;
  };
  return {
    analyse(samples, gain, resampler) {
      const decibels = cochleagram.compute(samples, gain, resampler);
      if (isFlat(decibels, channels)) return undefined;
      const output = new Float64Array(bands * AM_RATES);
      const [re, im] = parts;
      for (let c = 0; c < channels; c += 2) {
        prepare(decibels, c, re);
        prepare(decibels, c + 1, im);
        fourier.transform(re, im);
        // Two real signals ride in one complex transform.
        for (let k = 1; k < 2 * AM_RATES + 2; k++) {
          const m = FRAMES - k;
          const scale = 1 / weight ** 2;
          powers[0]![k] = scale * ((re[k]! + re[m]!) ** 2 + (im[k]! - im[m]!) ** 2);
          powers[1]![k] = scale * ((im[k]! + im[m]!) ** 2 + (re[m]! - re[k]!) ** 2);
        }
        powers.forEach((power, i) => {
          const band = Math.floor(((c + i) * bands) / channels);
          for (let rate = 0; rate < AM_RATES; rate++)
            output[band * AM_RATES + rate]! += (ratePower(power, rate) * bands) / channels;
        });
      }
      return output;
    },
    toFeatures: (mean) => Float32Array.from(mean, (power) => 10 * Math.log10(Math.max(power, FLOOR))),
  };
}
