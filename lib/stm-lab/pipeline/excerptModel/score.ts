import * as path from 'node:path';
import { throwIfStopped } from 'research-basics/pace';
import { deriveSeed } from 'research-basics/random/seeds';
import { readJson, writeJson } from 'research-basics/files';
import {
  argMax,
  atTemperature,
  crossValidate,
  domainF1,
  type CrossValidationResult,
  type FoldTask,
  type Interval,
} from '../../evaluation';
import type { Reduction } from '../../reduction';
import { stratifiedGroupKFold } from '../../splits';
import {
  collectionDesign,
  collectionScores,
  crossValidateByCollection,
  meanCalibrationError,
  type CollectionScores,
} from '../byCollection';
import { classNumbers, type IndexRow } from '../featureFolder';
import type { ExcerptModelChoice } from './choice';
import type { ExcerptTask, ExcerptVectors } from './data';
import { fitExcerptModel, predictExcerptModel } from './fit';

/** How an excerpt model is scored. */
export interface ExcerptScoring {
  readonly folds: number;
  readonly seeds: number;
  readonly resamples?: number;
  /** Finished folds lie here, so that a scoring that was stopped continues. */
  readonly folder: string;
  /** Any JSON value that says what is being computed. */
  readonly identity: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly onFold?: (by: 'group' | 'collection', finished: number, total: number) => void;
}

/** Scores by group and by collection, with the calibration error before and after the temperature. */
export interface ExcerptScores {
  readonly group: CrossValidationResult;
  readonly byGroup: {
    readonly macroF1: Interval;
    readonly accuracy: Interval;
    readonly uar: Interval;
    readonly domainMacroF1?: number;
    readonly ece: number;
    readonly eceBefore: number;
  };
  readonly byCollection?: CollectionScores & { readonly eceBefore: number };
}

/** The task of a folder's recordings; without collections, groups are what calibration holds out. */
export function excerptTask(vectors: ExcerptVectors, index: readonly IndexRow[]): ExcerptTask {
  const { classes, y } = classNumbers(index.map(({ label }) => label));
  const collections = index.map(({ collection, group }) => collection ?? group);
  return { ...vectors, y, classes, collections };
}

/** A recipe, and the recordings as it takes them. */
export interface ExcerptCandidate {
  readonly choice: ExcerptModelChoice;
  readonly task: ExcerptTask;
  /** See `fitExcerptModel`. */
  readonly reductions: Map<string, Reduction>;
}

/** What was settled within the training rows of a fold. */
export interface FoldChoice {
  /** Place of the recipe in the list of candidates. */
  readonly chosen: number;
  /** Of each candidate, on collections held out within the training rows. */
  readonly macroF1: readonly number[];
  readonly temperature: number;
}

/**
 * Probabilities of the test rows of a fold (float32, rows x classes). Of several candidates the one is used that is best on
 * collections held out within the training rows (the first of equals).
 */
export async function fitExcerptFold(
  candidates: readonly ExcerptCandidate[],
  { trainRows, testRows, fold, seed }: FoldTask,
  onChoice: (choice: FoldChoice) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const models: Awaited<ReturnType<typeof fitExcerptModel>>[] = [];
  for (const { task, choice, reductions } of candidates) {
    await new Promise((resolve) => setImmediate(resolve));
    throwIfStopped(signal, 'scoring');
    models.push(await fitExcerptModel(task, choice, trainRows, deriveSeed(seed, 'fold', fold), reductions));
  }
  const macroF1 = models.map(({ heldOutMacroF1 }) => heldOutMacroF1);
  const chosen = argMax(macroF1);
  const [model, { task }] = [models[chosen]!, candidates[chosen]!];
  const classes = task.classes.length;
  const { logProbabilities } = await predictExcerptModel(model, task, testRows, classes);
  onChoice({ chosen, macroF1, temperature: model.temperature });
  return atTemperature(logProbabilities, classes, model.temperature);
}

/**
 * Scores an excerpt model by group and, where collections are named, by collection. Everything, temperature
 * included, is fitted within the training rows of each fold.
 */
