import { deriveSeed } from '../base/random/seeds';
import type { Engine } from '../engine';
import type { FoldTask } from '../evaluation';
import { fitMlp, predictProbabilities } from '../models';
import { featuresInMemory, fitReduction, transform } from '../reduction';
import type { Experiment, ModelChoice } from './experiment';

/** What every fold of a cross-validation shares. */
export interface FoldModelOptions {
  readonly engine: Engine;
  /** Float32, rows x columns. */
  readonly features: Float32Array;
  readonly columns: number;
  readonly y: Int32Array;
  readonly classes: readonly string[];
  readonly reduction: Experiment['reduction'];
  readonly model: ModelChoice;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Standardiser, components and network, fitted on the training rows of one fold and applied to its test
 * rows: nothing of the test rows is known before. The seed is the repeat's and the fold's.
 *
 * @returns class probabilities of the test rows, float32, rows x classes.
 */
export async function fitFoldModel(options: FoldModelOptions, task: FoldTask): Promise<Float32Array> {
  const { engine, columns, y, classes, model } = options;
  const features = featuresInMemory(options.features, columns);
  // A fold has fewer rows than the corpus: exact PCA keeps as many components as there are.
  const components = Math.min(options.reduction.components, task.trainRows.length, columns);
  const reduction = await fitReduction({ ...options.reduction, features, rows: task.trainRows, components });
  const rowsOf = async (rows: Int32Array): Promise<Float32Array> => transform(reduction, { features, rows });
  const { model: network } = await fitMlp(engine, {
    spec: { family: model.family, hidden: model.hidden, inputs: reduction.width, classes: classes.length },
    train: {
      x: await rowsOf(task.trainRows),
      y: Int32Array.from(task.trainRows, (row) => y[row]!),
      rows: task.trainRows.length,
      columns: reduction.width,
    },
    options: { ...model.fit, seed: deriveSeed(task.seed, 'fold', task.fold) },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return predictProbabilities(engine, network, await rowsOf(task.testRows), task.testRows.length);
}
