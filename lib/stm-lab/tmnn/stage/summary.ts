import { writeCsv } from '../../base/csv';
import { divergedError } from 'research-basics/errors';
import type { Interval } from '../../evaluation';
import { type ClipCollection, labelMatrix } from '../../corpus';
import {
  holmCorrected,
  outputDifference,
  pairedTest,
  type ResampledScores,
  resampledScores,
  type ScoredBlock,
  type ScoreDifference,
  scoreDifference,
  scoreInterval,
  signedRankTest,
} from '..';
import { cellPredictions, clipsOf, type TmnnCell } from './cell';
import type { TmnnExperiment } from './experiment';
import type { ReadyCollection } from './ready';

/** A system's scores over its seeds. */
export interface TmnnSystemSummary {
  readonly system: string;
  readonly parameters: number;
  /** Per metric: of each seed; mean over seeds with an interval from resampling trainings and groups of test clips. */
  readonly scores: Readonly<Record<string, { readonly seeds: readonly number[]; readonly mean: Interval }>>;
  readonly seconds: number;
}

/** First minus second system on the same clips. */
export interface TmnnComparison {
  readonly first: string;
  readonly second: string;
  /** By resampling trainings and groups of test clips, both systems on the same resamples. */
  readonly difference: Readonly<Record<string, ScoreDifference>>;
  /** Student's t test of the seeds' differences: with one seed both systems have the same clips. Needs two seeds. */
  readonly overSeeds: Readonly<Record<string, number>>;
  /** Wilcoxon's signed-rank test over tags or classes of the mean over seeds (tags: average precision; classes: share found). */
  readonly perOutput: { readonly pairs: number; readonly better: number; readonly pValue: number };
  /** Each tag (average precision) or class (share found) on the same resamples except for those without a score. */
  readonly each: readonly TmnnOutputDifference[];
}

/** First minus second system on one tag or class. */
export interface TmnnOutputDifference extends ScoreDifference {
  readonly output: string;
  /** P-value corrected for the number of outputs (see `holmCorrected`). */
  readonly corrected: number;
}

/** What `study.json` says. */
export interface TmnnStudy {
  readonly experiment: TmnnExperiment;
  readonly outputs: readonly string[];
  readonly task: ClipCollection['task'];
  readonly clips: readonly Readonly<Record<string, number>>[];
  readonly systems: readonly TmnnSystemSummary[];
  readonly comparisons: readonly TmnnComparison[];
  readonly cells: readonly TmnnCell[];
  readonly notes: readonly string[];
}

/**
 * Scores of every system, and of every comparison, over the seeds that all systems have.
 *
 * @throws UserError (`diverged`) when no such seed is left.
 */
export function summarise(
  experiment: TmnnExperiment,
  cells: readonly TmnnCell[],
  ready: readonly ReadyCollection[],
  out: string,
  resamples: number,
): TmnnStudy {
  const { outputs, task } = ready[0]!.collection;
  // What diverged is missing: the systems that have trained are compared over the seeds that all of them have.
  const names = experiment.systems
    .map(({ name }) => name)
    .filter((name) => cells.some((c) => c.system === name));
  const seeds = experiment.seeds.filter(
    (seed) =>
      names.length > 0 && names.every((name) => cells.some((c) => c.system === name && c.seed === seed)),
  );
  if (seeds.length === 0)
    throw divergedError(
      `tmnn ${experiment.name}: no seed is left that all systems could be trained with; lower the learning rate, or check the recordings`,
    );
  const cellsOf = (system: string): TmnnCell[] =>
    cells.filter((cell) => cell.system === system && seeds.includes(cell.seed));
  const blocks = seeds.map((seed, i): ScoredBlock => {
    const { collection } = ready[experiment.seeds.indexOf(seed)]!;
    const clips = clipsOf(collection, 'test').map((clip) => collection.clips[clip]!);
    return {
      labels: labelMatrix(clips, outputs.length),
      groups: clips.map(({ group }) => group),
      models: names.map((system) => cellPredictions(out, cellsOf(system)[i]!)),
    };
  });
  const resampled = resampledScores(blocks, outputs.length, task, { resamples });
  const seedScores = (system: string, metric: string): number[] =>
    cellsOf(system).map(({ scores }) => scores[metric]!);
  return {
    experiment,
    outputs,
    task,
    clips: cellsOf(names[0]!).map(({ clips }) => clips),
    systems: names.map((system, m) => ({
      system,
      parameters: cellsOf(system)[0]!.parameters,
      scores: Object.fromEntries(
        resampled.metrics.map((metric, i) => [
          metric,
          { seeds: seedScores(system, metric), mean: scoreInterval(resampled, m, i) },
        ]),
      ),
      seconds: cellsOf(system).reduce((sum, { seconds }) => sum + seconds, 0),
    })),
    comparisons: experiment.comparisons
      .filter((pair) => pair.every((name) => names.includes(name)))
      .map(([first, second]) => ({
        first,
        second,
        difference: Object.fromEntries(
          resampled.metrics.map((metric, i) => [
            metric,
            scoreDifference(resampled, names.indexOf(first), names.indexOf(second), i),
          ]),
        ),
        overSeeds:
          seeds.length < 2
            ? {}
            : Object.fromEntries(
                resampled.metrics.map((metric) => [
                  metric,
                  pairedTest(seedScores(first, metric), seedScores(second, metric)).pValue,
                ]),
              ),
        perOutput: comparedOutputs(cellsOf(first), cellsOf(second)),
        each: eachOutput(resampled, names.indexOf(first), names.indexOf(second), outputs),
      })),
    cells,
    notes: [...new Set(ready.flatMap(({ collection }) => collection.notes))],
  };
}

