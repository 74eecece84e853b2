import * as fs from 'node:fs';
import * as path from 'node:path';
import { sha256File } from 'research-basics/files';
import { readManifest } from '../corpus';
import { DEMO_CORPUS_LICENCE, generateDemoCorpus } from '../corpus/demo';
import { showStageProgress, type FigureSpec } from '../figures';
import { toDataFrame, type DataFrame } from '../frames';
import type { Tracker } from 'mlflow-tracking-client';
import { commandTag } from './commandText';
import type { StageContext } from '../stages/context';
import { homeFolder } from '../stages/home';
import { ablationSize, DEFAULT_PRESET, readAblation, readExperiment, type AblationSize } from './experiment';
import { experimentStages, type ExperimentStages } from './experimentStages';
import {
  buildFigure,
  isStageResult,
  type FigureName,
  type FigureOptions,
  type FigureResult,
  type ResultFigureName,
} from './figures';
import { experimentDescription, mlflowExperimentName, openTracker } from './mlflow';
import { kernelInterrupts } from './kernelInterrupts';
import { datasetOfManifest } from '../stages/dataset';
import { corpusName } from './corpusFolder';
import { recordingsOf } from './runSounds';
import { resultsFolder, stageFolders } from './stageFolders';
import { runRows } from './runRows';
import { buildTable, columnsOfEmpty, type TableName, type TableRows } from './tables';

/** The corpus, the preset and where results go. */
export interface ProjectOptions extends Pick<StageContext, 'signal'> {
  /**
   * Manifest of recordings, or a folder `class/recording.wav`. Default: `STM_LAB_MANIFEST`, else `demo`: the synthetic demo
   * corpus, made when missing.
   */
  readonly manifest?: string | undefined;
  /** Column of the manifest that names collections. Default: `collection`, where there is one. */
  readonly collection?: string | undefined;
  /** Name of a preset in `experiments/`, or a JSON file. Default: `STM_LAB_PRESET`, else `small`. */
  readonly preset?: string | undefined;
  /** Earlier name of `preset`. */
  readonly experiment?: string | undefined;
  /** Folder of all results. Default: `STM_LAB_RESULTS`, else `results` of the repository. */
  readonly results?: string | undefined;
  /** Default: online when `MLFLOW_TRACKING_URI` is set, else offline. `STM_LAB_TRACKING` goes first. */
  readonly tracking?: 'online' | 'offline' | 'disabled' | undefined;
  /** Size of the ablation in place of the preset's own. Default: `STM_LAB_ABLATION`, else the preset's. */
  readonly ablation?: AblationSize | undefined;
  /** Worker threads of the extraction and processes of the ablation; default all cores. */
  readonly workers?: number | undefined;
  /** Called with a stage's progress. Default: a line in the running notebook cell, replaced as the stage continues; `false`: nothing. */
  readonly progress?: StageContext['progress'] | false;
  /** Called with what was left out, looks wrong or is recomputed. Default: printed to standard output; `false`: nothing. */
  readonly warn?: StageContext['warn'] | false;
}

/** A preset on a corpus: its stages, with the figures and tables of their results. */
export interface Project extends ExperimentStages {
  readonly tracker: Tracker;
  /** Tracking, progress, warnings and interruption, for stages that are called by themselves. */
  readonly context: StageContext;
  /** A figure of the results, whose stages are run when needed. */
  figure(name: FigureName, options?: FigureOptions): Promise<FigureSpec>;
  /** A figure of a result at hand, as a stage returned it: `figure('ablation', await project.ablate())`. */
  figure<N extends ResultFigureName>(
    name: N,
    result: FigureResult<N>,
    options?: FigureOptions,
  ): Promise<FigureSpec>;
  /** A table of the results, likewise. */
  table(name: TableName): Promise<TableRows>;
  /** The same as a danfojs data frame; `runs`: the runs of this project in MLflow, one row each. */
  frame(name: TableName | 'runs'): Promise<DataFrame>;
  /** Sends what is still to be sent (waiting at most 30 s) and closes the journals. */
  close(): Promise<void>;
}

/** The parameters of a notebook. */
export type ProjectParameters = Pick<ProjectOptions, 'manifest' | 'preset' | 'results' | 'tracking'>;

/**
 * Parameters as a notebook states them, replaced by `STM_LAB_MANIFEST`, `STM_LAB_PRESET`, `STM_LAB_RESULTS` and
 * `STM_LAB_TRACKING` where these are set: so a notebook runs on another corpus without being edited.
 */
export function withEnvironment(parameters: ProjectParameters): ProjectParameters {
  const { STM_LAB_MANIFEST, STM_LAB_RESULTS, STM_LAB_TRACKING } = process.env;
  return {
    manifest: STM_LAB_MANIFEST || parameters.manifest,
    preset: presetOfEnvironment() ?? parameters.preset,
    results: STM_LAB_RESULTS || parameters.results,
    // Checked where the tracker is opened.
    tracking: (STM_LAB_TRACKING as ProjectParameters['tracking']) || parameters.tracking,
  };
}

