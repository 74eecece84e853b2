import Ajv from 'ajv';
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
import { omit } from '../base/omit';
import type { FeatureChoice } from './comparison/choice';
import type { FoldModel } from './foldModel';
import type { FitOptions, HiddenLayer } from '../models';
import type { ModelChoice, ReductionChoice } from './modelChoice';
import { nearestName } from './nearestName';
import * as schema from './experiment.schema.json';

/** What a trial's values are laid over: the settings of an experiment. */
export interface TrialBase {
  readonly family: ModelChoice['family'];
  readonly fit: FitOptions;
  /** Layers of the network where the space has no `num_layers`. */
  readonly hidden?: readonly HiddenLayer[] | undefined;
  readonly features: FeatureChoice;
  readonly reduction: ReductionChoice;
}

/** All that decides a trial's score, besides seeds and data. */
export interface TrialRecipe {
  readonly features: FeatureChoice;
  /** Standard deviation in Hz, see `smoothRates`; 0: none. */
  readonly rateSmoothing: number;
  /** Whether each rate is averaged with its negative, see `foldRates`. */
  readonly foldRates: boolean;
  readonly reduction: ReductionChoice;
  readonly model: FoldModel & { readonly kind: 'mlp' | 'logistic' | 'svm' };
  /** Networks whose probabilities are averaged. */
  readonly ensemble: number;
}

const NETWORKS = ['dropout', 'layernorm', 'attention'] as const;
const FAMILIES = [...NETWORKS, 'logistic', 'svm'] as const;

/** What a value must be, as a JSON schema. */
type ValueSchema = object;

const { definitions } = schema;
const compared = definitions.comparedFeatures.oneOf.map(({ properties }) => properties);
const without = (properties: object, ...names: string[]): [string, ValueSchema][] =>
  Object.entries(properties).filter(([name]) => !names.includes(name));
const below = (group: string, entries: [string, ValueSchema][]): [string, ValueSchema][] =>
  entries.map(([name, value]) => [`${group}.${name}`, value]);

/** Settings that can be searched, by path. */
const SETTINGS = new Map<string, ValueSchema>([
  ...below('features', [
    ...without(compared[2]!, 'kind'),
    ...without(compared[0]!, 'kind'),
    ['kind', { enum: ['stm', 'mel'] }],
    ['pooling', { enum: ['mean', 'statistics', 'first'] }],
    ['rateSmoothing', definitions.rateSmoothing],
    ['foldRates', { type: 'boolean' }],
  ]),
  ...below('reduction', Object.entries(definitions.reduction.properties)),
  ...below('training', without(definitions.fit.properties, 'loss', 'earlyStopping', 'restore')),
  ...below('loss', Object.entries(definitions.loss.properties)),
  ['model.family', { enum: FAMILIES }],
  ['model.ensemble', { type: 'integer', minimum: 1, maximum: 100 }],
  ['model.attentionUnits', { type: 'integer', minimum: 1 }],
  ...below('logistic', Object.entries(definitions.logistic.properties)),
  ...below('svm', Object.entries(definitions.svm.properties)),
]);

/** The published search's names; `i` counts layers from 0. */
const PUBLISHED = new Map<RegExp, ValueSchema>([
  [/^num_layers$/, { type: 'integer', minimum: 1, maximum: 64 }],
  [/^units_(\d{1,2})$/, { type: 'integer', minimum: 1 }],
  [/^L1_(\d{1,2})$/, { type: 'number', minimum: 0 }],
  [/^drop_(\d{1,2})$/, { type: 'number', minimum: 0, exclusiveMaximum: 1 }],
  [/^lr$/, { type: 'number', minimum: 0 }],
  [/^activation$/, { const: 'relu' }],
]);
const PUBLISHED_NAMES = ['num_layers', 'units_0', 'L1_0', 'drop_0', 'lr', 'activation'];

/** Names of everything that can be searched; those that end in _0 exist for each layer. */
export function searchableNames(): string[] {
  return [...PUBLISHED_NAMES, ...SETTINGS.keys()];
}

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
  when(/^svm\.gamma$/, 'svm.kernel', 'rbf');
  when(/^loss\.(gamma|alpha)$/, 'loss.kind', 'focal');
  when(/^training\.finalRate$/, 'training.schedule', 'cosine', 'linear', 'cyclic', 'warm-restarts');
  when(/^reduction\.(components|whiten)$/, 'reduction.method', 'exact', 'incremental');
  when(/^features\.scale$/, 'features.kind', 'mel');
  when(/^features\.(channels|maxExcerpts|pooling|rateSmoothing|foldRates)$/, 'features.kind', 'stm');
  when(/^features\.pooling$/, 'model.family', 'dropout', 'layernorm', 'logistic', 'svm');
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
 * @throws UserError (`input`) naming the parameter and the cure; for an unknown name, the valid ones.
 */
