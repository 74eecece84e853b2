import { spaceCoder } from '../coding';
import type { Direction } from '../journal/records';
import type { Space, Values } from '../space';
import { logExpectedImprovement } from './acquisition';
import { fitGp } from './fit';
import type { Design } from './kernel';
import { absentUnit, modelColumns, unitsToRow } from './optimise';
import { plainOutcome } from './outcome';

/** What the Gaussian process expects of a configuration. */
export interface Belief {
  /** In the unit of the objective. */
  readonly mean: number;
  /** Standard deviation of the mean, noise left out. */
  readonly deviation: number;
  /** Log augmented expected improvement, of the standardised objective: the `gp` sampler proposes where it is largest. */
  readonly logImprovement: number;
}

/** Trials that were scored, and where the process is asked. */
export interface BeliefTask {
  readonly space: Space;
  readonly direction: Direction;
  readonly trials: readonly { readonly values: Values; readonly value: number }[];
  readonly at: readonly Values[];
}

/**
 * The Gaussian process of the `gp` sampler (with `outcome: 'plain'`), fitted to scored trials and asked elsewhere: for
 * drawing what a proposal is made from.
 *
 * @returns one entry per configuration of `at`.
 */
export function gaussianProcessBelief({ space, direction, trials, at }: BeliefTask): Belief[] {
  const coder = spaceCoder(space);
  const columns = modelColumns(coder);
  const rowOf = (values: Values): Float64Array =>
    unitsToRow(coder, columns, coder.encode(values, absentUnit));
  const rows = trials.map(({ values }) => rowOf(values));
  const design: Design = {
    n: rows.length,
    d: columns.length,
    x: Float64Array.from(rows.flatMap((row) => [...row])),
    categorical: columns.map((i) => coder.coders[i]!.kind === 'categorical'),
  };
  const sign = direction === 'maximize' ? -1 : 1;
  const losses = Float64Array.from(trials, ({ value }) => sign * value);
  const { y } = plainOutcome(losses);
  const [gp] = (['smooth', 'rough'] as const)
    .map((from) => fitGp(design, y, from))
    .sort((a, b) => b.logPosterior - a.logPosterior);
  const lowest = Math.min(...rows.map((row) => logExpectedImprovement(gp!, 0).predict(row).mean));
  const acquisition = logExpectedImprovement(gp!, lowest);
  const middle = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const spread = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - middle) ** 2, 0) / losses.length);
  return at.map((values) => {
    const row = rowOf(values);
    const { mean, variance } = acquisition.predict(row);
    return {
      mean: sign * (middle + spread * mean),
      deviation: spread * Math.sqrt(variance),
      logImprovement: acquisition.value(row),
    };
  });
}
