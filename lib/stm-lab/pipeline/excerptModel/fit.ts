import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from 'research-basics/files';
import { deriveSeed } from 'research-basics/random/seeds';
import { argMax, atTemperature, fitTemperature, macroF1, quantile } from '../../evaluation';
import {
  fitDiscriminant,
  fitLogistic,
  inverseCellSizes,
  type StreamedRows,
  vectorsOf,
  type LinearModel,
} from '../../models';
import { allRows, asSource, fitReduction, type Reduction } from '../../reduction';
import { stratifiedGroupKFold } from '../../splits';
import { reducedRows } from '../reducedRows';
import type { ExcerptModelChoice, LinearChoice } from './choice';
import type { ExcerptTask, ExcerptVectors } from './data';
import { averageOver, excerptLogProbabilities } from './logProbabilities';
import {
  distances,
  eachPart,
  excerptsOf,
  reducedData,
  spreadOf,
  startsOf,
  type Reach,
  type Reduced,
} from './reducedExcerpts';

/** A fitted model of excerpts. */
export interface ExcerptModel {
  readonly reduction: Reduction;
  /** Linear models whose log-probabilities are averaged. */
  readonly members: readonly LinearModel[];
  /** By which averaged log-probabilities are divided; fitted on collections that were held out within training. */
  readonly temperature: number;
  readonly reach: Reach;
  /** Which of the linear models was chosen, within the training rows. */
  readonly chosen: LinearChoice;
}

/** What a model says of recordings. */
export interface ExcerptPredictions {
  /** Float64, excerpts x classes: log-probabilities averaged over members, before calibration. */
  readonly excerpts: Float64Array;
  /** Float64, recordings x classes: log-probabilities averaged over excerpts and members, before calibration. */
  readonly logProbabilities: Float64Array;
  /** Distance from the training recordings, 1 being usual among them. */
  readonly distance: Float64Array;
}

/**
 * Fits an excerpt model on some recordings: standardiser and principal components of their excerpts; a linear model,
 * for which recordings weigh the same however many excerpts they have, and classes weigh the same. Which one, its
 * temperature and the distance threshold come from collections that are held out in turn within these recordings.
 * Nothing of other recordings is known.
 *
 * @param trainRows recordings.
 * @param seed of the division into calibration folds.
 * @param reductions by training rows: divisions by collection are often the same for several seeds, and a reduction
 *   takes most of the time. A new one is added.
 * @returns the model, and the macro-F1 of its recipe on the collections held out; 0 where there is but one.
 */
export async function fitExcerptModel(
  task: ExcerptTask,
  choice: ExcerptModelChoice,
  trainRows: Int32Array,
  seed: number,
  reductions = new Map<string, Reduction>(),
): Promise<ExcerptModel & { readonly heldOutMacroF1: number }> {
  const features = asSource(task.vectors, task.columns);
  const list = vectorsOf(task.starts, trainRows);
  // The last of as many components as rows has no variance: what new recordings have there would seem infinitely far.
  const components = Math.max(1, Math.min(choice.components, list.length - 1, task.columns));
  const key = sha256(new Uint8Array(trainRows.buffer, trainRows.byteOffset, trainRows.byteLength));
  const reduction =
    reductions.get(key) ?? (await fitReduction({ features, rows: list, method: 'exact', components }));
  reductions.set(key, reduction);
  return withReduced(task, reduction, list, (x) => {
    const data = reducedData(task, trainRows, x, reduction.width);
    const { threshold, ...calibrated } = calibrate(data, choice, seed);
    const all = Int32Array.from(trainRows.keys());
    return {
      reduction,
      ...calibrated,
      members: fitMembers(data, choice, calibrated.chosen, all),
      reach: { ...spreadOf(data, all), threshold },
    };
  });
}

/** Uses reduced excerpts; what was put on the disk for it is removed again. */
async function withReduced<T>(
  { vectors, scratch }: ExcerptVectors,
  reduction: Reduction,
  list: Int32Array,
  use: (x: StreamedRows['x']) => T,
): Promise<T> {
  const file = scratch && path.join(scratch, 'reduced-excerpts.npy');
  try {
    return use(await reducedRows(reduction, vectors, list, file));
  } finally {
    if (file !== undefined) fs.rmSync(file, { force: true });
  }
}

/** Predicts recordings of the same prepared features. */
export async function predictExcerptModel(
  { reduction, members, reach }: Pick<ExcerptModel, 'reduction' | 'members' | 'reach'>,
  task: ExcerptVectors,
  rows: Int32Array,
  classes: number,
): Promise<ExcerptPredictions> {
  const starts = startsOf(task.starts, rows);
  const list = vectorsOf(task.starts, rows);
  const excerpts = new Float64Array(list.length * classes);
  const logProbabilities = new Float64Array(rows.length * classes);
  const distance = new Float64Array(rows.length);
  const { width } = reduction;
  await withReduced(task, reduction, list, (x) =>
    eachPart({ x, columns: width, starts }, allRows(rows.length), (block, own, first) => {
      const log = excerptLogProbabilities(members, block, own.at(-1)!, classes);
      excerpts.set(log, starts[first]! * classes);
      logProbabilities.set(averageOver(own, log, classes), first * classes);
      distance.set(distances(reach, averageOver(own, block, width), own.length - 1), first);
    }),
  );
  return { excerpts, logProbabilities, distance };
}

