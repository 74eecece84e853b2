import * as fs from 'node:fs';
import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { sha256, sha256File } from '../base/files';
import { readManifest, type Manifest } from '../corpus';
import { DEMO_CORPUS_LICENCE, generateDemoCorpus } from '../corpus/demo';
import type { FigureSpec } from '../figures';
import { createTracker, type Tracker } from '../tracking';
import { ablateStage, type AblateSummary } from './ablation';
import {
  compareStage,
  fullRows,
  partOfComparison,
  prepareFeatures,
  type CompareSummary,
  type ComparisonPart,
} from './comparison';
import { commandTag } from './commandText';
import type { StageContext } from './context';
import { crossValidationStage, type CrossValidationSummary } from './crossValidation';
import { evaluateStage, type EvaluateSummary } from './evaluate';
import { homeFolder } from './configuration';
import { readAblation, readExperiment, type AblationSize, type Experiment } from './experiment';
import { extractStage, type ExtractSummary } from './extract';
import { buildFigure, type FigureName } from './figures';
import { occlusionStage, type OcclusionSummary } from './occlusion';
import { reduceStage, type ReduceSummary } from './reduce';
import { searchStage, type SearchSummary } from './search';
import { splitStage, type SplitSummary } from './split';
import { corpusName, resultsFolder, stageFolders, type StageFolders } from './stageFolders';
import { buildTable, type TableName, type TableRows } from './tables';
import { trainStage, type TrainSummary } from './train';

/** The corpus, the experiment and where results go. */
export interface WorkbenchOptions extends Pick<StageContext, 'warn' | 'progress' | 'signal'> {
  /** Manifest of recordings. Default: `STM_LAB_MANIFEST`, else the synthetic demo corpus, made when missing. */
  readonly manifest?: string | undefined;
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

/**
 * One experiment on one corpus. Every method runs its stage, and those it needs before it, unless their
 * results are there; so a notebook can begin anywhere.
 */
export interface Workbench {
  readonly experiment: Experiment;
  readonly manifest: Manifest;
  /** Name of the corpus, as folders and MLflow have it. */
  readonly corpus: string;
  readonly folders: StageFolders;
  /** Printed on figures; undefined for real recordings. */
  readonly note: string | undefined;
  readonly tracker: Tracker;
  /** The settings as rows of a table. */
  describe(): { readonly what: string; readonly value: string }[];
  extract(): Promise<ExtractSummary>;
  split(): Promise<SplitSummary>;
  reduce(): Promise<ReduceSummary>;
  search(): Promise<SearchSummary>;
  train(): Promise<TrainSummary>;
  evaluate(): Promise<EvaluateSummary>;
  crossValidate(): Promise<CrossValidationSummary>;
  /** Features and models side by side, as the experiment's `comparison` says, or a smaller part of it. */
  compare(part?: ComparisonPart): Promise<CompareSummary>;
  ablate(): Promise<AblateSummary>;
  occlude(): Promise<OcclusionSummary>;
  /** A figure of the results, whose stages are run when needed. */
  figure(name: FigureName): Promise<FigureSpec>;
  /** A table of the results, likewise. */
  table(name: TableName): Promise<TableRows>;
  /** Sends what is still to be sent (waiting at most 30 s) and closes the journals. */
  close(): Promise<void>;
}

/**
 * Opens a corpus and an experiment. Without a manifest the synthetic demo corpus is generated on first use.
 *
 * @throws StmLabError (`input`) when manifest or experiment cannot be used.
 */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const named = readExperiment(options.experiment ?? process.env.STM_LAB_EXPERIMENT ?? 'smoke');
  const size = options.ablation ?? (process.env.STM_LAB_ABLATION as AblationSize | undefined);
  const experiment = size === undefined ? named : { ...named, ablation: readAblation(size) };
  const results = resultsFolder(options.results);
  const given = options.manifest ?? process.env.STM_LAB_MANIFEST;
  const manifestFile = given ?? (await demoManifest(results, options.progress));
  const manifest = readManifest(manifestFile);
  const corpus = corpusName(given);
  const synthetic = manifest.rows.every(({ extra }) => extra['licence'] === DEMO_CORPUS_LICENCE);
  const note = synthetic ? 'synthetic demo corpus' : undefined;
  const folders = stageFolders(results, corpus, experiment, size);
  const tracker = createTracker({
    experiment: `stm-lab/${corpus}/${experiment.name}`,
    journalFolder: folders.tracking,
    ...(options.tracking === undefined ? {} : { mode: options.tracking }),
    ...(options.warn === undefined ? {} : { onWarning: options.warn }),
    tags: {
      'stm.corpus': corpus,
      'stm.experiment': experiment.name,
      'stm.manifest': manifest.hash,
      ...commandTag(),
      ...lockfileTag(),
    },
  });
  const context: StageContext = {
    tracker,
    note,
    warn: options.warn,
    progress: options.progress,
    signal: options.signal,
  };
  return assemble(experiment, manifest, {
    corpus,
    note,
    folders,
    tracker,
    context,
    workers: options.workers,
  });
}

