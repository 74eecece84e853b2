import * as path from 'node:path';
import { readJson } from 'research-basics/files';
import { shippedFolder } from '../stages/home';

/** Scores of one line of the paper's main table. */
export interface PublishedRow {
  readonly features: 'STM' | 'AST' | 'YAMNet' | 'VGGish' | 'Mel';
  /** Whether non-tonal speech was cut to 100,000 recordings; the test set then changes too, so rows of both do not compare. */
  readonly undersampled: 'yes' | 'no';
  /** Micro-averaged, 200 bins. */
  readonly rocAuc: number;
  readonly prAuc: number;
  /** Largest over 19 thresholds chosen on the test rows. */
  readonly maxMacroF1: number;
  readonly threshold: number;
  readonly accuracy: number;
  /** F1 at that threshold: speech non-tonal and tonal, music vocal and non-vocal, urban and wildlife. */
  readonly f1: Readonly<Record<string, number>>;
}

/** Values of an ablation at every pair of cutoffs: `[rate index][scale index]`. */
export type PublishedGrid = readonly (readonly number[])[];

/** The numbers that the paper and its figures print. */
export interface PublishedNumbers {
  readonly source: string;
  readonly main: readonly PublishedRow[];
  readonly ablation: {
    readonly source: string;
    readonly rateHz: readonly number[];
    readonly scaleCycPerOct: readonly number[];
    readonly low: Readonly<Record<'ROC-AUC' | 'macro-F1', PublishedGrid>>;
    readonly high: Readonly<Record<'ROC-AUC' | 'macro-F1', PublishedGrid>>;
  };
}

/** The published numbers, from `experiments/published/arxiv-2505.23509.json`. */
export function readPublished(): PublishedNumbers {
  return readJson<PublishedNumbers>(
    path.join(shippedFolder('experiments'), 'published', 'arxiv-2505.23509.json'),
  );
}
