import { spaceCoder } from '../coding';
import type { Direction } from '../journal/records';
import type { Space, Values } from '../space';
import { logExpectedImprovement } from './acquisition';
import { designOf, fitOutcome } from './model';
import { absentUnit, modelColumns, unitsToRow } from './optimise';

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
  const sign = direction === 'maximize' ? -1 : 1;
  const losses = Float64Array.from(trials, ({ value }) => sign * value);
  const fitted = fitOutcome(designOf(coder, columns, rows), losses, 'plain');
  const { predict } = logExpectedImprovement(fitted.gp, 0);
  const acquisition = logExpectedImprovement(fitted.gp, Math.min(...rows.map((row) => predict(row).mean)));
  return at.map((values) => {
    const row = rowOf(values);
    const { mean, variance } = acquisition.predict(row);
    return {
      mean: sign * (fitted.mean + fitted.deviation * mean),
      deviation: fitted.deviation * Math.sqrt(variance),
      logImprovement: acquisition.value(row),
    };
  });
}
