import * as fs from 'node:fs';
import * as path from 'node:path';
import { resultsFolder, TAG_NAMESPACE } from '../../pipeline';
import { syncJournals } from 'mlflow-tracking-client';
import { type Command } from '../command';
import { terminalContext } from '../context';
import { printTable } from '../table';

export const sync: Command = {
  name: 'sync',
  summary: 'Send runs that were tracked offline, or not yet sent, to an MLflow server.',
  positionals: '[DIR...]',
  options: {
    uri: { value: 'URI', help: 'address of the server', default: 'MLFLOW_TRACKING_URI' },
    'dry-run': { help: 'only show what would be sent' },
  },
  details:
    'DIR: folders of journals; default every "tracking" folder below results. Safe to repeat: nothing is sent twice.',
  example: 'stm-lab sync results/demo/tracking --uri http://127.0.0.1:5000',
  async run(options, given, terminal) {
    const folders = given.length > 0 ? given : journalFolders(resultsFolder(undefined));
    if (folders.length === 0) {
      terminal.print('there are no journals to send');
      return 0;
    }
    const { signal } = terminalContext(terminal);
    let complete = true;
    for (const folder of folders) {
      const report = await syncJournals(folder, {
        ...(options['uri'] === undefined ? {} : { uri: options['uri'] }),
        namespace: TAG_NAMESPACE,
        dryRun: options['dry-run'] === undefined ? 'no' : 'yes',
        onWarning: (line) => terminal.warn(line),
        onProgress: ({ pendingRuns }) => terminal.progress(`sync: ${pendingRuns} runs remaining`),
        signal,
      });
      terminal.progressDone();
      terminal.print(`${folder}: ${report.state}, ${report.runs.length} runs, server ${report.server}`);
      printTable(terminal, [{ ...report.delivered } as Readonly<Record<string, number>>]);
      report.problems.forEach((problem) => terminal.warn(problem));
      complete &&= report.state !== 'partial';
    }
    return complete ? 0 : 1;
  },
};

function journalFolders(results: string): string[] {
  if (!fs.existsSync(results)) return [];
  return fs
    .readdirSync(results)
    .map((corpus) => path.join(results, corpus, 'tracking'))
    .filter((folder) => fs.existsSync(folder));
}
