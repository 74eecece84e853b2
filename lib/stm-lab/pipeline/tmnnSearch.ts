import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  checkSpace,
  createStudy,
  optimize,
  type Space,
  type TrialRecord,
  type Values,
} from 'bayesian-optimizer';
import { inputError, UserError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { omit } from '../base/omit';
import { runTrackedStage, type StageContext } from '../stages/context';
import type { StageResult } from '../stages/stage';
import { changedSettings, listed } from '../stages/stageChange';
import {
  checkTmnnExperiment,
  tmnnValidation,
  type TmnnExperiment,
  type TmnnStudyOptions,
} from '../tmnn/stage';
import { nearestName } from './nearestName';
import { writeTrials } from './searchTables';
import { withoutTrials } from './trainableModel';

/** What `tmnnSearchStage` reads and writes. */
export interface TmnnSearchOptions extends Omit<TmnnStudyOptions, 'resamples'> {
  /** Called with every trial that ends. */
  readonly onTrial?: ((trial: TrialRecord) => void) | undefined;
}

/** Outcome of a search of a learnable front end's settings. */
export interface TmnnSearchSummary {
  readonly best: { readonly number: number; readonly value: number; readonly values: Values };
  readonly trials: readonly TrialRecord[];
  readonly status: StageResult['status'];
}

/**
 * Searches what a preset states of networks and training, by its path such as `fit.stages.0.learningRate`: each trial
 * trains every system with every seed, and its value is the mean validation loss of their best epochs. Leaves `journal.log`
 * (Optuna's journal format), `trials.csv`, a folder per trial, `search.json`, and `best.json`, the preset with the best
 * settings. A search that was stopped continues with the trial and the epoch it had reached.
 *
 * @throws UserError (`input`) for a preset without a space, a path that it does not have, or a folder with another search.
 */
export async function tmnnSearchStage(
  options: TmnnSearchOptions,
  context: StageContext = {},
): Promise<TmnnSearchSummary> {
  const { experiment, out, onTrial } = options;
  const { search } = experiment;
  if (search === undefined)
    throw inputError(`preset ${experiment.name}: has no "search"; give it one with trials and a space`);
  const { sampler = 'gp', seed = 1, trials } = search;
  const space = search.space as Space;
  checkTmnnSpace(space, experiment);
  const { engine, clips, score } = await tmnnValidation(options, context);
  const settings = {
    ...omit(experiment, 'name', 'title', 'cost', 'comparisons', 'search'),
    ...{ sampler, seed, space, clips },
  };
  const stated = path.join(out, 'study.json');
  const changed = fs.existsSync(stated) ? changedSettings(readJson(stated), settings) : [];
  if (changed.length > 0)
    throw inputError(
      `${out}: holds a search with other settings: ${listed(changed)}; restore them, or give another --out`,
    );
  const openStudy = (): ReturnType<typeof createStudy> =>
    createStudy({
      ...{ name: `tmnn-${sha256(settings).slice(0, 12)}`, space, sampler, seed },
      ...{ direction: 'minimize', namespace: 'stm-lab', journal: path.resolve(out, 'journal.log') },
    });
  const { status } = await runTrackedStage(context, {
    stage: 'tmnn-search',
    runName: `tmnn search ${experiment.name}`,
    folder: out,
    parameters: { ...settings, trials },
    runKey: `tmnn-search-${sha256([settings, path.resolve(out)]).slice(0, 16)}`,
    runParameters: { sampler, seed, objective: 'validation loss' },
    inputs: clips,
    engine,
    run: async (run) => {
      writeJson(stated, settings);
      const study = openStudy();
      const { reason } = await optimize(
        study,
        async ({ number, values }) => {
          const laid = experimentOfTrial(experiment, values);
          const value = await score(laid, path.join(out, 'trials', String(number)), run);
          run?.logMetrics({ trial_value: value }, number);
          return value;
        },
        { trials, ...(onTrial && { onTrial }), ...(context.signal && { signal: context.signal }) },
      );
      writeTrials(path.join(out, 'trials.csv'), study);
      if (reason === 'aborted')
        throw new UserError('interrupted', 'search stopped on request; run it again to continue');
      const found = study.best();
      if (found === undefined || reason === 'failures')
        throw withoutTrials(
          `tmnn search: ${reason === 'failures' ? 'the last trials all failed' : 'no trial succeeded'}`,
          study,
        );
      const best = { number: found.number, value: found.value!, values: found.values };
      writeJson(path.join(out, 'search.json'), { objective: 'validation loss', best });
      writeJson(path.join(out, 'best.json'), {
        ...omit(experimentOfTrial(experiment, found.values), 'search'),
        ...{
          name: `${experiment.name}-best`,
          title: `${experiment.title}; settings of trial ${found.number}`,
        },
      });
      const files = ['journal.log', 'study.json', 'trials.csv', 'search.json', 'best.json'];
      for (const file of files) run?.logArtifact(path.join(out, file));
      return files;
    },
  });
  const { best } = readJson<TmnnSearchSummary>(path.join(out, 'search.json'));
  return { best, trials: openStudy().trials(), status };
}

/** Paths of the settings that can be searched: of networks, training and systems, not of the clips. */
const pathsOf = (value: unknown, prefix: string): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) =>
        pathsOf(inner, prefix === '' ? name : `${prefix}.${name}`),
      )
    : [prefix];

/** The experiment with a trial's values at their paths. */
function experimentOfTrial(experiment: TmnnExperiment, values: Values): TmnnExperiment {
  const laid = structuredClone(experiment);
  for (const [name, value] of Object.entries(values)) {
    const steps = name.split('.');
    const last = steps.pop()!;
    const place = steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], laid);
    (place as Record<string, unknown>)[last] = value;
  }
  return laid;
}

/** Makes sure that every path is one of the preset's, and that its experiments are valid at both ends of every range. */
function checkTmnnSpace(space: Space, experiment: TmnnExperiment): void {
  checkSpace(space);
  const { network, fit, systems } = experiment;
  const known = pathsOf({ network, fit, systems }, '').filter((name) => !/^systems\.\d+\.name$/.test(name));
  for (const [name, parameter] of Object.entries(space)) {
    if (!known.includes(name)) {
      const near = nearestName(name, known);
      throw inputError(
        `"${name}" is not a setting that preset ${experiment.name} states${near === undefined ? '' : `; did you mean "${near}"?`} It has ${known.join(', ')}`,
      );
    }
    for (const value of parameter.type === 'categorical' ? parameter.choices : [parameter.min, parameter.max])
      checkTmnnExperiment(`"${name}" as ${value}`, experimentOfTrial(experiment, { [name]: value }));
  }
}
