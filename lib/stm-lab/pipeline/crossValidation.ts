import { sha256 } from 'research-basics/files';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, writeJson } from 'research-basics/files';
import { tellOfLosses, tellOfZeroF1 } from './classLosses';
import { loadEngine } from '../engine';
import {
  averageProbabilities,
  crossValidate,
  domainF1,
  type CrossValidationResult,
  type EvaluationReport,
  type Interval,
} from '../evaluation';
import { allRows } from '../reduction';
import { foldsFor } from '../splits';
import type { OfficialFolds } from './split';
import { runTrackedStage, type StageContext } from '../stages/context';
import { scoredRecipe } from '../stages/scoredModel';
import { logRepeats, logReport, writePredictions } from './evaluate';
import {
  collectionDesign,
  collectionMetrics,
  collectionScores,
  crossValidateByCollection,
  type CollectionScores,
} from './byCollection';
import type { Experiment } from './experiment';
import type { ModelChoice, ReductionChoice } from './modelChoice';
import { classNumbers, collectionNumbers, openFeatureFolder, readOrStream } from './featureFolder';
import { fitFoldModel } from './foldModel';
import { forgetOtherFolds } from './partialFolds';
import { engineFor, type StageResult } from '../stages/stage';

/** What `crossValidationStage` reads and writes. */
export interface CrossValidationStageOptions {
  readonly features: string;
  readonly out: string;
  readonly crossValidation: Experiment['crossValidation'];
  readonly reduction: ReductionChoice;
  readonly model: ModelChoice;
  /** Folds that the corpus states, in place of divisions by seed. */
  readonly official?: OfficialFolds | undefined;
}

/** What `cross-validation.json` says. */
export interface CrossValidationRecord {
  readonly folds: number;
  /** Scores of each repeat on its own. */
  readonly repeats: readonly {
    readonly seed: number;
    readonly macroF1: number;
    readonly accuracy: number;
    readonly uar: number;
  }[];
  /** Mean over the repeats with a 95 % interval from resampling groups. */
  readonly mean: Readonly<Record<'macroF1' | 'accuracy' | 'uar', Interval>>;
  /** Scores of the probabilities averaged over the repeats. */
  readonly averaged: EvaluationReport;
  /** Macro-F1 of the part of the label before ":", mean over the repeats; only where labels have one. */
  readonly domainMacroF1?: number;
  /** The same model on collections that it has not seen; only where the manifest names collections. */
  readonly byCollection?: CollectionScores;
}

/** Outcome of a cross-validation. */
export interface CrossValidationSummary extends CrossValidationRecord {
  readonly status: StageResult['status'];
}

/**
 * Group-wise K-fold cross-validation of a model fixed beforehand: every recording is scored by a model
 * that has not seen its group and, where the manifest names collections, once more by one that has not seen its
 * collection. `cross-validation.json`, `predictions.csv`, `predictions-by-collection.csv`. One division into folds and
 * one training per fold for each seed; a run that was killed continues with the next fold.
 */
