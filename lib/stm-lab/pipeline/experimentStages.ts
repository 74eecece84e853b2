import { availableParallelism } from 'node:os';
import * as path from 'node:path';
import { isDivergence } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import { sha256 } from 'research-basics/files';
import { once } from 'research-basics/once';
import type { Manifest } from '../corpus';
import { featureKind } from '../features';
import { ablateStage, type AblateSummary } from './ablation';
import {
  compareStage,
  fullRows,
  partOfComparison,
  prepareFeatures,
  withoutMissing,
  type CompareSummary,
  type ComparisonPart,
} from './comparison';
import type { StageContext } from '../stages/context';
import { crossValidationStage, type CrossValidationSummary } from './crossValidation';
import { evaluateStage, type EvaluateSummary } from './evaluate';
import { samplerOf, type Experiment } from './experiment';
import { extractStage, type ExtractSummary } from './extract';
import { occlusionStage, type OcclusionSummary } from './occlusion';
import { reduceStage, type ReduceSummary } from './reduce';
import { searchStage, type SearchSummary } from './search';
import { trainableModel } from './trainableModel';
import { officialColumn, splitStage, type OfficialFolds, type SplitSummary } from './split';
import type { StageFolders } from './stageFolders';
import { readStudies, studyStage, type StudyName, type StudySummary } from './studies';
import { trainStage, type TrainSummary } from './train';

/** A setting and what it is set to. */
export interface SettingRow {
  readonly what: string;
  readonly value: string;
}

/**
 * One experiment on one corpus. Every method runs its stage, and those it needs before it, unless their
 * results are there; so a notebook can begin anywhere.
 */
export interface ExperimentStages {
  readonly experiment: Experiment;
  readonly manifest: Manifest;
  /** Name of the corpus, as folders and MLflow have it. */
  readonly corpus: string;
  readonly folders: StageFolders;
  /** Printed on figures; undefined for real recordings. */
  readonly note: string | undefined;
  /** The settings as rows of a table. */
  describe(): SettingRow[];
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
  /**
   * A study of one of the paper's open questions, on these recordings.
   *
   * @param preset a name in `experiments/studies/`, or a JSON file. Default `small`.
   */
  study(name: StudyName, preset?: string): Promise<StudySummary>;
}

/** Where an experiment's results go, and how its stages are run. */
export interface StageSettings {
  readonly corpus: string;
  readonly note: string | undefined;
  readonly folders: StageFolders;
  readonly context: StageContext;
  /** Worker threads of the extraction and processes of the ablation; default all cores. */
  readonly workers: number | undefined;
  /** Called when a stage has ended, one way or the other. */
  readonly onEnd?: (() => void) | undefined;
}

