import * as fs from 'node:fs';
import * as path from 'node:path';
import { divergedError, inputError, UserError } from 'research-basics/errors';
import { canonicalJson, readJson, sha256, writeJson } from 'research-basics/files';
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
import { omit } from '../base/omit';
import { readManifest, type Manifest } from '../corpus';
import { renderSvg, searchHistoryFigure } from '../figures';
import { syncJournals, type RunReference } from 'mlflow-tracking-client';
import { tellOfKeptLosses } from './classLosses';
import {
  recordReused,
  runTrackedStage,
  type StageContext,
  type TrackedStageRequest,
} from '../stages/context';
import { datasetOfInputs } from '../stages/dataset';
import { samplerOf, trialBase, type Experiment } from './experiment';
import type { ModelChoice } from './modelChoice';
import { TAG_NAMESPACE } from './mlflow';
import { featureKey, prepareFeatures } from './comparison';
import type { ExtractionFile } from './featureFolder';
import {
  checkSearchSpace,
  networkOf,
  recipeOfTrial,
  searchedFeatures,
  searchesInputs,
  searchesSettings,
  type TrialBase,
  type TrialRecipe,
} from './hyperparameters';
import { metricOf, objectiveOf, objectiveTitle, type ObjectiveMetric } from './searchObjective';
import { studyOf, writeStudyFile, type StudyFile } from './searchStudy';
import { bestPreset, writeTrials } from './searchTables';
import { openTrialData, type TrialDataOptions } from './trialData';
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
  /** The experiment that the search belongs to: names the study, and its settings are what trials change. */
  readonly preset?: Experiment | undefined;
  /** Results of the experiment's extraction: needed where features or reductions are searched, or folds are scored. */
  readonly features?: string | undefined;
  /** Where the space asks for other extractions: the recordings. */
  readonly manifest?: string | Manifest | undefined;
  /** What to do when OUT holds a search of another space. Default `refuse`. */
  readonly spaceChange?: 'refuse' | 'adopt' | undefined;
  /** Processes that run trials; default 1, in this process. With more, proposals depend on the order of results. */
  readonly workers?: number | undefined;
  /** Told of every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord, best: TrialRecord | undefined) => void) | undefined;
}

/** What `search.json` says. */
export interface SearchRecord {
  readonly objective: ObjectiveMetric;
  readonly completed: number;
  readonly failed: number;
  readonly pruned: number;
  readonly best: { readonly number: number; readonly value: number; readonly values: Values };
  /** The best trial as a network to train; absent where it is another model. */
  readonly model?: ModelChoice;
  /** All settings of the best trial. */
  readonly recipe: TrialRecipe;
}

/** Outcome of a search. */
export interface SearchSummary extends SearchRecord {
  readonly status: StageResult['status'];
  readonly trials: readonly TrialRecord[];
}

/** A search on its data: the study that its workers share, and the stage it is. */
export interface SearchPlan {
  readonly data: RoleData;
  readonly base: TrialBase;
  readonly file: StudyFile;
  /** Whether trials need the features themselves, not only the rows of `reduction`. */
  readonly needsFeatures: boolean;
  readonly study: StudyOptions & { readonly journal: string; readonly sampler: SamplerName };
  readonly request: Omit<TrackedStageRequest, 'run'>;
}

/** The settings of a search by which reports choose its run: its trials may be added to. */
export const searchSettings = (search: Experiment['search']): object => omit(search, 'trials');

/**
 * Reads the data of a search.
 *
 * @throws UserError (`input`) for a space with names that have no effect, or a folder that holds another search.
 */
