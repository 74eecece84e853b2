import {
  checkSpace,
  conditionMet,
  type Condition,
  type Parameter,
  type Space,
  type Value,
  type Values,
} from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { resolveFitOptions } from '../models';
import { checkAgainst, compileSchema } from '../stages/configuration';
import type { FeatureChoice } from './comparison/choice';
import { definitions, EXTRACTED, kindsWith, NETWORKS, schemaOf, SETTINGS } from './searchableSettings';
import { recipeOfTrial, type TrialBase } from './hyperparameters';

/** When a setting has an effect: all of these must be met by the settings of the trial. */
function needsOf(name: string): Condition[] {
  const needs: Condition[] = [];
  const when = (pattern: RegExp, parameter: string, ...accepted: Value[]): void => {
    if (pattern.test(name)) needs.push({ parameter, in: accepted });
  };
  when(
    /^(training\..*|loss\..*|num_layers|units_.*|L1_.*|lr|activation|model\.ensemble)$/,
    'model.family',
    ...NETWORKS,
  );
  when(/^drop_/, 'model.family', 'dropout', 'attention');
  when(/^model\.attentionUnits$/, 'model.family', 'attention');
  when(/^logistic\./, 'model.family', 'logistic');
  when(/^svm\./, 'model.family', 'svm');
  when(/^forest\./, 'model.family', 'forest');
  when(/^svm\.gamma$/, 'svm.kernel', 'rbf');
  when(/^loss\.(gamma|alpha)$/, 'loss.kind', 'focal');
  when(/^training\.finalRate$/, 'training.schedule', 'cosine', 'linear', 'cyclic', 'warm-restarts');
  when(/^training\.cycleUpdates$/, 'training.schedule', 'cyclic', 'warm-restarts');
  when(/^reduction\.(components|whiten)$/, 'reduction.method', 'exact', 'incremental');
  when(/^features\.(rateSmoothing|foldRates)$/, 'features.kind', 'stm');
  when(/^features\.(?!kind|rateSmoothing|foldRates)/, 'features.kind', ...kindsWith(name.split('.')[1]!));
  when(/^features\.pooling$/, 'model.family', 'dropout', 'layernorm', 'logistic', 'svm', 'forest');
  const layer = /^(?:units|L1|drop)_(\d+)$/.exec(name)?.[1];
  if (layer !== undefined && layer !== '0')
    needs.push({ parameter: 'num_layers', atLeast: Number(layer) + 1 });
  return needs;
}

/** The settings that others depend on, as the experiment has them. */
function deciding(base: TrialBase): Record<string, Value | undefined> {
  return {
    'model.family': base.family,
    'features.kind': base.features.kind,
    'reduction.method': base.reduction.method,
    'loss.kind': base.fit.loss?.kind ?? 'focal',
    'training.schedule': base.fit.schedule ?? 'constant',
    'svm.kernel': 'rbf',
    num_layers: base.hidden?.length,
  };
}

/**
 * Makes sure that everything in a search space is a setting, in its range, and has an effect in every trial in which it
 * is sampled.
 *
 * @throws UserError (`input`) naming the parameter and the fix; for an unknown name, the valid ones.
 */
export function checkSearchSpace(space: Space, base: TrialBase): void {
  checkSpace(space);
  for (const [name, parameter] of Object.entries(space)) checkValues(name, parameter);
  if ('lr' in space && 'training.learningRate' in space)
    throw inputError('"lr" and "training.learningRate" are the same setting; leave one out');
  const own = deciding(base);
  const parents = new Set([
    ...Object.keys(own),
    'features.average',
    ...Object.values(space).flatMap(({ when }) => (when === undefined ? [] : [when.parameter])),
  ]);
  for (const values of combinations(space, parents)) {
    for (const name of Object.keys(values)) {
      const unmet = needsOf(name).find((need) => !conditionMet(need, { ...own, ...values }));
      if (unmet !== undefined) throw inputError(noEffect(name, unmet, { ...own, ...values }, space));
    }
    const { features, model } = recipeOfTrial(values, base);
    checkFeatures(features);
    if (model.kind === 'mlp') resolveFitOptions(model.fit);
  }
}