/** The stages of an experiment on a corpus; nothing runs before it is asked for. */
export function experimentStages(
  experiment: Experiment,
  manifest: Manifest,
  settings: StageSettings,
): ExperimentStages {
  const { folders } = settings;
  const context: StageContext = {
    ...settings.context,
    warn: onceEach(settings.context.warn),
    // A kernel's signal is a new one after each interruption.
    get signal() {
      return settings.context.signal;
    },
  };
  const official = (): OfficialFolds | undefined => officialColumn(manifest, experiment.split);
  // Each stage runs once per workbench, whoever asks first; one that failed runs again when asked again, but
  // for a training that diverged: here it would diverge again.
  const ended = async <T>(run: Promise<T>): Promise<T> => run.finally(settings.onEnd);
  const stage = <T>(run: () => Promise<T>): (() => Promise<T>) => once(() => ended(run()), isDivergence);
  const extract = stage(() =>
    extractStage(
      { manifest, out: folders.features, features: experiment.features, workers: settings.workers },
      context,
    ),
  );
  const split = stage(async () => {
    await extract();
    const { features, split: out } = folders;
    return splitStage({ features, out, split: experiment.split, manifest }, context);
  });
  const reduce = stage(async () => {
    await split();
    const { features, split: splitFolder, reduction } = folders;
    return reduceStage(
      { features, split: splitFolder, out: reduction, reduction: experiment.reduction },
      context,
    );
  });
  const search = stage(async () => {
    await reduce();
    const { features, reduction, split: splitFolder, search: out } = folders;
    return searchStage(
      {
        ...{ reduction, split: splitFolder, out, search: experiment.search },
        ...{ preset: experiment, features, manifest, workers: 1 },
      },
      context,
    );
  });
  /** The reduction that the best trial was trained on. */
  const found = stage(async () => {
    const { model, recipe } = await search();
    const network = trainableModel({ model, recipe }, experiment.features);
    if (canonicalJson(recipe.reduction) === canonicalJson(experiment.reduction))
      return { model: network, reduction: folders.reduction };
    const { features, split: splitFolder } = folders;
    const reduction = `${folders.reduction}-of-search`;
    await reduceStage({ features, split: splitFolder, out: reduction, reduction: recipe.reduction }, context);
    return { model: network, reduction };
  });
  const train = stage(async () => {
    const { model, reduction } = await found();
    const { split: splitFolder, model: out } = folders;
    const seed = experiment.search.seed;
    return trainStage(
      { reduction, split: splitFolder, out, model, protocol: experiment.protocol, seed },
      context,
    );
  });
  const evaluate = stage(async () => {
    await train();
    const { reduction } = await found();
    const { model, split: splitFolder, evaluation: out } = folders;
    return evaluateStage({ model, reduction, split: splitFolder, out }, context);
  });
  const crossValidate = stage(async () => {
    await extract();
    const { features, crossValidation: out } = folders;
    const { crossValidation, reduction, model } = experiment;
    return crossValidationStage(
      { features, out, crossValidation, reduction, model, official: official() },
      context,
    );
  });
  const folderOf = (key: string): string => path.join(path.dirname(folders.features), `features-${key}`);
  // The first extraction has reported what cannot be used.
  const untold = (): StageContext => ({ ...context, warn: undefined });
  const compare = async (part: ComparisonPart | undefined): Promise<CompareSummary> => {
    const wanted = partOfComparison(experiment.comparison, part);
    const comparison = wanted && withoutMissing(wanted, context.warn);
    const rows = comparison === undefined ? [] : fullRows(experiment, comparison);
    await extract();
    const features = await prepareFeatures(rows, { manifest, workers: settings.workers, folderOf }, untold());
    const own = comparison === undefined ? experiment : { ...experiment, comparison };
    const name = part === undefined ? '' : `-${sha256(part).slice(0, 8)}`;
    const out = `${folders.comparison}${name}`;
    return compareStage({ experiment: own, features, out, official: official() }, context);
  };
  const compareAll = stage(() => compare(undefined));
  const ablate = stage(async () => {
    await extract();
    const { features, ablation: out } = folders;
    const workers = settings.workers ?? availableParallelism();
    return ablateStage({ features, out, experiment, workers }, context);
  });
  const occlude = stage(async () => {
    await train();
    const { reduction } = await found();
    const { features, split: splitFolder, model, occlusion: out } = folders;
    return occlusionStage({ features, split: splitFolder, reduction, model, out }, context);
  });
  const study = async (name: StudyName, preset = 'small'): Promise<StudySummary> => {
    const studies = readStudies(preset);
    return studyStage(
      {
        ...{ study: name, studies, manifest, folderOf, workers: settings.workers },
        out: path.join(folders.studies, `${name}-${studies.name}`),
        maxSilenceSeconds: experiment.features.maxSilenceSeconds,
      },
      context,
    );
  };
  return {
    experiment,
    manifest,
    corpus: settings.corpus,
    folders,
    note: settings.note,
    describe: () => settingRows(experiment, manifest, settings),
    extract,
    split,
    reduce,
    search,
    train,
    evaluate,
    crossValidate,
    compare: (part) => (part === undefined ? compareAll() : ended(compare(part))),
    ablate,
    occlude,
    study: (name, preset) => ended(study(name, preset)),
  };
}

/** Stages repeat a warning that concerns them all; a project prints it once. */
function onceEach(warn: StageContext['warn']): StageContext['warn'] {
  const shown = new Set<string>();
  return (line) => {
    if (shown.has(line)) return;
    shown.add(line);
    warn?.(line);
  };
}

function settingRows(
  experiment: Experiment,
  manifest: Manifest,
  { corpus, note, folders, context }: StageSettings,
): SettingRow[] {
  const { tracker } = context;
  const { features, split, reduction, search, protocol } = experiment;
  return [
    {
      what: 'corpus',
      value: `${corpus}${note === undefined ? '' : ` (${note})`}: ${manifest.rows.length} recordings`,
    },
    { what: 'experiment', value: `${experiment.name}: ${experiment.title}` },
    {
      what: 'features',
      value:
        features.kind === 'stm'
          ? `STM, ${features.channels ?? 'published'} channels`
          : featureKind(features.kind).title,
    },
    {
      what: 'split',
      value:
        split.column === undefined
          ? `${split.folds} group-wise folds, seed ${split.seed}, ${split.flavour}`
          : `as the column "${split.column}" states`,
    },
    {
      what: 'reduction',
      value:
        reduction.method === 'none'
          ? 'standardised only'
          : `${reduction.method} PCA, up to ${reduction.components} components`,
    },
    {
      what: 'search',
      value: `${samplerOf(search)}, ${search.trials} trials x ${search.executions}, seed ${search.seed}`,
    },
    { what: 'protocol', value: protocol.name },
    { what: 'results', value: path.relative(process.cwd(), path.dirname(folders.split)) || '.' },
    {
      what: 'tracking',
      value: `${tracker?.mode ?? 'disabled'}${tracker?.uri === undefined ? '' : ` at ${tracker.uri}`}`,
    },
  ];
}
