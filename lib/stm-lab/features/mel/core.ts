import { designResampler, resample } from '../../audio/resample';
import { inputError } from 'research-basics/errors';
import {
  EXCERPT_SECONDS,
  SILENCE_RULE,
  startExcerptScan,
  type Rejection,
  type ScanSummary,
  type SilenceRule,
} from '../excerpts';
import { hannWindow } from '../hann';
import { loadPffft } from '../kernels/pffft';
import { melFilterBank } from './filterBank';

const ANALYSIS_RATE = 16000;
const FFT_LENGTH = 2048;
const HOP = 1024;
const BANDS = 32;
const FRAMES = 1 + Math.floor((EXCERPT_SECONDS * ANALYSIS_RATE) / HOP);

/** Parameters of the mel baseline, with the published values as defaults. */
export interface MelParameters extends SilenceRule {
  /**
   * `power` (default, as published) or `decibel`: 10 log10 of the power, floored 80 dB below the excerpt's peak.
   */
  readonly scale: 'power' | 'decibel';
}

/** The published parameters. */
export const MEL_PARAMETERS: MelParameters = { scale: 'power', ...SILENCE_RULE };

/** Parameters that differ from the published ones, and what belongs to one recording. */
export interface MelOptions extends Partial<MelParameters> {
  /** Seconds skipped at the beginning. Default 0. */
  readonly startSeconds?: number | undefined;
}

/** The axes of mel features: row-major 32 bands x 63 frames. */
export interface MelAxes {
  /** Centre of each band, Hz. */
  readonly bandHz: number[];
  /** Middle of each frame from the beginning of the excerpt, seconds. */
  readonly seconds: number[];
}

/** Axes of the 2,016 mel features. */
export function melAxes(): MelAxes {
  return {
    bandHz: melFilterBank(ANALYSIS_RATE, FFT_LENGTH, BANDS).centreHz,
    seconds: Array.from({ length: FRAMES }, (_, n) => (n * HOP) / ANALYSIS_RATE),
  };
}

/** Computes mel spectrograms of excerpts. */
export interface MelKernel {
  /**
   * @param excerpt 64,000 samples at 16 kHz
   * @returns power in 32 bands x 63 frames, row-major, Float32Array. Frames are centred (zeros beyond the ends).
   */
  compute(excerpt: Float32Array): Float32Array;
}

/**
 * Prepares the mel spectrogram: 2,048-sample periodic Hann window, hop 1,024, power spectrum, 32 mel bands. The same
 * as `librosa.feature.melspectrogram(n_fft=2048, hop_length=1024, n_mels=32)` (librosa 0.11).
 */
export async function createMelKernel(): Promise<MelKernel> {
  const fft = await loadPffft();
  const plan = fft.plan(FFT_LENGTH, 'real');
  const [input, spectrum, scratch] = [0, 0, 0].map(() => fft.allocate(FFT_LENGTH * 4)) as [
    number,
    number,
    number,
  ];
  const { bands } = melFilterBank(ANALYSIS_RATE, FFT_LENGTH, BANDS);
  const hann = hannWindow(FFT_LENGTH);
  const power = new Float64Array(FFT_LENGTH / 2 + 1);
  return {
    compute(excerpt) {
      const frames = 1 + Math.floor(excerpt.length / HOP);
      const output = new Float32Array(BANDS * frames);
      const windowed = new Float32Array(fft.memory.buffer, input, FFT_LENGTH);
      const bins = new Float32Array(fft.memory.buffer, spectrum, FFT_LENGTH);
      for (let n = 0; n < frames; n++) {
        const first = n * HOP - FFT_LENGTH / 2;
        for (let i = 0; i < FFT_LENGTH; i++) windowed[i] = hann[i]! * (excerpt[first + i] ?? 0);
        fft.transform(plan, input, spectrum, scratch, 'forward', 'ordered');
        for (let k = 1; k < FFT_LENGTH / 2; k++) power[k] = bins[2 * k]! ** 2 + bins[2 * k + 1]! ** 2;
        power[0] = bins[0]! ** 2;
        power[FFT_LENGTH / 2] = bins[1]! ** 2;
        bands.forEach(({ firstBin, weights }, band) => {
          let sum = 0;
          for (let j = 0; j < weights.length; j++) sum += weights[j]! * power[firstBin + j]!;
          output[band * frames + n] = sum;
        });
      }
      return output;
    },
  };
}

/** 10 log10 of power, floored 80 dB below the largest value. */
export function powerToDecibels(power: Float32Array): Float32Array {
  const floor = power.reduce((a, b) => Math.max(a, b), 1e-10) * 1e-8;
  return power.map((value) => 10 * Math.log10(Math.max(value, floor)));
}

/** Mel features of one recording. */
export interface MelResult extends ScanSummary {
  /** 2,016 values: 32 bands x 63 frames of the first accepted excerpt, row-major. */
  readonly features: Float32Array;
  readonly axes: MelAxes;
}

/** An analysis fed with blocks of a recording. */
export interface MelAnalysis {
  /** Takes the next samples (mono). Returns `enough` once further samples cannot change the result. */
  push(block: Float32Array): 'more' | 'enough';
  finish(): MelResult | Rejection;
}

/**
 * Starts the mel analysis of one recording: its first excerpt that passes the same silence rule as STM features, at
 * its recorded level, so that both kinds of features stand on the same recordings.
 *
 * @param sampleRate Hz, a positive integer
 */
export function startMelAnalysis(
  kernel: MelKernel,
  sampleRate: number,
  options: MelOptions = {},
): MelAnalysis {
  const { scale, targetRms, silenceLevel, maxSilenceSeconds } = { ...MEL_PARAMETERS, ...options };
  const resampler = designResampler(sampleRate, ANALYSIS_RATE);
  let features: Float32Array = new Float32Array();
  const scan = startExcerptScan(
    sampleRate,
    {
      startSeconds: options.startSeconds ?? 0,
      maxExcerpts: 1,
      rule: { targetRms, silenceLevel, maxSilenceSeconds },
    },
    ({ samples }) => {
      const power = kernel.compute(resample(samples, resampler));
      features = scale === 'power' ? power : powerToDecibels(power);
      return 'measured';
    },
  );
  return {
    push: (block) => scan.push(block),
    finish() {
      const summary = scan.finish();
      if ('reason' in summary) return summary;
      if (!features.every(Number.isFinite))
        return {
          reason: 'mel power is too large to be held as float32; scale the recording to full scale 1',
        };
      return { ...summary, features, axes: melAxes() };
    },
  };
}

let sharedKernel: Promise<MelKernel> | undefined;

/**
 * Mel features of a recording held in memory.
 *
 * @param samples mono, at least 4 s
 * @param sampleRate Hz, a positive integer
 * @returns 2,016 features with axes.
 * @throws UserError (`input`) when no excerpt is accepted: too short, too silent, or not finite.
 */
export async function extractMel(
  samples: Float32Array,
  sampleRate: number,
  options: MelOptions = {},
): Promise<MelResult> {
  sharedKernel ??= createMelKernel();
  const analysis = startMelAnalysis(await sharedKernel, sampleRate, options);
  analysis.push(samples);
  const result = analysis.finish();
  if ('reason' in result) throw inputError(`samples: ${result.reason}`);
  return result;
}
