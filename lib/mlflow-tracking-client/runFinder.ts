import type { Experiment, RemoteRun } from './clientTypes';
import type { StartEntry } from './journal';
import type { OwnTags } from './namespace';
import { monotonicMs, pause } from './retry';
import type { SendContext } from './sendContext';
import { ServerError, isAbsent, isPermanent } from './serverError';

/** A run that cannot continue by repeating: deleted on the server, or its experiment is. */
export class RunHeld extends Error {}

/** The run of one journal on its server. */
export interface RemoteRunFinder {
  /** The run and its experiment (absent where the run was given by its id); made when missing. */
  findOrCreate(): Promise<{ run: RemoteRun; experiment: Experiment | undefined }>;
  /**
   * Waits until a create request that was given up on can no longer be carried out, and deletes the second run that it may
   * have made. At once when there was none.
   */
  settle(experimentId: string): Promise<void>;
}

/** How much later than its connection broke a request is still expected to be carried out. */
const LATE_MS = 2000;

/**
 * Finds the run of a journal by its tag `<namespace>.uid`, so that a create request whose answer got lost makes no second
 * one.
 *
 * @throws RunHeld from `findOrCreate` for a run or experiment that is deleted, and for a given run that is unknown.
 */
export function createRunFinder(
  start: StartEntry,
  own: OwnTags,
  context: SendContext,
  on: {
    /** The run that this journal was sent to before. */
    knownRunId(): string | undefined;
    /** A run was made this moment: it holds nothing. */
    created(): void;
  },
): RemoteRunFinder {
  const { client, delivered } = context;
  /** When a create request was given up that may still be carried out. */
  let doubtfulCreate: number | undefined;

  async function findRun(experimentId: string): Promise<RemoteRun | undefined> {
    const found = await client.searchRuns([experimentId], {
      filter: `tags.\`${own.uid}\` = '${start.uid}'`,
      lifecycle: 'all',
    });
    // More than one exists when a create request was answered too late and was repeated: the fullest is ours.
    const weight = (run: RemoteRun): number =>
      (run.lifecycle === 'active' ? 1e9 : 0) +
      (run.id === on.knownRunId() ? 1e6 : 0) +
      Object.keys(run.params).length +
      Object.keys(run.metrics).length +
      Object.keys(run.tags).length;
    found.sort((a, b) => weight(b) - weight(a));
    for (const extra of found.slice(1)) if (extra.lifecycle === 'active') await client.deleteRun(extra.id);
    return found[0];
  }

  /** A run that someone else made: continued, never created again. */
  async function givenRun(runId: string): Promise<RemoteRun> {
    try {
      return await client.getRun(runId);
    } catch (error) {
      if (isAbsent(error))
        throw new RunHeld(`run ${runId} is unknown to ${client.uri}; give the id of a run that it holds`);
      throw error;
    }
  }

  async function activeExperiment(fresh: boolean): Promise<Experiment> {
    let experiment = await context.experiment(start, fresh);
    // It may have been restored since it was last looked at.
    if (experiment.lifecycle === 'deleted' && !fresh) experiment = await context.experiment(start, true);
    if (experiment.lifecycle === 'deleted')
      throw new RunHeld(
        `experiment "${start.experiment}" is deleted on ${client.uri}; restore it there or choose another name`,
      );
    return experiment;
  }

  async function create(experiment: Experiment): Promise<RemoteRun> {
    const parentId = start.parent && (await context.parentRunId(start.parent, experiment.id, own.uid));
    let run: RemoteRun;
    try {
      run = await client.createRun({
        experimentId: experiment.id,
        name: start.name,
        startTime: start.t,
        tags: {
          ...start.tags,
          [own.uid]: start.uid,
          ...(start.key === undefined ? {} : { [own.runKey]: start.key }),
          ...(parentId === undefined ? {} : { 'mlflow.parentRunId': parentId }),
        },
      });
    } catch (error) {
      if (isPermanent(error)) {
        // The experiment may have been deleted, or the database replaced, since its id was looked up.
        const now = await activeExperiment(true);
        if (now.id !== experiment.id)
          throw new ServerError('unreachable', `experiment "${start.experiment}" is another one than before`);
      } else doubtfulCreate = monotonicMs();
      throw error;
    }
    delivered.runs += 1;
    on.created();
    return run;
  }

  return {
    async findOrCreate() {
      const experiment = start.runId === undefined ? await activeExperiment(false) : undefined;
      const run =
        experiment === undefined
          ? await givenRun(start.runId!)
          : ((await findRun(experiment.id)) ?? (await create(experiment)));
      if (run.lifecycle === 'deleted') throw deletedRun(run.id, start, client.uri);
      return { run, experiment };
    },
    async settle(experimentId) {
      if (doubtfulCreate === undefined) return;
      await pause(doubtfulCreate + LATE_MS - monotonicMs());
      await findRun(experimentId);
      doubtfulCreate = undefined;
    },
  };
}

/** Why a run that is deleted on its server waits. */
export function deletedRun(id: string, { name }: StartEntry, uri: string): RunHeld {
  return new RunHeld(`run "${name}" (${id}) is deleted on ${uri}; restore it there to continue`);
}
