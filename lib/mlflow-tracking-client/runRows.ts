import type { RemoteRun } from './wire';

/**
 * Runs as rows for a data frame, with the columns of Python's `mlflow.search_runs`: `run_id`, `experiment_id`, `status`,
 * `artifact_uri`, `start_time`, `end_time` (ms since 1970; null while it runs), `metrics.*`, `params.*`, `tags.*`. Every row
 * has every column; what a run lacks is null.
 */
export function runRows(runs: readonly RemoteRun[]): Record<string, string | number | null>[] {
  const rows = runs.map((run): Record<string, string | number | null> => {
    const row: Record<string, string | number | null> = {
      run_id: run.id,
      experiment_id: run.experimentId,
      status: run.status,
      artifact_uri: run.artifactUri,
      start_time: run.startTime,
      end_time: run.endTime ?? null,
    };
    for (const kind of ['metrics', 'params', 'tags'] as const)
      for (const [name, value] of Object.entries(run[kind])) row[`${kind}.${name}`] = value;
    return row;
  });
  const columns = new Set(rows.flatMap((row) => Object.keys(row)));
  return rows.map((row) => Object.fromEntries([...columns].map((name) => [name, row[name] ?? null])));
}
