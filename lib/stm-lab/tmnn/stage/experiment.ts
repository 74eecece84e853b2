import { inputError } from 'research-basics/errors';
import { readJson } from 'research-basics/files';
import {
  type BackEnd,
  type FrontEnd,
  type Modulation,
  resolveFit,
  resolveTmnn,
  type TmnnFitOptions,
  type TmnnOptions,
  type TmnnSpec,
} from '..';
import type { SettingsSearch } from '../../stages/settingsSearch';
import { checkAgainst, configurationFile } from '../../stages/configuration';
import * as schema from './tmnnExperiment.schema.json';

/** A front end with or without modulation filters, and the back end behind it. */
export interface TmnnSystem {
  readonly name: string;
  readonly frontEnd: FrontEnd;
  readonly modulation: Modulation;
  /** Where it differs from the `network`'s that the systems share. */
  readonly backEnd?: BackEnd;
}

/** Everything that decides a comparison's results besides the recordings; see `tmnnExperiment.schema.json`. */
export interface TmnnExperiment {
  readonly name: string;
  readonly title: string;
  readonly cost?: string;
  readonly data: {
    readonly kind: 'manifest' | 'corpus' | 'magnatagatune' | 'speech-commands';
    readonly corpus?: string;
    readonly folds?: number;
    readonly validationFolds?: number;
    readonly clipsPerGroupAndLabel?: number;
    readonly tags?: number;
    /** What segments are cut from. Default `spectrograms`. */
    readonly segments?: 'spectrograms' | 'waveforms';
  };
  readonly segmentSeconds: number;
  readonly network?: Omit<TmnnOptions, 'frontEnd' | 'modulation' | 'outputs'>;
  readonly fit: Omit<TmnnFitOptions, 'seed'>;
  readonly testWindows?: number;
  readonly seeds: readonly number[];
  readonly systems: readonly TmnnSystem[];
  readonly comparisons: readonly (readonly [string, string])[];
  /** Settings to search, by their paths in this preset (`tmnnSearchStage`). */
  readonly search?: SettingsSearch;
}

/**
 * Reads a configuration and checks it: form, ranges of networks and training, names in the comparisons.
 *
 * @param nameOrFile a name in `experiments/tmnn/`, or the path of a JSON file.
 * @throws UserError (`input`) naming the file and what is wrong.
 */
export function readTmnnExperiment(nameOrFile: string): TmnnExperiment {
  const file = configurationFile('tmnn', nameOrFile);
  return checkTmnnExperiment(file, readJson(file));
}

/**
 * Checks an experiment: form, ranges of networks and training, names in the comparisons.
 *
 * @param file where it comes from, for the sentence.
 * @throws UserError (`input`) naming the file and what is wrong.
 */
export function checkTmnnExperiment(file: string, value: unknown): TmnnExperiment {
  const experiment = checkAgainst<TmnnExperiment>(file, value, schema);
  const names = experiment.systems.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw inputError(`${file}: duplicate system "${twice}"; rename one`);
  for (const name of experiment.comparisons.flat())
    if (!names.includes(name))
      throw inputError(`${file}: compares "${name}", which is not a system; there are ${names.join(', ')}`);
  resolveFit(experiment.fit);
  for (const system of experiment.systems) systemSpec(experiment, system, 2);
  return experiment;
}

/** The network of a system for this many outputs. */
export function systemSpec(
  { network }: Pick<TmnnExperiment, 'network'>,
  { frontEnd, modulation, backEnd }: TmnnSystem,
  outputs: number,
): TmnnSpec {
  const shared = network?.backEnd;
  const own = backEnd === undefined ? {} : { backEnd: { ...shared, ...backEnd } };
  return resolveTmnn({ ...network, frontEnd, modulation, ...own, outputs });
}
