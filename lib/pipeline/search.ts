import * as path from 'node:path';
import { messageOf } from '../base/errors';
import { readJson, sha256, writeJson } from '../base/files';
import { deriveSeed } from '../base/random/seeds';
import { loadEngine, type Engine } from '../engine';
import { kerasMicroAuc } from '../evaluation';
import { fitMlp, type EpochMetric } from '../models';
import { createStudy, type Study, type Trial, type TrialRecord, type Values } from '../search';
import type { Run } from '../tracking';
import { runTrackedStage, type StageContext } from './context';
import type { Experiment, ModelChoice } from './experiment';
import { modelOfTrial } from './hyperparameters';
import { readRoleData, type RoleData, type RoleRows } from './roleData';
import type { StageResult } from './stage';
import { epochMetrics, macroF1Metric } from './train';

/** What `searchStage` reads and writes. */
export interface SearchStageOptions {
  readonly reduction: string;
  readonly split: string;
  readonly out: string;
  readonly search: Experiment['search'];
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

const microRocAuc: EpochMetric = (labels, probabilities, classes) =>
  kerasMicroAuc({ labels, probabilities, classes }).roc;

const OBJECTIVES = { macroF1: macroF1Metric, microRocAuc } as const;

/**
 * Searches hyperparameters on the validation rows: `journal.log` (Optuna's journal format) and
 * `search.json` (the best trial). A trial's score is the mean over its executions of the best epoch. A
 * search that was killed goes on with the trials it had left.
 */
export async function searchStage(
  options: SearchStageOptions,
  context: StageContext = {},
): Promise<SearchSummary> {
  const { out, search } = options;
  const data = readRoleData(options);
  const study = (): Study =>
    createStudy({
      name: `search-${sha256({ search: { ...search, trials: 0 }, data: data.hashes }).slice(0, 12)}`,
      space: search.space,
      direction: 'maximize',
      sampler: search.sampler,
      seed: search.seed,
      journal: path.join(out, 'journal.log'),
    });
  const { status } = await runTrackedStage(context, {
    stage: 'search',
    folder: out,
    parameters: search,
    inputs: data.hashes,
    run: async (run) => {
      const engine = await loadEngine();
      const opened = study();
      await runTrials(engine, data, opened, search, context, run);
      const record = toRecord(opened, search);
      writeJson(path.join(out, 'search.json'), record);
      run?.setTags({ 'stm.engine': engine.description });
      run?.logMetrics({
        best_value: record.best.value,
        best_trial: record.best.number,
        completed: record.completed,
        failed: record.failed,
      });
      run?.logArtifact(path.join(out, 'journal.log'));
      run?.logArtifact(path.join(out, 'search.json'));
      return ['journal.log', 'search.json'];
    },
  });
  return { ...readJson<SearchRecord>(path.join(out, 'search.json')), status, trials: study().trials() };
}

async function runTrials(
  engine: Engine,
  data: RoleData,
  study: Study,
  search: Experiment['search'],
  context: StageContext,
  parent: Run | undefined,
): Promise<void> {
  const rows = { train: data.role('train'), validation: data.role('validation') };
  for (;;) {
    context.signal?.throwIfAborted();
    const trial = study.ask({ limit: search.trials });
    if (trial === undefined) return;
    const best = study.best()?.value;
    context.progress?.(
      `search: trial ${trial.number + 1} of ${search.trials}${best === undefined || best === null ? '' : `, best ${search.objective} ${best.toFixed(3)}`}`,
    );
    const run = context.tracker?.startRun({
      name: `trial-${trial.number}`,
      key: `${study.name}-trial-${trial.number}`,
      ...(parent === undefined ? {} : { parent }),
      params: { ...trial.values },
      tags: { 'stm.stage': 'trial', 'stm.trial': trial.number },
    });
    try {
      const score = await scoreTrial(engine, data, rows, search, trial, run);
      run?.logMetrics({ [search.objective]: score });
      parent?.logMetrics({ trial_value: score }, trial.number);
      study.tell(trial, score);
      run?.end(Number.isFinite(score) ? 'FINISHED' : 'FAILED');
    } catch (error) {
      if (context.signal?.aborted) throw error;
      // One impossible configuration does not end the search: the study records it as failed.
      context.warn?.(`trial ${trial.number} failed: ${messageOf(error)}`);
      study.tell(trial, 'failed', messageOf(error));
      run?.setTags({ 'stm.error': messageOf(error).slice(0, 4000) });
      run?.end('FAILED');
    }
  }
}

async function scoreTrial(
  engine: Engine,
  data: RoleData,
  rows: { readonly train: RoleRows; readonly validation: RoleRows },
  search: Experiment['search'],
  trial: Trial,
  run: Run | undefined,
): Promise<number> {
  const model = modelOfTrial(trial.values, search.family, search.fit);
  let sum = 0;
  for (let execution = 0; execution < search.executions; execution++) {
    const result = await fitMlp(engine, {
      spec: {
        family: model.family,
        hidden: model.hidden,
        inputs: data.columns,
        classes: data.classes.length,
      },
      ...rows,
      options: { ...model.fit, seed: deriveSeed(search.seed, 'trial', trial.number, 'execution', execution) },
      metrics: { [search.objective]: OBJECTIVES[search.objective] },
      onEpoch: (record) => {
        const metrics = epochMetrics(record);
        const suffix = search.executions === 1 ? '' : `/execution${execution + 1}`;
        run?.logMetrics(
          Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${name}${suffix}`, value])),
          record.epoch,
        );
      },
    });
    sum += Math.max(...result.history.map((record) => record.validation?.[search.objective] ?? NaN));
  }
  return sum / search.executions;
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
