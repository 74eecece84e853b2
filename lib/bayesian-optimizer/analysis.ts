import { randomState } from 'research-basics/random/mt19937';
import { spaceCoder } from './coding';
import type { Direction, TrialState } from './journal/records';
import { growTree, varianceShares } from './numerics/forest';
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
 * coordinates (one line a trial, at `position`).
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

export interface ImportanceOptions {
  /** Default 64. */
  readonly trees?: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface ImportanceRow {
  readonly parameter: string;
  /** Share of the explained variance, 0 .. 1; the shares sum to 1. */
  readonly importance: number;
}

/**
 * How much of the objective's variation over the whole space each parameter accounts for alone, most
 * important first: functional ANOVA of a random forest fitted to the complete trials. A parameter that
 * did not exist in a trial counts as the middle of its range there. Empty with fewer than four complete
 * trials; all zeros when the objective did not vary.
 *
 * Source: Hutter, Hoos & Leyton-Brown, ICML 2014 (as Optuna's FanovaImportanceEvaluator).
 */
export function importances(
  trials: readonly TrialRecord[],
  space: Space,
  { trees = 64, seed = 1 }: ImportanceOptions = {},
): ImportanceRow[] {
  const coder = spaceCoder(space);
  const complete = trials.filter((trial) => trial.state === 'complete');
  if (complete.length < 4) return [];
  const x = complete.map((trial) => coder.encode(trial.values, 0.5));
  const y = complete.map((trial) => trial.value!);
  const random = randomState(seed);
  const sums = new Float64Array(coder.coders.length);
  for (let i = 0; i < trees; i++) {
    varianceShares(growTree(x, y, random)).forEach((share, k) => (sums[k] = sums[k]! + share));
  }
  const total = sums.reduce((a, b) => a + b, 0);
  return coder.coders
    .map(({ name }, k) => ({ parameter: name, importance: total > 0 ? sums[k]! / total : 0 }))
    .sort((a, b) => b.importance - a.importance);
}
