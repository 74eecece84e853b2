import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { messageOf } from '../../base/errors';
import { readJson, sha256File } from '../../base/files';
import {
  FIGURE_NAMES,
  homeFolder,
  openWorkbench,
  readStageRecord,
  runStage,
  saveFigures,
  type Workbench,
} from '../../pipeline';
import { createMlflowClient, findMlflow, startLocalServer, type LocalServer } from '../../tracking';
import { choiceOption, integerOption, type Command, type OptionValues } from '../command';
import { terminalContext } from '../context';
import { printTable } from '../table';
import type { Terminal } from '../terminal';

export const reproduce: Command = {
  name: 'reproduce',
  summary: 'Everything: all stages, figures and executed notebooks of one corpus, tracked.',
  options: {
    manifest: { value: 'M.csv', help: 'recordings', default: 'the synthetic demo corpus, made on first use' },
    experiment: { value: 'NAME', help: 'configuration in experiments/, or a JSON file', default: 'smoke' },
    results: { value: 'DIR', help: 'folder of all results', default: 'results' },
    workers: { value: 'N', help: 'worker threads of the extraction', default: 'all cores' },
    tracking: {
      value: 'MODE',
      help: 'online, offline or disabled',
      default: 'online when MLflow can be started or is given',
    },
    notebooks: { value: 'WHICH', help: 'execute (default) or skip', default: 'execute' },
  },
  details: [
    'manifest, features, split, reduction, search, training, evaluation, cross-validation, ablation, figures, notebooks. Each',
    'stage is kept when its results are there; what was stopped goes on where it was. Runs go to MLFLOW_TRACKING_URI, else to',
    'a local MLflow server on SQLite that is started and stopped here. Exit 2: the manifest cannot be used at all.',
  ].join('\n'),
  example: 'stm-lab reproduce --manifest corpus/manifest.csv',
  run: (options, _positionals, terminal) => runReproduce(options, terminal),
};

async function runReproduce(options: OptionValues, terminal: Terminal): Promise<number> {
  const results = path.resolve(
    options['results'] ?? process.env.STM_LAB_RESULTS ?? path.join(homeFolder(), 'results'),
  );
  const experiment = options['experiment'] ?? process.env.STM_LAB_EXPERIMENT ?? 'smoke';
  const context = terminalContext(terminal);
  const mode =
    options['tracking'] === undefined
      ? undefined
      : choiceOption(options, 'tracking', ['online', 'offline', 'disabled'] as const, 'offline');
  const whichNotebooks = choiceOption(options, 'notebooks', ['execute', 'skip'] as const, 'execute');
  const workers =
    options['workers'] === undefined ? undefined : integerOption(options, 'workers', { min: 1, fallback: 1 });
  const server = mode === 'offline' || mode === 'disabled' ? undefined : await localServer(results, terminal);
  if (server !== undefined) process.env.MLFLOW_TRACKING_URI = server.uri;
  try {
    const lab = await openWorkbench({
      manifest: options['manifest'],
      results,
      experiment,
      tracking: mode,
      workers,
      ...context,
    });
    let figures: string[];
    try {
      terminal.print(heading(lab));
      await runStages(lab, terminal);
      figures = await drawFigures(lab, terminal);
    } finally {
      terminal.progressDone();
      await lab.close();
    }
    const notebooks =
      whichNotebooks === 'skip'
        ? { code: 0, files: [] }
        : await executeNotebooks(lab, { manifest: options['manifest'], results, experiment }, terminal);
    await printSummary(lab, { figures, notebooks: notebooks.files, server }, terminal);
    return notebooks.code;
  } finally {
    terminal.progressDone();
    if (server?.origin === 'started') await server.stop();
  }
}

function heading({ experiment, corpus, note, manifest }: Workbench): string {
  return `${experiment.name} on ${corpus}${note === undefined ? '' : ` (${note})`}: ${manifest.rows.length} recordings`;
}