function fitMembers(
  data: Reduced,
  { collectionBalance }: ExcerptModelChoice,
  { C, shrinkage }: LinearChoice,
  rows: Int32Array,
): LinearModel[] {
  const train = excerptsOf(data, rows);
  const weights = excerptWeights(data, rows, collectionBalance);
  const classes = data.classes.length;
  return [
    ...(C ?? []).map((own) => fitLogistic(train, classes, { C: own, tolerance: 1e-5 }, weights)),
    ...(shrinkage ?? []).map((own) => fitDiscriminant(train, classes, { shrinkage: own }, weights)),
  ];
}

/**
 * Weight of each excerpt of the given recordings: its recording's, divided among its excerpts. Classes weigh the same;
 * within a class a recording weighs n^-p, n being the class's recordings in its collection. The mean over excerpts is 1.
 */
export function excerptWeights(
  { starts, y, collections }: Pick<Reduced, 'starts' | 'y' | 'collections'>,
  rows: Int32Array,
  balance: number,
): Float64Array {
  const raw = inverseCellSizes(
    Array.from(rows, (row) => y[row]!),
    Array.from(rows, (row) => collections[row]!),
    balance,
  );
  const ofClass = new Map<number, number>();
  rows.forEach((row, i) => ofClass.set(y[row]!, (ofClass.get(y[row]!) ?? 0) + raw[i]!));
  const excerpts = rows.reduce((sum, row) => sum + starts[row + 1]! - starts[row]!, 0);
  const weights = new Float64Array(excerpts);
  let next = 0;
  rows.forEach((row, i) => {
    const count = starts[row + 1]! - starts[row]!;
    const own = (raw[i]! * excerpts) / (ofClass.get(y[row]!)! * ofClass.size * count);
    weights.fill(own, next, next + count);
    next += count;
  });
  return weights;
}

/**
 * What holding out collections in turn says: which model, how sure is right, and how far is usual. The temperature is the
 * geometric mean of 1 and the one that fits: models of fewer collections are wrong more often than the final one, so what
 * suits them makes it too modest, and a few collections tell a temperature only roughly.
 */
function calibrate(
  data: Reduced,
  choice: ExcerptModelChoice,
  seed: number,
): {
  readonly chosen: LinearChoice;
  readonly heldOutMacroF1: number;
  readonly temperature: number;
  readonly threshold: number;
} {
  const { y, classes, collections, columns } = data;
  const count = classes.length;
  const folds = Math.min(choice.calibrationFolds, new Set(collections).size);
  if (folds < 2) return { chosen: choice.among[0]!, heldOutMacroF1: 0, temperature: 1, threshold: Infinity };
  const foldOf = stratifiedGroupKFold({
    labels: Array.from(y, (c) => classes[c]!),
    groups: collections,
    folds,
    seed: deriveSeed(seed, 'calibration'),
  });
  const rows = Int32Array.from(y.keys());
  const held = choice.among.map(() => new Float64Array(y.length * count));
  const known = y.slice();
  const far: number[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const train = rows.filter((row) => foldOf[row] !== fold);
    const test = rows.filter((row) => foldOf[row] === fold);
    const met = new Set(Array.from(train, (row) => y[row]!));
    // No model can be right about a class that it has not seen.
    for (const row of test) if (!met.has(y[row]!)) known[row] = -1;
    const fits = choice.among.map((linear) => fitMembers(data, choice, linear, train));
    const spread = spreadOf(data, train);
    eachPart(data, test, (x, part, first) => {
      const own = test.subarray(first, first + part.length - 1);
      fits.forEach((members, m) => {
        const log = averageOver(part, excerptLogProbabilities(members, x, part.at(-1)!, count), count);
        own.forEach((row, i) => held[m]!.set(log.subarray(i * count, (i + 1) * count), row * count));
      });
      for (const one of distances(spread, averageOver(part, x, columns), own.length)) far.push(one);
    });
  }
  const scores = held.map((log) =>
    macroF1({ labels: y, probabilities: atTemperature(log, count, 1), classes: count }),
  );
  const best = argMax(scores);
  return {
    chosen: choice.among[best]!,
    heldOutMacroF1: scores[best]!,
    temperature: Math.sqrt(fitTemperature(held[best]!, known, count)),
    threshold: quantile(far, 0.95),
  };
}
