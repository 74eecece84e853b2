import { loadPffft, smoothMultiple, type FftPlan } from '../kernels/pffft';
import { loadPlaneKernels } from '../kernels/planeKernels';
import { loadSubbandKernels } from '../kernels/subbandKernels';
import { planeColumns, type PlaneAxes } from '../plane';
import { PLANE_PARAMETERS, type PlaneKernel, type PlaneParameters } from '../planeAnalysis';
import { createStmKernel, isFlat } from '../stm/analysis';
import { FRAME_RATE, FRAMES } from '../stm/axes';
import { bandCentres } from '../stm/filterBank';
import {
  CORTICAL_RATES,
  CORTICAL_SCALES,
  rateImpulse,
  scaleImpulse,
  type CorticalFilters,
  type Impulse,
} from './filterBank';

/** Parameters of the cortical representation. */
export interface CorticalParameters extends PlaneParameters {
  /**
   * What is averaged over: `time-frequency` (default; a plane of scales by rates), `time` (such a plane for each of 10
   * frequency bands), `frequency` (for each of 8 half seconds of an excerpt) or `none` (for each of both: 4-D).
   */
  readonly average: 'time-frequency' | 'time' | 'frequency' | 'none';
  /** Form of the filters. Default `seed`. */
  readonly filters: CorticalFilters;
}

/** The defaults. */
export const CORTICAL_PARAMETERS: CorticalParameters = {
  average: 'time-frequency',
  filters: 'seed',
  ...PLANE_PARAMETERS,
};

const CHANNELS_PER_BAND = 15;
const PIECES = 8;
/** Channels per octave of the published filter bank, true. */
const DENSITY = (24 * 151) / 128;
/** Magnitudes below this, in dB of the cochleagram, count as this. */
const FLOOR = 1e-3;

const signedRates = (): number[] => [...CORTICAL_RATES.map((rate) => -rate).reverse(), ...CORTICAL_RATES];

/** The axes of cortical features: planes (times, frequencies or both; see `average`) x 6 scales x 10 rates. */
export function corticalAxes({
  average = 'time-frequency',
}: Partial<Pick<CorticalParameters, 'average'>> = {}): PlaneAxes {
  const bands = bandCentres(CHANNELS_PER_BAND).map((hz) => `${Math.round(hz)} Hz`);
  const times = Array.from({ length: PIECES }, (_, i) => `${(i * FRAMES) / FRAME_RATE / PIECES} s`);
  const planes = {
    'time-frequency': undefined,
    time: bands,
    frequency: times,
    none: times.flatMap((time) => bands.map((band) => `${time} ${band}`)),
  }[average];
  return {
    rateHz: signedRates(),
    scaleCycPerOct: [...CORTICAL_SCALES],
    ...(planes === undefined ? {} : { planes }),
  };
}

/** What a bank of cortical filters is for. */
export interface CorticalSize {
  readonly channels: number;
  readonly frames: number;
  /** Octaves from channel to channel, seconds from frame to frame. */
  readonly octaves: number;
  readonly seconds: number;
  readonly filters: CorticalFilters;
}

/** Magnitudes of the responses to one spectrogram, filter by filter. */
export interface CorticalBank {
  /**
   * @param spectrogram channels x frames, row-major; outside it counts as 0
   * @param onResponse is given the magnitude over frames of every scale, channel and signed rate (negative: upward), as
   *   their places; overwritten by the next
   */
  respond(
    spectrogram: ArrayLike<number>,
    onResponse: (scale: number, channel: number, rate: number, magnitude: Float32Array) => void,
  ): void;
}

/**
 * Prepares the bank of filters selective for scale, rate and direction: each the product of an analytic filter along
 * log frequency and one along time (its conjugate for the other direction), so that the magnitude is the envelope of
 * the response over all phases.
 *
 * Source: Chi, Ru & Shamma 2005, section II B; Gabor filters: Bellur & Elhilali 2017.
 */
