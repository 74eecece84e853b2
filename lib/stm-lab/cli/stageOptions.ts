import { inputError } from 'research-basics/errors';
import {
  ABLATION_SIZES,
  ablationSize,
  DEFAULT_PRESET,
  presetOfEnvironment,
  readExperiment,
  settingOption,
  type AblationSize,
  type Experiment,
  type SilenceLimit,
  type StageFailure,
} from '../pipeline';
import { FEATURE_KIND_NAMES, featureKind, type FeatureKind } from '../features';
import { choiceOption, integerOption, type OptionSpec, type OptionValues } from './command';
import type { Terminal } from './terminal';

/** Which preset. */
export const PRESET: OptionSpec = {
  value: 'NAME',
  help: 'preset: a name in experiments/, or a JSON file',
  default: `STM_LAB_PRESET, else ${DEFAULT_PRESET}`,
  earlier: 'experiment',
};
/**
 * The preset that was asked for.
 *
 * @throws UserError (`input`) when it cannot be used.
 */
export const presetOption = (options: OptionValues): Experiment =>
  readExperiment(options['preset'] ?? presetOfEnvironment() ?? DEFAULT_PRESET);
/** Which size of an ablation; undefined leaves it to the preset. */
export const sizeOption = (options: OptionValues): AblationSize | undefined =>
  options['size'] === undefined
    ? undefined
    : choiceOption({ size: ablationSize(options['size']) }, 'size', ABLATION_SIZES, 'small');
/** Which column names collections. */
export const COLLECTION: OptionSpec = {
  value: 'COLUMN',
  help: 'manifest column with the collection of each recording, for scores by collection',
  default: 'collection, if present',
};
/** Results of an extraction. */
export const FEATURES: OptionSpec = { value: 'DIR', help: 'results of "stm-lab extract"', required: 'yes' };
/** Results of a split. */
export const SPLIT: OptionSpec = { value: 'DIR', help: 'results of "stm-lab split"', required: 'yes' };
/** Results of a reduction. */
export const REDUCTION: OptionSpec = { value: 'DIR', help: 'results of "stm-lab reduce"', required: 'yes' };
/** Recordings of a command that runs all stages it needs. */
export const CORPUS: OptionSpec = {
  value: 'M.csv',
  help: 'recordings',
  default: 'the synthetic demo corpus, made on first use',
};
/** Where such a command leaves the results of all stages. */
export const RESULTS: OptionSpec = { value: 'DIR', help: 'folder for all results', default: 'results' };
/** How many threads it extracts with. */
export const EXTRACTION_WORKERS: OptionSpec = {
  value: 'N',
  help: 'worker threads of the extraction',
  default: 'all cores',
};
/** Folder of the results. */
export const OUT: OptionSpec = {
  value: 'DIR',
  help: 'results folder; reused when complete',
  required: 'yes',
};

/** Workers of a command; undefined leaves their number to it. */
export const workersOption = (options: OptionValues): number | undefined =>
  options['workers'] === undefined ? undefined : integerOption(options, 'workers', { min: 1, fallback: 1 });
/** Whether a stage's work was done now, in words. */
export const statusText = (status: 'computed' | 'cached'): string =>
  status === 'cached' ? 'reused from an earlier run' : 'done';
/** Exit code of a command whose results lack the parts that diverged, which it names in one sentence. */
export function exitCodeOf(
  command: string,
  failed: readonly Pick<StageFailure, 'name'>[],
  terminal: Terminal,
): number {
  if (failed.length === 0) return 0;
  const names = failed.map(({ name }) => name).join('; ');
  terminal.warn(
    `stm-lab ${command}: ${failed.length} without a result, since training diverged: ${names}; run it again to try again (finished work is reused)`,
  );
  return 1;
}
/** Longest pause in an accepted excerpt. */
export const MAX_SILENCE: OptionSpec = {
  value: 'S',
  help: 'longest pause in an accepted 4-s excerpt, seconds up to 4, or off (short events have long pauses)',
  default: '1, as published',
};