/** Makes sure that features have the settings of their kind, such as an average that it knows. */
function checkFeatures(features: FeatureChoice): void {
  const { kind } = features;
  checkAgainst(
    `features of kind ${kind}`,
    // A preset that extends another of a different kind has settings left that this kind ignores.
    Object.fromEntries(
      Object.entries(features).filter(
        ([name, value]) => value !== undefined && kindsWith(name).includes(kind),
      ),
    ),
    {
      ...definitions.comparedFeatures.oneOf.find(({ properties }) => properties.kind.const === kind),
      definitions,
    },
  );
}

function noEffect(
  name: string,
  need: Condition,
  values: Readonly<Record<string, Value | undefined>>,
  space: Space,
): string {
  const where = `"${name}" has no effect where ${need.parameter} is ${String(values[need.parameter] ?? 'not given')}`;
  const parent = space[need.parameter];
  if (parent === undefined)
    return `${where}; leave it out, or set ${need.parameter} to ${'in' in need ? need.in.join(' or ') : `at least ${need.atLeast}`}`;
  const possible =
    'in' in need && parent.type === 'categorical'
      ? { ...need, in: need.in.filter((value) => parent.choices.includes(value)) }
      : need;
  return `${where}; give it "when": ${JSON.stringify(possible)}`;
}

function checkValues(name: string, parameter: Parameter): void {
  const validate = compileSchema({ ...schemaOf(name), definitions }, 'first');
  const tried = parameter.type === 'categorical' ? parameter.choices : [parameter.min, parameter.max];
  for (const value of tried)
    if (!validate(value))
      throw inputError(
        `"${name}" cannot be ${JSON.stringify(value)}: it ${(validate.errors ?? []).map(({ message, params }) => `${message ?? 'is not valid'}${'allowedValues' in params ? ` (${(params['allowedValues'] as string[]).join(', ')})` : ''}`).join(', or ')}`,
      );
  const whole = (schemaOf(name) as { type?: string }).type === 'integer';
  if (
    whole &&
    parameter.type === 'float' &&
    !(Number.isInteger(parameter.min) && Number.isInteger(parameter.step))
  )
    throw inputError(`"${name}" is a whole number: give it the type "int"`);
  if (EXTRACTED.includes(name) && parameter.type === 'float')
    throw inputError(`"${name}" needs an extraction for each value: give a list of choices ("categorical")`);
}

/** Every feature folder that trials of a space can ask for, as choices of features. */
export function searchedFeatures(space: Space, base: TrialBase): FeatureChoice[] {
  const parents = new Set(['model.family', ...EXTRACTED]);
  return [...combinations(space, parents)].map((values) => recipeOfTrial(values, base).features);
}

/** Whether trials differ in what comes before the model. */
export function searchesInputs(space: Space): boolean {
  return Object.keys(space).some((name) => /^(features|reduction)\./.test(name) || name === 'model.family');
}

/** Whether a space names settings beside those of the published search. */
export function searchesSettings(space: Space): boolean {
  return !('num_layers' in space && 'lr' in space) || Object.keys(space).some((name) => SETTINGS.has(name));
}

/** Assignments of a space in which each `parents` takes all its values (or the ends of a long range), others one. */
function* combinations(space: Space, parents: ReadonlySet<string>): Generator<Values> {
  const entries = Object.entries(space);
  const limits = (name: string): number[] =>
    Object.values(space).flatMap(({ when }) =>
      when !== undefined && 'atLeast' in when && when.parameter === name ? [when.atLeast] : [],
    );
  function* from(place: number, values: Values): Generator<Values> {
    const entry = entries[place];
    if (entry === undefined) return yield values;
    const [name, parameter] = entry;
    if (parameter.when !== undefined && !conditionMet(parameter.when, values))
      return yield* from(place + 1, values);
    let choices: readonly Value[];
    if (parameter.type === 'categorical') choices = parameter.choices;
    else {
      const { min, max } = parameter;
      const step = parameter.type === 'int' ? (parameter.step ?? 1) : Infinity;
      choices =
        (max - min) / step <= 16 && step < Infinity
          ? Array.from({ length: Math.round((max - min) / step) + 1 }, (_, i) => min + i * step)
          : [...new Set([min, ...limits(name).filter((value) => value >= min && value <= max), max])];
    }
    for (const value of parents.has(name) ? choices : choices.slice(0, 1))
      yield* from(place + 1, { ...values, [name]: value });
  }
  yield* from(0, {});
}
