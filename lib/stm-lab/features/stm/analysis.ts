import { designResampler } from '../../audio/resample';
import { inputError } from 'research-basics/errors';
import { checkExcerpt, EXCERPT_SECONDS, SILENCE_RULE } from '../excerpts';
import {
  PLANE_PARAMETERS,
  startPlaneAnalysis,
  type PlaneAnalysis,
  type PlaneExcerpt,
  type PlaneKernel,
  type PlaneOptions,
  type PlaneParameters,
  type PlaneResult,
} from '../planeAnalysis';
import { ANALYSIS_RATE, stmAxes, type StmAxes, type StmAxesOptions } from './axes';
import { createCochleagramKernel, type CochleagramKernel } from './cochleagram';
import { stmFilterBank, type ChannelSet } from './filterBank';
import { modulationToFeatures } from './modulation';

/** Parameters of the STM analysis, with the published values as defaults. */
export interface StmParameters extends PlaneParameters {
  /** Filter bank. Default `published`. */
  readonly channels: ChannelSet;
}

/** The published parameters. */
export const STM_PARAMETERS: StmParameters = { channels: 'published', ...PLANE_PARAMETERS };

/** Parameters that differ from the published ones, and what belongs to one recording. */
export interface StmOptions extends PlaneOptions {
  /** Filter bank. Default `published`. */
  readonly channels?: ChannelSet | undefined;
}

/** One accepted excerpt; its modulation spectrum and features are those of `StmResult`. */
export type StmExcerpt = PlaneExcerpt;

/**
 * STM features of one recording: 2,420 values in [0, 1], 20 scales x 121 rates, row-major; `modulation` is the mean
 * magnitude of the accepted excerpts' modulation spectra, before logarithm and scaling.
 */
export interface StmResult extends PlaneResult {
  readonly axes: StmAxes;
}

/** An analysis fed with blocks of a recording. */
export type StmAnalysis = PlaneAnalysis<StmResult>;

/** The prepared machinery: reuse it for many recordings with the same channels. */
export interface StmKernel {
  readonly cochleagram: CochleagramKernel;
}

/** Frames at either end in which the edge of the excerpt itself may ring: 0.2 s, the longest filter and the low-pass. */
const EDGE_FRAMES = 25;

/**
 * Whether a cochleagram (channels x frames) is 0 except for its ends, so that it holds no sound but the cut: a constant
 * level, or a hum below all filters. The first value of a sound ends the search.
 */
export function isFlat(values: Float32Array, channels: number): boolean {
  const frames = values.length / channels;
  for (let c = 0; c < channels; c++)
    for (let n = EDGE_FRAMES; n < frames - EDGE_FRAMES; n++) if (values[c * frames + n]! > 0) return false;
  return true;
}

/** Prepares the filter bank and its work space once. */
export async function createStmKernel(options: StmAxesOptions = {}): Promise<StmKernel> {
  return { cochleagram: await createCochleagramKernel(stmFilterBank(options.channels)) };
}

/**
 * Starts the analysis of one recording: 4-s excerpts back to back, each checked by the silence rule, resampled to
 * 16 kHz, turned into a cochleagram and its modulation spectrum; the spectra are averaged.
 *
 * @param sampleRate Hz, a positive integer
 */
export function startStmAnalysis(
  kernel: StmKernel,
  sampleRate: number,
  options: StmOptions = {},
): StmAnalysis {
  const axes = stmAxes({ channels: kernel.cochleagram.bank.channels });
  const analysis = startPlaneAnalysis(stmPlane(kernel), sampleRate, options);
  return {
    push: (block) => analysis.push(block),
    finish() {
      const result = analysis.finish();
      return 'reason' in result ? result : { ...result, axes };
    },
  };
}

/** What is computed of an excerpt: the magnitude of its modulation spectrum. */
export function stmPlane({ cochleagram: { bank, compute, transform } }: StmKernel): PlaneKernel {
  const channels = bank.centreHz.length;
  return {
    analyse(samples, gain, resampler) {
      if (isFlat(compute(samples, gain, resampler), channels)) return undefined;
      const modulation = transform.modulation();
      // A cell of 0 has no decibels.
      return modulation.every((value) => value > 0 && value < Infinity) ? modulation : undefined;
    },
    toFeatures: modulationToFeatures,
  };
}

const kernels = new Map<ChannelSet, Promise<StmKernel>>();

function sharedKernel(channels: ChannelSet): Promise<StmKernel> {
  let kernel = kernels.get(channels);
  if (kernel === undefined) {
    kernel = createStmKernel({ channels });
    kernels.set(channels, kernel);
  }
  return kernel;
}

/**
 * STM features of a recording held in memory.
 *
 * @param samples mono, any level, at least 4 s
 * @param sampleRate Hz, a positive integer
 * @returns 2,420 features with axes; see `StmResult`.
 * @throws UserError (`input`) when no excerpt is accepted: too short, too silent, without modulation, or not finite.
 */
export async function extractStm(
  samples: Float32Array,
  sampleRate: number,
  options: StmOptions = {},
): Promise<StmResult> {
  const analysis = startStmAnalysis(await sharedKernel(options.channels ?? 'published'), sampleRate, options);
  analysis.push(samples);
  const result = analysis.finish();
  if ('reason' in result) throw inputError(`samples: ${result.reason}`);
  return result;
}

/** A log spectrogram with its axes. */
export interface Cochleagram {
  /** dB above 1e-4 after scaling to the target level, not negative: channels x frames, row-major. */
  readonly values: Float32Array;
  /** Centre of each channel, Hz. */
  readonly channelHz: number[];
  /** Time of each frame from the beginning of the recording, seconds. */
  readonly seconds: number[];
}

/**
 * The cochleagram of one 4-s excerpt, whatever the silence rule says of it.
 *
 * @param samples mono
 * @param sampleRate Hz, a positive integer
 * @param options `startSeconds` says where the excerpt begins (default 0)
 * @returns 150 x 500 (or 128 x 500) values in dB with axes.
 * @throws UserError (`input`) when fewer than 4 s follow, or a sample is not finite.
 */
export async function cochleagram(
  samples: Float32Array,
  sampleRate: number,
  options: Pick<StmOptions, 'channels' | 'startSeconds' | 'targetRms'> = {},
): Promise<Cochleagram> {
  const kernel = await sharedKernel(options.channels ?? 'published');
  const { bank } = kernel.cochleagram;
  const start = Math.round((options.startSeconds ?? 0) * sampleRate);
  const excerpt = samples.slice(start, start + EXCERPT_SECONDS * sampleRate);
  if (excerpt.length < EXCERPT_SECONDS * sampleRate)
    throw inputError(
      `samples: a cochleagram needs ${EXCERPT_SECONDS} s, ${(excerpt.length / sampleRate).toFixed(2)} s were given`,
    );
  const { gain } = checkExcerpt(excerpt, sampleRate, { ...SILENCE_RULE, ...options });
  if (!Number.isFinite(gain)) throw inputError('samples: hold values that are not finite (NaN or infinite)');
  const resampler = designResampler(sampleRate, ANALYSIS_RATE);
  const values = kernel.cochleagram.compute(excerpt, gain, resampler).slice();
  const frames = values.length / bank.centreHz.length;
  return {
    values,
    channelHz: [...bank.centreHz],
    seconds: Array.from({ length: frames }, (_, n) => start / sampleRate + (n * EXCERPT_SECONDS) / frames),
  };
}