/** `STM_LAB_PRESET`, or its earlier name. */
export const presetOfEnvironment = (): string | undefined =>
  process.env.STM_LAB_PRESET || process.env.STM_LAB_EXPERIMENT || undefined;

/**
 * Opens a corpus with a preset. Without a manifest the synthetic demo corpus is generated on first use.
 *
 * @throws UserError (`input`) when manifest or preset cannot be used.
 */
export async function openProject(given: ProjectOptions = {}): Promise<Project> {
  const stageProgress = given.progress === undefined ? showStageProgress() : undefined;
  const options = {
    ...given,
    progress: given.progress === false ? undefined : (given.progress ?? stageProgress?.update),
    // In a notebook nobody passes a function, and what is left out of a corpus must not stay unsaid.
    warn:
      given.warn === false
        ? undefined
        : (given.warn ?? ((line: string) => void process.stdout.write(`Warning: ${line}\n`))),
  };
  const named = readExperiment(
    options.preset ?? options.experiment ?? presetOfEnvironment() ?? DEFAULT_PRESET,
  );
  const wantedSize = options.ablation ?? process.env.STM_LAB_ABLATION;
  const size = wantedSize === undefined ? undefined : ablationSize(wantedSize);
  const experiment = size === undefined ? named : { ...named, ablation: readAblation(size) };
  const results = resultsFolder(options.results);
  const wanted = options.manifest ?? process.env.STM_LAB_MANIFEST;
  const chosen = wanted === DEMO ? undefined : wanted;
  const manifestFile = chosen ?? (await demoManifest(results, options.progress));
  const manifest = readManifest(manifestFile, { collection: options.collection });
  const corpus = corpusName(results, chosen === undefined ? undefined : manifest, 'take');
  const synthetic = manifest.rows.every(({ extra }) => extra['licence'] === DEMO_CORPUS_LICENCE);
  const note = synthetic ? 'synthetic demo corpus' : undefined;
  const folders = stageFolders(results, corpus, experiment, size);
  tellOfEarlierResults(path.join(results, corpus), experiment.name, options.warn);
  const tracker = openTracker({
    experiment: mlflowExperimentName(corpus, experiment.name),
    experimentTags: experimentDescription(
      `Experiment "${experiment.name}" of stm-lab on the recordings of ${corpus}${note === undefined ? '' : ` (${note})`}.`,
    ),
    journalFolder: folders.tracking,
    ...(options.tracking === undefined ? {} : { mode: options.tracking }),
    onWarning: options.warn ?? (() => undefined),
    tags: {
      'stm.corpus': corpus,
      'stm.experiment': experiment.name,
      'stm.manifest': manifest.hash,
      ...commandTag(),
      ...lockfileTag(),
    },
  });
  // A kernel hears SIGINT, gives up the cell, and would let the work continue; see `kernelInterrupts`.
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
    onEnd: stageProgress?.finish,
  });
  const rowsOf = (name: TableName | 'runs'): Promise<TableRows> =>
    name === 'runs'
      ? runRows({ results, journals: folders.tracking, warn: options.warn, signal: context.signal }, tracker)
      : buildTable(stages, name);
  return {
    ...stages,
    tracker,
    context,
    figure: (name: FigureName, given?: object, options?: FigureOptions) =>
      given !== undefined && isStageResult(given)
        ? buildFigure(stages, name, options, given)
        : buildFigure(stages, name, given),
    table: (name) => buildTable(stages, name),
    frame: async (name) => {
      const rows = await rowsOf(name);
      return toDataFrame(rows, rows.length === 0 ? columnsOfEmpty(name) : undefined);
    },
    close: async () => {
      stageProgress?.finish();
      interrupts?.close();
      await tracker.close();
    },
  };
}

/** @deprecated Renamed to `openProject`; this name goes with the next version. */
export const openWorkbench = openProject;

/** Parameter of the demo corpus; a file of this name is given as `./demo`. */
const DEMO = 'demo';

async function demoManifest(results: string, progress: StageContext['progress']): Promise<string> {
  const { manifest } = await generateDemoCorpus({
    folder: path.join(results, 'demo', 'recordings'),
    onProgress: ({ done, total, outcome }) => {
      if (outcome === 'made') progress?.(`demo corpus: ${done} of ${total} recordings`);
    },
  });
  return manifest;
}

/** The default preset was called `smoke` in the version before; its results are not touched. */
function tellOfEarlierResults(corpus: string, name: string, warn: StageContext['warn']): void {
  const [earlier, now] = [path.join(corpus, 'smoke'), path.join(corpus, name)];
  if (name === DEFAULT_PRESET && fs.existsSync(earlier) && !fs.existsSync(now))
    warn?.(
      `${earlier}: results of the preset by its earlier name, left as they are; everything but the features is recomputed in ${now}`,
    );
}

/** Which packages were installed; nothing outside of a clone of the repository. */
function lockfileTag(): Record<string, string> {
  const file = path.join(homeFolder(), 'package-lock.json');
  return fs.existsSync(file) ? { 'stm.lockfile': sha256File(file) } : {};
}