export async function createCorticalBank(size: CorticalSize): Promise<CorticalBank> {
  const { channels, frames, octaves, seconds, filters } = size;
  const fft = await loadPffft();
  const { multiplySpectra } = await loadPlaneKernels(fft.memory);
  const { magnitudes } = await loadSubbandKernels(fft.memory);
  const time = fft.plan(smoothMultiple(16, 2 * frames), 'complex');
  const octave = fft.plan(smoothMultiple(16, 2 * channels), 'complex');
  // All spectra are in PFFFT's own order, in its memory.
  const allocate = (plan: FftPlan, rows = 1): number => fft.allocate(8 * plan.length * rows);
  const longest = time.length > octave.length ? time : octave;
  const [a, b, scratch] = [allocate(longest), allocate(longest), allocate(longest)] as const;
  const columns = allocate(octave, frames);
  const row = allocate(time);
  const along = allocate(time, channels);
  const level = allocate(time);
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(fft.memory.buffer, address, length);
  /** Spectrum of a filter, scaled for an unnormalised transform back. */
  const filterOf = ({ real, imaginary, centre }: Impulse, plan: FftPlan, flip: 1 | -1): Filter => {
    const input = floats(a, 2 * plan.length);
    input.fill(0);
    for (let i = 0; i < real.length; i++) {
      input[2 * i] = real[i]! / plan.length;
      input[2 * i + 1] = (flip * imaginary[i]!) / plan.length;
    }
    const spectrum = allocate(plan);
    fft.transform(plan, a, spectrum, scratch, 'forward', 'internal');
    return { spectrum, centre };
  };
  const scales = CORTICAL_SCALES.map((scale) =>
    filterOf(scaleImpulse(filters, scale, channels, octaves), octave, 1),
  );
  const rates = signedRates().map((rate) =>
    filterOf(rateImpulse(filters, Math.abs(rate), frames, seconds), time, rate < 0 ? -1 : 1),
  );
  /** The signal of a spectrum after a filter, in `a`; its first value is behind the address returned. */
  const filtered = (from: number, { spectrum, centre }: Filter, plan: FftPlan): number => {
    multiplySpectra(from, spectrum, b, plan.length);
    fft.transform(plan, b, a, scratch, 'backward', 'internal');
    return a + 8 * centre;
  };
  // The memory does not grow any more.
  const column = floats(a, 2 * octave.length);
  const rows = floats(along, 2 * time.length * channels).fill(0);
  const outputs = scales.map(({ centre }) => floats(a + 8 * centre, 2 * channels));
  const magnitude = floats(level, frames);
  return {
    respond(spectrogram, onResponse) {
      for (let n = 0; n < frames; n++) {
        column.fill(0);
        for (let c = 0; c < channels; c++) column[2 * c] = spectrogram[c * frames + n]!;
        fft.transform(octave, a, columns + 8 * octave.length * n, scratch, 'forward', 'internal');
      }
      scales.forEach((scale, s) => {
        const output = outputs[s]!;
        for (let n = 0; n < frames; n++) {
          filtered(columns + 8 * octave.length * n, scale, octave);
          for (let c = 0, at = 2 * n; c < channels; c++, at += 2 * time.length) {
            rows[at] = output[2 * c]!;
            rows[at + 1] = output[2 * c + 1]!;
          }
        }
        for (let c = 0; c < channels; c++) {
          fft.transform(time, along + 8 * time.length * c, row, scratch, 'forward', 'internal');
          rates.forEach((rate, r) => {
            magnitudes(filtered(row, rate, time), level, frames);
            onResponse(s, c, r, magnitude);
          });
        }
      });
    },
  };
}

/** Spectrum of an impulse response, by its address, and where its time or octave 0 is. */
interface Filter {
  readonly spectrum: number;
  readonly centre: number;
}

/**
 * Prepares the cortical representation of excerpts: the published cochleagram (dB, its mean taken away), filtered by
 * `createCorticalBank`, magnitudes averaged. Features are 20 log10 of these means.
 */
export async function createCorticalKernel({
  average = 'time-frequency',
  filters = 'seed',
}: Partial<Pick<CorticalParameters, 'average' | 'filters'>> = {}): Promise<PlaneKernel> {
  const { cochleagram } = await createStmKernel();
  const channels = cochleagram.bank.centreHz.length;
  const seconds = 1 / FRAME_RATE;
  const bank = await createCorticalBank({ channels, frames: FRAMES, octaves: 1 / DENSITY, seconds, filters });
  const axes = corticalAxes({ average });
  const rates = axes.rateHz.length;
  const bands = average === 'time' || average === 'none' ? channels / CHANNELS_PER_BAND : 1;
  const pieces = average === 'frequency' || average === 'none' ? PIECES : 1;
  const plane = CORTICAL_SCALES.length * rates;
  const perPiece = Math.ceil(FRAMES / pieces);
  return {
    analyse(samples, gain, resampler) {
      const decibels = cochleagram.compute(samples, gain, resampler);
      if (isFlat(decibels, channels)) return undefined;
      const mean = decibels.reduce((sum, value) => sum + value, 0) / decibels.length;
      const output = new Float64Array(planeColumns(axes));
      bank.respond(
        decibels.map((value) => value - mean),
        (scale, channel, rate, magnitude) => {
          const band = Math.floor((channel * bands) / channels);
          for (let piece = 0; piece < pieces; piece++) {
            const end = Math.min(FRAMES, (piece + 1) * perPiece);
            let sum = 0;
            for (let n = piece * perPiece; n < end; n++) sum += magnitude[n]!;
            const at = (piece * bands + band) * plane + scale * rates + rate;
            output[at]! += (sum * bands) / channels / (end - piece * perPiece);
          }
        },
      );
      return output;
    },
    toFeatures: (mean) => Float32Array.from(mean, (value) => 20 * Math.log10(Math.max(value, FLOOR))),
  };
}
