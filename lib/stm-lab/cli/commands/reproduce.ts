import * as path from 'node:path';
import { isDivergence, messageOf, UserError } from 'research-basics/errors';
import { throwIfStopped } from 'research-basics/pace';
import {
  DEFAULT_FIGURES,
  mlflowExecutable,
  resultsFolder,
  openProject,
  DEFAULT_PRESET,
  presetOfEnvironment,
  outcomeText,
  reasonOfNoNetwork,
  type AblateSummary,
  runStage,
  saveFigures,
  STUDY_NAMES,
  type Project,
  type StudyName,
} from '../../pipeline';
import { describeSharing } from '../../splits';
import { startLocalServer, type LocalServer } from 'mlflow-tracking-client';
import { choiceOption, type Command, type OptionValues } from '../command';
import { terminalContext, trackingMode } from '../context';
import { executeNotebooks, resultHashes } from '../notebooks';
import { CORPUS, exitCodeOf, EXTRACTION_WORKERS, PRESET, RESULTS, workersOption } from '../stageOptions';
import { printSummary } from '../summary';
import type { Terminal } from '../terminal';

export const reproduce: Command = {
  name: 'reproduce',
  summary: 'Run everything on one corpus: all stages, figures and executed notebooks, tracked.',
  options: {
    manifest: CORPUS,
    preset: PRESET,
    results: RESULTS,
    workers: EXTRACTION_WORKERS,
    tracking: {
      value: 'MODE',
      help: 'online, offline or disabled',
      default: 'online when MLflow can be started or is given',
    },
    notebooks: { value: 'WHICH', help: 'execute (default) or skip', default: 'execute' },
    studies: {
      help: 'also the studies of the paper\'s open questions, at their small size (see "stm-lab study")',
    },
  },
  details: [
    'manifest, features, split, reduction, search, training, evaluation, cross-validation, ablation, figures, notebooks. Each',
    'stage is reused when its results exist; an interrupted one continues where it stopped. Runs go to MLFLOW_TRACKING_URI, else to',
    'a local MLflow server on SQLite that is started and stopped here. Exit 2: the manifest cannot be used at all.',
  ].join('\n'),
  example: 'stm-lab reproduce --manifest corpus/manifest.csv',
  run: (options, _positionals, terminal) => runReproduce(options, terminal),
};

async function runReproduce(options: OptionValues, terminal: Terminal): Promise<number> {
  const results = resultsFolder(options['results']);
  const preset = options['preset'] ?? presetOfEnvironment() ?? DEFAULT_PRESET;
  const context = terminalContext(terminal);
  const mode = trackingMode(options);
  const whichNotebooks = choiceOption(options, 'notebooks', ['execute', 'skip'] as const, 'execute');
  const server =
    mode === 'offline' || mode === 'disabled'
      ? undefined
      : await localServer(results, terminal, context.signal);
  if (server !== undefined) process.env.MLFLOW_TRACKING_URI = server.uri;
  if (server?.origin === 'started') process.once('exit', server.end);
  try {
    const lab = await openProject({
      manifest: options['manifest'],
      results,
      preset,
      tracking: mode,
      workers: workersOption(options),
      ...context,
    });
    let figures: string[];
    let failed: string[];
    try {
      terminal.print(heading(lab));
      failed = await runStages(lab, options['studies'] === undefined ? [] : STUDY_NAMES, terminal);
      figures = await drawFigures(lab, terminal);
    } finally {
      terminal.progressDone();
      await lab.close();
    }
    const notebooks =
      whichNotebooks === 'skip'
        ? { code: 0, files: [] }
        : await executeNotebooks(lab, { manifest: options['manifest'], results, preset }, terminal);
    await printSummary(lab, { figures, notebooks: notebooks.files, server }, terminal);
    const diverged = exitCodeOf(
      'reproduce',
      failed.map((name) => ({ name })),
      terminal,
    );
    if (notebooks.code !== 0) return notebooks.code;
    return (await lab.extract()).failed > 0 ? 1 : diverged;
  } finally {
    terminal.progressDone();
    if (server?.origin === 'started') await server.stop();
  }
}

