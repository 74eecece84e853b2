import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import { readManifest } from '../corpus';
import { DEMO_CORPUS_LICENCE, generateDemoCorpus } from '../corpus/demo';
import type { FigureSpec } from '../figures';
import type { Tracker } from 'mlflow-tracking-client';
import { commandTag } from './commandText';
import type { StageContext } from '../stages/context';
import { homeFolder } from '../stages/home';
import { readAblation, readExperiment, type AblationSize } from './experiment';
import { experimentStages, type ExperimentStages } from './experimentStages';
import { buildFigure, type FigureName, type FigureOptions } from './figures';
import { experimentDescription, mlflowExperimentName, openTracker } from './mlflow';
import { kernelInterrupts } from './kernelInterrupts';
import { datasetOfManifest } from '../stages/dataset';
import { corpusName } from './corpusFolder';
import { recordingsOf } from './runSounds';
import { resultsFolder, stageFolders } from './stageFolders';
import { buildTable, type TableName, type TableRows } from './tables';

/** The corpus, the experiment and where results go. */
export interface WorkbenchOptions extends Pick<StageContext, 'progress' | 'signal'> {
  /** Told what was left out, looks wrong or is computed anew; default: printed to standard output. */
  readonly warn?: StageContext['warn'];
  /** Manifest of recordings. Default: `STM_LAB_MANIFEST`, else the synthetic demo corpus, made when missing. */
  readonly manifest?: string | undefined;
  /** Column of the manifest that names collections. Default: `collection`, where there is one. */
  readonly collection?: string | undefined;
  /** Folder of all results. Default: `STM_LAB_RESULTS`, else `results` of the repository. */
  readonly results?: string | undefined;
  /** Name or file of an experiment. Default: `STM_LAB_EXPERIMENT`, else `smoke`. */
  readonly experiment?: string | undefined;
  /** Default: online when `MLFLOW_TRACKING_URI` is set, else offline. */
  readonly tracking?: 'online' | 'offline' | 'disabled' | undefined;
  /** Size of the ablation in place of the experiment's own. Default: `STM_LAB_ABLATION`, else the experiment's. */
  readonly ablation?: AblationSize | undefined;
  /** Worker threads of the extraction and processes of the ablation; default all cores. */
  readonly workers?: number | undefined;
}

/** An experiment on a corpus with the figures and tables of its results. */
export interface Workbench extends ExperimentStages {
  readonly tracker: Tracker;
  /** A figure of the results, whose stages are run when needed. */
  figure(name: FigureName, options?: FigureOptions): Promise<FigureSpec>;
  /** A table of the results, likewise. */
  table(name: TableName): Promise<TableRows>;
  /** Sends what is still to be sent (waiting at most 30 s) and closes the journals. */
  close(): Promise<void>;
}

/**
 * Opens a corpus and an experiment. Without a manifest the synthetic demo corpus is generated on first use.
 *
 * @throws UserError (`input`) when manifest or experiment cannot be used.
 */
export async function openWorkbench(given: WorkbenchOptions = {}): Promise<Workbench> {
  // In a notebook nobody passes a function, and what is left out of a corpus must not stay unsaid.
  const options = {
    ...given,
    warn: given.warn ?? ((line: string) => void process.stdout.write(`Warning: ${line}\n`)),
  };
  const named = readExperiment(options.experiment ?? process.env.STM_LAB_EXPERIMENT ?? 'smoke');
  const size = options.ablation ?? (process.env.STM_LAB_ABLATION as AblationSize | undefined);
  const experiment = size === undefined ? named : { ...named, ablation: readAblation(size) };
  const results = resultsFolder(options.results);
  const chosen = options.manifest ?? process.env.STM_LAB_MANIFEST;
  const manifestFile = chosen ?? (await demoManifest(results, options.progress));
  const manifest = readManifest(manifestFile, { collection: options.collection });
  const corpus = corpusName(results, chosen === undefined ? undefined : manifest, 'take');
  const synthetic = manifest.rows.every(({ extra }) => extra['licence'] === DEMO_CORPUS_LICENCE);
  const note = synthetic ? 'synthetic demo corpus' : undefined;
  const folders = stageFolders(results, corpus, experiment, size);
  const tracker = openTracker({
    experiment: mlflowExperimentName(corpus, experiment.name),
    experimentTags: experimentDescription(
      `Experiment "${experiment.name}" of stm-lab on the recordings of ${corpus}${note === undefined ? '' : ` (${note})`}.`,
    ),
    journalFolder: folders.tracking,
    ...(options.tracking === undefined ? {} : { mode: options.tracking }),
    onWarning: options.warn,
    tags: {
      'stm.corpus': corpus,
      'stm.experiment': experiment.name,
      'stm.manifest': manifest.hash,
      ...commandTag(),
      ...lockfileTag(),
    },
  });
  // A kernel hears SIGINT, gives up the cell, and would let the work go on; see `kernelInterrupts`.
  const interrupts = options.signal === undefined ? kernelInterrupts() : undefined;
  const context: StageContext = {
    tracker,
    note,
    dataset: datasetOfManifest(manifest),
    fileOf: recordingsOf(manifest),
    warn: options.warn,
    progress: options.progress,
    // Read by every stage as it starts.
    get signal() {
      return interrupts?.signal() ?? options.signal;
    },
  };
  const stages = experimentStages(experiment, manifest, {
    corpus,
    note,
    folders,
    context,
    workers: options.workers,
  });
  return {
    ...stages,
    tracker,
    figure: (name, given) => buildFigure(stages, name, given),
    table: (name) => buildTable(stages, name),
    close: async () => {
      interrupts?.close();
      await tracker.close();
    },
  };
}

async function demoManifest(results: string, progress: StageContext['progress']): Promise<string> {
  const { manifest } = await generateDemoCorpus({
    folder: path.join(results, 'demo', 'recordings'),
    onProgress: ({ done, total, outcome }) => {
      if (outcome === 'made') progress?.(`demo corpus: ${done} of ${total} recordings`);
    },
  });
  return manifest;
}

/** Which packages were installed; nothing outside of a clone of the repository. */
function lockfileTag(): Record<string, string> {
  const file = path.join(homeFolder(), 'package-lock.json');
  return fs.existsSync(file) ? { 'stm.lockfile': sha256File(file) } : {};
}