export function planSearch(options: SearchStageOptions): SearchPlan {
  const { out, search, preset, features, spaceChange = 'refuse' } = options;
  const data = readRoleData(options);
  const { metric, over } = objectiveOf(search.objective);
  const whole = searchesSettings(search.space);
  if (whole && preset === undefined)
    throw inputError('search: the space names settings of an experiment; give the experiment');
  const base = trialBase({ ...(preset ?? NO_PRESET), search });
  checkSearchSpace(search.space, base);
  const needsFeatures = searchesInputs(search.space) || over !== 'validation';
  if (needsFeatures && features === undefined)
    throw inputError(
      `search: ${over === 'validation' ? 'features or reductions are searched' : `trials are scored over ${over}`}, which needs the features themselves: give --features with the results of "stm-lab extract"`,
    );
  const inputs = {
    ...data.hashes,
    ...(needsFeatures
      ? { features: readJson<ExtractionFile>(path.join(features!, 'extraction.json')).sha256['features.npy'] }
      : {}),
  };
  const settings = omit(search, 'trials');
  const file = studyOf(
    out,
    { preset: preset?.name, settings: { search: settings, ...(whole ? { base } : {}) }, inputs },
    spaceChange,
  );
  return {
    data,
    base,
    file,
    needsFeatures,
    study: {
      name: file.name,
      space: search.space,
      direction: metricOf(metric).direction,
      sampler: samplerOf(search),
      ...(search.pruner === undefined ? {} : { pruner: search.pruner }),
      spaceChange,
      namespace: 'stm-lab',
      seed: search.seed,
      journal: path.resolve(out, 'journal.log'),
    },
    request: {
      stage: 'search',
      folder: out,
      parameters: { ...search, ...(whole ? { base } : {}) },
      settings: searchSettings(search),
      inputs,
      ...(preset === undefined ? {} : { runName: `search ${preset.name}` }),
      runKey: `search-run-${sha256([file.name, path.resolve(out)]).slice(0, 16)}`,
      runParameters: { ...omit(settings, 'space', 'enqueue', 'objective'), objective: metric, over },
    },
  };
}

const NO_PRESET = {
  features: { kind: 'stm' },
  reduction: { method: 'none', components: 1 },
  model: { family: 'dropout', hidden: [], fit: {} },
} as const satisfies Partial<Experiment>;

