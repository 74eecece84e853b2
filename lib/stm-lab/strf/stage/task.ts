import * as path from 'node:path';
import { divergedError, inputError } from 'research-basics/errors';
import { readJson, writeJson } from 'research-basics/files';
import { omit } from '../../base/omit';
import { loadEngine } from '../../engine';
import {
  prepareBirds,
  prepareSpeaker,
  prepareSpeech,
  prepareUrban,
  type CellOutcome,
  type PreparedTask,
  type StrfTaskName,
  type TaskExtras,
  type TrainingRecord,
} from '..';
import { runTrackedStage, type StageContext } from '../../stages/context';
import type { StageFailure, StageResult } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { runStrfCell } from './cell';
import { checkCondition, type StrfExperiment } from './experiment';
import { logStrfScores, summariseStrf, writeStrfScores, type StrfTaskRecord } from './scores';

/** What `strfTaskStage` reads and writes. */
export interface StrfTaskStageOptions {
  readonly task: StrfTaskName;
  /** Folder or manifest of the recordings: see `prepareSpeaker`, `prepareSpeech`, `prepareBirds`, `prepareUrban`. */
  readonly source: string;
  readonly out: string;
  /** Folder of noise (MUSAN) added to the training sounds of `speaker` and `speech`; default none. */
  readonly noise?: string | undefined;
  readonly experiment: StrfExperiment;
  /** Conditions instead of the experiment's. */
  readonly conditions?: readonly string[];
  /** Seeds instead of the experiment's. */
  readonly seeds?: number;
  /** Resamples for the intervals; default 500. */
  readonly resamples?: number;
}

/** Filters of one training, from its start to its end. */
export interface StrfFilterHistory {
  readonly condition: string;
  readonly seed: number;
  readonly records: readonly TrainingRecord[];
}

/** Outcome of the stage. */
export interface StrfTaskSummary extends StrfTaskRecord {
  /** Trainings that diverged; conditions are compared over the seeds that all of them have. */
  readonly failed: readonly StageFailure[];
  readonly status: StageResult['status'];
  readonly filters: readonly StrfFilterHistory[];
}

/**
 * Reads a task's recordings by its settings.
 *
 * @throws UserError (`input`) naming what cannot be read, or noise for a task that takes none.
 */
export async function prepareStrfTask(
  task: StrfTaskName,
  source: string,
  experiment: StrfExperiment,
  extras: TaskExtras = {},
): Promise<PreparedTask> {
  if (task === 'speaker') return prepareSpeaker(source, experiment.speaker, extras);
  if (task === 'speech') return prepareSpeech(source, experiment.speech, extras);
  if (extras.noise !== undefined)
    throw inputError(`${task}: takes no noise; it is added in the speaker and the speech task`);
  if (task === 'birds') return prepareBirds(source, experiment.birds, extras);
  return prepareUrban(source, experiment.urban, extras);
}

/**
 * Trains and scores every condition of a task with every seed: `results.json`, `scores.csv` and
 * `filters.json`; one child run per training. Finished trainings are reused, and a training that was killed
 * continues from its checkpoint.
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
      ...omit(settings, 'search'),
      conditions: options.conditions ?? settings.conditions,
      seeds: options.seeds ?? settings.seeds,
    },
    resamples,
  };
  parameters.settings.conditions.forEach((condition) => checkCondition(condition, task));
  context.progress?.(`${task}: reading recordings`);
  const prepared = await prepareStrfTask(task, source, experiment, {
    noise: options.noise,
    cache: path.join(out, 'sounds'),
    signal: context.signal,
  });
  const engine = await loadEngine({ signal: context.signal });
  const { status, record: stage } = await runTrackedStage(context, {
    stage: `strf-${task}`,
    folder: out,
    parameters,
    inputs: { sounds: prepared.hash },
    engine: engine.description,
    run: async (run) => {
      const { conditions, seeds } = parameters.settings;
      const cells = new Map<string, Map<number, CellOutcome>>();
      const parts = stageParts(context);
      const filters: StrfFilterHistory[] = [];
      for (const condition of conditions) {
        const outcomes = new Map<number, CellOutcome>();
        for (let seed = 1; seed <= seeds; seed++) {
          context.progress?.(`${task}: ${condition}, seed ${seed} of ${seeds}`);
          const outcome = await parts.attempt(`${condition}, seed ${seed}`, () =>
            runStrfCell({ engine, prepared, condition, seed, settings, out }, context, run),
          );
          if (outcome === undefined) continue;
          outcomes.set(seed, outcome);
          filters.push({ condition, seed, records: outcome.records });
        }
        cells.set(condition, outcomes);
      }
      context.progress?.(`${task}: intervals`);
      const record = summariseStrf(prepared, pairedCells(task, cells), resamples);
      writeJson(path.join(out, 'results.json'), record);
      writeJson(path.join(out, 'filters.json'), filters);
      writeStrfScores(path.join(out, 'scores.csv'), record);
      logStrfScores(run, record);
      for (const name of ['results.json', 'scores.csv', 'filters.json'])
        run?.logArtifact(path.join(out, name));
      return { files: ['results.json', 'scores.csv', 'filters.json'], failed: parts.failed };
    },
  });
  return {
    ...readJson<StrfTaskRecord>(path.join(out, 'results.json')),
    failed: stage.failed ?? [],
    filters: readJson<StrfFilterHistory[]>(path.join(out, 'filters.json')),
    status,
  };
}

/**
 * Outcomes of the conditions that could be trained, over the seeds that all of them have: conditions are compared seed by
 * seed.
 *
 * @throws UserError (`diverged`) when no seed is left.
 */
function pairedCells(
  task: StrfTaskName,
  cells: ReadonlyMap<string, ReadonlyMap<number, CellOutcome>>,
): Map<string, CellOutcome[]> {
  const trained = [...cells].filter(([, outcomes]) => outcomes.size > 0);
  const seeds = [...(trained[0]?.[1].keys() ?? [])].filter((seed) =>
    trained.every(([, own]) => own.has(seed)),
  );
  if (seeds.length === 0)
    throw divergedError(
      `${task}: no seed is left that all conditions could be trained with; lower the learning rate, or check the recordings`,
    );
  return new Map(trained.map(([condition, own]) => [condition, seeds.map((seed) => own.get(seed)!)]));
}
