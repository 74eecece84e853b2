import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine, type Engine } from '../engine';
import { createStudy, type Study, type TrialRecord, type Values } from 'bayesian-optimizer';
import { renderSvg } from '../figures';
import type { RunReference } from 'mlflow-tracking-client';
import { tellOfKeptLosses } from './classLosses';
import { recordReused, runTrackedStage, type StageContext } from '../stages/context';
import type { Experiment } from './experiment';
import type { ModelChoice } from './modelChoice';
import { networkOf, recipeOfTrial, type TrialBase, type TrialRecipe } from './hyperparameters';
import {
  bestTrial,
  objectiveOf,
  objectivesOf,
  sortedFront,
  trialsOf,
  type ObjectiveMetric,
  type ObjectiveSetting,
} from './searchObjective';
import { historyOf, paretoOf } from './searchFigures';
import { writeStudyFile } from './searchStudy';
import { bestPreset, writeTrials } from './searchTables';
import { engineFor, type StageResult } from '../stages/stage';
import { trialRun } from './trialObjective';
import { withoutTrials } from './trainableModel';
import { planSearch, type SearchPlan, type SearchStageOptions } from './searchPlan';
import { runTrials } from './searchTrials';

/** What `search.json` says. */
export interface SearchRecord {
  /** The first objective. */
  readonly objective: ObjectiveMetric;
  readonly completed: number;
  readonly failed: number;
  readonly pruned: number;
  /** Of two objectives: the trial on the Pareto front that is best in the first. */
  readonly best: { readonly number: number; readonly value: number; readonly values: Values };
  /** Of two objectives: the trials that no other surpasses in both, the best in the first first. */
  readonly front?: readonly FrontTrial[];
  /** The best trial as a network to train; absent where it is another model. */
  readonly model?: ModelChoice;
  /** All settings of the best trial. */
  readonly recipe: TrialRecipe;
}

/** A trial of the Pareto front. */
export interface FrontTrial {
  readonly number: number;
  /** Both objectives by name. */
  readonly objectives: Readonly<Record<string, number>>;
  readonly values: Values;
}

/** Outcome of a search. */
export interface SearchSummary extends SearchRecord {
  readonly status: StageResult['status'];
  readonly trials: readonly TrialRecord[];
}

/**
 * Searches settings on the validation rows, or on folds within the training rows: `journal.log` (Optuna's journal
 * format), `study.json` (what is searched), `trials.csv` (every trial), `search.json` (the best one) and `best.json`
 * (the experiment with its settings). A search that was killed continues with the trials it had left; more processes,
 * on this machine or others that share the folder, may help (`joinSearch`).
 *
 * @throws UserError when no trial succeeded: `diverged` when all of them diverged, else `input`.
 */
export async function searchStage(
  options: SearchStageOptions,
  context: StageContext = {},
): Promise<SearchSummary> {
  const { out, search } = options;
  tellOfKeptLosses(options.split, context);
  const plan = planSearch(options);
  const { status } = await runTrackedStage(context, {
    ...plan.request,
    engine: await engineFor(out, context.signal),
    run: async (run) => {
      const engine = await loadEngine({ signal: context.signal });
      const study = openStudy(plan, out, search);
      recordEarlierTrials(study, search, engine, context, run);
      const logged = new Set<number>();
      const onValue = (number: number, [value, second]: readonly number[]): void => {
        if (!logged.has(number))
          run?.logMetrics(
            { trial_value: value!, ...(second === undefined ? {} : { trial_value_2: second }) },
            number,
          );
        logged.add(number);
      };
      try {
        await runTrials(options, plan, study, context, run, onValue);
      } finally {
        writeTrials(path.join(out, 'trials.csv'), study, search.objective);
      }
      // Those that other processes ran.
      for (const { number, objectives } of study.trials())
        if (objectives.length > 0) onValue(number, objectives);
      const record = toRecord(study, search, plan.base);
      writeJson(path.join(out, 'search.json'), record);
      const files = ['journal.log', 'study.json', 'trials.csv', 'search.json'];
      if (options.preset !== undefined) {
        writeJson(path.join(out, 'best.json'), bestPreset(options.preset, record));
        files.push('best.json');
      }
      run?.logMetrics({
        best_value: record.best.value,
        best_trial: record.best.number,
        completed: record.completed,
        failed: record.failed,
      });
      if (record.model !== undefined) run?.setTags({ 'stm.choice': sha256(record.model) });
      files.push(...(await studyFigures(study, search, out)));
      for (const file of files) run?.logArtifact(path.join(out, file));
      return files;
    },
  });
  return {
    ...readJson<SearchRecord>(path.join(out, 'search.json')),
    status,
    trials: trialsOf(createStudy(plan.study)),
  };
}

/** Opens the study of a plan, with the points that are to be tried first in line. */
export function openStudy(plan: SearchPlan, out: string, { enqueue = [] }: Experiment['search']): Study {
  const study = createStudy(plan.study);
  writeStudyFile(out, plan.file);
  for (const values of enqueue) study.enqueue(values);
  return study;
}

/** Figures of a study, drawn as it ends. */
async function studyFigures(study: Study, search: Experiment['search'], out: string): Promise<string[]> {
  const trials = trialsOf(study);
  const figures = {
    'history.svg': historyOf(trials, search.objective),
    ...(study.directions.length === 1 ? {} : { 'pareto.svg': paretoOf(trials, search.objective) }),
  };
  for (const [name, figure] of Object.entries(figures))
    fs.writeFileSync(path.join(out, name), await renderSvg(figure));
  return Object.keys(figures);
}

/** Records trials of a search that had fewer trials, or was recorded elsewhere, below the run of this one. */
function recordEarlierTrials(
  study: Study,
  search: Experiment['search'],
  engine: Engine,
  context: StageContext,
  parent: RunReference | undefined,
): void {
  for (const { number, objectives, values } of study.trials())
    if (objectives.length > 0)
      recordReused(context, trialRun(study.name, { number, values }, engine, parent), (run) =>
        run.logMetrics(objectivesByName(objectives, search.objective)),
      );
}

function toRecord(study: Study, search: Experiment['search'], base: TrialBase): SearchRecord {
  const trials = study.trials();
  const best = bestTrial(study);
  if (best === undefined || best.value === undefined || best.value === null)
    throw withoutTrials(`search: none of ${trials.length} trials succeeded`, study);
  const recipe = recipeOfTrial(best.values, base);
  const model = networkOf(recipe);
  const count = (wanted: TrialRecord['state']): number =>
    trials.filter(({ state }) => state === wanted).length;
  return {
    objective: objectiveOf(search.objective).metric,
    completed: count('complete'),
    failed: count('failed'),
    pruned: count('pruned'),
    best: { number: best.number, value: best.value, values: best.values },
    ...(study.directions.length === 1 ? {} : { front: frontOf(study, search.objective) }),
    ...(model === undefined ? {} : { model }),
    recipe,
  };
}

function frontOf(study: Study, setting: ObjectiveSetting): FrontTrial[] {
  return sortedFront(study).map(({ number, objectives, values }) => ({
    number,
    objectives: objectivesByName(objectives, setting),
    values,
  }));
}

const objectivesByName = (values: readonly number[], setting: ObjectiveSetting): Record<string, number> =>
  Object.fromEntries(objectivesOf(setting).map(({ name }, i) => [name, values[i]!]));
