import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { environmentError, inputError } from '../../base/errors';
import { FIGURE_NAMES, homeFolder, openWorkbench, saveFigures, type FigureName } from '../../pipeline';
import { findMlflow, startLocalServer, stopLocalServer, syncJournals } from '../../tracking';
import { integerOption, type Command } from '../command';
import { terminalContext } from '../context';
import { printTable } from '../table';

export const figures: Command = {
  name: 'figures',
  summary: 'Draw the figures of an experiment, running the stages that are missing.',
  positionals: '[NAME...]',
  options: {
    manifest: { value: 'M.csv', help: 'recordings', default: 'the synthetic demo corpus' },
    experiment: { value: 'NAME', help: 'configuration in experiments/, or a JSON file', default: 'smoke' },
    results: { value: 'DIR', help: 'folder of all results', default: 'results' },
  },
  details: `Writes SVG, PNG and Vega-Lite files. Figures: ${FIGURE_NAMES.join(', ')}.`,
  example: 'stm-lab figures class-means ablation --manifest corpus/manifest.csv',
  async run(options, names, terminal) {
    const unknown = names.find((name) => !(FIGURE_NAMES as readonly string[]).includes(name));
    if (unknown !== undefined)
      throw inputError(`figure "${unknown}": must be one of ${FIGURE_NAMES.join(', ')}`);
    const lab = await openWorkbench({
      manifest: options['manifest'],
      experiment: options['experiment'],
      results: options['results'],
      ...terminalContext(terminal),
    });
    try {
      const files = await saveFigures(
        lab,
        names.length === 0 ? {} : { names: names as readonly FigureName[] },
      );
      terminal.progressDone();
      files.forEach((file) => terminal.print(path.relative(process.cwd(), file)));
    } finally {
      await lab.close();
    }
    return 0;
  },
};

export const ui: Command = {
  name: 'ui',
  summary: 'Browse tracked runs: the MLflow server of the results folder, on this machine only.',
  options: {
    folder: { value: 'DIR', help: 'folder of database and artifacts', default: 'results/mlflow' },
    port: { value: 'N', help: 'port on 127.0.0.1', default: 'the one used last, else 5000, else a free one' },
    background: { help: 'leave the server running and return' },
    stop: { help: 'stop the server that runs' },
  },
  details:
    'A server of that folder that runs already is found again. It stores in SQLite and listens on 127.0.0.1.',
  example: 'stm-lab ui --port 5001',
  async run(options, _positionals, terminal) {
    const folder = options['folder'] ?? path.join(homeFolder(), 'results', 'mlflow');
    if (options['stop'] !== undefined) {
      terminal.print(
        (await stopLocalServer(folder)) === 'stopped'
          ? 'MLflow stopped'
          : 'no MLflow server of this folder was running',
      );
      return 0;
    }
    const virtual = path.join(homeFolder(), '.venv', 'bin', 'mlflow');
    const server = await startLocalServer({
      folder,
      executable: fs.existsSync(virtual) ? virtual : findMlflow(),
      ...(options['port'] === undefined
        ? {}
        : { port: integerOption(options, 'port', { min: 1, max: 65535, fallback: 5000 }) }),
    });
    terminal.print(
      `MLflow: ${server.uri} (${server.origin}; log ${path.relative(process.cwd(), server.log)})`,
    );
    if (options['background'] !== undefined) return 0;
    terminal.print('Press Ctrl-C to stop it.');
    await new Promise<void>((resolve) => {
      // An unresolved promise alone does not keep the process alive.
      const alive = setInterval(() => undefined, 60_000);
      const end = (): void => {
        clearInterval(alive);
        resolve();
      };
      process.once('SIGINT', end);
      process.once('SIGTERM', end);
    });
    await server.stop();
    return 0;
  },
};

export const sync: Command = {
  name: 'sync',
  summary: 'Send runs that were tracked offline, or not yet sent, to an MLflow server.',
  positionals: '[DIR...]',
  options: {
    uri: { value: 'URI', help: 'address of the server', default: 'MLFLOW_TRACKING_URI' },
    'dry-run': { help: 'only say what would be sent' },
  },
  details:
    'DIR: folders of journals; default every "tracking" folder below results. May be repeated: nothing is sent twice.',
  example: 'stm-lab sync results/demo/tracking --uri http://127.0.0.1:5000',
  async run(options, given, terminal) {
    const folders = given.length > 0 ? given : journalFolders(path.join(homeFolder(), 'results'));
    if (folders.length === 0) {
      terminal.print('there are no journals to send');
      return 0;
    }
    let complete = true;
    for (const folder of folders) {
      const report = await syncJournals(folder, {
        ...(options['uri'] === undefined ? {} : { uri: options['uri'] }),
        dryRun: options['dry-run'] === undefined ? 'no' : 'yes',
        onWarning: (line) => terminal.warn(line),
        onProgress: ({ pendingRuns }) => terminal.progress(`sync: ${pendingRuns} runs to go`),
        signal: terminalContext(terminal).signal,
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

/** Commands of the workbench's own set-up, which lies beside the library in the repository. */
function setupCommand(name: 'lab' | 'doctor', summary: string, details: string): Command {
  return {
    name,
    summary,
    positionals: '[ARGUMENT...]',
    options: {},
    details,
    example: `stm-lab ${name}`,
    run(_options, positionals) {
      const script = path.join(homeFolder(), 'setup', 'run.mjs');
      if (!fs.existsSync(script)) {
        throw environmentError(
          `${script} is missing: "stm-lab ${name}" works in a clone of the repository; clone it, or set STM_LAB_HOME`,
        );
      }
      return new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [script, name, ...positionals], { stdio: 'inherit' });
        child.on('error', reject);
        child.on('exit', (code) => resolve(code ?? 1));
      });
    },
  };
}

export const lab = setupCommand(
  'lab',
  'Open JupyterLab on the notebooks, with the TypeScript kernel.',
  'On 127.0.0.1; Ctrl-C stops it.',
);

export const doctor = setupCommand(
  'doctor',
  'Say of each part whether it works, its version, and the cure.',
  'Exit 0 when everything that is required works, else 1.',
);