export async function scoreExcerptModel(
  vectors: ExcerptVectors,
  index: readonly IndexRow[],
  choice: ExcerptModelChoice,
  scoring: ExcerptScoring,
): Promise<ExcerptScores> {
  const task = excerptTask(vectors, index);
  const seeds = Array.from({ length: scoring.seeds }, (_, i) => i + 1);
  const groups = index.map(({ group }) => group);
  const labels = index.map(({ label }) => label);
  const bootstrap = scoring.resamples === undefined ? {} : { resamples: scoring.resamples };
  const part = (by: 'group' | 'collection', own: ExcerptTask) => {
    const folder = path.join(scoring.folder, by);
    const reductions = new Map<string, Reduction>();
    const temperatureFile = (seed: number, fold: number): string =>
      path.join(folder, `seed${seed}-fold${fold}.temperature.json`);
    return {
      seeds,
      bootstrap,
      resume: { folder, identity: scoring.identity },
      ...(scoring.signal === undefined ? {} : { signal: scoring.signal }),
      fitFold: (fold: FoldTask) =>
        fitExcerptFold([{ task: own, choice, reductions }], fold, ({ temperature }) =>
          writeJson(temperatureFile(fold.seed, fold.fold), { temperature }),
        ),
      onFold: ({ finished, total }: { finished: number; total: number }) =>
        scoring.onFold?.(by, finished, total),
      temperatureOf: (seed: number, fold: number): number =>
        readJson<{ temperature: number }>(temperatureFile(seed, fold)).temperature,
    };
  };
  const byGroup = part('group', task);
  const foldsOf = (seed: number): Int32Array =>
    stratifiedGroupKFold({ labels, groups, folds: scoring.folds, seed });
  const group = await crossValidate({
    ...byGroup,
    labels: task.y,
    classNames: task.classes,
    groups: classNumbers(groups).y,
    folds: foldsOf,
  });
  const sets = group.repeats.map(({ probabilities }) => probabilities);
  const domain = domainF1(task.y, sets, task.classes);
  const classes = task.classes.length;
  const scores = {
    group,
    byGroup: {
      ...group.mean,
      ...(domain === undefined ? {} : { domainMacroF1: domain }),
      ece: meanCalibrationError(task.y, sets, classes),
      eceBefore: meanCalibrationError(
        task.y,
        group.repeats.map(({ seed, probabilities }) =>
          uncalibrated(probabilities, classes, foldsOf(seed), (fold) => byGroup.temperatureOf(seed, fold)),
        ),
        classes,
      ),
    },
  };
  const design = collectionDesign(index, scoring.folds, scoring.seeds);
  if (design === undefined) return scores;
  const byCollection = part('collection', { ...task, y: design.y, classes: design.classes });
  const unseen = await crossValidateByCollection(design, byCollection);
  const names = Array.from(design.rows, (row) => design.names[row]!);
  const count = design.classes.length;
  return {
    ...scores,
    byCollection: {
      ...collectionScores(design, unseen),
      eceBefore: meanCalibrationError(
        design.labels,
        unseen.repeats.map(({ seed, probabilities }) => {
          const folds = stratifiedGroupKFold({
            labels: Array.from(design.labels, (c) => design.classes[c]!),
            groups: names,
            folds: design.folds,
            seed,
          });
          return uncalibrated(probabilities, count, folds, (fold) => byCollection.temperatureOf(seed, fold));
        }),
        count,
      ),
    },
  };
}

/** Probabilities as they were before the temperature of their fold. */
function uncalibrated(
  probabilities: Float32Array,
  classes: number,
  folds: Int32Array,
  temperatureOf: (fold: number) => number,
): Float32Array {
  const result = new Float32Array(probabilities.length);
  folds.forEach((fold, row) => {
    const [from, to] = [row * classes, (row + 1) * classes];
    const log = Array.from(probabilities.subarray(from, to), (p) => Math.log(Math.max(p, 1e-30)));
    result.set(atTemperature(log, classes, 1 / temperatureOf(fold)), from);
  });
  return result;
}
