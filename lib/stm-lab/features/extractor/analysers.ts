import { createMelKernel, MEL_PARAMETERS, melAxes, startMelAnalysis, type MelParameters } from '../mel';
import { createStmKernel, startStmAnalysis, STM_PARAMETERS, stmAxes, type StmParameters } from '../stm';
import type { Rejection, ScanSummary } from '../excerpts';

/** The features an extraction can make. */
export type FeatureKind = 'stm' | 'mel';

/** What is kept of a recording: one row, or also a row for each of its excerpts. */
export type Kept = 'mean' | 'excerpts';

/** A kind of feature as the extractor sees it: a row of numbers for each recording. */
export interface Analyser {
  start(
    sampleRate: number,
    startSeconds: number,
  ): {
    push(block: Float32Array): 'more' | 'enough';
    finish():
      | (ScanSummary & {
          readonly features: Float32Array;
          /** With `excerpts` kept: each accepted excerpt's own features, and where it begins. */
          readonly perExcerpt?: readonly { readonly startSeconds: number; readonly features: Float32Array }[];
        })
      | Rejection;
  };
}

/** What a kind of feature is, apart from computing it. */
export interface FeatureDescription {
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly rowLength: number;
  readonly axes: Readonly<Record<string, unknown>>;
  /** Counts changes of the computation that change its results: part of every cache key. */
  readonly revision: number;
}

/** All parameters, defaults filled in, and the shape of a row. */
export function describeFeatures(
  kind: FeatureKind,
  parameters: Partial<StmParameters> | Partial<MelParameters> = {},
): FeatureDescription {
  if (kind === 'mel') {
    const axes = melAxes();
    return {
      parameters: { ...MEL_PARAMETERS, ...parameters },
      rowLength: axes.bandHz.length * axes.seconds.length,
      axes: { ...axes },
      revision: 1,
    };
  }
  const full: StmParameters = { ...STM_PARAMETERS, ...(parameters as Partial<StmParameters>) };
  const axes = stmAxes({ channels: full.channels });
  return {
    parameters: { ...full },
    rowLength: axes.scaleCycPerOct.length * axes.rateHz.length,
    axes: { ...axes },
    revision: 1,
  };
}

/** Prepares the computation in this thread. */
export async function createAnalyser(
  kind: FeatureKind,
  parameters: Readonly<Record<string, string | number>>,
  keep: Kept = 'mean',
): Promise<Analyser> {
  if (kind === 'mel') {
    const kernel = await createMelKernel();
    const options = parameters as Partial<MelParameters>;
    return { start: (rate, startSeconds) => startMelAnalysis(kernel, rate, { ...options, startSeconds }) };
  }
  const options = parameters as Partial<StmParameters>;
  const kernel = await createStmKernel({ channels: options.channels });
  return {
    start: (rate, startSeconds) => startStmAnalysis(kernel, rate, { ...options, startSeconds, keep }),
  };
}
