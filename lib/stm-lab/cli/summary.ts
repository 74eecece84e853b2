import * as path from 'node:path';
import { isDivergence, messageOf, UserError } from 'research-basics/errors';
import type { Project } from '../pipeline';
import { createMlflowClient, experimentPage, type LocalServer } from 'mlflow-tracking-client';
import { printTable } from './table';
import type { Terminal } from './terminal';

/** What a reproduction made: scores, runs, figures, notebooks. */
export async function printSummary(
  lab: Project,
  made: {
    readonly figures: readonly string[];
    readonly notebooks: readonly string[];
    readonly server: LocalServer | undefined;
  },
  terminal: Terminal,
): Promise<void> {
  const here = (file: string): string => path.relative(process.cwd(), file);
  terminal.print('\nTest scores');
  const scores = await lab.table('test-scores').catch((error: unknown) => {
    if (!isDivergence(error) && !(error instanceof UserError && error.kind === 'input')) throw error;
    return [];
  });
  if (scores.length === 0) terminal.print('  none');
  else printTable(terminal, scores);
  const uri = process.env.MLFLOW_TRACKING_URI;
  terminal.print('\nMLflow runs');
  if (uri === undefined || lab.tracker.mode !== 'online') {
    terminal.print(
      `  in journals below ${here(lab.folders.tracking)}; "stm-lab sync" sends them to a server`,
    );
  } else {
    await printRuns(uri, lab.tracker.experiment, terminal);
  }
  terminal.print('\nFigures');
  made.figures.forEach((file) => terminal.print(`  ${here(file)}`));
  terminal.print('\nExecuted notebooks');
  if (made.notebooks.length === 0) terminal.print('  none');
  made.notebooks.forEach((file) => terminal.print(`  ${here(file)}`));
  if (made.server !== undefined) {
    terminal.print(`\nTo browse the runs: npx stm-lab ui (then ${made.server.uri})`);
  }
}

async function printRuns(uri: string, experimentName: string, terminal: Terminal): Promise<void> {
  const client = createMlflowClient(uri);
  try {
    const experiment = await client.getExperiment(experimentName);
    const runs = experiment === undefined ? [] : await client.searchRuns([experiment.id]);
    if (experiment !== undefined) terminal.print(`  ${experimentPage(client.uri, experiment.id)}`);
    const tops = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined);
    printTable(
      terminal,
      tops.map((run) => ({
        run: `  ${run.name}`,
        status: run.status,
        children: runs.filter(({ tags }) => tags['mlflow.parentRunId'] === run.id).length,
        address: `${client.uri}/#/experiments/${experiment!.id}/runs/${run.id}`,
      })),
    );
  } catch (error) {
    terminal.warn(`the runs cannot be listed: ${messageOf(error)}`);
  } finally {
    client.close();
  }
}
