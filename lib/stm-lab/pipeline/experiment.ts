import * as fs from 'node:fs';
import * as path from 'node:path';
import type { RegionDesign } from '../ablation';
import { inputError, messageOf } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import { omit } from '../base/omit';
import type { FeatureKind } from '../features';
import type { FitOptions } from '../models';
import type { SamplerName, Space, Values } from 'bayesian-optimizer';
import { checkAgainst, configurationFile, presentName } from '../stages/configuration';
import { shippedFolder } from '../stages/home';
import type { ExcerptModelChoice } from './excerptModel/choice';
import type { ComparisonChoice, PlaneSettings } from './comparison/choice';
import type { TrialBase } from './hyperparameters';
import { checkSearchSpace } from './searchSpace';
import type { ModelChoice, ReductionChoice } from './modelChoice';
import type { ObjectiveSetting } from './searchObjective';
import type { SilenceLimit } from './silenceLimit';
import * as schema from './experiment.schema.json';

/** The features of an experiment: a kind, and settings that this kind has. */
export type ExperimentFeatures = {
  readonly [Kind in FeatureKind]: {
    readonly kind: Kind;
    /** Default 1 s, as published. */
    readonly maxSilenceSeconds?: SilenceLimit;
    /** Of embedding features; see `findEmbeddingModel`. */
    readonly model?: string;
  } & PlaneSettings;
}[FeatureKind];

/** Everything that decides an experiment's results besides the recordings; see `experiment.schema.json`. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly cost?: string;
  readonly features: ExperimentFeatures;
  readonly split: {
    readonly folds: number;
    readonly seed: number;
    readonly flavour: 'published' | 'corrected';
    readonly domains: 'together' | 'by-prefix';
    /** Column of the manifest that states folds, or parts such as train and test; the others have no say then. */
    readonly column?: string;
    /** Cross-validations on that column: what of a group in two folds. Default `refused`. */
    readonly sharedGroups?: 'refused' | 'allowed';
  };
  readonly reduction: ReductionChoice;
  readonly search: {
    /** `published`: the rule of keras-tuner; a configuration may also say `keras-tuner`. */
    readonly sampler: 'published' | 'gp' | 'tpe' | 'sobol' | 'random';
    readonly trials: number;
    readonly executions: number;
    readonly seed: number;
    /** What is made best. */
    readonly objective: ObjectiveSetting;
    /** Stops trials that fall behind; default `none`. */
    readonly pruner?: 'none' | 'median' | 'asha';
    /** Configurations of your own that are tried first. */
    readonly enqueue?: readonly Values[];
    readonly family: 'dropout' | 'layernorm';
    readonly space: Space;
    readonly fit: FitOptions;
  };
  readonly model: ModelChoice;
  /** A model of single excerpts, averaged over recordings (`trainExcerptStage`); default `DEFAULT_EXCERPT_MODEL`. */
  readonly excerptModel?: ExcerptModelChoice;
  readonly protocol: { readonly name: 'published' | 'corrected'; readonly fit: FitOptions };
  readonly crossValidation: { readonly folds: number; readonly seeds: number };
  readonly ablation: AblationSettings;
  /** Features and models to be scored side by side (`compareStage`). */
  readonly comparison?: ComparisonChoice;
}

/** What an ablation trains, and how; one of the sizes in `experiments/ablation/` or an experiment's own. */
export interface AblationSettings extends RegionDesign {
  readonly title?: string;
  /** What it takes on 2 cores, in words. */
  readonly cost?: string;
  readonly folds: number;
  readonly seeds: number;
  /** Network of every cell. Default the experiment's. */
  readonly model?: ModelChoice;
  /** Laid over the network's own fit options. */
  readonly fit?: FitOptions;
  /**
   * Every cell has a search of its own in the experiment's space, with so many trials and executions, and is
   * scored on the test fold. Default: fixed hyperparameters, scored by cross-validation.
   */
  readonly search?: { readonly trials: number; readonly executions: number };
}

/** The prepared sizes of an ablation: see `experiments/ablation/`. */
export const ABLATION_SIZES = ['small', 'quick', 'paper'] as const;
export type AblationSize = (typeof ABLATION_SIZES)[number];

/** The size of an ablation by its present name. */
export const ablationSize = (name: string): AblationSize => presentName(name) as AblationSize;

/** The preset that is used where none is named. */
export const DEFAULT_PRESET = 'small';

/**
 * Reads a configuration and checks it against the schema.
 *
 * @param nameOrFile a name in `experiments/` (such as "small"), or the path of a JSON file.
 * @throws UserError (`input`) naming the file and every entry that is wrong, with what it accepts.
 */