export function checkSearchSpace(space: Space, base: TrialBase): void {
  checkSpace(space);
  for (const [name, parameter] of Object.entries(space)) checkValues(name, parameter);
  if ('lr' in space && 'training.learningRate' in space)
    throw inputError('"lr" and "training.learningRate" are the same setting; leave one out');
  const own = deciding(base);
  const parents = new Set([
    ...Object.keys(own),
    ...Object.values(space).flatMap(({ when }) => (when === undefined ? [] : [when.parameter])),
  ]);
  for (const values of combinations(space, parents)) {
    for (const name of Object.keys(values)) {
      const unmet = needsOf(name).find((need) => !conditionMet(need, { ...own, ...values }));
      if (unmet !== undefined) throw inputError(noEffect(name, unmet, { ...own, ...values }, space));
    }
    recipeOfTrial(values, base);
  }
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

function schemaOf(name: string): ValueSchema {
  const published = [...PUBLISHED].find(([pattern]) => pattern.test(name))?.[1];
  const known = published ?? SETTINGS.get(name);
  if (known !== undefined) return known;
  const names = searchableNames();
  const near = nearestName(name, names);
  throw inputError(
    `"${name}" is no setting that can be searched${near === undefined ? '' : `; did you mean "${near}"?`} Valid names are ${names.join(', ')} (and _1, _2 ... for further layers)`,
  );
}

function checkValues(name: string, parameter: Parameter): void {
  const validate = new Ajv().compile({ ...schemaOf(name), definitions });
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

/** Settings of the extraction. */
const EXTRACTED = ['kind', 'channels', 'scale', 'maxExcerpts', 'maxSilenceSeconds', 'pooling'].map(
  (name) => `features.${name}`,
);

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

/**
 * A trial's values laid over the settings of an experiment. Beside paths such as "loss.gamma" there are the published
 * search's names: `num_layers`, and for layer i from 0 `units_i`, `L1_i` (default 0), `drop_i` (default 0); `lr`.
 * Where `num_layers` is not searched, layers are those of the experiment's model.
 *
 * @throws UserError (`input`) naming a hyperparameter that is missing or no number.
 */
export function recipeOfTrial(values: Values, base: TrialBase): TrialRecipe {
  const settings: Record<string, Record<string, Value>> = {};
  for (const [path, value] of Object.entries(values)) {
    if (!SETTINGS.has(path)) continue;
    const [group, name] = path.split('.') as [string, string];
    (settings[group] ??= {})[name] = value;
  }
  const { features: own = {}, reduction, training, loss, model = {}, logistic, svm } = settings;
  const { rateSmoothing = 0, foldRates = false, ...choice } = own;
  const family = (model['family'] ?? base.family) as (typeof FAMILIES)[number];
  const features = {
    ...(choice['kind'] === undefined || choice['kind'] === base.features.kind
      ? base.features
      : { maxSilenceSeconds: silenceOf(base.features) }),
    ...choice,
    ...(family === 'attention' ? { pooling: 'attention' } : {}),
  } as FeatureChoice;
  const network = (): ModelChoice => ({
    family: family === 'layernorm' ? 'layernorm' : 'dropout',
    hidden: layersOf(values, family === 'layernorm' ? 'layernorm' : 'dropout', base.hidden),
    ...(family === 'attention' ? { attention: { units: Number(model['attentionUnits'] ?? 32) } } : {}),
    fit: {
      ...base.fit,
      ...training,
      ...(loss === undefined ? {} : { loss: { ...base.fit.loss, ...loss } }),
      ...(values['lr'] === undefined ? {} : { learningRate: numberOf(values, 'lr') }),
    },
  });
  return {
    features,
    rateSmoothing: Number(rateSmoothing),
    foldRates: foldRates === true,
    reduction: { ...base.reduction, ...reduction },
    model:
      family === 'logistic' || family === 'svm'
        ? { kind: family, ...(family === 'svm' ? svm : logistic) }
        : { kind: 'mlp', ...network() },
    ensemble: Number(model['ensemble'] ?? 1),
  };
}

const silenceOf = (features: FeatureChoice): Value | undefined =>
  features.kind === 'embeddings' ? undefined : features.maxSilenceSeconds;

function numberOf(values: Values, name: string, fallback?: number): number {
  const value = values[name] ?? fallback;
  if (typeof value !== 'number')
    throw inputError(
      `hyperparameter ${name} is ${String(value)}: the network needs a number; add it to the space`,
    );
  return value;
}

/** Layers at and above `num_layers` are ignored. */
function layersOf(
  values: Values,
  family: ModelChoice['family'],
  base: readonly HiddenLayer[] | undefined,
): HiddenLayer[] {
  return Array.from({ length: numberOf(values, 'num_layers', base?.length) }, (_, i) => {
    const own = values['num_layers'] === undefined ? base?.[i] : undefined;
    return {
      units: numberOf(values, `units_${i}`, own?.units),
      l1: numberOf(values, `L1_${i}`, own?.l1 ?? 0),
      ...(family === 'dropout' ? { dropout: numberOf(values, `drop_${i}`, own?.dropout ?? 0) } : {}),
    };
  });
}

/**
 * A trial's network in an experiment, as the published names give it: see `recipeOfTrial`.
 *
 * @throws UserError (`input`) as `recipeOfTrial`.
 */
export function modelOfTrial(
  values: Values,
  family: ModelChoice['family'],
  fit: ModelChoice['fit'],
): ModelChoice {
  const base: TrialBase = {
    family,
    fit,
    features: { kind: 'stm' },
    reduction: { method: 'none', components: 1 },
  };
  return networkOf(recipeOfTrial(values, base))!;
}

/** The network of a recipe; undefined for another model. */
export function networkOf({ model }: TrialRecipe): ModelChoice | undefined {
  if (model.kind !== 'mlp') return undefined;
  return omit(model, 'kind');
}
