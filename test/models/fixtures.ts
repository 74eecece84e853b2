import * as fs from 'node:fs';
import * as path from 'node:path';
import type { LabelledRows, MlpSpec } from 'stm-lab/dist/models';
import { randomState } from 'research-basics/random/mt19937';

type Nested = number | Nested[];
export const flat = (nested: Nested): Float32Array =>
  Float32Array.from([nested].flat(Infinity as 1) as number[]);

interface GoldenRun {
  learning_rate: number;
  batch_size: number;
  epochs: number;
  accumulation: number;
  epoch_loss: number[];
  final: Nested[];
}

interface GoldenFamily {
  initial: Nested[];
  first_batch: {
    rows: number;
    predictions: number[][];
    focal_loss: number;
    total_loss: number;
    gradients: Nested[];
  };
  adam: GoldenRun;
  adam_accumulate_4: GoldenRun;
}

export interface GoldenMlp {
  input_units: number;
  hidden: { units: number; l1: number }[];
  classes: number;
  families: { plain: GoldenFamily; layernorm: GoldenFamily };
  x: number[][];
  labels: number[];
}

const readGolden = <T>(...name: string[]): T =>
  JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'golden', ...name), 'utf8')) as T;

export const goldenMlp = (): GoldenMlp => readGolden('mlp', 'expected.json');
export const goldenLoss = (): { probabilities: number[][]; labels: number[]; loss: number[] } =>
  readGolden('mlp', 'focal_loss.json');

export const goldenSpec = (golden: GoldenMlp, family: 'plain' | 'layernorm'): MlpSpec => ({
  family: family === 'plain' ? 'dropout' : 'layernorm',
  inputs: golden.input_units,
  hidden: golden.hidden,
  classes: golden.classes,
});

export const goldenRows = (golden: GoldenMlp): LabelledRows => ({
  x: flat(golden.x),
  y: Int32Array.from(golden.labels),
  rows: golden.labels.length,
  columns: golden.input_units,
});

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Gaussian clouds, one per class, two standard deviations apart. */
export function cloudRows(rows: number, columns: number, classes: number, seed: number): LabelledRows {
  const state = randomState(seed);
  const centres = Array.from({ length: classes * columns }, () => state.normal());
  const y = Int32Array.from({ length: rows }, () => state.interval(classes - 1));
  const x = Float32Array.from(
    { length: rows * columns },
    (_, i) => centres[y[Math.floor(i / columns)]! * columns + (i % columns)]! + state.normal(),
  );
  return { x, y, rows, columns };
}

/**
 * Recordings of 1 to 5 excerpts of which one, at a random place, is of the class's cloud; the others are of
 * a cloud that all classes share. Whoever takes the mean hears mostly that one.
 */
export function bagRows(
  rows: number,
  columns: number,
  classes: number,
  seed: number,
): LabelledRows & { readonly excerpts: Int32Array } {
  const state = randomState(seed);
  const centres = Array.from({ length: (classes + 1) * columns }, () => state.normal());
  const y = Int32Array.from({ length: rows }, () => state.interval(classes - 1));
  const excerpts = Int32Array.from({ length: rows }, () => 1 + state.interval(4));
  const x: number[] = [];
  excerpts.forEach((count, r) => {
    const telling = state.interval(count - 1);
    for (let e = 0; e < count; e++)
      for (let j = 0; j < columns; j++)
        x.push(centres[(e === telling ? y[r]! : classes) * columns + j]! + 1.2 * state.normal());
  });
  return { x: Float32Array.from(x), y, rows, columns, excerpts };
}

/** Accuracy of the rule that takes the class with the nearest mean: close to the best possible on clouds. */
export function nearestMeanAccuracy(train: LabelledRows, test: LabelledRows, classes: number): number {
  const { columns } = train;
  const means = new Float64Array(classes * columns);
  const counts = new Float64Array(classes);
  train.y.forEach((label, r) => {
    counts[label]!++;
    for (let j = 0; j < columns; j++) means[label * columns + j]! += train.x[r * columns + j]!;
  });
  let right = 0;
  test.y.forEach((label, r) => {
    const distances = Array.from({ length: classes }, (_, c) => {
      let sum = 0;
      for (let j = 0; j < columns; j++)
        sum += (test.x[r * columns + j]! - means[c * columns + j]! / counts[c]!) ** 2;
      return sum;
    });
    if (distances.indexOf(Math.min(...distances)) === label) right++;
  });
  return right / test.rows;
}
