import type { Space, TrialRecord, Value } from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { omit } from '../base/omit';
import type { StageContext } from '../stages/context';
import type { StrfTaskName } from '../strf';
import {
  checkStrfSection,
  developing,
  strfValidation,
  type StrfSection,
  type StrfTaskStageOptions,
} from '../strf/stage';
import { checkPathSpace, settingPaths, withValues } from './settingPaths';
import { searchSettings, statedSearch, type SettingsSearchSummary } from './settingsSearch';

/** What `strfSearchStage` reads and writes. */
export interface StrfSearchOptions extends Omit<StrfTaskStageOptions, 'conditions' | 'seeds' | 'resamples'> {
  /** Called with every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord) => void) | undefined;
}

/**
 * What a search leaves alone: what is compared, what decides the development part, and what only test scores depend on.
 */
const LEFT_ALONE = [
  /^(conditions|seeds|search)\b/,
  /^training\.(epoch|seed)$/,
  /^(labels|folds|tags)\b/,
  /^(blockSeconds$|verification\.)/,
];

/**
 * Searches what a preset states for a task, by its path in the task's section such as `training.learningRate`: each trial
 * trains every condition with every seed, and its value is the mean development score of their best records
 * (`PreparedTask.development`); no test recording is scored. See `searchSettings`. In `best.json` trainings are scored
 * after their best record, as they were in the search.
 *
 * @throws UserError (`input`) for a section without a space, a path that it does not have, or a folder with another search.
 */
export async function strfSearchStage(
  options: StrfSearchOptions,
  context: StageContext = {},
): Promise<SettingsSearchSummary> {
  const { task, experiment, out, noise, onTrial } = options;
  const section = experiment[task];
  const search = statedSearch(`${experiment.name}, ${task}`, section.search);
  checkPathSpace(
    search.space as Space,
    searchablePaths(section, noise),
    `is not a setting of task ${task} in preset ${experiment.name} that can be searched`,
    (name, value) => checkValue(task, section, name, value),
  );
  const { engine, sounds, measure, score } = await strfValidation(options, context);
  return searchSettings(
    {
      ...{ sibling: 'strf', name: `${experiment.name} ${task}`, search, engine, out, onTrial },
      settings: { task, section: omit(section, 'search'), sounds },
      inputs: { sounds },
      objective: {
        title: `development ${measure.title}`,
        direction: measure.better === 'higher' ? 'maximize' : 'minimize',
      },
      score: (values, folder, run) => score(withValues(section, values), folder, run),
      best: (values, number) => ({
        ...experiment,
        name: `${experiment.name}-best`,
        title: `${experiment.title}; ${task} with the settings of trial ${number}`,
        [task]: omit(developing(withValues(section, values)), 'search'),
      }),
    },
    context,
  );
}

/** Paths with an effect on development scores. */
function searchablePaths(section: StrfSection, noise: string | undefined): string[] {
  const filtered = section.conditions.some((condition) => condition !== 'pass');
  return settingPaths(section).filter(
    (name) =>
      !LEFT_ALONE.some((pattern) => pattern.test(name)) &&
      (noise !== undefined || !name.startsWith('noise.')) &&
      (filtered || !name.startsWith('strf.')),
  );
}

function checkValue(task: StrfTaskName, section: StrfSection, name: string, value: Value): void {
  const stated = name
    .split('.')
    .reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], section);
  if (typeof value !== typeof stated)
    throw inputError(
      `"${name}" cannot be ${JSON.stringify(value)}: the preset has ${JSON.stringify(stated)} there`,
    );
  checkStrfSection(`"${name}" as ${value}`, task, withValues(section, { [name]: value }));
}
