import * as fs from 'node:fs';
import * as path from 'node:path';
import { divergedError, inputError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../base/npy';
import { firstNotFinite } from 'research-basics/numerics/argMax';
import { throwIfStopped } from 'research-basics/pace';
import { type BootstrapOptions, groupBootstrap, type Interval } from './bootstrap';
import { argmaxScores, confusionMatrix, countConfusion } from './confusion';
import { evaluate, type EvaluationReport } from './evaluate';
import { deviation, mostProbable } from './predictions';

/** One fold of one repeat: what to train on and what to predict. */
export interface FoldTask {
  /** Rows of all other folds. */
  readonly trainRows: Int32Array;
  /** Rows of this fold. */
  readonly testRows: Int32Array;
  readonly fold: number;
  /** Seed of the repeat: seed the model from it (and from the fold, by `deriveSeed`). */
  readonly seed: number;
}

/** What `crossValidate` needs. */
export interface CrossValidationTask {
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  /** Group of each row; no group may lie in two folds. */
  readonly groups: Int32Array;
  /**
   * Fold of each row, 0 .. K - 1: one division for all repeats, or one per seed. `one`: a single fold of all rows, for
   * models of rows that are not among these, which `fitFold` knows.
   */
  readonly folds: Int32Array | ((seed: number) => Int32Array) | 'one';
  /** One repeat each. Default `[1, 2, 3, 4, 5]`. */
  readonly seeds?: readonly number[];
  /** Trains on `trainRows` and returns probabilities of `testRows` (float32, rows x classes). */
  readonly fitFold: (task: FoldTask) => Float32Array | Promise<Float32Array>;
  /** Called after each fold, also of those found finished. */
  readonly onFold?: (done: {
    readonly fold: number;
    readonly seed: number;
    readonly finished: number;
    readonly total: number;
    readonly source: 'computed' | 'stored';
  }) => void;
  /**
   * Keeps each finished fold, and continues from there. `identity` is any JSON value that says what is
   * being computed (model, options, feature hash): a folder is never continued by another.
   */
  readonly resume?: { readonly folder: string; readonly identity: unknown };
  readonly bootstrap?: BootstrapOptions;
  readonly signal?: AbortSignal;
}

/** Out-of-fold predictions of one repeat. */
export interface RepeatResult {
  readonly seed: number;
  /** Float32, rows x classes: every row predicted by the model that did not see its fold. */
  readonly probabilities: Float32Array;
  readonly macroF1: number;
  readonly accuracy: number;
  readonly uar: number;
}

/** Outcome of a cross-validation. */
export interface CrossValidationResult {
  readonly repeats: readonly RepeatResult[];
  /**
   * Means over the repeats, with group-bootstrap intervals of those means (what an unseen set of groups
   * would change), at the most probable class.
   */
  readonly mean: Readonly<Record<'macroF1' | 'accuracy' | 'uar', Interval>>;
  /** Standard deviation over the repeats (n - 1): what seed and division change. NaN for one repeat. */
  readonly deviation: Readonly<Record<'macroF1' | 'accuracy' | 'uar', number>>;
  /** Full report of the probabilities averaged over the repeats. */
  readonly averaged: EvaluationReport;
}

/**
 * Group-wise K-fold cross-validation, repeated over seeds. Deterministic when `fitFold` is; with `resume`,
 * a killed run continues and no finished fold is computed again.
 *
 * @throws UserError: `input` when sizes disagree, a group lies in two folds, a fold is empty, or the
 *   folder belongs to another computation; `diverged` when a fold's probabilities are not numbers (the folds before it
 *   stay stored); `interrupted` on `signal`.
 */
export async function crossValidate(task: CrossValidationTask): Promise<CrossValidationResult> {
  const { labels, groups, classNames, seeds = [1, 2, 3, 4, 5], resume } = task;
  const classes = classNames.length;
  if (seeds.length === 0) throw inputError('cross-validation: give at least one seed');
  const divisions = seeds.map((seed) => {
    if (task.folds === 'one') return { seed, folds: new Int32Array(labels.length), count: 1 };
    const folds = typeof task.folds === 'function' ? task.folds(seed) : task.folds;
    return { seed, folds, count: checkFolds(folds, labels, groups) };
  });
  const total = divisions.reduce((sum, { count }) => sum + count, 0);
  if (resume !== undefined)
    claimFolder(resume.folder, [
      resume.identity,
      [...labels],
      [...groups],
      classNames,
      divisions.map(({ seed, folds }) => [seed, [...folds]]),
    ]);
  let finished = 0;
  const repeats: RepeatResult[] = [];
  for (const { seed, folds, count } of divisions) {
    const probabilities = new Float32Array(labels.length * classes);
    for (let fold = 0; fold < count; fold++) {
      // Signals, timers and senders get their turn even where models are fitted synchronously.
      await new Promise((resolve) => setImmediate(resolve));
      throwIfStopped(task.signal, 'cross-validation');
      const file = resume === undefined ? undefined : path.join(resume.folder, `seed${seed}-fold${fold}.npy`);
      const { trainRows, testRows } = rowsOfFold(folds, fold);
      const found = file === undefined ? undefined : readStored(file);
      const stored = found !== undefined;
      const predicted = found ?? (await task.fitFold({ trainRows, testRows, fold, seed }));
      if (predicted.length !== testRows.length * classes)
        throw inputError(
          `cross-validation: fold ${fold} of seed ${seed} gave ${predicted.length} probabilities for ${testRows.length} rows of ${classes} classes`,
        );
      const wrong = firstNotFinite(predicted);
      if (wrong >= 0)
        throw divergedError(
          `cross-validation: fold ${fold} of seed ${seed} predicts ${predicted[wrong]} for row ${testRows[Math.floor(wrong / classes)]}; its model has diverged, nothing of it is stored`,
        );
      if (file !== undefined && !stored)
        writeNpy(file, { shape: [testRows.length, classes], data: predicted });
      testRows.forEach((row, i) =>
        probabilities.set(predicted.subarray(i * classes, (i + 1) * classes), row * classes),
      );
      finished++;
      task.onFold?.({ fold, seed, finished, total, source: stored ? 'stored' : 'computed' });
    }
    const { macroF1, accuracy, uar } = argmaxScores(confusionMatrix({ labels, probabilities, classes }));
    repeats.push({ seed, probabilities, macroF1, accuracy, uar });
  }
  return {
    repeats,
    mean: meanIntervals({
      labels,
      classes,
      groups,
      repeats: repeats.map(({ probabilities }) => probabilities),
      bootstrap: task.bootstrap,
    }),
    deviation: {
      macroF1: deviation(repeats.map(({ macroF1 }) => macroF1)),
      accuracy: deviation(repeats.map(({ accuracy }) => accuracy)),
      uar: deviation(repeats.map(({ uar }) => uar)),
    },
    averaged: evaluate({
      labels,
      probabilities: averageProbabilities(repeats.map(({ probabilities }) => probabilities)),
      classNames,
      groups,
      ...(task.bootstrap === undefined ? {} : { bootstrap: task.bootstrap }),
    }),
  };
}

/** Mean over several sets of probabilities of the same rows. */
export function averageProbabilities(sets: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(sets[0]!.length);
  for (let i = 0; i < mean.length; i++) mean[i] = sets.reduce((sum, set) => sum + set[i]!, 0) / sets.length;
  return mean;
}

function checkFolds(folds: Int32Array, labels: Int32Array, groups: Int32Array): number {
  if (folds.length !== labels.length || groups.length !== labels.length)
    throw inputError(
      `cross-validation: ${folds.length} folds and ${groups.length} groups for ${labels.length} rows`,
    );
  const count = folds.reduce((largest, fold) => Math.max(largest, fold), -1) + 1;
  if (count < 2) throw inputError('cross-validation: two or more folds are needed');
  const sizes = new Int32Array(count);
  const foldOfGroup = new Map<number, number>();
  folds.forEach((fold, row) => {
    if (fold < 0) throw inputError(`cross-validation: row ${row} has fold ${fold}; folds count from 0`);
    sizes[fold]!++;
    const known = foldOfGroup.get(groups[row]!);
    if (known !== undefined && known !== fold)
      throw inputError(
        `cross-validation: group ${groups[row]} lies in folds ${known} and ${fold}; split by group, so that no model is tested on a group it was trained on`,
      );
    foldOfGroup.set(groups[row]!, fold);
  });
  const empty = sizes.indexOf(0);
  if (empty >= 0) throw inputError(`cross-validation: fold ${empty} has no rows; use fewer folds`);
  return count;
}

function rowsOfFold(folds: Int32Array, fold: number): { trainRows: Int32Array; testRows: Int32Array } {
  const rows = Int32Array.from({ length: folds.length }, (_, row) => row);
  return {
    trainRows: rows.filter((row) => folds[row] !== fold),
    testRows: rows.filter((row) => folds[row] === fold),
  };
}

function claimFolder(folder: string, description: unknown): void {
  const file = path.join(folder, 'cross-validation.json');
  const identity = sha256(description);
  if (!fs.existsSync(file)) writeJson(file, { format: 'stm-lab cross-validation 1', identity });
  else if (readJson<{ identity: string }>(file).identity !== identity)
    throw inputError(
      `${file}: belongs to a cross-validation of other data, folds or settings; choose another folder or delete this one`,
    );
}

/** A fold's stored predictions; undefined when there are none, or none that are numbers: then the fold is computed. */
function readStored(file: string): Float32Array | undefined {
  if (!fs.existsSync(file)) return undefined;
  const { data } = readNpy(file);
  if (!(data instanceof Float32Array)) throw inputError(`${file}: is not float32; delete it and run again`);
  return firstNotFinite(data) < 0 ? data : undefined;
}

/** Predictions of the same rows by one model per repeat. */
export interface RepeatedPredictions {
  readonly labels: Int32Array;
  readonly classes: number;
  readonly groups: Int32Array;
  /** Float32, rows x classes, one per repeat. */
  readonly repeats: readonly Float32Array[];
  readonly bootstrap?: BootstrapOptions | undefined;
}

/** Scores at the most probable class, mean over the repeats, with group-bootstrap intervals of those means. */
export function meanIntervals({
  labels,
  classes,
  groups,
  repeats,
  bootstrap,
}: RepeatedPredictions): Record<'macroF1' | 'accuracy' | 'uar', Interval> {
  const predicted = repeats.map((probabilities) => mostProbable(probabilities, classes));
  return groupBootstrap(
    { groups, labels },
    (weights) => {
      const sums = { macroF1: 0, accuracy: 0, uar: 0 };
      for (const classesOf of predicted) {
        const scores = argmaxScores(countConfusion(labels, classesOf, classes, weights));
        for (const name of ['macroF1', 'accuracy', 'uar'] as const)
          sums[name] += scores[name] / predicted.length;
      }
      return sums;
    },
    bootstrap,
  );
}
