import { EXCERPT_SECONDS } from '../features/excerpts';
import { ANALYSIS_RATE, RATES } from '../features/stm/axes';
import type { CochleagramKernel } from '../features/stm/cochleagram';
import { EXCERPT_SAMPLES } from '../features/stm/channelPlan';
import { circle } from '../features/stm/modulation';
import { HALF_RATES } from '../features/stm/modulationTransform';
import { designResampler } from '../audio/resample';
import type { ModulationGain } from './region';
import { rememberLast } from './rememberLast';

/** Samples between two windows of the measurement: they overlap by half. */
export const WINDOW_HOP = EXCERPT_SAMPLES / 2;
/** Gains up to this count as removed, from its complement on as kept; between lies the soft edge. */
const EDGE_GAIN = 0.01;
/** The measured scales, cycles per octave: the published range. */
const LARGEST_SCALE = 7.1;

/** How far a filtered sound has what was asked for. */
export interface FilterReport {
  /**
   * Energy of the modulation spectrum outside the region after filtering over that before, dB (negative is less);
   * -Infinity when nothing is left, NaN when the region leaves nothing out.
   */
  readonly suppressionDb: number;
  /** Energy of the change inside the region over the energy there before, dB; NaN when nothing is inside. */
  readonly distortionDb: number;
  /** Mean absolute difference between the cochleagram reached and the one asked for, dB. */
  readonly meanAbsoluteDb: number;
}

/** Compares the modulation spectra of a sound before and after filtering, window by window. */
export interface ModulationMeter {
  /**
   * @param before, after 4 s at 16 kHz each, at the same place of the sound
   * @param gain factor that brings both to the analysis level, a root mean square of 0.1
   */
  add(before: Float32Array, after: Float32Array, gain: number): void;
  /** Suppression and distortion over all windows so far. */
  read(): Pick<FilterReport, 'suppressionDb' | 'distortionDb'>;
}

/**
 * Prepares measurements with the extraction's own cochleagram: for each window, its 2-D transform over |rate| < 15 Hz and
 * scale <= 7.1 cyc/oct with a Hann window along time and the mean taken out. Cells on a region's soft edge do not count.
 *
 * @returns starts the measurement of a region; what is known of a window before filtering serves all of them
 */
export function prepareModulationMeter(kernel: CochleagramKernel): (gain: ModulationGain) => ModulationMeter {
  const { bank } = kernel;
  const channels = bank.centreHz.length;
  const scaleStep = bank.channelsPerOctave / channels;
  const scales = Math.min(Math.floor(LARGEST_SCALE / scaleStep), channels / 2 - 1);
  const rates = (RATES - 1) / 2;
  const cells: { readonly rate: number; readonly scale: number }[] = [];
  for (let rate = 0; rate < rates; rate++)
    // At rate 0 the negative scales repeat the positive ones.
    for (let scale = rate === 0 ? 1 : -scales; scale <= scales; scale++) cells.push({ rate, scale });
  const { cos, sin } = circle(channels);
  const sameRate = designResampler(ANALYSIS_RATE, ANALYSIS_RATE);

  /** Real and imaginary part of every cell, of a window at the analysis level. */
  const spectrumOf = (samples: Float32Array): Float64Array => {
    kernel.compute(samples, 1, sameRate);
    const { real, imaginary } = kernel.transform.rateSpectrum();
    const re = taper(real, channels);
    const im = taper(imaginary, channels, -1);
    const output = new Float64Array(2 * cells.length);
    for (let i = 0; i < cells.length; i++) {
      const { rate, scale } = cells[i]!;
      const row = rate * channels;
      const step = scale < 0 ? scale + channels : scale;
      let [sumRe, sumIm] = [0, 0];
      for (let c = 0, turn = 0; c < channels; c++) {
        const [x, y] = [re[row + c]!, im[row + c]!];
        sumRe += x * cos[turn]! + y * sin[turn]!;
        sumIm += y * cos[turn]! - x * sin[turn]!;
        turn += step;
        if (turn >= channels) turn -= channels;
      }
      output[2 * i] = sumRe;
      output[2 * i + 1] = sumIm;
    }
    return output;
  };
  const spectrumBefore = rememberLast(spectrumOf);

  return (gain) => {
    const factors = cells.map(({ rate, scale }) =>
      gain((scale < 0 ? -rate : rate) / EXCERPT_SECONDS, Math.abs(scale) * scaleStep),
    );
    let [outsideBefore, outsideAfter, insideBefore, insideChange] = [0, 0, 0, 0];
    return {
      add(before, after, level) {
        const from = spectrumBefore(before.map((value) => value * level));
        const to = spectrumOf(after.map((value) => value * level));
        cells.forEach(({ rate }, i) => {
          const [a, b, c, d] = [from[2 * i]!, from[2 * i + 1]!, to[2 * i]!, to[2 * i + 1]!];
          // Each rate above 0 stands for its negative, too.
          const times = rate === 0 ? 1 : 2;
          if (factors[i]! >= 1 - EDGE_GAIN) {
            insideBefore += times * (a * a + b * b);
            insideChange += times * ((c - a) ** 2 + (d - b) ** 2);
          } else if (factors[i]! <= EDGE_GAIN) {
            outsideBefore += times * (a * a + b * b);
            outsideAfter += times * (c * c + d * d);
          }
        });
      },
      read: () => ({
        suppressionDb: 10 * Math.log10(outsideAfter / outsideBefore),
        distortionDb: 10 * Math.log10(insideChange / insideBefore),
      }),
    };
  };
}

/**
 * A Hann window along time, as the sum over neighbouring rates that it is in the transform; the mean over time and
 * channels is taken out first. `mirrored` is the sign with which rate -1 repeats rate 1.
 */
function taper(values: Float32Array, channels: number, mirrored = 1): Float64Array {
  const centred = Float64Array.from(values);
  let mean = 0;
  for (let c = 0; c < channels; c++) mean += centred[c]! / channels;
  for (let c = 0; c < channels; c++) centred[c]! -= mean;
  return Float64Array.from({ length: (HALF_RATES - 1) * channels }, (_, i) => {
    const below = i < channels ? mirrored * centred[channels + i]! : centred[i - channels]!;
    return 0.5 * centred[i]! - 0.25 * (below + centred[i + channels]!);
  });
}