/** Folders of the features that trials may ask for, extracted where they are missing; undefined where none are needed. */
async function trialFeatures(
  options: SearchStageOptions,
  { base, needsFeatures }: SearchPlan,
  context: StageContext,
): Promise<Record<string, string> | undefined> {
  const { features, search, out } = options;
  if (features === undefined || !needsFeatures) return undefined;
  const own = featureKey(base.features);
  const others = searchedFeatures(search.space, base).filter((choice) => featureKey(choice) !== own);
  if (others.length === 0) return { [own]: features };
  if (options.manifest === undefined)
    throw inputError(
      `search: the space asks for other features than ${features} has (${[...new Set(others.map(featureKey))].join(', ')}); give --manifest so that they can be extracted`,
    );
  const manifest =
    typeof options.manifest === 'string'
      ? readManifest(options.manifest, { purpose: 'extraction' })
      : options.manifest;
  const folderOf = (key: string): string => path.join(path.dirname(path.resolve(out)), `features-${key}`);
  const prepared = await prepareFeatures(
    others.map((choice) => ({ features: choice })),
    { manifest, folderOf },
    { ...context, warn: undefined },
  );
  return { [own]: features, ...prepared };
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
  const engine = await loadEngine({ signal: context.signal });
  const { status } = await runTrackedStage(context, {
    ...plan.request,
    engine: engine.description,
    run: async (run) => {
      const study = openStudy(plan, out, search);
      recordEarlierTrials(study, search, engine, context, run);
      const logged = new Set<number>();
      const onValue = (number: number, value: number): void => {
        if (!logged.has(number)) run?.logMetrics({ trial_value: value }, number);
        logged.add(number);
      };
      try {
        await runTrials(options, plan, study, context, run, onValue);
      } finally {
        writeTrials(path.join(out, 'trials.csv'), study);
      }
      // Those that other processes ran.
      for (const { number, value } of study.trials()) if (value !== undefined) onValue(number, value);
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
    trials: createStudy(plan.study).trials(),
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
  const { metric } = objectiveOf(search.objective);
  const trials = study
    .trials()
    .flatMap(({ number, state, value, values }) =>
      state === 'waiting' ? [] : [{ number, state, value, params: values }],
    );
  const { direction } = metricOf(metric);
  fs.writeFileSync(
    path.join(out, 'history.svg'),
    await renderSvg(searchHistoryFigure({ trials, direction, objective: objectiveTitle(search.objective) })),
  );
  return ['history.svg'];
}

/** Records trials of a search that had fewer trials, or was recorded elsewhere, below the run of this one. */
function recordEarlierTrials(
  study: Study,
  search: Experiment['search'],
  engine: Engine,
  context: StageContext,
  parent: RunReference | undefined,
): void {
  const { metric } = objectiveOf(search.objective);
  for (const { number, state, value, values } of study.trials())
    if (state === 'complete' && value !== undefined)
      recordReused(context, trialRun(study.name, { number, values }, engine, parent), (run) =>
        run.logMetrics({ [metric]: value }),
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
  const { metric } = objectiveOf(search.objective);
  const rows: TrialDataOptions = {
    reduction: path.resolve(options.reduction),
    split: path.resolve(options.split),
    objective: objectiveOf(search.objective),
    features: await trialFeatures(options, plan, context),
    cache: path.resolve(options.out, 'reduced'),
    seed: search.seed,
  };
  const onTrial = (trial: TrialRecord): void => {
    const { number, value, state, failure } = trial;
    if (state === 'running') return;
    if (value !== undefined) onValue?.(number, value);
    if (state === 'failed') context.warn?.(`trial ${number} failed: ${failure ?? 'no reason given'}`);
    const done = study
      .trials()
      .filter((trial) => trial.state !== 'running' && trial.state !== 'waiting').length;
    const best = study.best();
    options.onTrial?.(trial, best);
    context.progress?.(
      `search: ${done} of ${search.trials} trials${best === undefined ? '' : `, best ${metric} ${best.value!.toFixed(3)}`}`,
    );
  };
  const signal = context.signal === undefined ? {} : { signal: context.signal };
  const result =
    workers === 1
      ? await optimize(
          study,
          createTrialObjective({
            engine: await loadEngine({ signal: context.signal }),
            data: openTrialData(rows),
            search,
            base: plan.base,
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
            data: workerOrder(rows, options, plan, study, context, parent),
          },
          trials: search.trials,
          workers,
          onTrial,
          ...signal,
        });
  if (workers > 1) await sendWorkersRuns(context);
  if (result.reason === 'aborted')
    throw new UserError('interrupted', 'search stopped on request; run it again to go on');
  if (result.reason === 'failures') throw withoutTrials('search: the last trials all failed', study);
}

function workerOrder(
  rows: TrialDataOptions,
  options: SearchStageOptions,
  plan: SearchPlan,
  study: Study,
  { tracker, note, dataset = datasetOfInputs(plan.data.hashes) }: StageContext,
  parent: RunReference | undefined,
): SearchWorkerOrder {
  return {
    rows,
    search: options.search,
    base: plan.base,
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

function toRecord(study: Study, search: Experiment['search'], base: TrialBase): SearchRecord {
  const trials = study.trials();
  const best = study.best();
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
    ...(model === undefined ? {} : { model }),
    recipe,
  };
}

/** What to throw when no trial of a study can be used: its reason is the last failure's. */
export function withoutTrials(what: string, study: Pick<Study, 'trials'>): UserError {
  const failures = study
    .trials()
    .flatMap(({ state, failure }) => (state === 'failed' ? [failure ?? ''] : []));
  const sentence = `${what} (${failures.at(-1) || 'no reason given'}); correct the space or the data and run it again`;
  const diverged = failures.length > 0 && failures.every((text) => /diverged|not a number/.test(text));
  return diverged ? divergedError(sentence) : inputError(sentence);
}

/** What a search found; results of earlier versions have no recipe. */
interface BestModel {
  readonly recipe?: TrialRecipe | undefined;
  readonly model?: ModelChoice | undefined;
}

/** Why the best trial has no single network that `trainStage` could train on its own; undefined when it has one. */
export function reasonOfNoNetwork(
  { recipe, model }: BestModel,
  features: Experiment['features'],
): string | undefined {
  // Results of earlier versions have no recipe: they searched the network alone.
  const plain =
    recipe === undefined ||
    (recipe.ensemble === 1 &&
      recipe.rateSmoothing === 0 &&
      !recipe.foldRates &&
      canonicalJson(recipe.features) === canonicalJson(features));
  if (model !== undefined && plain) return undefined;
  return `the best trial is ${model === undefined ? `of family ${recipe!.model.kind}` : 'of an ensemble or of other features'}, which has no single network to train; score it with "stm-lab compare" on best.json of the search`;
}

/**
 * The network of a search's best trial.
 *
 * @throws UserError (`input`) when there is no single one; see `reasonOfNoNetwork`.
 */
export function trainableModel(best: BestModel, features: Experiment['features']): ModelChoice {
  const reason = reasonOfNoNetwork(best, features);
  if (reason !== undefined) throw inputError(`train: ${reason}`);
  return best.model!;
}
