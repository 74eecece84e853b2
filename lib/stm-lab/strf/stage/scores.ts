import { writeCsv } from '../../base/csv';
import { deriveSeed } from 'research-basics/random/seeds';
import { deviation, drawCounts, groupBootstrap, type Interval } from '../../evaluation';
import type { CellOutcome, PreparedTask, StrfTaskName, TaskMeasure, UnitContext } from '..';
import type { Run } from 'mlflow-tracking-client';

/** Scores of one condition. */
export interface StrfConditionRecord {
  readonly condition: string;
  /** Mean over the seeds, with a 95 % interval from resampling scored units and trainings. */
  readonly scores: Readonly<Record<string, Interval>>;
  /** Standard deviation over the seeds; 0 for one seed. */
  readonly spread: Readonly<Record<string, number>>;
  /** Scores of each seed. */
  readonly seeds: readonly Readonly<Record<string, number>>[];
  /** Difference to the first condition in the main measure (this minus first), on the same resamples. */
  readonly difference?: Interval;
}

/** What `results.json` says. */
export interface StrfTaskRecord {
  readonly task: StrfTaskName;
  readonly units: Omit<UnitContext, 'grid'>;
  readonly measures: readonly TaskMeasure[];
  readonly remarks: readonly string[];
  readonly baselines: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly conditions: readonly StrfConditionRecord[];
}

/**
 * Scores of every condition with intervals, and differences to the first one on the same resamples.
 *
 * @param cells by condition: one outcome per seed.
 */
export function summariseStrf(
  prepared: PreparedTask,
  cells: ReadonlyMap<string, readonly CellOutcome[]>,
  resamples: number,
): StrfTaskRecord {
  const main = prepared.measures[0]!.name;
  const names = prepared.measures.map(({ name }) => name);
  const statistics = [...cells].map(([condition, outcomes]) => ({
    condition,
    outcomes,
    each: outcomes.map((outcome) => prepared.statistic(outcome)),
  }));
  const conditions = statistics.map(({ condition, outcomes, each }, i): StrfConditionRecord => {
    const seeds = outcomes.map(({ metrics }) => metrics);
    const first = statistics[0]!.each;
    const intervals = groupBootstrap(
      prepared.design,
      (weights, resample) => {
        // Trainings are drawn again with the units.
        const drawn =
          resample === undefined
            ? new Float64Array(each.length).fill(1)
            : drawCounts(each.length, deriveSeed(1, 'seeds', resample));
        const own = meanScores(each, drawn, weights);
        if (i === 0) return own;
        // A seed starts both conditions alike, so both are drawn together.
        return { ...own, difference: own[main]! - meanScores(first, drawn, weights)[main]! };
      },
      { resamples },
    );
    return {
      condition,
      scores: Object.fromEntries(names.map((name) => [name, intervals[name]!])),
      spread: Object.fromEntries(
        names.map((name) => [name, seeds.length < 2 ? 0 : deviation(seeds.map((scores) => scores[name]!))]),
      ),
      seeds,
      ...(i === 0 ? {} : { difference: intervals['difference']! }),
    };
  });
  const { name, units, measures, remarks, baselines } = prepared;
  return { task: name, units, measures, remarks, baselines, conditions };
}

/** Mean of trainings' scores, each as often as drawn. */
function meanScores(
  each: readonly ReturnType<PreparedTask['statistic']>[],
  drawn: Float64Array,
  weights: Float64Array,
): Record<string, number> {
  const total = drawn.reduce((a, b) => a + b, 0);
  const mean: Record<string, number> = {};
  each.forEach((statistic, seed) => {
    if (drawn[seed] === 0) return;
    for (const [name, value] of Object.entries(statistic(weights)))
      mean[name] = (mean[name] ?? 0) + (drawn[seed]! / total) * value;
  });
  return mean;
}

/** Writes `scores.csv`: a line per condition and measure. */
export function writeStrfScores(file: string, { conditions, measures }: StrfTaskRecord): void {
  const rows = conditions.flatMap(({ condition, scores, spread }) =>
    measures.map(({ name }) => ({
      condition,
      measure: name,
      value: scores[name]!.value,
      low: scores[name]!.low,
      high: scores[name]!.high,
      seed_sd: spread[name]!,
    })),
  );
  writeCsv(file, ['condition', 'measure', 'value', 'low', 'high', 'seed_sd'], rows);
}

/** Logs every condition's scores with their intervals. */
export function logStrfScores(run: Run | undefined, { conditions, measures }: StrfTaskRecord): void {
  for (const { condition, scores } of conditions)
    run?.logMetrics(
      Object.fromEntries(
        measures.flatMap(({ name }) => {
          const { value, low, high } = scores[name]!;
          const prefix = `${condition.replaceAll(' ', '_')}/${name}`;
          return [
            [prefix, value],
            [`${prefix}_low`, low],
            [`${prefix}_high`, high],
          ] as [string, number][];
        }),
      ),
    );
}

/**
 * The scores as a report prints them: one row per condition, intervals beside values.
 *
 * @param conditions those asked for; one that the record lacks has a row that says so. Default the record's.
 */
export function strfScoreTable(
  record: StrfTaskRecord,
  conditions: readonly string[] = [],
): Record<string, string>[] {
  const shown = ({ value, low, high }: Interval): string =>
    `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  const [main] = record.measures;
  const rows = record.conditions.map(({ condition, scores, spread, difference }) => ({
    condition,
    ...Object.fromEntries(record.measures.map(({ name, title }) => [title, shown(scores[name]!)])),
    'seed sd': spread[main!.name]!.toFixed(3),
    [`minus ${record.conditions[0]!.condition}`]: difference === undefined ? '–' : shown(difference),
  }));
  const baselines = Object.entries(record.baselines).map(([condition, scores]) => ({
    condition,
    ...Object.fromEntries(
      record.measures.map(({ name, title }) => [
        title,
        scores[name] === undefined ? '–' : scores[name].toFixed(3),
      ]),
    ),
    'seed sd': '–',
    [`minus ${record.conditions[0]!.condition}`]: '–',
  }));
  const missing = conditions
    .filter((name) => record.conditions.every(({ condition }) => condition !== name))
    .map((condition) => ({ condition, [main!.title]: 'diverged' }));
  return [...rows, ...missing, ...baselines] as Record<string, string>[];
}
