import type { Tracker } from 'mlflow-tracking-client';
import { withMlflow, type MlflowOptions } from './mlflow';
import type { TableRows } from './tables';

/**
 * The runs of a tracker's experiment in MLflow, newest first: `id`, `run` (its name), `stage`, `parent` (id), `status`, `started`
 * (UTC), `seconds`, and a column for each metric.
 *
 * @throws UserError (`environment`) when MLflow is neither given nor installed.
 */
export async function runRows(
  options: MlflowOptions,
  { experiment }: Pick<Tracker, 'experiment'>,
): Promise<TableRows> {
  const runs = await withMlflow(options, async (client) => {
    const found = await client.getExperiment(experiment);
    return found === undefined ? [] : client.searchRuns([found.id]);
  });
  return runs.map(({ id, name, status, startTime, endTime, tags, metrics }) => ({
    ...{ id, run: name, stage: tags['stm.stage'] ?? '', parent: tags['mlflow.parentRunId'] ?? '', status },
    started: new Date(startTime).toISOString(),
    seconds: endTime === undefined ? NaN : (endTime - startTime) / 1000,
    ...metrics,
  }));
}