/**
 * The silence limit asked for; undefined for the published one.
 *
 * @throws UserError (`input`) naming the value and the range.
 */
export function silenceOption(options: OptionValues): SilenceLimit | undefined {
  const text = options['max-silence'];
  if (text === undefined || text === 'off') return text;
  const seconds = text.trim() === '' ? NaN : Number(text);
  if (!(seconds > 0 && seconds <= 4))
    throw inputError(
      `--max-silence ${text}: must be seconds above 0 and at most 4 (the length of an excerpt), or off`,
    );
  return seconds;
}

/** One part of a stage's work, and putting the parts together; "stm-lab slurm" calls them. */
export const SHARD_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  shard: { value: 'K/N', help: 'do only part K of N, on any machine that shares OUT' },
  merge: { value: 'N', help: 'merge N finished parts; names parts that are missing or damaged' },
};

/** Which kind of features. */
export const KIND: OptionSpec = {
  value: 'KIND',
  help: `features: ${FEATURE_KIND_NAMES.join(', ')}`,
  default: 'stm',
  earlier: 'features',
};
/** Settings of kinds of features, as options of the commands that extract. */
export const FEATURE_SETTINGS: Readonly<Record<string, OptionSpec>> = {
  channels: {
    value: 'SET',
    help: 'stm: filter bank, published (150) or paper (128)',
    default: 'published',
  },
  scale: { value: 'SCALE', help: 'mel: power (as published) or decibel', default: 'power' },
  model: {
    value: 'MODEL',
    help: 'embedding: speech, another name in experiments/embeddings/, or an ONNX file (docs/embeddings.md)',
  },
  average: {
    value: 'AXES',
    help: 'am: none (30 bands) or frequency; cortical: time-frequency, time, frequency or none; strf, tmnn: time or time-frequency',
    default: 'none for am, time-frequency for cortical, time for strf and tmnn',
  },
  amplitude: { value: 'SCALE', help: 'mps: log or linear', default: 'log' },
  filters: { value: 'FORM', help: 'cortical: seed or gabor functions', default: 'seed' },
  hop: { value: 'S', help: 'stm-time: seconds from one spectrum to the next, up to 4', default: '0.5' },
  'max-excerpts': {
    value: 'N',
    help: 'maximum number of excerpts per recording (not for mel)',
    default: '30; for stm-time as many as fill ten minutes',
  },
};

/**
 * The settings that the options give to a kind of features. Those left at their default stay out, and with them out of
 * the key of earlier extractions, except for the channels of the STM.
 *
 * @throws UserError (`input`) for a value, or an option, that the kind does not have.
 */
export function featureSettings(
  options: OptionValues,
  kind: FeatureKind,
  preset: object = {},
): Record<string, string | number> {
  const { settings, defaults } = featureKind(kind);
  const given = preset as Readonly<Record<string, string | undefined>>;
  const own = new Map(Object.keys(settings).map((setting) => [settingOption(setting), setting]));
  const other = Object.keys(FEATURE_SETTINGS).find((name) => options[name] !== undefined && !own.has(name));
  if (other !== undefined)
    throw inputError(
      `--${other}: is not a setting of ${kind} features, which have ${[...own.keys()].map((name) => `--${name}`).join(', ')}`,
    );
  return Object.fromEntries(
    [...own].flatMap(([name, setting]): [string, string | number][] => {
      const values = settings[setting]!;
      if (values === 'number' || values === 'count') {
        const number = Number(options[name] ?? given[setting] ?? defaults[setting]);
        if (!(number > 0 && (values === 'number' || Number.isInteger(number))))
          throw inputError(
            `--${name} ${options[name]}: must be a ${values === 'count' ? 'whole number from 1' : 'number above 0'}`,
          );
        return number === defaults[setting] ? [] : [[setting, number]];
      }
      if (values === 'text') {
        const text = options[name] ?? given[setting];
        return text === undefined ? [] : [[setting, text]];
      }
      const value = choiceOption(options, name, values, given[setting] ?? String(defaults[setting]));
      return value === defaults[setting] && setting !== 'channels' ? [] : [[setting, value]];
    }),
  );
}
