import { readJson } from 'research-basics/files';
import { checkAgainst, configurationFile } from '../../stages/configuration';
import type { AveragingSettings } from './averaging';
import type { StudyDesign } from './divisions';
import type { DurationSettings } from './duration';
import type { OrderSettings } from './order';
import type { StudySystem } from './system';
import * as schema from './studies.schema.json';

/** The studies, in the order of reports. */
export const STUDY_NAMES = ['learning-curve', 'excerpt-count', 'order', 'duration', 'averaging'] as const;
export type StudyName = (typeof STUDY_NAMES)[number];

/** Everything that decides the results of the studies besides the recordings; see `studies.schema.json`. */
export interface Studies {
  readonly name: string;
  readonly title: string;
  /** What it takes on 2 cores, in words. */
  readonly cost?: string;
  /** The first is the reference, and STM. An embedding whose model is not installed is left out. */
  readonly systems: readonly StudySystem[];
  readonly 'learning-curve': StudyDesign & {
    /** Shares of each class's training groups, ascending; the last is 1. */
    readonly shares: readonly number[];
  };
  readonly 'excerpt-count': StudyDesign & {
    /** Recordings are cut to so many excerpts, ascending. */
    readonly excerpts: readonly number[];
  };
  readonly order: OrderSettings;
  readonly duration: DurationSettings;
  readonly averaging: AveragingSettings;
}

/**
 * Reads a preset of the studies.
 *
 * @param nameOrFile a name in `experiments/studies/`, or the path of a JSON file.
 * @throws UserError (`input`) naming the file and every entry that is wrong.
 */
export function readStudies(nameOrFile: string): Studies {
  const file = configurationFile('studies', nameOrFile);
  return checkAgainst<Studies>(file, readJson(file), schema);
}
