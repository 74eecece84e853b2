import * as fs from 'node:fs';
import * as path from 'node:path';
import { deriveSeed } from 'research-basics/random/seeds';
import type { Engine } from '../engine';
import { averageProbabilities, type FoldTask } from '../evaluation';
import {
  converged,
  fitMlp,
  fourierFeatures,
  logisticRegression,
  predictProbabilities,
  randomForest,
  rowsInMemory,
  supportVectorMachine,
  varianceOf,
  vectorsOf,
  vectorStarts,
  type Classifier,
  type ForestOptions,
  type FourierOptions,
  type LogisticOptions,
  type StreamedRows,
  type SvmOptions,
} from '../models';
import { asSource, fitReduction, readAll, type FeatureSource, type Reduction } from '../reduction';
import type { ModelChoice, ReductionChoice } from './modelChoice';
import { reducedRows } from './reducedRows';

/** A model of a fold: a network, or one of the baselines. */
export type FoldModel =
  | ({ readonly kind?: 'mlp' } & ModelChoice)
  | ({ readonly kind: 'logistic' } & LogisticOptions)
  | ({ readonly kind: 'svm' } & Omit<SvmOptions, 'seed'>)
  | ({ readonly kind: 'forest' } & Omit<ForestOptions, 'seed'>);

