import { inputError } from 'research-basics/errors';
import { createPace } from 'research-basics/pace';
import { isEven, planeCells, planeColumns, planeRows, type PlaneAxes } from '../features';

/** Size of the patch that is hidden. */
export interface PatchSize {
  /** Hz; default 2. */
  readonly rateHz?: number;
  /** Cycles per octave; default 1. */
  readonly scaleCycPerOct?: number;
}

/** What `occlusionMaps` asks a model about. */
export interface OcclusionTask extends PatchSize {
  readonly axes: PlaneAxes;
  /** Float32, rows x cells of the axes (row-major, plane by scale by rate), as the model takes them. */
  readonly features: Float32Array;
  /** Class number of each row. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** What a hidden cell is replaced by, e.g. the mean of the training rows. */
  readonly baseline: ArrayLike<number>;
  /** Class probabilities of rows of features: float32, rows x classes. */
  readonly predict: (features: Float32Array) => Promise<Float32Array> | Float32Array;
  readonly onPatch?: (done: number, patches: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Which cells a trained model relies on, class by class. */
export interface OcclusionMaps {
  /**
   * Per class, one value per cell: by how much the probability of the true class falls when the cell is hidden,
   * mean over the patches that hold it and over the rows of the class. Negative where hiding helps; NaN for
   * a class without rows.
   */
  readonly drops: readonly Float64Array[];
  /** Rows of each class. */
  readonly rows: readonly number[];
  readonly patches: number;
}

/**
 * Occlusion maps: a patch of neighbouring cells is replaced by its baseline, everywhere in turn (every half
 * patch), and the fall of the true class' probability is noted. Single cells would tell little: neighbours
 * say nearly the same, so a model does without any one of them.
 *
 * @throws UserError (`input`) when sizes disagree or the patch is smaller than nothing.
 *
 * Source: Zeiler & Fergus 2014 (occlusion sensitivity), on rate and scale in place of pixels.
 */
export async function occlusionMaps(task: OcclusionTask): Promise<OcclusionMaps> {
  const { axes, features, labels, classes, baseline, predict } = task;
  const columns = planeColumns(axes);
  if (features.length !== labels.length * columns || baseline.length !== columns)
    throw inputError(
      `occlusion: ${features.length} values and a baseline of ${baseline.length} for ${labels.length} rows of ${columns} cells`,
    );
  const patches = patchesOf(axes, task);
  const sums = Array.from({ length: classes }, () => new Float64Array(columns));
  const covered = new Float64Array(columns);
  const rows = Array.from({ length: classes }, (_, c) =>
    labels.reduce((n, label) => n + (label === c ? 1 : 0), 0),
  );
  const pace = createPace(task.signal, 'occlusion');
  const whole = await predict(features);
  for (const [at, cells] of patches.entries()) {
    await pace();
    const hidden = features.slice();
    for (let row = 0; row < labels.length; row++)
      for (const cell of cells) hidden[row * columns + cell] = baseline[cell]!;
    const probabilities = await predict(hidden);
    const drops = new Float64Array(classes);
    labels.forEach((label, row) => {
      drops[label]! += whole[row * classes + label]! - probabilities[row * classes + label]!;
    });
    for (const cell of cells) {
      covered[cell]!++;
      for (let c = 0; c < classes; c++) sums[c]![cell]! += drops[c]! / rows[c]!;
    }
    task.onPatch?.(at + 1, patches.length);
  }
  return {
    drops: sums.map((own) => own.map((sum, cell) => sum / covered[cell]!)),
    rows,
    patches: patches.length,
  };
}

/**
 * Cells of every patch, plane by plane, at steps of half a patch, the last ones at the edges of the plane. Along an axis
 * of uneven steps, and along one that is not in cycles per octave, every row is a patch of its own.
 */
function patchesOf(axes: PlaneAxes, { rateHz = 2, scaleCycPerOct = 1 }: PatchSize): number[][] {
  const rates = spans(axes.rateHz, rateHz, 'Hz');
  const rows = planeRows(axes).values;
  const height = axes.scaleCycPerOct === undefined ? Number.MIN_VALUE : scaleCycPerOct;
  const scales = spans(rows, height, 'cyc/oct');
  const one = scales.flatMap(([top, bottom]) =>
    rates.map(([left, right]) => {
      const cells: number[] = [];
      for (let scale = top; scale < bottom; scale++)
        for (let rate = left; rate < right; rate++) cells.push(scale * axes.rateHz.length + rate);
      return cells;
    }),
  );
  const size = planeCells(axes);
  return Array.from({ length: axes.planes?.length ?? 1 }, (_, plane) =>
    one.map((cells) => cells.map((cell) => plane * size + cell)),
  ).flat();
}

/** Places [from, to) of windows of a width in the axis' unit, at least one cell. */
function spans(axis: readonly number[], width: number, unit: string): [number, number][] {
  if (!(width > 0)) throw inputError(`occlusion: a patch of ${width} ${unit}; it must be larger than 0`);
  const step = axis.length > 1 ? (axis[axis.length - 1]! - axis[0]!) / (axis.length - 1) : width;
  const cells = isEven(axis) ? Math.min(axis.length, Math.max(1, Math.round(width / step))) : 1;
  const stride = Math.max(1, Math.floor(cells / 2));
  const starts: number[] = [];
  for (let start = 0; start < axis.length - cells; start += stride) starts.push(start);
  return [...starts, axis.length - cells].map((start) => [start, start + cells]);
}
