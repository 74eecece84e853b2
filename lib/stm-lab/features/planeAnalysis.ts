import { inputError } from 'research-basics/errors';
import { designResampler, type Resampler } from '../audio/resample';
import {
  SILENCE_RULE,
  startExcerptScan,
  type Rejection,
  type ScanSummary,
  type SilenceRule,
} from './excerpts';
import { ANALYSIS_RATE } from './stm/axes';

/** Parameters that all features on modulation planes have. */
export interface PlaneParameters extends SilenceRule {
  /** Excerpts accepted per recording at most. Default 30. */
  readonly maxExcerpts: number;
}

/** The parameters of the published STM, which the others take over. */
export const PLANE_PARAMETERS: PlaneParameters = { maxExcerpts: 30, ...SILENCE_RULE };

/** Parameters that differ from the defaults, and what belongs to one recording. */
export interface PlaneOptions extends Partial<PlaneParameters> {
  /** Seconds skipped at the beginning. Default 0. */
  readonly startSeconds?: number | undefined;
  /** Seconds from the beginning of an excerpt to that of the next. Default 4: back to back. */
  readonly hopSeconds?: number | undefined;
  /** Whether each excerpt's own values are kept beside the mean. Default `mean`. */
  readonly keep?: 'mean' | 'excerpts' | undefined;
}

/** What is computed of an excerpt, and what of the mean over excerpts. */
export interface PlaneKernel {
  /**
   * @param samples a 4-s excerpt at the resampler's input rate
   * @param gain factor that brings it to the target level
   * @returns values whose mean over excerpts means something (magnitudes, powers), the same number for every excerpt;
   *   undefined when there is nothing in the excerpt to measure.
   */
  analyse(samples: Float32Array, gain: number, resampler: Resampler): Float64Array | undefined;
  /** Features of an excerpt or a recording from its values. */
  toFeatures(mean: Float64Array): Float32Array;
}

/** One accepted excerpt. */
export interface PlaneExcerpt {
  /** Where it begins in the recording, seconds. */
  readonly startSeconds: number;
  readonly longestSilenceSeconds: number;
  /** Its values before logarithm and scaling. */
  readonly modulation: Float64Array;
  /** The features of this excerpt alone. */
  readonly features: Float32Array;
}

/** Features of one recording. */
export interface PlaneResult extends ScanSummary {
  readonly features: Float32Array;
  /** Mean over the accepted excerpts of their values, before logarithm and scaling. */
  readonly modulation: Float64Array;
  /** With `keep: 'excerpts'`: one entry per accepted excerpt. */
  readonly perExcerpt?: readonly PlaneExcerpt[];
}

/** An analysis fed with blocks of a recording. */
export interface PlaneAnalysis<Result = PlaneResult> {
  /** Takes the next samples (mono). Returns `enough` once further samples cannot change the result. */
  push(block: Float32Array): 'more' | 'enough';
  finish(): Result | Rejection;
}

/**
 * Starts the analysis of one recording: 4-s excerpts, each checked by the silence rule and handed to the kernel, whose
 * values are averaged over excerpts. Memory: one excerpt, and with `keep` the values of each.
 *
 * @param sampleRate Hz, a positive integer
 */
export function startPlaneAnalysis(
  kernel: PlaneKernel,
  sampleRate: number,
  options: PlaneOptions = {},
): PlaneAnalysis {
  const rule = { ...PLANE_PARAMETERS, ...options };
  const resampler = designResampler(sampleRate, ANALYSIS_RATE);
  let sum = new Float64Array();
  const kept: PlaneExcerpt[] = [];
  const scan = startExcerptScan(
    sampleRate,
    {
      startSeconds: options.startSeconds ?? 0,
      maxExcerpts: rule.maxExcerpts,
      hopSeconds: options.hopSeconds,
      rule,
    },
    ({ samples, check, startSeconds }) => {
      const modulation = kernel.analyse(samples, check.gain, resampler);
      if (modulation === undefined) return 'flat';
      if (sum.length === 0) sum = new Float64Array(modulation.length);
      for (let i = 0; i < sum.length; i++) sum[i]! += modulation[i]!;
      const { longestSilenceSeconds } = check;
      if (options.keep === 'excerpts') {
        const features = kernel.toFeatures(modulation);
        kept.push({ startSeconds, longestSilenceSeconds, modulation, features });
      }
      return 'measured';
    },
  );
  return {
    push: (block) => scan.push(block),
    finish() {
      const summary = scan.finish();
      if ('reason' in summary) return summary;
      const modulation = sum.map((value) => value / summary.excerpts);
      const own = options.keep === 'excerpts' ? { perExcerpt: kept } : {};
      return { ...summary, features: kernel.toFeatures(modulation), modulation, ...own };
    },
  };
}

/**
 * Features of a recording held in memory.
 *
 * @param kernel of the kind of features: `createAmKernel`, `createMpsKernel`, `createCorticalKernel`,
 *   `createStrfFeatureKernel`, `createTmnnFeatureKernel`; `amAxes` and its siblings name the values.
 * @param samples mono, any level, at least 4 s
 * @param sampleRate Hz, a positive integer
 * @throws UserError (`input`) when no excerpt is accepted: too short, too silent, without modulation, or not finite.
 */
export function analysePlane(
  kernel: PlaneKernel,
  samples: Float32Array,
  sampleRate: number,
  options: PlaneOptions = {},
): PlaneResult {
  const analysis = startPlaneAnalysis(kernel, sampleRate, options);
  analysis.push(samples);
  const result = analysis.finish();
  if ('reason' in result) throw inputError(`samples: ${result.reason}`);
  return result;
}
