import type { Space, TrialRecord, Values } from 'bayesian-optimizer';
import { omit } from '../base/omit';
import type { StageContext } from '../stages/context';
import {
  checkTmnnExperiment,
  tmnnValidation,
  type TmnnExperiment,
  type TmnnStudyOptions,
} from '../tmnn/stage';
import { checkPathSpace, settingPaths, withValues } from './settingPaths';
import { searchSettings, statedSearch, type SettingsSearchSummary } from './settingsSearch';

/** What `tmnnSearchStage` reads and writes. */
export interface TmnnSearchOptions extends Omit<TmnnStudyOptions, 'resamples'> {
  /** Called with every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord) => void) | undefined;
}

/**
 * Searches what a preset states of networks and training, by its path such as `fit.stages.0.learningRate`: each trial
 * trains every system with every seed, and its value is the mean validation loss of their best epochs. See
 * `searchSettings`.
 *
 * @throws UserError (`input`) for a preset without a space, a path that it does not have, or a folder with another search.
 */
export async function tmnnSearchStage(
  options: TmnnSearchOptions,
  context: StageContext = {},
): Promise<SettingsSearchSummary> {
  const { experiment, out, onTrial } = options;
  const search = statedSearch(experiment.name, experiment.search);
  const { network, fit, systems } = experiment;
  checkPathSpace(
    search.space as Space,
    settingPaths({ network, fit, systems }).filter((name) => !/^systems\.\d+\.name$/.test(name)),
    `is not a setting that preset ${experiment.name} states`,
    (name, value) => checkTmnnExperiment(`"${name}" as ${value}`, withValues(experiment, { [name]: value })),
  );
  const { engine, clips, score } = await tmnnValidation(options, context);
  return searchSettings(
    {
      ...{ sibling: 'tmnn', name: experiment.name, search, engine, out, onTrial },
      settings: { ...omit(experiment, 'name', 'title', 'cost', 'comparisons', 'search'), clips },
      inputs: clips,
      objective: { title: 'validation loss', direction: 'minimize' },
      score: (values, folder, run) => score(withValues(experiment, values), folder, run),
      best: (values, number) => bestOf(experiment, values, number),
    },
    context,
  );
}

const bestOf = (experiment: TmnnExperiment, values: Values, number: number): object => ({
  ...omit(withValues(experiment, values), 'search'),
  name: `${experiment.name}-best`,
  title: `${experiment.title}; settings of trial ${number}`,
});
