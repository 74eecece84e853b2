import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  createMlflowClient,
  findMlflow,
  startLocalServer,
  syncJournals,
  type MlflowClient,
} from 'mlflow-tracking-client';
import { homeFolder } from './configuration';

/** The MLflow that set-up installed beside the project, else the one on the search path. */
export function mlflowExecutable(): string {
  const own = path.join(homeFolder(), '.venv', 'bin', 'mlflow');
  return fs.existsSync(own) ? own : findMlflow();
}

/** The MLflow experiment of a reproduction: `MLFLOW_EXPERIMENT_NAME`, else one per corpus and experiment. */
export function mlflowExperimentName(corpus: string, experiment: string): string {
  return process.env['MLFLOW_EXPERIMENT_NAME'] || `stm-lab/${corpus}/${experiment}`;
}

/** Where runs are looked up. */
export interface MlflowOptions {
  /** Folder of all results; its server is used when `MLFLOW_TRACKING_URI` names none. */
  readonly results: string;
  /** A folder of journals whose runs are sent first, so that those tracked offline are found too. */
  readonly journals?: string | undefined;
  readonly warn?: ((line: string) => void) | undefined;
}

/**
 * Does something with a client of the MLflow server: that of `MLFLOW_TRACKING_URI`, else the one of the results
 * folder, which is started, and stopped afterwards, unless it runs already.
 *
 * @throws StmLabError (`environment`) when MLflow is not installed or does not start.
 */
export async function withMlflow<T>(
  { results, journals, warn }: MlflowOptions,
  use: (client: MlflowClient) => Promise<T>,
): Promise<T> {
  const given = process.env['MLFLOW_TRACKING_URI'] || undefined;
  const server = given
    ? undefined
    : await startLocalServer({ folder: path.join(results, 'mlflow'), executable: mlflowExecutable() });
  const uri = given ?? server!.uri;
  let client: MlflowClient | undefined;
  try {
    client = createMlflowClient(uri);
    if (journals !== undefined && fs.existsSync(journals)) {
      const { problems } = await syncJournals(journals, { uri, abandoned: 'keep' });
      problems.forEach((problem) => warn?.(problem));
    }
    return await use(client);
  } finally {
    client?.close();
    if (server?.origin === 'started') await server.stop();
  }
}
