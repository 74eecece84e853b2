import * as path from 'node:path';
import {
  ablationShardStates,
  extractionShardStates,
  isModelFile,
  ownSettings,
  settingOption,
  readAblation,
  DEFAULT_PRESET,
  readExperiment,
  searchProgress,
  type AblationSize,
  type Experiment,
} from '../pipeline';
import type { ShardState } from '../features';
import type { Resources } from './script';

/** A stage cut into shards that a cluster can work on. */
export interface ClusterWork {
  readonly name: 'extract' | 'search' | 'ablate';
  /** Folder of the results, on a file system that the nodes share. */
  readonly out: string;
  readonly shards: number;
  /** The command line of a shard and of the merge except for `--shard` and `--merge`. */
  readonly words: readonly string[];
  /** Resources that suit a shard. */
  readonly resources: Resources;
  /** Shards that are not finished, with the reason. */
  unfinished(): { readonly shard: number; readonly reason: string }[];
}

interface WorkOptions {
  readonly out: string;
  readonly shards: number;
  /** Cores of a shard; defaults below. */
  readonly cpus?: number | undefined;
  /** Folder of the run journals; default `OUT/../tracking`. */
  readonly journal?: string | undefined;
}

/** Nodes write journals only, whether or not they reach a server; "stm-lab sync" sends them. */
const tracking = ({ out, journal }: WorkOptions): string[] => [
  '--tracking',
  'offline',
  '--journal',
  path.resolve(journal ?? path.join(path.dirname(path.resolve(out)), 'tracking')),
];

const faulty = (states: readonly ShardState[]): { shard: number; reason: string }[] =>
  states
    .filter(({ state }) => state !== 'complete')
    .map(({ shard, reason = 'is not finished' }) => ({ shard, reason }));

/** An extraction. Default 2 cores a shard: decoding and analysis are bound by processors. */
export function extractionWork(
  options: WorkOptions & {
    readonly manifest: string;
    readonly features?: Experiment['features'];
  },
): ClusterWork {
  const { shards, features = { kind: 'stm' }, cpus = 2 } = options;
  const manifest = path.resolve(options.manifest);
  const out = path.resolve(options.out);
  return {
    name: 'extract',
    out,
    shards,
    words: [
      ...['extract', '--manifest', manifest, '--out', out, '--kind', features.kind],
      ...Object.entries(ownSettings(features.kind, features)).flatMap(([name, value]) => [
        `--${settingOption(name)}`,
        // Parts may start in another folder.
        name === 'model' && isModelFile(String(value)) ? path.resolve(String(value)) : String(value),
      ]),
      ...(features.maxSilenceSeconds === undefined
        ? []
        : ['--max-silence', String(features.maxSilenceSeconds)]),
      ...['--workers', String(cpus)],
      ...tracking(options),
    ],
    resources: { cpus, mem: '4G', time: '04:00:00' },
    unfinished: () => faulty(extractionShardStates({ manifest, out, features, shards })),
  };
}

/** A search: every shard is a worker on the one study in `out`. */
export function searchWork(
  options: WorkOptions & {
    readonly reduction: string;
    readonly split: string;
    /** Name or file of the preset; default `small`. */
    readonly preset?: string | undefined;
    readonly trials?: number | undefined;
    /** Results of the extraction, where the space or the objective needs them. */
    readonly features?: string | undefined;
  },
): ClusterWork {
  const { shards, cpus = 1 } = options;
  const named = namedPreset(options.preset);
  const preset = readExperiment(named);
  const { search } = preset;
  const trials = options.trials ?? search.trials;
  const reduction = path.resolve(options.reduction);
  const split = path.resolve(options.split);
  const out = path.resolve(options.out);
  return {
    name: 'search',
    out,
    shards,
    words: [
      ...['search', '--reduction', reduction, '--split', split, '--out', out],
      ...['--preset', named, '--trials', String(trials)],
      ...(options.features === undefined ? [] : ['--features', path.resolve(options.features)]),
      ...tracking(options),
    ],
    resources: { cpus, mem: '4G', time: '12:00:00' },
    // Workers have no trials of their own: as many are missing as there are trials for them, at most.
    unfinished: () => {
      const { finished } = searchProgress({
        reduction,
        split,
        out,
        search: { ...search, trials },
        preset,
        features: options.features,
      });
      const reason = `${trials - finished} of ${trials} trials are missing`;
      return Array.from({ length: Math.min(shards, trials - finished) }, (_, i) => ({
        shard: i + 1,
        reason,
      }));
    },
  };
}

/** An ablation: cells are dealt out to the shards. */
export function ablationWork(
  options: WorkOptions & {
    readonly features: string;
    /** Name or file of the preset; default `small`. */
    readonly preset?: string | undefined;
    readonly size?: AblationSize | undefined;
  },
): ClusterWork {
  const { shards, cpus = 1, size } = options;
  const named = namedPreset(options.preset);
  const experiment = readExperiment(named);
  const features = path.resolve(options.features);
  const out = path.resolve(options.out);
  const sized = size === undefined ? experiment : { ...experiment, ablation: readAblation(size) };
  return {
    name: 'ablate',
    out,
    shards,
    words: [
      ...['ablate', '--features', features, '--out', out, '--preset', named],
      ...(size === undefined ? [] : ['--size', size]),
      ...['--workers', String(cpus)],
      ...tracking(options),
    ],
    resources: { cpus, mem: '4G', time: '12:00:00' },
    unfinished: () => faulty(ablationShardStates({ features, out, experiment: sized, shards })),
  };
}

/** A file is found from any working folder. */
const namedPreset = (name = DEFAULT_PRESET): string => (name.endsWith('.json') ? path.resolve(name) : name);
