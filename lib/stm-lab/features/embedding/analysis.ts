import { environmentError, messageOf } from 'research-basics/errors';
import { designResampler, resample } from '../../audio/resample';
import { startExcerptScan, type Rejection, type ScanSummary } from '../excerpts';
import { PLANE_PARAMETERS, type PlaneOptions, type PlaneParameters } from '../planeAnalysis';
import type { EmbeddingKernel } from './core';

/** How a recording is cut before the model sees it. */
export type EmbeddingParameters = PlaneParameters;

/** The same excerpts as STM features. */
export const EMBEDDING_PARAMETERS: EmbeddingParameters = PLANE_PARAMETERS;

/** Parameters that differ from the defaults, and what belongs to one recording. */
export type EmbeddingOptions = Omit<PlaneOptions, 'hopSeconds'>;

/** The embedding of one recording. */
export interface EmbeddingResult extends ScanSummary {
  /** Mean over the accepted excerpts, float32. */
  readonly features: Float32Array;
  readonly perExcerpt?: readonly { readonly startSeconds: number; readonly features: Float32Array }[];
}

/** An analysis fed with blocks of a recording. */
export interface EmbeddingAnalysis {
  /** Takes the next samples (mono). Resolves to `enough` once further samples cannot change the result. */
  push(block: Float32Array): Promise<'more' | 'enough'>;
  finish(): EmbeddingResult | Rejection;
}

/**
 * Starts the embedding of one recording: the excerpts that STM features take (the same silence rule), at their recorded
 * level, resampled to the model's rate; the mean over excerpts.
 *
 * @param sampleRate Hz, a positive integer
 * @param onExcerpt called after each excerpt, whose model may take seconds
 * @throws UserError (`environment`) from `push`, when the model fails to run
 */
export function startEmbeddingAnalysis(
  kernel: EmbeddingKernel,
  sampleRate: number,
  options: EmbeddingOptions = {},
  onExcerpt: () => void = () => undefined,
): EmbeddingAnalysis {
  const rule = { ...EMBEDDING_PARAMETERS, ...options };
  const { sampleRate: modelRate, dimensions } = kernel.description;
  const resampler = designResampler(sampleRate, modelRate);
  const perExcerpt: { startSeconds: number; features: Float32Array }[] = [];
  const sum = new Float64Array(dimensions);
  let waiting: { startSeconds: number; samples: Float32Array }[] = [];
  const scan = startExcerptScan(
    sampleRate,
    { startSeconds: options.startSeconds ?? 0, maxExcerpts: rule.maxExcerpts, rule },
    ({ samples, startSeconds }) => {
      waiting.push({ startSeconds, samples: resample(samples, resampler) });
      return 'measured';
    },
  );
  return {
    async push(block) {
      const verdict = scan.push(block);
      for (const { startSeconds, samples } of waiting) {
        const features = await kernel.compute(samples).catch((error: unknown) => {
          // The model answered to silence: it is not this recording's bytes.
          throw environmentError(messageOf(error), error);
        });
        features.forEach((value, i) => (sum[i]! += value));
        if (options.keep === 'excerpts') perExcerpt.push({ startSeconds, features });
        onExcerpt();
      }
      waiting = [];
      return verdict;
    },
    finish() {
      const summary = scan.finish();
      if ('reason' in summary) return summary;
      return {
        ...summary,
        features: Float32Array.from(sum, (value) => value / summary.excerpts),
        ...(options.keep === 'excerpts' ? { perExcerpt } : {}),
      };
    },
  };
}
