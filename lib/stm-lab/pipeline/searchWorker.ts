import { once } from 'research-basics/once';
import { loadEngine } from '../engine';
import type { Trial } from 'bayesian-optimizer';
import type { RunReference } from 'mlflow-tracking-client';
import type { RunDataset } from '../stages/dataset';
import type { Experiment } from './experiment';
import { openTracker } from './mlflow';
import type { TrialBase } from './hyperparameters';
import { openTrialData, type TrialDataOptions } from './trialData';
import { createTrialObjective } from './trialObjective';

/** What a search's worker process is given; plain JSON. */
export interface SearchWorkerOrder {
  readonly rows: Omit<TrialDataOptions, 'objective'>;
  readonly search: Experiment['search'];
  readonly base: TrialBase;
  readonly studyName: string;
  readonly note?: string | undefined;
  readonly dataset?: RunDataset | undefined;
  /** Where the trials' runs are written; the parent process sends them on. */
  readonly tracking?: {
    readonly journalFolder: string;
    readonly experiment: string;
    readonly parent: RunReference;
  };
}

let prepared: (() => Promise<(trial: Trial) => Promise<number | readonly number[] | 'pruned'>>) | undefined;

async function prepare(
  order: SearchWorkerOrder,
): Promise<(trial: Trial) => Promise<number | readonly number[] | 'pruned'>> {
  const { tracking } = order;
  return createTrialObjective({
    engine: await loadEngine(),
    data: (objective) => openTrialData({ ...order.rows, objective }),
    search: order.search,
    base: order.base,
    studyName: order.studyName,
    note: order.note,
    dataset: order.dataset,
    ...(tracking === undefined
      ? {}
      : {
          tracker: openTracker({
            journalFolder: tracking.journalFolder,
            experiment: tracking.experiment,
            mode: 'offline',
            onWarning: (line) => void process.stderr.write(`tracking: ${line}\n`),
          }),
          parent: tracking.parent,
        }),
  });
}

/** Entry point of the worker processes of `searchStage`: the data are read once a process. */
export async function objective(
  trial: Trial,
  order: SearchWorkerOrder,
): Promise<number | readonly number[] | 'pruned'> {
  prepared ??= once(() => prepare(order));
  return (await prepared())(trial);
}