/** The MLflow server to be used when none is configured; without MLflow the runs stay in their journals. */
async function localServer(results: string, terminal: Terminal): Promise<LocalServer | undefined> {
  if (process.env.MLFLOW_TRACKING_URI) return undefined;
  try {
    const virtual = path.join(homeFolder(), '.venv', 'bin', 'mlflow');
    terminal.progress('starting MLflow');
    return await startLocalServer({
      folder: path.join(results, 'mlflow'),
      executable: fs.existsSync(virtual) ? virtual : findMlflow(),
    });
  } catch (error) {
    terminal.warn(`runs are tracked offline: ${messageOf(error)}`);
    return undefined;
  }
}

/** All stages in order, each with a line of what came of it. */
async function runStages(lab: Workbench, terminal: Terminal): Promise<void> {
  const step = async (
    name: string,
    run: () => Promise<{ readonly status: string; readonly text: string }>,
  ): Promise<void> => {
    const began = performance.now();
    const { status, text } = await run();
    const spent = status === 'kept' ? 'kept' : `${((performance.now() - began) / 1000).toFixed(1)} s`;
    terminal.progressDone();
    terminal.print(`${name.padEnd(15)} ${spent.padStart(9)}  ${text}`);
  };
  await step('extract', async () => {
    const { status, accepted, rejected, audioHours, seconds, computed } = await lab.extract();
    const speed = computed === 0 ? '' : `, ${((3600 * audioHours) / seconds).toFixed(0)} x real time`;
    return { status, text: `${accepted} recordings accepted, ${rejected.length} rejected${speed}` };
  });
  await step('split', async () => {
    const { status, split } = await lab.split();
    return {
      status,
      text: `${split.paths.length} recordings, ${new Set(split.groups).size} groups, ${split.parameters.folds} folds, no leak`,
    };
  });
  await step('reduce', async () => {
    const { status, reduction, varianceKept } = await lab.reduce();
    return {
      status,
      text: `${reduction.columns} to ${reduction.width} values, ${(100 * varianceKept).toFixed(1)} % of the variance`,
    };
  });
  await step('search', async () => {
    const { status, completed, best, objective } = await lab.search();
    return { status, text: `${completed} trials, best validation ${objective} ${best.value.toFixed(3)}` };
  });
  await step('train', async () => {
    const { status, parameters, bestEpoch, epochs } = await lab.train();
    return { status, text: `${parameters} weights, best epoch ${bestEpoch} of ${epochs}` };
  });
  await step('evaluate', async () => {
    const { status, report } = await lab.evaluate();
    return {
      status,
      text: `${report.rows} test recordings, argmax macro-F1 ${report.corrected.macroF1.toFixed(3)}`,
    };
  });
  await step('cross-validate', async () => {
    const { status, mean, folds, repeats } = await lab.crossValidate();
    const { value, low, high } = mean.macroF1;
    return {
      status,
      text: `argmax macro-F1 ${value.toFixed(3)}, 95 % interval ${low.toFixed(3)} to ${high.toFixed(3)} (${folds} group-wise folds, ${repeats.length} repeat(s))`,
    };
  });
  await step('ablate', async () => {
    const { status, cells, reference } = await lab.ablate();
    return {
      status,
      text: `${cells.length} cells; all features: macro-F1 ${reference.macroF1.value.toFixed(3)}`,
    };
  });
}

/** Results on which figures and notebooks depend, by hash. */
function resultHashes(lab: Workbench): Record<string, string> {
  const { features, split, reduction, search, model, evaluation, crossValidation, ablation } = lab.folders;
  const stages = { split, reduction, search, model, evaluation, crossValidation, ablation };
  return {
    features: readJson<{ sha256: Record<string, string> }>(path.join(features, 'extraction.json')).sha256[
      'features.npy'
    ]!,
    manifest: lab.manifest.hash,
    ...Object.fromEntries(
      Object.entries(stages).map(([name, folder]) => [name, readStageRecord(folder)!.key]),
    ),
  };
}

