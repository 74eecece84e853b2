import { inputError } from 'research-basics/errors';
import { writeCsv } from '../base/csv';
import { objectivesOf, type ObjectiveSetting } from './searchObjective';
import type { Study } from 'bayesian-optimizer';
import type { Experiment } from './experiment';
import type { TrialRecipe } from './hyperparameters';
import type { ModelChoice } from './modelChoice';

/**
 * Writes every trial of a study as CSV: number, state, value, each parameter of the space (empty where it does not
 * exist), seconds, start and end (UTC), starts, failure, and `run`, the tag `stm.uid` of its MLflow run. With two objectives
 * `value <objective>` for each, and `pareto`: yes for the trials that no other surpasses in both.
 */
export function writeTrials(file: string, study: Study, setting?: ObjectiveSetting): void {
  const names = Object.keys(study.space);
  const objectiveNames =
    setting === undefined ? [] : objectivesOf(setting).map(({ name }) => `value ${name}`);
  const front =
    objectiveNames.length < 2 ? undefined : new Set(study.paretoFront().map(({ number }) => number));
  const scores = front === undefined ? ['value'] : [...objectiveNames, 'pareto'];
  const columnOf = (name: string): string => `parameter ${name}`;
  const time = (milliseconds: number | undefined): string =>
    milliseconds === undefined ? '' : new Date(milliseconds).toISOString();
  const rows = study
    .trials()
    .map(
      ({
        number,
        state,
        value,
        objectives,
        values,
        startedAt,
        finishedAt,
        attempts,
        failure,
        attributes,
      }) => ({
        number,
        state,
        ...(front === undefined
          ? { value: value ?? '' }
          : {
              ...Object.fromEntries(objectiveNames.map((name, i) => [name, objectives[i] ?? ''])),
              pareto: front.has(number) ? 'yes' : '',
            }),
        ...Object.fromEntries(
          names.map((name) => [columnOf(name), values[name] === undefined ? '' : String(values[name])]),
        ),
        seconds: startedAt === undefined || finishedAt === undefined ? '' : (finishedAt - startedAt) / 1000,
        started: time(startedAt),
        finished: time(finishedAt),
        starts: attempts,
        failure: failure ?? '',
        run: typeof attributes['run'] === 'string' ? attributes['run'] : '',
      }),
    );
  const columns = [
    'number',
    'state',
    ...scores,
    ...names.map(columnOf),
    'seconds',
    'started',
    'finished',
    'starts',
    'failure',
    'run',
  ];
  writeCsv(file, columns, rows);
}

/**
 * The experiment with the settings of its best trial, which is also a row of its comparison.
 *
 * @throws UserError (`input`) for features that no preset can have.
 */
export function bestPreset(
  preset: Experiment,
  {
    recipe,
    model,
    best,
  }: {
    readonly recipe: TrialRecipe;
    readonly model?: ModelChoice;
    readonly best: { readonly number: number };
  },
): Experiment {
  const { features, rateSmoothing, foldRates, reduction, ensemble } = recipe;
  if (features.kind === 'embeddings' || features.kind === 'nuisance')
    throw inputError(`best trial: features of kind ${features.kind} are in no preset`);
  const { kind, ...settings } = recipe.model;
  const row = {
    name: 'best trial',
    features,
    ...(rateSmoothing === 0 ? {} : { rateSmoothing }),
    ...(foldRates ? { foldRates } : {}),
    reduction,
    ...(kind === 'mlp' ? { model: model!, ensemble } : { [kind]: settings }),
  };
  const comparison = preset.comparison ?? {
    folds: preset.crossValidation.folds,
    seeds: preset.crossValidation.seeds,
  };
  return {
    ...preset,
    name: `${preset.name}-best`,
    title: `${preset.title}; settings of trial ${best.number} of its search`,
    reduction,
    ...(model === undefined ? {} : { model }),
    comparison: { ...comparison, reference: 'best trial', rows: [row] },
  };
}