export function readExperiment(nameOrFile: string): Experiment {
  const file = configurationFile('stm', nameOrFile);
  const value = withDefaults(readExtended(file));
  const size = value?.ablation;
  const whole = typeof size === 'string' ? { ...value, ablation: readAblation(size as AblationSize) } : value;
  const experiment = withRecordedNames(checkAgainst<Experiment>(file, whole, schema));
  try {
    checkSearchSpace(experiment.search.space, trialBase(experiment));
  } catch (error) {
    throw inputError(`${file}: in search.space, ${messageOf(error)}`, error);
  }
  return experiment;
}

/** A configuration merged over the one it extends, entry by entry; lists and a search space are replaced whole. */
function readExtended(file: string, above: readonly string[] = []): Record<string, unknown> {
  const value = readJson<Record<string, unknown> | null>(file) ?? {};
  if (typeof value !== 'object' || Array.isArray(value) || value['extends'] === undefined) return value;
  const parent = value['extends'];
  if (typeof parent !== 'string')
    throw inputError(`${file}: extends must be the name or file of an experiment`);
  const own = path.join(path.dirname(file), parent);
  const found = configurationFile('stm', parent.endsWith('.json') && fs.existsSync(own) ? own : parent);
  const chain = [...above, path.resolve(file)];
  if (chain.includes(path.resolve(found))) throw inputError(`${file}: extends itself through ${parent}`);
  return overlay(withAblationOfSize(readExtended(found, chain), value), omit(value, 'extends'));
}

/** What lies below an ablation that states some entries alone: the prepared size that is named there, as a whole. */
function withAblationOfSize(
  below: Record<string, unknown>,
  own: Record<string, unknown>,
): Record<string, unknown> {
  const size = ABLATION_SIZES.find((name) => name === below['ablation']);
  if (size === undefined || !isRecord(own['ablation'])) return below;
  return { ...below, ablation: readJson<Record<string, unknown>>(ablationFile(size)) };
}

function overlay(below: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const result = { ...below };
  for (const [name, value] of Object.entries(own)) {
    const before = below[name];
    const merges = isRecord(before) && isRecord(value) && name !== 'space';
    result[name] = merges ? overlay(keptBelow(before, value), value) : value;
  }
  return result;
}

/** Of features of another kind, nothing but the setting that all kinds have. */
function keptBelow(below: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  if (own['kind'] === undefined || own['kind'] === below['kind']) return below;
  const { maxSilenceSeconds } = below;
  return maxSilenceSeconds === undefined ? {} : { maxSilenceSeconds };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sections that a configuration leaves out are those of `small`, so that a stage needs only what it uses. */
function withDefaults(value: Record<string, unknown>): Record<string, unknown> {
  const { split } = value;
  const stated = isRecord(split) && split['column'] !== undefined;
  const filled = stated ? { ...value, split: { ...OFFICIAL_SPLIT, ...split } } : value;
  const sections = readJson<Record<string, unknown>>(configurationFile('stm', DEFAULT_PRESET));
  return { ...omit(sections, 'comparison', 'cost', 'excerptModel'), ...filled };
}

/** The folds are the column's. */
const OFFICIAL_SPLIT = { folds: 10, seed: 23, flavour: 'corrected', domains: 'together' };

/** The settings that trials of an experiment's search change. */
export function trialBase({
  features,
  reduction,
  model,
  search,
}: Pick<Experiment, 'features' | 'reduction' | 'model' | 'search'>): TrialBase {
  const { family, fit } = search;
  return { family, fit, features, reduction, hidden: model.hidden };
}

/** Keys of results hold the sampler's first name, `published`, so that results found under it stay valid. */
function withRecordedNames(experiment: Experiment): Experiment {
  const { search, split } = experiment;
  return {
    ...experiment,
    ...((search.sampler as string) === 'keras-tuner' ? { search: { ...search, sampler: 'published' } } : {}),
    // The flavour's name in earlier versions.
    ...((split.flavour as string) === 'fixed' ? { split: { ...split, flavour: 'corrected' } } : {}),
  };
}

/** The sampler of a search, as the optimiser names it. */
export function samplerOf({ sampler }: Pick<Experiment['search'], 'sampler'>): SamplerName {
  return sampler === 'published' ? 'keras-tuner' : sampler;
}

const ablationFile = (size: AblationSize): string =>
  path.join(shippedFolder('experiments'), 'ablation', `${size}.json`);

/**
 * Reads one of the prepared sizes of an ablation and checks it.
 *
 * @throws UserError (`input`) for another name, or naming the file and every entry that is wrong.
 */
export function readAblation(name: AblationSize): AblationSettings {
  const size = ablationSize(name);
  if (!ABLATION_SIZES.includes(size))
    throw inputError(`ablation size ${JSON.stringify(size)}: must be one of ${ABLATION_SIZES.join(', ')}`);
  const file = ablationFile(size);
  const { definitions } = schema;
  return checkAgainst<AblationSettings>(file, readJson(file), { ...schema.properties.ablation, definitions });
}
