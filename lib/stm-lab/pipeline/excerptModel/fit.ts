import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256 } from 'research-basics/files';
import { deriveSeed } from 'research-basics/random/seeds';
import { argMax, atTemperature, fitTemperature, macroF1, quantile } from '../../evaluation';
import {
  fitDiscriminant,
  fitLogistic,
  gatherRows,
  inverseCellSizes,
  readVectors,
  type StreamedRows,
  vectorsOf,
  type LinearModel,
} from '../../models';
import { allRows, asSource, chosenRows, fitReduction, type Reduction } from '../../reduction';
import { stratifiedGroupKFold } from '../../splits';
import { reducedRows } from '../reducedRows';
import type { ExcerptModelChoice, LinearChoice } from './choice';
import type { ExcerptVectors } from './data';
import { averageOver, excerptLogProbabilities } from './logProbabilities';

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

/** Where the training recordings lie in the reduced space, and how far is far. */
export interface Reach {
  /** Float64 [components]: mean of the recordings' mean excerpts. */
  readonly centre: Float64Array;
  /** Float64 [components]: their standard deviation. */
  readonly deviation: Float64Array;
  /** Distance that 95 % of the recordings of held-out collections stay below. */
  readonly threshold: number;
}

/** Recordings with their classes, and what is held out together. */
export interface ExcerptTask extends ExcerptVectors {
  /** Class of each recording. */
  readonly y: Int32Array;
  readonly classes: readonly string[];
  /** Collection of each recording (its group where no collections are named). */
  readonly collections: readonly string[];
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

/** Recordings in the reduced space. */
interface Reduced {
  readonly x: StreamedRows['x'];
  readonly columns: number;
  readonly starts: Int32Array;
  readonly y: Int32Array;
  readonly classes: readonly string[];
  readonly collections: readonly string[];
}

function reducedData(task: ExcerptTask, rows: Int32Array, x: StreamedRows['x'], columns: number): Reduced {
  const starts = startsOf(task.starts, rows);
  return {
    x,
    columns,
    starts,
    y: Int32Array.from(rows, (row) => task.y[row]!),
    classes: task.classes,
    collections: Array.from(rows, (row) => task.collections[row]!),
  };
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

function excerptsOf({ x, columns, starts, y }: Reduced, rows: Int32Array): StreamedRows {
  const list = vectorsOf(starts, rows);
  const values =
    x instanceof Float32Array
      ? gatherRows(x, columns, list, new Float32Array(list.length * columns))
      : chosenRows(x, list);
  const classOf = Int32Array.from(list);
  let next = 0;
  for (const row of rows) for (let v = starts[row]!; v < starts[row + 1]!; v++) classOf[next++] = y[row]!;
  return { x: values, y: classOf, rows: list.length, columns };
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

const PART_VECTORS = 4096;

/**
 * Visits recordings in order with their reduced excerpts: all at once where these lie in memory, else in parts.
 *
 * @param visit takes the excerpts of some recordings (float32, row-major), where those of each begin, and the first recording's
 *   place in `rows`.
 */
function eachPart(
  { x, columns, starts }: Pick<Reduced, 'x' | 'columns' | 'starts'>,
  rows: Int32Array,
  visit: (block: Float32Array, starts: Int32Array, first: number) => void,
): void {
  const own = startsOf(starts, rows);
  for (let first = 0, end = 0; first < rows.length; first = end) {
    do end++;
    while (end < rows.length && (x instanceof Float32Array || own[end + 1]! - own[first]! <= PART_VECTORS));
    const part = rows.subarray(first, end);
    const list = vectorsOf(starts, part);
    const block = readVectors(x, columns, list, new Float32Array(list.length * columns));
    visit(block, startsOf(starts, part), first);
  }
}

function startsOf(starts: Int32Array, rows: Int32Array): Int32Array {
  const own = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (own[i + 1] = own[i]! + starts[row + 1]! - starts[row]!));
  return own;
}

function spreadOf(
  data: Pick<Reduced, 'x' | 'columns' | 'starts'>,
  rows: Int32Array,
): Pick<Reach, 'centre' | 'deviation'> {
  const { columns } = data;
  const centre = new Float64Array(columns);
  const square = new Float64Array(columns);
  eachPart(data, rows, (x, starts) => {
    averageOver(starts, x, columns).forEach((mean, i) => {
      centre[i % columns]! += mean / rows.length;
      square[i % columns]! += (mean * mean) / rows.length;
    });
  });
  const deviation = square.map((value, j) => Math.sqrt(Math.max(value - centre[j]! ** 2, 1e-12)));
  return { centre, deviation };
}

/** Root mean square, over components, of a recording's mean in standard deviations from the centre. */
function distances(
  { centre, deviation }: Pick<Reach, 'centre' | 'deviation'>,
  means: Float64Array,
  rows: number,
): Float64Array {
  const columns = centre.length;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let j = 0; j < columns; j++)
      sum += ((means[row * columns + j]! - centre[j]!) / deviation[j]!) ** 2 / columns;
    return Math.sqrt(sum);
  });
}
