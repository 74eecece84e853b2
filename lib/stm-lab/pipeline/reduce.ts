import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from 'research-basics/files';
import {
  explainedVariance,
  fitReduction,
  loadReduction,
  saveReduction,
  transformToFile,
  type Reduction,
} from '../reduction';
import { featureRowsOf, readSplit } from '../splits';
import { runTrackedStage, type StageContext } from '../stages/context';
import type { ReductionChoice } from './modelChoice';
import { tellOfLosses } from './classLosses';
import { openFeatureFolder } from './featureFolder';
import { engineFor, type StageResult } from '../stages/stage';

/** What `reduceStage` reads and writes. */
export interface ReduceStageOptions {
  readonly features: string;
  readonly split: string;
  readonly out: string;
  readonly reduction: ReductionChoice;
}

/** The fitted reduction. */
export interface ReduceSummary {
  readonly status: StageResult['status'];
  readonly reduction: Reduction;
  /** Share of the training rows' variance that is kept, 0 .. 1; 1 for method `none`. */
  readonly varianceKept: number;
  readonly warnings: readonly string[];
}

/**
 * Fits standardiser and components on the training rows and transforms every row: the reduction
 * (`reduction.json` and arrays) and `reduced.npy` (float32, rows of the feature matrix x components).
 */
export async function reduceStage(
  options: ReduceStageOptions,
  context: StageContext = {},
): Promise<ReduceSummary> {
  const { out } = options;
  const folder = openFeatureFolder(options.features);
  const { extraction } = folder;
  tellOfLosses(options.features, context);
  try {
    const split = readSplit(options.split);
    const { status } = await runTrackedStage(context, {
      stage: 'reduce',
      folder: out,
      parameters: options.reduction,
      inputs: {
        features: folder.featuresHash,
        axes: folder.axesHash,
        split: split.hash,
        ...(extraction === undefined ? {} : { extraction: sha256(extraction) }),
      },
      engine: await engineFor(out, context.signal),
      run: async (run) => {
        const reduction = await fitReduction({
          ...options.reduction,
          features: folder.matrix,
          rows: featureRowsOf(split, 'train'),
          provenance: {
            extraction,
            featuresHash: folder.featuresHash,
            axesHash: folder.axesHash,
            splitHash: split.hash,
          },
          onProgress: (done) => context.progress?.(`reduce: ${Math.round(100 * done)} %`),
        });
        saveReduction(out, reduction);
        await transformToFile(
          reduction,
          { features: folder.matrix, axesHash: folder.axesHash },
          path.join(out, 'reduced.npy'),
        );
        run?.setTags({ 'stm.reduction': reduction.hash });
        run?.logMetrics({ components: reduction.width, variance_kept: varianceKept(reduction) });
        explainedVariance(reduction).forEach((share, i) => {
          if (i < 100 || (i + 1) % 16 === 0) run?.logMetrics({ explained_variance: share }, i + 1);
        });
        run?.logArtifact(path.join(out, 'reduction.json'));
        const arrays = fs.readdirSync(out).filter((name) => name.endsWith('.npy'));
        return ['reduction.json', ...arrays];
      },
    });
    const reduction = loadReduction(out);
    reduction.warnings.forEach((warning) => context.warn?.(warning));
    return { status, reduction, varianceKept: varianceKept(reduction), warnings: reduction.warnings };
  } finally {
    folder.matrix.close();
  }
}

function varianceKept(reduction: Reduction): number {
  return explainedVariance(reduction).at(-1) ?? 1;
}
