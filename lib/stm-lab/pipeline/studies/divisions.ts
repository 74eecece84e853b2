import * as path from 'node:path';
import type { Engine } from '../../engine';
import {
  compareModels,
  crossValidate,
  type Comparison,
  type CrossValidationResult,
  type CrossValidationTask,
  type FoldTask,
  type GroupDesign,
  type Interval,
  meanIntervals,
} from '../../evaluation';
import { gatherRows } from '../../models';
import { stratifiedGroupKFold } from '../../splits';
import { collectionDesign, collectionRows, crossValidateByCollection } from '../byCollection';
import { classNumbers, type IndexRow } from '../featureFolder';
import { fitFoldModel } from '../foldModel';

/** How often recordings are divided, and how scores are resampled. */
export interface StudyDesign {
  readonly folds: number;
  /** Divisions into folds, each a repeat. */
  readonly draws: number;
  /** Resamples of intervals. */
  readonly resamples: number;
  /** Principal components of the linear models, at most. */
  readonly components: number;
}

/** What a fold's model is fitted to: rows are numbers of recordings. */
export interface StudyFold extends FoldTask {
  /** Class of each recording; -1 where the division does not score it. */
  readonly y: Int32Array;
  readonly classes: readonly string[];
}

/** One way to hold recordings out: by group, or by collection. */
export interface Division extends GroupDesign {
  readonly name: 'by group' | 'by collection';
  /** Classes that are scored. */
  readonly classes: readonly string[];
  /** Numbers of the recordings that are scored: `labels`, `groups` and probabilities are theirs. */
  readonly rows: Int32Array;
  /**
   * Out-of-fold probabilities of each repeat, float32, scored recordings x classes. Finished folds are stored under the
   * name of the cell and reused.
   */
  predict(
    cell: string,
    fit: (fold: StudyFold) => Float32Array | Promise<Float32Array>,
  ): Promise<Float32Array[]>;
  /** Mean number of the training rows that are used of each fold. */
  meanSize(used: (fold: StudyFold) => Int32Array): Promise<number>;
}

type Predict = Division['predict'];
type Divide = (
  shared: Pick<CrossValidationTask, 'seeds' | 'resume' | 'bootstrap' | 'onFold' | 'signal'>,
  fit: Parameters<Predict>[1],
) => Promise<CrossValidationResult>;

/** What the divisions of one study share. */
export interface DivisionOptions {
  /** Folder of finished folds. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  readonly warn?: ((line: string) => void) | undefined;
  /** Called after every fold. */
  readonly onFold?: (() => void) | undefined;
}

/** The division by group and, where the recordings name collections that can be held out, the one by collection. */
export function studyDivisions(
  recordings: readonly IndexRow[],
  { folds, draws }: StudyDesign,
  { folder, signal, warn, onFold }: DivisionOptions,
): Division[] {
  const division = (described: Omit<Division, 'predict' | 'meanSize'>, divide: Divide): Division => {
    const shared = {
      seeds: Array.from({ length: draws }, (_, i) => i + 1),
      // Intervals are made of several cells together.
      bootstrap: { resamples: 1 },
      ...(signal === undefined ? {} : { signal }),
    };
    return {
      ...described,
      async predict(cell, fit) {
        const resume = { folder: path.join(folder, described.name, cell), identity: cell };
        const { repeats } = await divide({ ...shared, resume, ...(onFold && { onFold }) }, fit);
        return repeats.map(({ probabilities }) => probabilities);
      },
      async meanSize(used) {
        const sizes: number[] = [];
        await divide(shared, (fold) => {
          sizes.push(used(fold).length);
          return new Float32Array(fold.testRows.length * fold.classes.length);
        });
        return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
      },
    };
  };
  const labels = recordings.map(({ label }) => label);
  const groups = recordings.map(({ group }) => group);
  const { classes, y } = classNumbers(labels);
  const units = classNumbers(groups).y;
  const byGroup = division(
    { name: 'by group', labels: y, groups: units, classes, rows: Int32Array.from(y.keys()) },
    (shared, fit) =>
      crossValidate({
        ...{ ...shared, labels: y, classNames: classes, groups: units },
        folds: (seed) => stratifiedGroupKFold({ labels, groups, folds, seed }),
        fitFold: (task) => fit({ ...task, y, classes }),
      }),
  );
  const design = collectionDesign(recordings, folds, draws, warn);
  if (design === undefined) return [byGroup];
  const own = { ...collectionRows(design), classes: design.classes, rows: design.rows };
  const byCollection = division({ name: 'by collection', ...own }, (shared, fit) =>
    crossValidateByCollection(design, {
      ...shared,
      fitFold: (task) => fit({ ...task, y: design.y, classes: design.classes }),
    }),
  );
  return [byGroup, byCollection];
}

/** A linear model of features: standardiser, exact principal components, logistic regression with balanced classes. */
export interface LinearInput {
  /** Float32, recordings x columns. */
  readonly features: Float32Array;
  readonly columns: number;
  /** Inverse strength of the penalty: the prior on the weights, the same for every number of training rows. */
  readonly C: number;
}

/** Fits the linear model to a fold's training rows. @returns probabilities of its test rows, float32, rows x classes. */
export function fitLinear(
  engine: Engine,
  { features, columns, C }: LinearInput,
  components: number,
  { y, classes, ...task }: StudyFold,
): Promise<Float32Array> {
  return fitFoldModel(
    {
      ...{ engine, features, columns, y, classes },
      reduction: { method: 'exact', components, whiten: 'no' },
      model: { kind: 'logistic', C, classWeights: 'balanced' },
    },
    task,
  );
}

/** Macro-F1 of the repeats with its interval from resampling groups (or collections). */
export const scoreOf = (
  { labels, groups, classes }: Division,
  repeats: readonly Float32Array[],
  resamples: number,
): Interval =>
  meanIntervals({ labels, groups, classes: classes.length, repeats, bootstrap: { resamples } }).macroF1;

/** First less second in macro-F1, in pairs. */
export const differenceOf = (
  { labels, groups, classes }: Division,
  first: readonly Float32Array[],
  second: readonly Float32Array[],
  resamples: number,
): Comparison => compareModels({ labels, groups, classes: classes.length }, first, second, { resamples });

/** A division whose scores are of some recordings only, and the part of its predictions that is theirs. */
export interface Subdivision {
  readonly division: Division;
  readonly rowsOf: (probabilities: Float32Array) => Float32Array;
}

/** The part of a division that scores some recordings; undefined where these are of fewer than two classes. */
export function subdivision(division: Division, recordings: Int32Array): Subdivision | undefined {
  const wanted = new Set(recordings);
  const places = Int32Array.from(division.rows.keys()).filter((place) => wanted.has(division.rows[place]!));
  const pick = (values: Int32Array): Int32Array => places.map((place) => values[place]!);
  const classes = division.classes.length;
  const own = { labels: pick(division.labels), groups: pick(division.groups), rows: pick(division.rows) };
  if (new Set(own.labels).size < 2) return undefined;
  return {
    division: { ...division, ...own },
    rowsOf: (all) => gatherRows(all, classes, places, new Float32Array(places.length * classes)),
  };
}