function heading({ experiment, corpus, note, manifest }: Project): string {
  return `${experiment.name} on ${corpus}${note === undefined ? '' : ` (${note})`}: ${manifest.rows.length} recordings`;
}

/** The MLflow server to be used when none is configured; without MLflow the runs stay in their journals. */
async function localServer(
  results: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<LocalServer | undefined> {
  if (process.env.MLFLOW_TRACKING_URI) return undefined;
  try {
    terminal.progress('starting MLflow');
    return await startLocalServer({
      folder: path.join(results, 'mlflow'),
      executable: mlflowExecutable(),
      signal,
    });
  } catch (error) {
    throwIfStopped(signal, 'reproduce');
    terminal.warn(`runs are tracked offline: ${messageOf(error)}`);
    return undefined;
  }
}

interface Step {
  readonly status: string;
  readonly text: string;
  /** Parts without a result. */
  readonly failed?: AblateSummary['failed'];
}

/** All stages, and the studies asked for, each with a line of what came of it; returns what diverged, which the others do without. */
async function runStages(lab: Project, studies: readonly StudyName[], terminal: Terminal): Promise<string[]> {
  const missing: string[] = [];
  const step = async (name: string, run: () => Promise<Step>): Promise<void> => {
    const began = performance.now();
    const {
      status,
      text,
      failed = [],
    } = await run().catch((error: unknown): Step => {
      if (!isDivergence(error)) throw error;
      missing.push(name);
      return { status: 'failed', text: error.message };
    });
    missing.push(...failed.map((one) => `${name}: ${one.name}`));
    const spent = status === 'computed' ? `${((performance.now() - began) / 1000).toFixed(1)} s` : status;
    terminal.progressDone();
    terminal.print(`${name.padEnd(15)} ${spent.padStart(9)}  ${text}`);
  };
  await step('extract', async () => {
    const { status, accepted, rejected, failed, audioHours, seconds, computed } = await lab.extract();
    const speed = computed === 0 ? '' : `, ${((3600 * audioHours) / seconds).toFixed(0)} x real time`;
    const text = outcomeText({ accepted, rejected, failed }).replace(' accepted', ' recordings accepted');
    return { status, text: `${text}${speed}` };
  });
  await step('split', async () => {
    const { status, split } = await lab.split();
    const groups = new Set(split.groups).size;
    return {
      status,
      text: `${split.paths.length} recordings, ${groups} groups, ${split.parameters.folds} folds, ${describeSharing(split)}`,
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
  // After a search that diverged, what needs it says so itself.
  const found = await lab.search().catch(() => undefined);
  const reason = found === undefined ? undefined : reasonOfNoNetwork(found, lab.experiment.features);
  const trained = reason === undefined ? step : () => Promise.resolve();
  if (reason !== undefined) terminal.print(`train, evaluate  left out  ${reason}`);
  await trained('train', async () => {
    const { status, parameters, bestEpoch, epochs } = await lab.train();
    return { status, text: `${parameters} weights, best epoch ${bestEpoch} of ${epochs}` };
  });
  await trained('evaluate', async () => {
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
    const { status, cells, reference, failed } = await lab.ablate();
    return {
      status,
      text: `${cells.length} cells${failed.length === 0 ? '' : `, ${failed.length} diverged`}; all features: macro-F1 ${reference.macroF1.value.toFixed(3)}`,
      failed,
    };
  });
  for (const name of studies)
    await step(`study ${name}`, async () => {
      // Recordings that are too short or too few for one study are enough for the others.
      const { status, verdict } = await lab.study(name).catch((error: unknown) => {
        if (!(error instanceof UserError) || error.kind !== 'input') throw error;
        return { status: 'left out', verdict: [error.message] };
      });
      return { status, text: verdict.join('\n  ') };
    });
  return missing;
}

async function drawFigures(lab: Project, terminal: Terminal): Promise<string[]> {
  const { folders } = lab;
  const { record } = await runStage({
    stage: 'figures',
    folder: folders.figures,
    parameters: { names: DEFAULT_FIGURES, experiment: lab.experiment },
    inputs: resultHashes(lab),
    onStale: (sentence) => terminal.warn(sentence),
    run: async () => {
      const files = await saveFigures(lab, {
        signal: terminalContext(terminal).signal,
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
