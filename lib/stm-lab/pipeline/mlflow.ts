import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  createMlflowClient,
  createTracker,
  findMlflow,
  startLocalServer,
  syncJournals,
  type MlflowClient,
  type Tracker,
  type TrackerOptions,
} from 'mlflow-tracking-client';
import { inputError } from 'research-basics/errors';
import { environmentProgram } from '../stages/home';
import { commandText } from './commandText';

/** Prefix of the tags in MLflow that stm-lab sets. */
export const TAG_NAMESPACE = 'stm';

/**
 * A tracker of stm-lab: its tags begin with `stm.`, and `STM_LAB_TRACKING` (`online`, `offline` or `disabled`) overrides
 * the mode.
 *
 * @throws UserError (`input`) for another value of the variable, and what `createTracker` throws.
 */
export function openTracker(options: TrackerOptions): Tracker {
  const forced = process.env['STM_LAB_TRACKING'];
  if (forced === undefined || forced === '') return createTracker({ namespace: TAG_NAMESPACE, ...options });
  if (forced !== 'online' && forced !== 'offline' && forced !== 'disabled')
    throw inputError(`STM_LAB_TRACKING="${forced}": must be online, offline or disabled`);
  return createTracker({ namespace: TAG_NAMESPACE, ...options, mode: forced });
}

/** The MLflow program: `STM_LAB_MLFLOW`, else the one that set-up installed, else the one on the search path. */
export function mlflowExecutable(): string {
  const given = process.env['STM_LAB_MLFLOW'];
  if (given) return given;
  const own = environmentProgram('mlflow');
  return fs.existsSync(own) ? own : findMlflow();
}

/** The MLflow experiment of stages that are run one by one. */
export const COMMON_EXPERIMENT = 'stm-lab';

/** The MLflow experiment of a reproduction: `MLFLOW_EXPERIMENT_NAME`, else one per corpus and experiment. */
export function mlflowExperimentName(corpus: string, experiment: string): string {
  return process.env['MLFLOW_EXPERIMENT_NAME'] || `stm-lab/${corpus}/${experiment}`;
}

/** The text at the head of an experiment in MLflow: what it is, and the command that made it. A text that is there stays. */
export function experimentDescription(what: string): Record<string, string> {
  const command = commandText();
  return {
    'mlflow.note.content': command === undefined ? what : `${what}\n\nFirst made by:\n\n    ${command}\n`,
  };
}

/** Where runs are looked up. */
export interface MlflowOptions {
  /** Folder of all results; its server is used when `MLFLOW_TRACKING_URI` names none. */
  readonly results: string;
  /** A folder of journals whose runs are sent first, so that those tracked offline are found too. */
  readonly journals?: string | undefined;
  readonly warn?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does something with a client of the MLflow server: that of `MLFLOW_TRACKING_URI`, else the one of the results
 * folder, which is started, and stopped afterwards, unless it runs already.
 *
 * @throws UserError (`environment`) when MLflow is not installed or does not start.
 */
export async function withMlflow<T>(
  { results, journals, warn, signal }: MlflowOptions,
  use: (client: MlflowClient) => Promise<T>,
): Promise<T> {
  const given = process.env['MLFLOW_TRACKING_URI'] || undefined;
  const server = given
    ? undefined
    : await startLocalServer({
        folder: path.join(results, 'mlflow'),
        executable: mlflowExecutable(),
        signal,
      });
  if (server?.origin === 'started') process.once('exit', server.end);
  const uri = given ?? server!.uri;
  let client: MlflowClient | undefined;
  try {
    client = createMlflowClient(uri);
    if (journals !== undefined && fs.existsSync(journals)) {
      const { problems } = await syncJournals(journals, {
        uri,
        namespace: TAG_NAMESPACE,
        abandoned: 'keep',
        ...(signal === undefined ? {} : { signal }),
      });
      problems.forEach((problem) => warn?.(problem));
    }
    return await use(client);
  } finally {
    client?.close();
    if (server?.origin === 'started') {
      await server.stop();
      process.off('exit', server.end);
    }
  }
}
