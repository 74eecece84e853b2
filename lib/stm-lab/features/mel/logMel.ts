import { inputError } from 'research-basics/errors';
import { fourierTransform } from 'research-basics/numerics/mixedRadix';
import { hannWindow } from '../hann';
import { hzToMel, melFilterBank } from '.';

/** How a waveform becomes the input of a learnable layer. */
export interface LogMelParameters {
  /** Hz. */
  readonly sampleRate: number;
  /** Samples of the periodic Hann window, which is also the length of the Fourier transform. */
  readonly window: number;
  /** Samples between frames. */
  readonly hop: number;
  /** Number of mel bands. */
  readonly bands: number;
  /** Upper edge of the last band, Hz. */
  readonly highestHz: number;
  /** `inside`: every frame lies within the signal; `centred`: frame n is centred on sample n * hop, ends mirrored. */
  readonly frames: 'inside' | 'centred';
  /** Whether the waveform is scaled to mean 0 and variance 1 first. */
  readonly waveform: 'standardised' | 'as-is';
  /** Values further below the largest are raised to this distance, dB. */
  readonly topDb: number;
}

/** Speech activity and speakers: 16 kHz, 25 ms windows every 10 ms, 64 bands up to 8 kHz. */
export const SPEECH_LOG_MEL: LogMelParameters = {
  sampleRate: 16000,
  window: 400,
  hop: 160,
  bands: 64,
  highestHz: 8000,
  frames: 'inside',
  waveform: 'standardised',
  topDb: 80,
};

/** Frames per second. */
export function frameRate({ sampleRate, hop }: LogMelParameters): number {
  return sampleRate / hop;
}

/**
 * Mel bands per octave above 1 kHz, where their spacing is logarithmic: 14.48 for 64 bands up to 8 kHz.
 * Below, bands lie at equal distances in Hz.
 */
export function bandsPerOctave({ bands, highestHz }: LogMelParameters): number {
  return (((bands + 1) / hzToMel(highestHz)) * 27 * Math.LN2) / Math.log(6.4);
}

/** Number of frames of a signal; 0 when it is shorter than one window. */
export function frameCount(samples: number, { window, hop, frames }: LogMelParameters): number {
  if (frames === 'centred') return 1 + Math.floor(samples / hop);
  return samples < window ? 0 : 1 + Math.floor((samples - window) / hop);
}

/** A log-mel spectrogram in decibels. */
export interface LogMel {
  /** bands x frames, row-major, dB. */
  readonly values: Float32Array;
  readonly bands: number;
  readonly frames: number;
}

/** Computes log-mel spectrograms of one kind. */
export interface LogMelKernel {
  readonly parameters: LogMelParameters;
  /**
   * @param samples mono, finite, at `parameters.sampleRate`, long enough for one frame.
   * @throws UserError (`input`) when they are too short or not finite.
   */
  compute(samples: Float32Array): LogMel;
}

const FLOOR = 1e-10;
const VARIANCE_GUARD = 1e-5;

/**
 * Prepares a log-mel front end in double precision: power spectrum of Hann windows, Slaney's mel bands of
 * unit area, 10 log10, cut off `topDb` below the largest value of this signal (the released code takes the
 * largest of the whole batch, which makes a result depend on its neighbours).
 *
 * @throws UserError (`input`) from the kernel, for fewer samples than one window.
 */
export function createLogMel(parameters: LogMelParameters): LogMelKernel {
  const { sampleRate, window, hop, bands, highestHz } = parameters;
  const fourier = fourierTransform(window);
  const bank = melFilterBank(sampleRate, window, bands, highestHz).bands;
  const hann = hannWindow(window);
  const re = new Float64Array(window);
  const im = new Float64Array(window);
  const bins = Math.floor(window / 2) + 1;
  const power = [new Float64Array(bins), new Float64Array(bins)] as const;
  return {
    parameters,
    compute(samples) {
      const frames = frameCount(samples.length, parameters);
      if (frames === 0)
        throw inputError(`log-mel: ${samples.length} samples do not fill one window of ${window}`);
      const { mean, scale } = waveformScale(samples, parameters.waveform);
      const at = sampleReader(samples, parameters.frames, window);
      const decibels = new Float64Array(bands * frames);
      let largest = -Infinity;
      for (let frame = 0; frame < frames; frame += 2) {
        // Two real frames ride in one complex transform; the second is the imaginary part.
        for (let i = 0; i < window; i++) {
          re[i] = hann[i]! * ((at(frame * hop + i) - mean) * scale);
          im[i] = frame + 1 < frames ? hann[i]! * ((at((frame + 1) * hop + i) - mean) * scale) : 0;
        }
        fourier.transform(re, im);
        for (let k = 0; k < bins; k++) {
          const mirror = (window - k) % window;
          power[0][k] = ((re[k]! + re[mirror]!) ** 2 + (im[k]! - im[mirror]!) ** 2) / 4;
          power[1][k] = ((im[k]! + im[mirror]!) ** 2 + (re[mirror]! - re[k]!) ** 2) / 4;
        }
        for (let half = 0; half < 2 && frame + half < frames; half++)
          bank.forEach(({ firstBin, weights }, band) => {
            let sum = 0;
            for (let j = 0; j < weights.length; j++) sum += weights[j]! * power[half]![firstBin + j]!;
            const value = 10 * Math.log10(Math.max(sum, FLOOR));
            decibels[band * frames + frame + half] = value;
            if (value > largest) largest = value;
          });
      }
      const floor = largest - parameters.topDb;
      return { values: Float32Array.from(decibels, (value) => Math.max(value, floor)), bands, frames };
    },
  };
}

/**
 * Mean and factor that bring a waveform to mean 0 and variance 1; 0 and 1 for one taken as it is.
 *
 * @throws UserError (`input`) when not all samples are finite.
 */
export function waveformScale(
  samples: Float32Array,
  rule: LogMelParameters['waveform'],
): { mean: number; scale: number } {
  let sum = 0;
  for (const sample of samples) sum += sample;
  if (!Number.isFinite(sum)) throw inputError('log-mel: the samples are not all finite numbers');
  if (rule === 'as-is') return { mean: 0, scale: 1 };
  const mean = sum / samples.length;
  let squares = 0;
  for (const sample of samples) squares += (sample - mean) ** 2;
  return { mean, scale: 1 / Math.sqrt(squares / samples.length + VARIANCE_GUARD) };
}

function sampleReader(
  samples: Float32Array,
  frames: LogMelParameters['frames'],
  window: number,
): (position: number) => number {
  const last = samples.length - 1;
  if (frames === 'inside') return (position) => samples[position]!;
  const lead = Math.floor(window / 2);
  if (last < lead)
    throw inputError(
      `log-mel: ${samples.length} samples are too few to mirror at the ends of a ${window} window`,
    );
  return (position) => {
    const place = Math.abs(position - lead);
    return samples[place > last ? 2 * last - place : place]!;
  };
}
