import type { MlflowClient, RemoteRun } from 'mlflow-tracking-client';
import { inputError } from 'research-basics/errors';
import type { ReportNumber, ReportSource } from '../../report';
import { lineageOf, type ReportSubject } from './lineage';

/** What a report is about, and where its runs are. */
export interface ReportRequest extends ReportSubject {
  /** MLflow experiments that may hold the runs; the server must have one of them. */
  readonly experiments: readonly string[];
}

/** The runs of one corpus and one set of settings, as a report looks them up. */
export interface TrackedResults {
  readonly client: MlflowClient;
  /** SHA-256 of the manifest. */
  readonly manifest: string;
  /** The run of a stage. */
  latest(stage: string): RemoteRun | undefined;
  /** Finished children of a run, in order of their start. */
  children(run: RemoteRun): readonly RemoteRun[];
  /** Children that failed: parts of a stage that are missing in its results. */
  failedChildren(run: RemoteRun): readonly RemoteRun[];
}

/**
 * Reads the runs of a manifest and settings (see `lineageOf`).
 *
 * @throws UserError (`input`) when the server has none of the experiments, naming those it has, or no run of the
 *   manifest with these settings is finished; ServerError when the server cannot be reached.
 */
export async function readResults(client: MlflowClient, request: ReportRequest): Promise<TrackedResults> {
  const { experiments, settings } = request;
  const known = await Promise.all(experiments.map((name) => client.getExperiment(name)));
  const ids = known.flatMap((experiment) => (experiment === undefined ? [] : [experiment.id]));
  if (ids.length === 0) {
    const names = (await client.searchExperiments()).map(({ name }) => name);
    throw inputError(
      `MLflow at ${client.uri} has no experiment "${experiments[0]}"; it has ${names.join(', ')}. Run "stm-lab reproduce" or "stm-lab sync" first`,
    );
  }
  const where = `experiment ${experiments.map((name) => `"${name}"`).join(' or ')} at ${client.uri}`;
  const all = await client.searchRuns(ids);
  const runs = all
    .filter(({ status }) => status === 'FINISHED')
    .sort((a, b) => (b.endTime ?? 0) - (a.endTime ?? 0) || (a.id < b.id ? -1 : 1));
  if (runs.length === 0) throw inputError(`${where} has no finished run yet`);
  const chosen = lineageOf(
    runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined),
    request,
  );
  const manifest = chosen.get('extract')?.tags['stm.manifest'];
  if (manifest === undefined) {
    const others = new Set(runs.flatMap(({ tags }) => tags['stm.manifest']?.slice(0, 12) ?? []));
    throw inputError(
      `${where} has no finished extraction of ${
        request.manifest === undefined
          ? 'any manifest'
          : `manifest ${request.manifest.slice(0, 12)} (SHA-256)`
      } with the features of "${settings.name}"; it has runs of ${[...others].join(', ') || 'no manifest'}. Run "stm-lab reproduce" first`,
    );
  }
  const below = (candidates: readonly RemoteRun[], { id }: RemoteRun): RemoteRun[] =>
    candidates
      .filter(({ tags }) => tags['mlflow.parentRunId'] === id)
      .sort((a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1));
  return {
    client,
    manifest,
    latest: (stage) => chosen.get(stage),
    children: (run) => below(runs, run),
    failedChildren: (run) =>
      below(
        all.filter(({ status }) => status === 'FAILED'),
        run,
      ),
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
