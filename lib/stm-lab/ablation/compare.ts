import { inputError } from 'research-basics/errors';
import { deriveSeed } from 'research-basics/random/seeds';
import {
  argmaxScores,
  countConfusion,
  deviation,
  drawWithReplacement,
  groupBootstrap,
  type BootstrapOptions,
  type GroupDesign,
  type Interval,
} from '../evaluation';
import type { Region } from './masks';

/** The most probable classes that the models of one cell gave to the scored rows. */
export interface CellPredictions {
  readonly name: string;
  /** Absent for all features. */
  readonly region?: Region | undefined;
  /** One per repeat: the class of every row. */
  readonly predicted: readonly ArrayLike<number>[];
}

/** What `compareCells` compares, on which rows. */
export interface CompareCellsOptions extends GroupDesign {
  readonly classes: number;
  readonly reference: CellPredictions;
  readonly cells: readonly CellPredictions[];
  readonly bootstrap?: BootstrapOptions;
}

/** Differences in macro-F1 (mean over the repeats), paired: every resample scores all cells. */
export interface CellComparisons {
  /** By name of the cell, the reference included: deviation (n - 1) of macro-F1 over the repeats; NaN for one. */
  readonly deviations: Readonly<Record<string, number>>;
  /** By name of the cell: the cell less all features. */
  readonly toReference: Readonly<Record<string, Interval>>;
  /** Cells of one kind whose cutoffs are one step apart. */
  readonly neighbours: readonly {
    readonly first: string;
    readonly second: string;
    readonly difference: Interval;
  }[];
}

/**
 * Compares every cell with all features, and with its neighbours in the grid. Cells are scored on the same
 * recordings, so their differences are known better than the overlap of two intervals suggests. Each resample
 * draws groups within classes, and repeats: what another training would change is part of the interval, as
 * far as the repeats show it (of one repeat, nothing).
 *
 * @throws UserError (`input`) when a cell has no repeats, or another number of rows or repeats than the reference.
 */
export function compareCells(options: CompareCellsOptions): CellComparisons {
  const { labels, classes, reference, cells } = options;
  const all = [reference, ...cells];
  const repeats = reference.predicted.length;
  for (const { name, predicted } of all) {
    if (predicted.length === 0 || predicted.length !== repeats)
      throw inputError(
        `ablation cell ${name}: ${predicted.length} repeats, but the reference has ${repeats}`,
      );
    const wrong = predicted.find((own) => own.length !== labels.length);
    if (wrong !== undefined)
      throw inputError(`ablation cell ${name}: ${wrong.length} predictions for ${labels.length} rows`);
  }
  const pairs = neighbourPairs(cells);
  const place = new Map(all.map(({ name }, i) => [name, i]));
  const intervals = groupBootstrap(
    options,
    (weights, resample) => {
      const drawn =
        resample === undefined
          ? undefined
          : Array.from(
              drawWithReplacement(repeats, deriveSeed(options.bootstrap?.seed ?? 1, 'repeats', resample + 1)),
            );
      const scores = all.map(({ predicted }) =>
        meanMacroF1(labels, drawn?.map((repeat) => predicted[repeat]!) ?? predicted, classes, weights),
      );
      return Object.fromEntries([
        ...cells.map(({ name }, i) => [`cell ${name}`, scores[i + 1]! - scores[0]!] as const),
        ...pairs.map(([a, b], i) => [`pair ${i}`, scores[place.get(b)!]! - scores[place.get(a)!]!] as const),
      ]);
    },
    options.bootstrap,
  );
  const even = new Float64Array(labels.length).fill(1);
  return {
    deviations: Object.fromEntries(
      all.map(({ name, predicted }) => [
        name,
        deviation(predicted.map((own) => meanMacroF1(labels, [own], classes, even))),
      ]),
    ),
    toReference: Object.fromEntries(cells.map(({ name }) => [name, intervals[`cell ${name}`]!])),
    neighbours: pairs.map(([first, second], i) => ({ first, second, difference: intervals[`pair ${i}`]! })),
  };
}

/** Names of the cells of one kind that differ in one cutoff, by one step of the cutoffs in use. */
export function neighbourPairs(
  cells: readonly Pick<CellPredictions, 'name' | 'region'>[],
): [string, string][] {
  const axes = ['rateHz', 'scaleCycPerOct', 'scaleCycPerKHz'] as const;
  const steps = (axis: (typeof axes)[number]): number[] =>
    [...new Set(cells.map(({ region }) => region?.[axis]))]
      .filter((cutoff) => cutoff !== undefined)
      .sort((a, b) => a - b);
  const order = new Map(axes.map((axis) => [axis, steps(axis)]));
  const keyOf = (region: Region): string => [region.pass, ...axes.map((axis) => region[axis])].join(' ');
  const byKey = new Map(
    cells.flatMap(({ name, region }) => (region === undefined ? [] : [[keyOf(region), name] as const])),
  );
  return cells.flatMap(({ name, region }) =>
    axes.flatMap((axis): [string, string][] => {
      const cutoff = region?.[axis];
      if (region === undefined || cutoff === undefined) return [];
      const cutoffs = order.get(axis)!;
      const next = cutoffs[cutoffs.indexOf(cutoff) + 1];
      const other = next === undefined ? undefined : byKey.get(keyOf({ ...region, [axis]: next }));
      return other === undefined ? [] : [[name, other]];
    }),
  );
}

/** Mean over the repeats of the macro-F1 of weighted rows; classes without weight are left out. */
function meanMacroF1(
  labels: Int32Array,
  repeats: readonly ArrayLike<number>[],
  classes: number,
  weights: Float64Array,
): number {
  const scores = repeats.map((own) => argmaxScores(countConfusion(labels, own, classes, weights)).macroF1);
  return scores.reduce((sum, score) => sum + score, 0) / repeats.length;
}