export async function crossValidationStage(
  options: CrossValidationStageOptions,
  context: StageContext = {},
): Promise<CrossValidationSummary> {
  const { out, crossValidation, reduction, model, official } = options;
  const stated = official === undefined ? {} : { folds: sha256([...official.values]) };
  const folder = openFeatureFolder(options.features);
  tellOfLosses(options.features, context);
  try {
    const { status } = await runTrackedStage(context, {
      stage: 'cross-validate',
      folder: out,
      parameters: { crossValidation, reduction, model },
      inputs: { features: folder.featuresHash, index: folder.indexHash, ...stated },
      engine: await engineFor(out, context.signal),
      run: async (run) => {
        const engine = await loadEngine({ signal: context.signal });
        const { classes, y } = classNumbers(folder.index.map(({ label }) => label));
        const groupNames = folder.index.map(({ group }) => group);
        const partial = path.join(out, 'folds');
        const shared = {
          engine,
          features: readOrStream(folder.matrix, allRows(folder.matrix.rows)),
          columns: folder.matrix.columns,
          y,
          ...collectionNumbers(folder.index),
          classes,
          reduction,
          model,
          scratch: partial,
          signal: context.signal,
        };
        const identity = {
          crossValidation,
          reduction,
          model,
          features: folder.featuresHash,
          engine: engine.description,
          ...stated,
        };
        forgetOtherFolds(partial, identity);
        const result = await crossValidate({
          labels: y,
          classNames: classes,
          groups: classNumbers(groupNames).y,
          folds: foldsFor(folder.index, crossValidation.folds, official),
          seeds: Array.from({ length: crossValidation.seeds }, (_, i) => i + 1),
          fitFold: (task) => fitFoldModel(shared, task),
          onFold: ({ finished, total }) => context.progress?.(`cross-validate: fold ${finished} of ${total}`),
          resume: { folder: path.join(partial, 'group'), identity },
          ...(context.signal === undefined ? {} : { signal: context.signal }),
        });
        const design = collectionDesign(
          folder.index,
          crossValidation.folds,
          crossValidation.seeds,
          context.warn,
        );
        const unseen =
          design === undefined
            ? undefined
            : await crossValidateByCollection(design, {
                seeds: Array.from({ length: crossValidation.seeds }, (_, i) => i + 1),
                fitFold: (task) => fitFoldModel({ ...shared, y: design.y, classes: design.classes }, task),
                onFold: ({ finished, total }) =>
                  context.progress?.(`cross-validate by collection: fold ${finished} of ${total}`),
                resume: { folder: path.join(partial, 'collection'), identity },
                ...(context.signal === undefined ? {} : { signal: context.signal }),
              });
        const domain = domainF1(
          y,
          result.repeats.map(({ probabilities }) => probabilities),
          classes,
        );
        const summary: CrossValidationRecord = {
          ...toRecord(crossValidation.folds, result),
          ...(domain === undefined ? {} : { domainMacroF1: domain }),
          ...(design === undefined || unseen === undefined
            ? {}
            : { byCollection: collectionScores(design, unseen) }),
        };
        writeJson(path.join(out, 'cross-validation.json'), summary);
        writePredictions(
          path.join(out, 'predictions.csv'),
          { paths: folder.index.map((row) => row.path), y },
          averageProbabilities(result.repeats.map(({ probabilities }) => probabilities)),
          classes,
        );
        const files = ['cross-validation.json', 'predictions.csv'];
        if (design !== undefined && unseen !== undefined) {
          files.push('predictions-by-collection.csv');
          writePredictions(
            path.join(out, 'predictions-by-collection.csv'),
            {
              paths: Array.from(design.rows, (row) => folder.index[row]!.path),
              y: Int32Array.from(design.rows, (row) => design.y[row]!),
            },
            averageProbabilities(unseen.repeats.map(({ probabilities }) => probabilities)),
            design.classes,
          );
        }
        const about = scoredRecipe(run, 'cross-validated', { reduction, model });
        logRepeats(run, summary.repeats, summary.mean.macroF1, about);
        if (summary.byCollection !== undefined)
          run?.logMetrics(collectionMetrics(summary.byCollection), 0, about);
        logReport(run, summary.averaged, 'cv', about);
        for (const file of files) run?.logArtifact(path.join(out, file));
        fs.rmSync(partial, { recursive: true, force: true });
        return files;
      },
    });
    const record = readJson<CrossValidationRecord>(path.join(out, 'cross-validation.json'));
    tellOfZeroF1(record.averaged, 'the average of the repeats', context);
    return { ...record, status };
  } finally {
    folder.matrix.close();
  }
}

function toRecord(folds: number, result: CrossValidationResult): CrossValidationRecord {
  return {
    folds,
    repeats: result.repeats.map(({ seed, macroF1, accuracy, uar }) => ({ seed, macroF1, accuracy, uar })),
    mean: result.mean,
    averaged: result.averaged,
  };
}
