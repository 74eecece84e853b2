import { once } from 'research-basics/once';
import { loadEngine } from '../engine';
import type { Trial } from 'bayesian-optimizer';
import type { RunReference } from 'mlflow-tracking-client';
import type { RunDataset } from '../stages/dataset';
import type { Experiment } from './experiment';
import { openTracker } from './mlflow';
import { readRoleData } from './roleData';
import { createTrialObjective } from './trialObjective';

/** What a search's worker process is told; plain JSON. */
export interface SearchWorkerOrder {
  readonly reduction: string;
  readonly split: string;
  readonly search: Experiment['search'];
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

let prepared: (() => Promise<(trial: Trial) => Promise<number>>) | undefined;

async function prepare(order: SearchWorkerOrder): Promise<(trial: Trial) => Promise<number>> {
  const { tracking } = order;
  return createTrialObjective({
    engine: await loadEngine(),
    data: readRoleData(order),
    search: order.search,
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
export async function objective(trial: Trial, order: SearchWorkerOrder): Promise<number> {
  prepared ??= once(() => prepare(order));
  return (await prepared())(trial);
}
