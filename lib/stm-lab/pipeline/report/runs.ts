import { inputError } from '../../base/errors';
import type { ReportNumber, ReportSource } from '../../report';
import type { MlflowClient, RemoteRun } from 'mlflow-tracking-client';

/** The finished runs of one MLflow experiment, as a report looks them up. */
export interface TrackedResults {
  readonly client: MlflowClient;
  readonly experiment: string;
  /** The latest finished run of a stage. */
  latest(stage: string): RemoteRun | undefined;
  /** All finished runs of a stage that are no children, the latest first. */
  all(stage: string): readonly RemoteRun[];
  /** Finished children of a run, in order of their start. */
  children(run: RemoteRun): readonly RemoteRun[];
}

/**
 * Reads all runs of an experiment.
 *
 * @throws StmLabError (`input`) when the server does not have the experiment, naming those it has, or no run of
 *   it is finished; ServerError when the server cannot be reached.
 */
export async function readResults(client: MlflowClient, experimentName: string): Promise<TrackedResults> {
  const experiment = await client.getExperiment(experimentName);
  if (experiment === undefined) {
    const names = (await client.searchExperiments()).map(({ name }) => name);
    throw inputError(
      `MLflow at ${client.uri} has no experiment "${experimentName}"; it has ${names.join(', ')}. Run "stm-lab reproduce" or "stm-lab sync" first`,
    );
  }
  const runs = (await client.searchRuns([experiment.id]))
    .filter(({ status }) => status === 'FINISHED')
    .sort((a, b) => (b.endTime ?? 0) - (a.endTime ?? 0) || (a.id < b.id ? -1 : 1));
  if (runs.length === 0)
    throw inputError(`experiment "${experimentName}" at ${client.uri} has no finished run yet`);
  const tops = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined);
  const all = (stage: string): RemoteRun[] => tops.filter(({ tags }) => tags['stm.stage'] === stage);
  return {
    client,
    experiment: experimentName,
    all,
    latest: (stage) => all(stage)[0],
    children: (run) =>
      runs
        .filter(({ tags }) => tags['mlflow.parentRunId'] === run.id)
        .sort((a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1)),
  };
}

/** A metric of a run with its interval where it has one; undefined when the run does not have it. */
export function measured(run: RemoteRun, metric: string): ReportNumber | undefined {
  const value = run.metrics[metric];
  if (value === undefined) return undefined;
  const [low, high] = [run.metrics[`${metric}_low`], run.metrics[`${metric}_high`]];
  return { value, ...(low === undefined || high === undefined ? {} : { low, high }), run: run.id, metric };
}

/** The runs and the command that made the first of them. */
export function sourceOf(...runs: readonly RemoteRun[]): ReportSource {
  const command = runs[0]?.tags['stm.command'];
  return { runs: runs.map(({ id }) => id), ...(command === undefined ? {} : { command }) };
}