/** A tag's average precision, or a class's share of clips found. */
function outputScore(entry: TmnnCell['perOutput'][number]): number | undefined {
  if ('prAuc' in entry) return entry['prAuc'] as number;
  if ('found' in entry) return (entry['found'] as number) / (entry['clips'] as number);
  return undefined;
}

/** Mean over seeds of each output's score; undefined where no seed has one. */
export function meanOutputScores(cells: readonly TmnnCell[]): (number | undefined)[] {
  return cells[0]!.perOutput.map((_, output) => {
    const values = cells
      .map(({ perOutput }) => outputScore(perOutput[output]!))
      .filter((value): value is number => value !== undefined && Number.isFinite(value));
    return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;
  });
}

function comparedOutputs(
  first: readonly TmnnCell[],
  second: readonly TmnnCell[],
): TmnnComparison['perOutput'] {
  const [a, b] = [meanOutputScores(first), meanOutputScores(second)];
  const both = a.flatMap((value, i) => (value === undefined || b[i] === undefined ? [] : [[value, b[i]]]));
  const { pairs, pValue } = signedRankTest(
    both.map(([x]) => x!),
    both.map(([, y]) => y!),
  );
  return { pairs, better: both.filter(([x, y]) => x! > y!).length, pValue };
}

function eachOutput(
  resampled: ResampledScores,
  first: number,
  second: number,
  outputs: readonly string[],
): TmnnOutputDifference[] {
  const tested = outputs.flatMap((output, i) => {
    const difference = outputDifference(resampled, first, second, i);
    return difference === undefined ? [] : [{ output, ...difference }];
  });
  const corrected = holmCorrected(tested.map(({ pValue }) => pValue));
  return tested.map((own, i) => ({ ...own, corrected: corrected[i]! }));
}

/** One line per comparison and tag or class. */
export function writeDifferences(file: string, { comparisons }: TmnnStudy): void {
  const rows = comparisons.flatMap(({ first, second, each }) =>
    each.map(({ output, value, low, high, pValue, corrected }) => ({
      ...{ first, second, output },
      difference: value.toFixed(4),
      low: low.toFixed(4),
      high: high.toFixed(4),
      p: pValue.toPrecision(3),
      p_corrected: corrected.toPrecision(3),
    })),
  );
  writeCsv(file, ['first', 'second', 'output', 'difference', 'low', 'high', 'p', 'p_corrected'], rows);
}

/** One line per system and metric. */
export function writeScores(file: string, { systems }: TmnnStudy): void {
  const rows = systems.flatMap(({ system, parameters, scores, seconds }) =>
    Object.entries(scores).map(([metric, { seeds, mean }]) => ({
      system,
      parameters,
      metric,
      mean: mean.value.toFixed(4),
      low: mean.low.toFixed(4),
      high: mean.high.toFixed(4),
      seeds: seeds.map((value) => value.toFixed(4)).join(' '),
      seconds,
    })),
  );
  writeCsv(file, ['system', 'parameters', 'metric', 'mean', 'low', 'high', 'seeds', 'seconds'], rows);
}

/** One line per tag or class, a column per system. */
export function writeOutputs(file: string, { systems, cells, outputs }: TmnnStudy): void {
  const columns = systems.map(({ system }) => ({
    system,
    scores: meanOutputScores(cells.filter((cell) => cell.system === system)),
  }));
  writeCsv(
    file,
    ['output', ...columns.map(({ system }) => system)],
    outputs.map((output, i) => ({
      output,
      ...Object.fromEntries(columns.map(({ system, scores }) => [system, scores[i]?.toFixed(4) ?? ''])),
    })),
  );
}