async function drawFigures(lab: Workbench, terminal: Terminal): Promise<string[]> {
  const { folders } = lab;
  const { record } = await runStage({
    stage: 'figures',
    folder: folders.figures,
    parameters: { names: FIGURE_NAMES },
    inputs: resultHashes(lab),
    run: async () => {
      const files = await saveFigures(lab, {
        onFigure: (name) => terminal.progress(`figures: ${name}`),
        onSkip: (name, reason) => terminal.warn(`figure ${name} is left out: ${reason}`),
      });
      return files.map((file) => path.relative(folders.figures, file));
    },
  });
  return Object.keys(record.outputs)
    .filter((name) => name.endsWith('.svg'))
    .map((name) => path.join(folders.figures, name));
}

/** Executes the notebooks on the results and keeps the executed copies; a failing one gives exit code 1. */
async function executeNotebooks(
  lab: Workbench,
  parameters: {
    readonly manifest: string | undefined;
    readonly results: string;
    readonly experiment: string;
  },
  terminal: Terminal,
): Promise<{ code: number; files: string[] }> {
  const home = homeFolder();
  const python = path.join(home, '.venv', 'bin', 'python');
  const folder = path.join(home, 'notebooks');
  const out = path.join(path.dirname(lab.folders.figures), 'notebooks');
  if (!fs.existsSync(python)) {
    terminal.warn(
      'notebooks are not executed: the Python environment is missing; "npm run doctor" names the cure',
    );
    return { code: 0, files: [] };
  }
  const notebooks = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .sort();
  const environment: Record<string, string> = {
    STM_LAB_RESULTS: parameters.results,
    STM_LAB_EXPERIMENT: parameters.experiment,
    ...(parameters.manifest === undefined ? {} : { STM_LAB_MANIFEST: path.resolve(parameters.manifest) }),
  };
  let code = 0;
  const request = {
    stage: 'notebooks',
    folder: out,
    parameters: { notebooks },
    inputs: {
      ...resultHashes(lab),
      ...Object.fromEntries(notebooks.map((name) => [name, sha256File(path.join(folder, name))])),
      library: sha256File(path.join(__dirname, '..', '..', 'pipeline', 'workbench.js')),
    },
    run: async (): Promise<string[]> => {
      code = await spawned(
        python,
        [
          path.join(home, 'setup', 'notebooks.py'),
          '--out', out,
          '--timeout', '1200',
          ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
          ...notebooks.map((name) => path.join(folder, name)),
        ],
      ); // prettier-ignore
      return notebooks.filter((name) => fs.existsSync(path.join(out, name)));
    },
  };
  const { record } = await runStage(request);
  // A failed notebook is executed again next time.
  if (code !== 0) fs.rmSync(path.join(out, 'stage.json'), { force: true });
  return { code, files: Object.keys(record.outputs).map((name) => path.join(out, name)) };
}

function spawned(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 130));
  });
}

async function printSummary(
  lab: Workbench,
  made: {
    readonly figures: readonly string[];
    readonly notebooks: readonly string[];
    readonly server: LocalServer | undefined;
  },
  terminal: Terminal,
): Promise<void> {
  const here = (file: string): string => path.relative(process.cwd(), file);
  terminal.print('\nTest scores');
  printTable(terminal, await lab.table('test-scores'));
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
    terminal.print(`\nTo browse the runs: npm run stm-lab -- ui (then ${made.server.uri})`);
  }
}

async function printRuns(uri: string, experimentName: string, terminal: Terminal): Promise<void> {
  const client = createMlflowClient(uri);
  try {
    const experiment = await client.getExperiment(experimentName);
    const runs = experiment === undefined ? [] : await client.searchRuns([experiment.id]);
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
