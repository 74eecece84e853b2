import * as path from 'node:path';
import { inputError, UserError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine, type Engine } from '../engine';
import {
  createStudy,
  optimize,
  runWorkers,
  type SamplerName,
  type Study,
  type StudyOptions,
  type TrialRecord,
  type Values,
} from 'bayesian-optimizer';
import { syncJournals, type RunReference } from 'mlflow-tracking-client';
import { tellOfKeptLosses } from './classLosses';
import {
  recordReused,
  runTrackedStage,
  type StageContext,
  type TrackedStageRequest,
} from '../stages/context';
import { datasetOfInputs } from '../stages/dataset';
import { samplerOf, type Experiment } from './experiment';
import type { ModelChoice } from './modelChoice';
import { TAG_NAMESPACE } from './mlflow';
import { modelOfTrial } from './hyperparameters';
import { readRoleData, type RoleData } from './roleData';
import type { SearchWorkerOrder } from './searchWorker';
import type { StageResult } from '../stages/stage';
import { createTrialObjective, trialRun } from './trialObjective';

/** What `searchStage` reads and writes. */
export interface SearchStageOptions {
  readonly reduction: string;
  readonly split: string;
  readonly out: string;
  readonly search: Experiment['search'];
  /** Processes that run trials; default 1, in this process. With more, proposals depend on the order of results. */
  readonly workers?: number | undefined;
}

/** What `search.json` says. */
export interface SearchRecord {
  readonly objective: Experiment['search']['objective'];
  readonly completed: number;
  readonly failed: number;
  readonly best: { readonly number: number; readonly value: number; readonly values: Values };
  /** The best trial as a network to train. */
  readonly model: ModelChoice;
}

/** Outcome of a search. */
export interface SearchSummary extends SearchRecord {
  readonly status: StageResult['status'];
  readonly trials: readonly TrialRecord[];
}

/** A search on its data: the study that its workers share, and the stage it is. */
export interface SearchPlan {
  readonly data: RoleData;
  readonly study: StudyOptions & { readonly journal: string; readonly sampler: SamplerName };
  readonly request: Omit<TrackedStageRequest, 'run'>;
}

/** Reads the data of a search. */
export function planSearch(options: SearchStageOptions): SearchPlan {
  const { out, search } = options;
  const data = readRoleData(options);
  return {
    data,
    study: {
      name: `search-${sha256({ search: { ...search, trials: 0 }, data: data.hashes }).slice(0, 12)}`,
      space: search.space,
      direction: 'maximize',
      sampler: samplerOf(search),
      namespace: 'stm-lab',
      seed: search.seed,
      journal: path.resolve(out, 'journal.log'),
    },
    request: { stage: 'search', folder: out, parameters: search, inputs: data.hashes },
  };
}

/**
 * Searches hyperparameters on the validation rows: `journal.log` (Optuna's journal format) and
 * `search.json` (the best trial). A trial's score is the mean over its executions of the best epoch. A
 * search that was killed goes on with the trials it had left; more processes, on this machine or others that
 * share the folder, may help (`joinSearch`).
 */
export async function searchStage(
  options: SearchStageOptions,
  context: StageContext = {},
): Promise<SearchSummary> {
  const { out, search } = options;
  tellOfKeptLosses(options.split, context);
  const plan = planSearch(options);
  const engine = await loadEngine();
  const { status } = await runTrackedStage(context, {
    ...plan.request,
    engine: engine.description,
    run: async (run) => {
      const study = createStudy(plan.study);
      recordEarlierTrials(study, search, engine, context, run);
      const logged = new Set<number>();
      const onValue = (number: number, value: number): void => {
        if (!logged.has(number)) run?.logMetrics({ trial_value: value }, number);
        logged.add(number);
      };
      await runTrials(options, plan, study, context, run, onValue);
      // Those that other processes ran.
      for (const { number, value } of study.trials()) if (value !== undefined) onValue(number, value);
      const record = toRecord(study, search);
      writeJson(path.join(out, 'search.json'), record);
      run?.logMetrics({
        best_value: record.best.value,
        best_trial: record.best.number,
        completed: record.completed,
        failed: record.failed,
      });
      run?.setTags({ 'stm.choice': sha256(record.model) });
      run?.logArtifact(path.join(out, 'journal.log'));
      run?.logArtifact(path.join(out, 'search.json'));
      return ['journal.log', 'search.json'];
    },
  });
  return {
    ...readJson<SearchRecord>(path.join(out, 'search.json')),
    status,
    trials: createStudy(plan.study).trials(),
  };
}

