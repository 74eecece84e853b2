import * as path from 'node:path';
import { inputError, UserError } from 'research-basics/errors';
import { loadEngine } from '../engine';
import { optimize, runWorkers, type Study, type TrialRecord } from 'bayesian-optimizer';
import { readManifest } from '../corpus';
import { syncJournals, type RunReference } from 'mlflow-tracking-client';
import type { StageContext } from '../stages/context';
import { datasetOfInputs } from '../stages/dataset';
import { TAG_NAMESPACE } from './mlflow';
import { featureKey, prepareFeatures } from './comparison';
import { searchedFeatures } from './searchSpace';
import { bestTrial, objectivesOf, type SearchObjective } from './searchObjective';
import { openTrialData, type TrialDataOptions } from './trialData';
import type { SearchWorkerOrder } from './searchWorker';
import { createTrialObjective } from './trialObjective';
import { withoutTrials } from './trainableModel';
import type { SearchPlan, SearchStageOptions } from './searchPlan';

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
 * Runs the trials that are left, in this process or in worker processes that may die.
 *
 * @throws UserError (`interrupted`) when stopped; (`input`) when the last trials all failed.
 */
export async function runTrials(
  options: SearchStageOptions,
  plan: SearchPlan,
  study: Study,
  context: StageContext,
  parent: RunReference | undefined,
  onValue?: (trial: number, objectives: readonly number[]) => void,
): Promise<void> {
  const { search, workers = 1 } = options;
  const [{ name: metric }] = objectivesOf(search.objective) as [SearchObjective];
  const rows: Omit<TrialDataOptions, 'objective'> = {
    reduction: path.resolve(options.reduction),
    split: path.resolve(options.split),
    features: await trialFeatures(options, plan, context),
    cache: path.resolve(options.out, 'reduced'),
    seed: search.seed,
  };
  const onTrial = (trial: TrialRecord): void => {
    const { number, objectives, state, failure } = trial;
    if (state === 'running') return;
    if (objectives.length > 0) onValue?.(number, objectives);
    if (state === 'failed') context.warn?.(`trial ${number} failed: ${failure ?? 'no reason given'}`);
    const done = study
      .trials()
      .filter((trial) => trial.state !== 'running' && trial.state !== 'waiting').length;
    const best = bestTrial(study);
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
            data: (objective) => openTrialData({ ...rows, objective }),
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
    throw new UserError('interrupted', 'search stopped on request; run it again to continue');
  if (result.reason === 'failures') throw withoutTrials('search: the last trials all failed', study);
}

function workerOrder(
  rows: SearchWorkerOrder['rows'],
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
