import type { Value, Values } from 'bayesian-optimizer';
import { inputError } from 'research-basics/errors';
import { omit } from '../base/omit';
import type { FeatureChoice } from './comparison/choice';
import type { FoldModel } from './foldModel';
import type { FitOptions, HiddenLayer } from '../models';
import type { ModelChoice, ReductionChoice } from './modelChoice';
import { FAMILIES, SETTINGS } from './searchableSettings';

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
  readonly model: FoldModel & { readonly kind: 'mlp' | 'logistic' | 'svm' | 'forest' };
  /** Networks whose probabilities are averaged. */
  readonly ensemble: number;
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
    // "training.lookahead.share" belongs to the group "training.lookahead".
    const dot = path.lastIndexOf('.');
    (settings[path.slice(0, dot)] ??= {})[path.slice(dot + 1)] = value;
  }
  const { features: own = {}, reduction, training, loss, model = {} } = settings;
  const lookahead = settings['training.lookahead'];
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
      ...(lookahead === undefined ? {} : { lookahead: { ...base.fit.lookahead, ...lookahead } }),
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
      family === 'logistic' || family === 'svm' || family === 'forest'
        ? { kind: family, ...settings[family] }
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
