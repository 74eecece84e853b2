import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeCsv } from '../base/csv';
import { readJson, sha256, writeJson } from '../base/files';
import { readNpy, writeNpy } from '../base/npy';
import { deriveSeed } from '../base/random/seeds';
import { loadEngine, type Engine } from '../engine';
import { groupBootstrap, type Interval } from '../evaluation';
import {
  prepareBirds,
  prepareSpeaker,
  prepareSpeech,
  prepareUrban,
  type CellOutcome,
  type PreparedTask,
  type StrfTaskName,
  type TaskMeasure,
  type TrainingRecord,
  type UnitContext,
} from '../strf';
import type { Run } from '../tracking';
import { runTrackedStage, trackedRun, type StageContext } from './context';
import type { StageResult } from './stage';
import { parseCondition, type StrfExperiment } from './strfExperiment';

/** What `strfTaskStage` reads and writes. */
export interface StrfTaskStageOptions {
  readonly task: StrfTaskName;
  /** Folder or manifest of the recordings: see `prepareSpeaker`, `prepareSpeech`, `prepareBirds`, `prepareUrban`. */
  readonly source: string;
  readonly out: string;
  readonly experiment: StrfExperiment;
  /** Conditions instead of the experiment's. */
  readonly conditions?: readonly string[];
  /** Seeds instead of the experiment's. */
  readonly seeds?: number;
  /** Resamples for the intervals; default 500. */
  readonly resamples?: number;
}

/** Scores of one condition. */
export interface StrfConditionRecord {
  readonly condition: string;
  /** Mean over the seeds, with a 95 % interval from resampling the judged units. */
  readonly scores: Readonly<Record<string, Interval>>;
  /** Standard deviation over the seeds; 0 for one seed. */
  readonly spread: Readonly<Record<string, number>>;
  /** Scores of each seed. */
  readonly seeds: readonly Readonly<Record<string, number>>[];
  /** Difference to the first condition in the main measure (this minus first), on the same resamples. */
  readonly difference?: Interval;
}

