import { inputError } from 'research-basics/errors';
import { randomState } from 'research-basics/random/mt19937';
import { spaceCoder, type Coder, type SpaceCoder } from './coding';
import type { Direction, TrialState } from './journal/records';
import { growTree, varianceShares } from './numerics/forest';
import { pearsonDivergence } from './numerics/pearsonDivergence';
import type { TrialRecord } from './sampler';
import type { Space, Value } from './space';

/** One finished trial of the optimisation history. */
export interface HistoryRow {
  readonly trial: number;
  readonly state: TrialState;
  /** The objective; absent for failed trials. */
  readonly value: number | undefined;
  /** Best complete value up to this trial, in order of number. */
  readonly best: number | undefined;
}

/** The course of a search: every finished trial and the best so far. */
export function historyRows(trials: readonly TrialRecord[], direction: Direction): HistoryRow[] {
  let best: number | undefined;
  return trials
    .filter((t) => t.state === 'complete' || t.state === 'pruned' || t.state === 'failed')
    .map(({ number, state, value }) => {
      if (state === 'complete' && value !== undefined) {
        best =
          best === undefined
            ? value
            : direction === 'maximize'
              ? Math.max(best, value)
              : Math.min(best, value);
      }
      return { trial: number, state, value, best };
    });
}

/** One parameter of one complete trial. */
export interface ParameterRow {
  readonly trial: number;
  readonly parameter: string;
  readonly value: Value;
  /** Where the value lies in its range, 0 .. 1, on the parameter's scale. */
  readonly position: number;
  readonly objective: number;
}

/**
 * Every existing parameter of every complete trial, for slices (one panel a parameter) and parallel
 * coordinates (one line per trial, at `position`).
 */
export function parameterRows(trials: readonly TrialRecord[], space: Space): ParameterRow[] {
  const { coders } = spaceCoder(space);
  return trials.flatMap((trial) =>
    trial.state !== 'complete'
      ? []
      : coders.flatMap((coder) => {
          const value = trial.values[coder.name];
          return value === undefined
            ? []
            : [
                {
                  trial: trial.number,
                  parameter: coder.name,
                  value,
                  position: coder.toUnit(value),
                  objective: trial.value!,
                },
              ];
        }),
  );
}

/** When a trial ran, and where. */
export interface TimelineRow {
  readonly trial: number;
  readonly state: TrialState;
  /** Milliseconds since 1970. */
  readonly start: number;
  /** The present for a trial that still runs. */
  readonly end: number;
  readonly worker: string;
}

/** The trials in time. Default of `now`: the present. */
export function timelineRows(trials: readonly TrialRecord[], now: number = Date.now()): TimelineRow[] {
  return trials.flatMap(({ number, state, startedAt, finishedAt, worker }) =>
    startedAt === undefined
      ? []
      : [{ trial: number, state, start: startedAt, end: finishedAt ?? now, worker }],
  );
}

/** A report of a trial. */
export interface ReportRow {
  readonly trial: number;
  readonly state: TrialState;
  readonly step: number;
  readonly value: number;
}

/** All reports, for learning curves. */
export function reportRows(trials: readonly TrialRecord[]): ReportRow[] {
  return trials.flatMap(({ number, state, reports }) =>
    [...reports].map(([step, value]) => ({ trial: number, state, step, value })),
  );
}

/**
 * How importance is measured:
 *
 * - `fanova` (default): the share of the objective's variance over the whole space that a parameter explains alone, by a
 *   random forest. Source: Hutter, Hoos & Leyton-Brown, ICML 2014.
 * - `ped-anova`: how far a parameter's values in the best trials differ from those in all trials, which tells what
 *   matters for being among the best. Optuna 5's default. Sources: Watanabe, Bansal & Hutter, IJCAI 2023; its
 *   extension to conditional parameters (arXiv 2601.20800).
 */
export type ImportanceOptions =
  | {
      readonly method?: 'fanova';
      /** Default 64. */
      readonly trees?: number;
      /** Default 1. */
      readonly seed?: number;
    }
  | {
      readonly method: 'ped-anova';
      /** Which trials are the best. */
      readonly direction: Direction;
      /** Share of the trials that counts as the best. Default 0.1. */
      readonly best?: number;
    };

export interface ImportanceRow {
  readonly parameter: string;
  /** Share of the total, 0 .. 1; the shares sum to 1. */
  readonly importance: number;
}

/**
 * How much each parameter matters, most important first, from the complete trials. Empty with fewer than four of them;
 * all zeros when the objective did not vary. For `fanova` a parameter that did not exist in a trial counts as the
 * middle of its range there; for `ped-anova` the trials that have it speak for it.
 */
export function importances(
  trials: readonly TrialRecord[],
  space: Space,
  options: ImportanceOptions = {},
): ImportanceRow[] {
  const coder = spaceCoder(space);
  const { coders } = coder;
  const complete = trials.filter((trial) => trial.state === 'complete');
  if (complete.length < 4) return [];
  const varied = complete.some(({ value }) => value !== complete[0]!.value);
  const weights = !varied
    ? new Float64Array(coders.length)
    : options.method === 'ped-anova'
      ? divergences(complete, coders, options)
      : variances(complete, coder, options);
  const total = weights.reduce((a, b) => a + b, 0);
  return coders
    .map(({ name }, k) => ({ parameter: name, importance: total > 0 ? weights[k]! / total : 0 }))
    .sort((a, b) => b.importance - a.importance);
}

function variances(
  complete: readonly TrialRecord[],
  coder: SpaceCoder,
  { trees = 64, seed = 1 }: { trees?: number; seed?: number },
): Float64Array {
  const x = complete.map((trial) => coder.encode(trial.values, 0.5));
  const y = complete.map((trial) => trial.value!);
  const random = randomState(seed);
  const sums = new Float64Array(coder.coders.length);
  for (let i = 0; i < trees; i++) {
    varianceShares(growTree(x, y, random)).forEach((share, k) => (sums[k] = sums[k]! + share));
  }
  return sums;
}

function divergences(
  complete: readonly TrialRecord[],
  coders: readonly Coder[],
  { direction, best = 0.1 }: { direction: Direction; best?: number },
): Float64Array {
  if (!(best > 0 && best < 1))
    throw inputError(`importances: best ${best} must be a share above 0 and below 1`);
  const sign = direction === 'maximize' ? -1 : 1;
  const losses = complete.map((trial) => sign * trial.value!);
  const limit = [...losses].sort((a, b) => a - b)[Math.ceil(best * losses.length) - 1]!;
  const top = complete.filter((_, i) => losses[i]! <= limit);
  return Float64Array.from(coders, (coder) => {
    const unitsOf = (some: readonly TrialRecord[]): number[] =>
      some.flatMap(({ values: { [coder.name]: value } }) =>
        value === undefined ? [] : [coder.toUnit(value)],
      );
    const [units, all] = [unitsOf(top), unitsOf(complete)];
    if (coder.size === 1 || units.length === 0 || all.length < 2) return 0;
    const [share, shareOfAll] = [units.length / top.length, all.length / complete.length];
    return (share ** 2 / shareOfAll) * pearsonDivergence(coder, units, all);
  });
}
