import * as path from 'node:path';
import { messageOf } from 'research-basics/errors';
import { resultsFolder, mlflowExecutable } from '../../pipeline';
import {
  createMlflowClient,
  experimentPage,
  startLocalServer,
  stopLocalServer,
} from 'mlflow-tracking-client';
import { integerOption, type Command } from '../command';
import { terminalContext } from '../context';
import { listenForInterrupts } from '../interrupt';
import type { Terminal } from '../terminal';

export const ui: Command = {
  name: 'ui',
  summary: 'Browse tracked runs: the MLflow server of the results folder, on this machine only.',
  options: {
    folder: { value: 'DIR', help: 'folder with database and artifacts', default: 'results/mlflow' },
    port: { value: 'N', help: 'port on 127.0.0.1', default: 'the last one used, else 5000, else a free one' },
    background: { help: 'leave the server running and return' },
    stop: { help: 'stop the running server' },
  },
  details: 'Reuses a server already running for that folder. It stores in SQLite and listens on 127.0.0.1.',
  example: 'stm-lab ui --port 5001',
  async run(options, _positionals, terminal) {
    const folder = options['folder'] ?? path.join(resultsFolder(undefined), 'mlflow');
    if (options['stop'] !== undefined) {
      terminal.print(
        (await stopLocalServer(folder)) === 'stopped'
          ? 'MLflow stopped'
          : 'no MLflow server was running for this folder',
      );
      return 0;
    }
    const { signal } = terminalContext(terminal);
    const server = await startLocalServer({
      folder,
      executable: mlflowExecutable(),
      signal,
      ...(options['port'] === undefined
        ? {}
        : { port: integerOption(options, 'port', { min: 1, max: 65535, fallback: 5000 }) }),
    });
    terminal.print(
      `MLflow: ${server.uri} (${server.origin}; log ${path.relative(process.cwd(), server.log)})`,
    );
    await printPages(server.uri, terminal);
    if (options['background'] !== undefined) return 0;
    const own = server.origin === 'started';
    terminal.print(
      own
        ? 'Press Ctrl-C to stop it.'
        : 'It was running already: Ctrl-C ends this command and leaves it; "stm-lab ui --stop" stops it.',
    );
    await new Promise<void>((resolve) => {
      // An unresolved promise alone does not keep the process alive.
      const alive = setInterval(() => undefined, 60_000);
      const end = (): void => {
        clearInterval(alive);
        resolve();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
    if (own) {
      // Stopping may take longer than this process has.
      process.once('exit', server.end);
      await server.stop();
    }
    return listenForInterrupts().exitCode(0);
  },
};

/** The runs of every experiment, the latest first; MLflow's own start page shows none of them. */
async function printPages(uri: string, terminal: Terminal): Promise<void> {
  const client = createMlflowClient(uri);
  try {
    const experiments = await client.searchExperiments({ orderBy: ['last_update_time DESC'], limit: 20 });
    for (const { id, name } of experiments)
      if ((await client.searchRuns([id], { limit: 1 })).length > 0)
        terminal.print(`  ${name}: ${experimentPage(uri, id)}`);
  } catch (error) {
    terminal.warn(`the experiments cannot be listed: ${messageOf(error)}`);
  } finally {
    client.close();
  }
}