/** Records trials of a search that had fewer trials, or was recorded elsewhere, below the run of this one. */
function recordEarlierTrials(
  study: Study,
  search: Experiment['search'],
  engine: Engine,
  context: StageContext,
  parent: RunReference | undefined,
): void {
  for (const { number, state, value, values } of study.trials())
    if (state === 'complete' && value !== undefined)
      recordReused(context, trialRun(study.name, { number, values }, engine, parent), (run) =>
        run.logMetrics({ [search.objective]: value }),
      );
}

/** Runs the trials that are left, in this process or in worker processes that may die. */
export async function runTrials(
  options: SearchStageOptions,
  plan: SearchPlan,
  study: Study,
  context: StageContext,
  parent: RunReference | undefined,
  onValue?: (trial: number, value: number) => void,
): Promise<void> {
  const { search, workers = 1 } = options;
  const onTrial = ({ number, value, state, failure }: TrialRecord): void => {
    if (state === 'running') return;
    if (value !== undefined) onValue?.(number, value);
    if (state === 'failed') context.warn?.(`trial ${number} failed: ${failure ?? 'no reason given'}`);
    const done = study
      .trials()
      .filter((trial) => trial.state !== 'running' && trial.state !== 'waiting').length;
    const best = study.best()?.value;
    context.progress?.(
      `search: ${done} of ${search.trials} trials${best === undefined ? '' : `, best ${search.objective} ${best.toFixed(3)}`}`,
    );
  };
  const signal = context.signal === undefined ? {} : { signal: context.signal };
  const result =
    workers === 1
      ? await optimize(
          study,
          createTrialObjective({
            engine: await loadEngine(),
            data: plan.data,
            search,
            studyName: study.name,
            tracker: context.tracker,
            parent,
            note: context.note,
            ...signal,
          }),
          { trials: search.trials, onTrial, ...signal },
        )
      : await runWorkers({
          study: plan.study,
          objective: {
            module: path.join(__dirname, 'searchWorker.js'),
            data: workerOrder(options, plan, study, context, parent),
          },
          trials: search.trials,
          workers,
          onTrial,
          ...signal,
        });
  if (workers > 1) await sendWorkersRuns(context);
  if (result.reason === 'aborted')
    throw new UserError('interrupted', 'search stopped on request; run it again to go on');
  if (result.reason === 'failures') {
    throw inputError(
      `search: the last trials all failed (${result.failure ?? 'no reason given'}); correct the space or the data and run it again`,
    );
  }
}

function workerOrder(
  options: SearchStageOptions,
  plan: SearchPlan,
  study: Study,
  { tracker, note, dataset = datasetOfInputs(plan.data.hashes) }: StageContext,
  parent: RunReference | undefined,
): SearchWorkerOrder {
  return {
    reduction: path.resolve(options.reduction),
    split: path.resolve(options.split),
    search: options.search,
    studyName: study.name,
    note,
    dataset,
    ...(tracker === undefined || tracker.mode === 'disabled' || parent === undefined
      ? {}
      : {
          tracking: {
            journalFolder: tracker.journalFolder,
            experiment: tracker.experiment,
            parent: {
              id: parent.id,
              key: parent.key,
              ...(parent.name === undefined ? {} : { name: parent.name }),
            },
          },
        }),
  };
}

/** Worker processes only write journals, so that a dead server cannot hold them; what they wrote is sent here. */
async function sendWorkersRuns({ tracker, warn }: StageContext): Promise<void> {
  if (tracker?.mode !== 'online') return;
  await tracker.flush();
  const { problems } = await syncJournals(tracker.journalFolder, {
    ...(tracker.uri === undefined ? {} : { uri: process.env.MLFLOW_TRACKING_URI ?? tracker.uri }),
    namespace: TAG_NAMESPACE,
    abandoned: 'keep',
    patienceMs: 10_000,
    onWarning: (line) => warn?.(`tracking: ${line}`),
  });
  problems.forEach((problem) => warn?.(`tracking: ${problem}`));
}

function toRecord(study: Study, search: Experiment['search']): SearchRecord {
  const trials = study.trials();
  const best = study.best();
  if (best === undefined || best.value === undefined || best.value === null) {
    const failure = trials.find(({ state }) => state === 'failed');
    throw new Error(
      `search: none of ${trials.length} trials completed${failure === undefined ? '' : `; see trial ${failure.number} in the journal`}`,
    );
  }
  return {
    objective: search.objective,
    completed: trials.filter(({ state }) => state === 'complete').length,
    failed: trials.filter(({ state }) => state === 'failed').length,
    best: { number: best.number, value: best.value, values: best.values },
    model: modelOfTrial(best.values, search.family, search.fit),
  };
}