/** What every fold of a cross-validation shares. */
export interface FoldModelOptions {
  readonly engine: Engine;
  /** Float32, rows x columns; with `excerpts`: their sum x columns. Or a source of them: see `reduceFold`. */
  readonly features: Float32Array | FeatureSource;
  readonly columns: number;
  /** For a network with attention: number of excerpts of each row. */
  readonly excerpts?: Int32Array | undefined;
  readonly y: Int32Array;
  /** Group of each row, for models that hold out rows of their own (see `LabelledRows`). */
  readonly groups?: Int32Array | undefined;
  /** Collection of each row, where the loss balances collections. */
  readonly collections?: Int32Array | undefined;
  readonly classes: readonly string[];
  readonly reduction: ReductionChoice;
  /** Reduced rows are mapped before the model. Default: not. */
  readonly fourier?: Omit<FourierOptions, 'seed'> | undefined;
  readonly model: FoldModel;
  /** Networks of different seeds whose probabilities are averaged. Default 1. */
  readonly ensemble?: number;
  /** `each-part`: test rows are reduced in a basis of their own, as published by mistake. Default `training`. */
  readonly basis?: 'training' | 'each-part';
  /** Folder for reduced rows that are too many for memory, while a fold is fitted. Default: they are held in memory. */
  readonly scratch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The rows of a fold, reduced. */
export interface ReducedFold {
  readonly train: StreamedRows;
  readonly test: StreamedRows;
}

/**
 * Standardiser, components and model, fitted on the training rows of one fold and applied to its test
 * rows: nothing of the test rows is known before. The seed is the repeat's and the fold's.
 *
 * @returns class probabilities of the test rows, float32, rows x classes.
 */
export async function fitFoldModel(options: FoldModelOptions, task: FoldTask): Promise<Float32Array> {
  return withReducedFold(options, task, (reduced) => fitReducedFold(options, task, reduced));
}

/** Reduces the rows of a fold for as long as they are used; what was put on the disk for it is removed again. */
export async function withReducedFold<T>(
  options: Omit<FoldModelOptions, 'model' | 'engine' | 'classes'>,
  task: FoldTask,
  use: (reduced: ReducedFold) => Promise<T>,
): Promise<T> {
  const stem =
    options.scratch === undefined
      ? undefined
      : path.join(options.scratch, `reduced-seed${task.seed}-fold${task.fold}`);
  try {
    return await use(await reduceFold(options, task, stem));
  } finally {
    if (stem !== undefined) removeReduced(stem);
  }
}

/** Removes what `reduceFold` put on the disk. */
export function removeReduced(stem: string): void {
  for (const part of ['train', 'test'] as const) fs.rmSync(reducedFile(stem, part), { force: true });
}

/** Where the reduced rows of a part of a fold lie. */
export const reducedFile = (stem: string, part: 'train' | 'test'): string => `${stem}-${part}.npy`;

/** The same on rows that are reduced already: models that share a reduction need it once. */
export async function fitReducedFold(
  options: Omit<FoldModelOptions, 'features' | 'columns' | 'y' | 'groups' | 'collections' | 'reduction'>,
  task: Pick<FoldTask, 'seed' | 'fold'>,
  reduced: ReducedFold,
): Promise<Float32Array> {
  const { engine, classes, model, fourier, ensemble = 1 } = options;
  const seedOf = (member: number): number =>
    deriveSeed(task.seed, 'fold', task.fold, ...(member === 0 ? [] : ['member', member]));
  const { train, test } =
    fourier === undefined ? reduced : mappedFold(reduced, { ...fourier, seed: seedOf(0) });
  if (model.kind === 'logistic' || model.kind === 'svm' || model.kind === 'forest') {
    const fitted = await baselineOf(model, seedOf(0)).fit(rowsInMemory(train), classes.length);
    return fitted.predictProbabilities(rowsInMemory(test).x, test.rows);
  }
  const { family, hidden, attention, fit } = model;
  const spec = {
    family,
    hidden,
    inputs: train.columns,
    classes: classes.length,
    ...(attention === undefined || train.excerpts === undefined ? {} : { attention }),
  };
  const members: Float32Array[] = [];
  for (let member = 0; member < ensemble; member++) {
    const result = await fitMlp(engine, {
      spec,
      train,
      options: { ...fit, seed: seedOf(member) },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const { model: network } = converged(result, `fold ${task.fold} of seed ${task.seed}: training`);
    members.push(predictProbabilities(engine, network, test.x, test.rows, test.excerpts));
  }
  return averageProbabilities(members);
}

function baselineOf(
  model: Extract<FoldModel, { kind: 'logistic' | 'svm' | 'forest' }>,
  seed: number,
): Classifier {
  if (model.kind === 'logistic') return logisticRegression(model);
  return model.kind === 'svm' ? supportVectorMachine({ ...model, seed }) : randomForest({ ...model, seed });
}

function mappedFold(reduced: ReducedFold, options: FourierOptions): ReducedFold {
  const [train, test] = [rowsInMemory(reduced.train), rowsInMemory(reduced.test)];
  const map = fourierFeatures(train.columns, varianceOf(train.x), options);
  const mapped = (part: typeof train): typeof train => {
    const x = map(part.x);
    return { ...part, x, columns: x.length / part.rows };
  };
  return { train: mapped(train), test: mapped(test) };
}

/**
 * Fits standardiser and components of one fold and applies them to its rows, see `fitFoldModel`.
 *
 * @param stem begins the names of the files of rows that are too many for memory, see `reducedRows`.
 */
export async function reduceFold(
  options: Omit<FoldModelOptions, 'model' | 'engine' | 'classes'>,
  task: FoldTask,
  stem?: string,
): Promise<ReducedFold> {
  const { columns, excerpts, y, groups, collections } = options;
  const features = asSource(options.features, columns);
  const starts = vectorStarts({ rows: y.length, ...(excerpts === undefined ? {} : { excerpts }) });
  const vectors = { train: vectorsOf(starts, task.trainRows), test: vectorsOf(starts, task.testRows) };
  const basisOf = (rows: Int32Array): ReturnType<typeof fitReduction> => {
    // A fold has fewer rows than the corpus: exact PCA keeps as many components as there are.
    const components = Math.min(options.reduction.components, rows.length, columns);
    return fitReduction({ ...options.reduction, features, rows, components });
  };
  const basis = await basisOf(vectors.train);
  const partOf = async (part: 'train' | 'test', rows: Int32Array, reduction: Reduction) => ({
    x: widened(
      await reducedRows(reduction, options.features, vectors[part], stem && reducedFile(stem, part)),
      reduction.width,
      basis.width,
    ),
    y: Int32Array.from(rows, (row) => y[row]!),
    rows: rows.length,
    columns: basis.width,
    ...(excerpts === undefined ? {} : { excerpts: Int32Array.from(rows, (row) => excerpts[row]!) }),
    ...(groups === undefined ? {} : { groups: Int32Array.from(rows, (row) => groups[row]!) }),
    ...(collections === undefined ? {} : { collections: Int32Array.from(rows, (row) => collections[row]!) }),
  });
  return {
    train: await partOf('train', task.trainRows, basis),
    test: await partOf(
      'test',
      task.testRows,
      options.basis === 'each-part' ? await basisOf(vectors.test) : basis,
    ),
  };
}

/** Rows with zeros behind them up to a width. */
function widened(given: Float32Array | FeatureSource, from: number, to: number): typeof given {
  if (from === to) return given;
  const rows = readAll(given);
  const result = new Float32Array((rows.length / from) * to);
  for (let r = 0; r * from < rows.length; r++) result.set(rows.subarray(r * from, (r + 1) * from), r * to);
  return result;
}