/** Filters of one training, from its start to its end. */
export interface StrfFilterHistory {
  readonly condition: string;
  readonly seed: number;
  readonly records: readonly TrainingRecord[];
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

/** Outcome of the stage. */
export interface StrfTaskSummary extends StrfTaskRecord {
  readonly status: StageResult['status'];
  readonly filters: readonly StrfFilterHistory[];
}

/** Reads a task's recordings by its settings. */
export function prepareStrfTask(
  task: StrfTaskName,
  source: string,
  experiment: StrfExperiment,
): Promise<PreparedTask> {
  if (task === 'speaker') return prepareSpeaker(source, experiment.speaker);
  if (task === 'speech') return prepareSpeech(source, experiment.speech);
  if (task === 'birds') return prepareBirds(source, experiment.birds);
  return prepareUrban(source, experiment.urban);
}

/**
 * Trains and judges every condition of a task with every seed: `results.json`, `scores.csv` and
 * `filters.json`; one child run per training. Finished trainings are kept, and a training that was killed
 * goes on from its checkpoint.
 */
export async function strfTaskStage(
  options: StrfTaskStageOptions,
  context: StageContext = {},
): Promise<StrfTaskSummary> {
  const { task, source, out, experiment, resamples = 500 } = options;
  const settings = experiment[task];
  const parameters = {
    task,
    settings: {
      ...settings,
      conditions: options.conditions ?? settings.conditions,
      seeds: options.seeds ?? settings.seeds,
    },
    resamples,
  };
  parameters.settings.conditions.forEach((condition) => parseCondition(condition));
  context.progress?.(`${task}: reading recordings`);
  const prepared = await prepareStrfTask(task, source, experiment);
  const { status } = await runTrackedStage(context, {
    stage: `strf-${task}`,
    folder: out,
    parameters,
    inputs: { sounds: prepared.hash },
    run: async (run) => {
      const engine = await loadEngine();
      const { conditions, seeds } = parameters.settings;
      const cells = new Map<string, CellOutcome[]>();
      const filters: StrfFilterHistory[] = [];
      for (const condition of conditions) {
        const outcomes: CellOutcome[] = [];
        for (let seed = 1; seed <= seeds; seed++) {
          context.progress?.(`${task}: ${condition}, seed ${seed} of ${seeds}`);
          const outcome = await cellOnce({ engine, prepared, condition, seed, settings, out }, context, run);
          outcomes.push(outcome);
          filters.push({ condition, seed, records: outcome.records });
        }
        cells.set(condition, outcomes);
      }
      context.progress?.(`${task}: intervals`);
      const record = summarise(prepared, cells, resamples);
      writeJson(path.join(out, 'results.json'), record);
      writeJson(path.join(out, 'filters.json'), filters);
      writeScores(path.join(out, 'scores.csv'), record);
      logScores(run, record);
      for (const name of ['results.json', 'scores.csv', 'filters.json'])
        run?.logArtifact(path.join(out, name));
      return ['results.json', 'scores.csv', 'filters.json'];
    },
  });
  return {
    ...readJson<StrfTaskRecord>(path.join(out, 'results.json')),
    filters: readJson<StrfFilterHistory[]>(path.join(out, 'filters.json')),
    status,
  };
}

interface CellRequest {
  readonly engine: Engine;
  readonly prepared: PreparedTask;
  readonly condition: string;
  readonly seed: number;
  readonly settings: StrfExperiment[StrfTaskName];
  readonly out: string;
}

interface CellFile {
  readonly key: string;
  readonly metrics: CellOutcome['metrics'];
  readonly records: CellOutcome['records'];
  readonly outputs: readonly string[];
}

/** One training, or its result where it was finished before. */
async function cellOnce(
  { engine, prepared, condition, seed, settings, out }: CellRequest,
  context: StageContext,
  parent: Run | undefined,
): Promise<CellOutcome> {
  // What is compared does not change what one training gives.
  const own = Object.fromEntries(
    Object.entries(settings).filter(([name]) => name !== 'conditions' && name !== 'seeds'),
  );
  const key = sha256({
    task: prepared.name,
    own,
    condition,
    seed,
    sounds: prepared.hash,
    engine: engine.description,
  });
  const folder = path.join(out, 'cells', `${condition.replaceAll(' ', '-')}-seed${seed}`);
  const finished = readCell(folder, key);
  if (finished !== undefined) return finished;
  const name = `${prepared.name} ${condition} seed ${seed}`;
  return trackedRun(
    context,
    {
      name,
      key: `strf-cell-${key.slice(0, 16)}`,
      params: { task: prepared.name, condition, seed },
      tags: { 'stm.stage': 'strf-cell' },
      ...(parent === undefined ? {} : { parent }),
    },
    async (run) => {
      const began = performance.now();
      const checkpoint = { folder: path.join(folder, 'checkpoint'), identity: key };
      const outcome = await prepared.run(
        engine,
        // Learned and frozen filters of one seed start alike.
        { ...parseCondition(condition), initial: { seed: deriveSeed(seed, 'filters') } },
        seed,
        { checkpoint, signal: context.signal },
      );
      for (const { step, loss } of outcome.records) run?.logMetrics({ loss }, step);
      run?.logMetrics({ ...outcome.metrics, seconds: (performance.now() - began) / 1000 });
      fs.rmSync(checkpoint.folder, { recursive: true, force: true });
      writeCell(folder, key, outcome);
      return outcome;
    },
  );
}

function writeCell(folder: string, key: string, { metrics, records, outputs }: CellOutcome): void {
  for (const [name, data] of Object.entries(outputs))
    writeNpy(path.join(folder, `${name}.npy`), { shape: [data.length], data });
  const file: CellFile = { key, metrics, records, outputs: Object.keys(outputs) };
  writeJson(path.join(folder, 'cell.json'), file);
}

function readCell(folder: string, key: string): CellOutcome | undefined {
  const file = path.join(folder, 'cell.json');
  if (!fs.existsSync(file)) return undefined;
  const cell = readJson<CellFile>(file);
  if (cell.key !== key) {
    // Of other settings or sounds: so is any checkpoint beside it.
    fs.rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  const outputs = Object.fromEntries(
    cell.outputs.map((name) => [name, readNpy(path.join(folder, `${name}.npy`)).data as Float32Array]),
  );
  return { metrics: cell.metrics, records: cell.records, outputs };
}

function summarise(
  prepared: PreparedTask,
  cells: ReadonlyMap<string, readonly CellOutcome[]>,
  resamples: number,
): StrfTaskRecord {
  const main = prepared.measures[0]!.name;
  const names = prepared.measures.map(({ name }) => name);
  const statistics = [...cells].map(([condition, outcomes]) => ({
    condition,
    outcomes,
    statistic: prepared.statistic(outcomes),
  }));
  const conditions = statistics.map(({ condition, outcomes, statistic }, i): StrfConditionRecord => {
    const seeds = outcomes.map(({ metrics }) => metrics);
    const first = statistics[0]!.statistic;
    const intervals = groupBootstrap(
      prepared.design,
      (weights) => {
        const own = statistic(weights);
        return i === 0 ? own : { ...own, difference: own[main]! - first(weights)[main]! };
      },
      { resamples },
    );
    return {
      condition,
      scores: Object.fromEntries(names.map((name) => [name, intervals[name]!])),
      spread: Object.fromEntries(names.map((name) => [name, spreadOf(seeds.map((scores) => scores[name]!))])),
      seeds,
      ...(i === 0 ? {} : { difference: intervals['difference']! }),
    };
  });
  const { name, units, measures, remarks, baselines } = prepared;
  return { task: name, units, measures, remarks, baselines, conditions };
}

function spreadOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function writeScores(file: string, { conditions, measures }: StrfTaskRecord): void {
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

function logScores(run: Run | undefined, { conditions, measures }: StrfTaskRecord): void {
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

/** The scores as a report prints them: one row per condition, intervals beside values. */
export function strfScoreTable(record: StrfTaskRecord): Record<string, string>[] {
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
  return [...rows, ...baselines] as Record<string, string>[];
}