interface Parts {
  readonly corpus: string;
  readonly note: string | undefined;
  readonly folders: StageFolders;
  readonly tracker: Tracker;
  readonly context: StageContext;
  readonly workers: number | undefined;
}

function assemble(experiment: Experiment, manifest: Manifest, parts: Parts): Workbench {
  const { folders, context } = parts;
  // Each stage runs once per workbench, whoever asks first.
  const once = <T>(run: () => Promise<T>): (() => Promise<T>) => {
    let started: Promise<T> | undefined;
    return () => (started ??= run());
  };
  const extract = once(() =>
    extractStage(
      { manifest, out: folders.features, features: experiment.features, workers: parts.workers },
      context,
    ),
  );
  const split = once(async () => {
    await extract();
    return splitStage({ features: folders.features, out: folders.split, split: experiment.split }, context);
  });
  const reduce = once(async () => {
    await split();
    const { features, split: splitFolder, reduction } = folders;
    return reduceStage(
      { features, split: splitFolder, out: reduction, reduction: experiment.reduction },
      context,
    );
  });
  const search = once(async () => {
    await reduce();
    const { reduction, split: splitFolder, search: out } = folders;
    return searchStage({ reduction, split: splitFolder, out, search: experiment.search }, context);
  });
  const train = once(async () => {
    const { model } = await search();
    const { reduction, split: splitFolder, model: out } = folders;
    const seed = experiment.search.seed;
    return trainStage(
      { reduction, split: splitFolder, out, model, protocol: experiment.protocol, seed },
      context,
    );
  });
  const evaluate = once(async () => {
    await train();
    const { model, reduction, split: splitFolder, evaluation: out } = folders;
    return evaluateStage({ model, reduction, split: splitFolder, out }, context);
  });
  const crossValidate = once(async () => {
    await extract();
    const { features, crossValidation: out } = folders;
    const { crossValidation, reduction, model } = experiment;
    return crossValidationStage({ features, out, crossValidation, reduction, model }, context);
  });
  const compare = async (part: ComparisonPart | undefined): Promise<CompareSummary> => {
    const comparison = partOfComparison(experiment.comparison, part);
    const rows = comparison === undefined ? [] : fullRows(experiment, comparison);
    await extract();
    const features = await prepareFeatures(
      rows,
      {
        manifest,
        workers: parts.workers,
        folderOf: (key) => path.join(path.dirname(folders.features), `features-${key}`),
      },
      // What cannot be used was told by the first extraction.
      { ...context, warn: undefined },
    );
    const own = comparison === undefined ? experiment : { ...experiment, comparison };
    const name = part === undefined ? '' : `-${sha256(part).slice(0, 8)}`;
    return compareStage({ experiment: own, features, out: `${folders.comparison}${name}` }, context);
  };
  const compareAll = once(() => compare(undefined));
  const ablate = once(async () => {
    await extract();
    const { features, ablation: out } = folders;
    const workers = parts.workers ?? availableParallelism();
    return ablateStage({ features, out, experiment, workers }, context);
  });
  const occlude = once(async () => {
    await train();
    const { features, split: splitFolder, reduction, model, occlusion: out } = folders;
    return occlusionStage({ features, split: splitFolder, reduction, model, out }, context);
  });
  const workbench: Workbench = {
    experiment,
    manifest,
    corpus: parts.corpus,
    folders,
    note: parts.note,
    tracker: parts.tracker,
    describe: () => describe(experiment, manifest, parts),
    extract,
    split,
    reduce,
    search,
    train,
    evaluate,
    crossValidate,
    compare: (part) => (part === undefined ? compareAll() : compare(part)),
    ablate,
    occlude,
    figure: (name) => buildFigure(workbench, name),
    table: (name) => buildTable(workbench, name),
    close: async () => void (await parts.tracker.close()),
  };
  return workbench;
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

function describe(
  experiment: Experiment,
  manifest: Manifest,
  parts: Parts,
): { what: string; value: string }[] {
  const { features, split, reduction, search, protocol } = experiment;
  return [
    {
      what: 'corpus',
      value: `${parts.corpus}${parts.note === undefined ? '' : ` (${parts.note})`}: ${manifest.rows.length} recordings`,
    },
    { what: 'experiment', value: `${experiment.name}: ${experiment.title}` },
    {
      what: 'features',
      value:
        features.kind === 'stm' ? `STM, ${features.channels ?? 'published'} channels` : 'mel spectrogram',
    },
    { what: 'split', value: `${split.folds} group-wise folds, seed ${split.seed}, ${split.flavour}` },
    {
      what: 'reduction',
      value:
        reduction.method === 'none'
          ? 'standardised only'
          : `${reduction.method} PCA, up to ${reduction.components} components`,
    },
    {
      what: 'search',
      value: `${search.sampler}, ${search.trials} trials x ${search.executions}, seed ${search.seed}`,
    },
    { what: 'protocol', value: protocol.name },
    { what: 'results', value: path.relative(process.cwd(), path.dirname(parts.folders.split)) || '.' },
    {
      what: 'tracking',
      value: `${parts.tracker.mode}${parts.tracker.uri === undefined ? '' : ` at ${parts.tracker.uri}`}`,
    },
  ];
}
