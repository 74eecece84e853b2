import { inputError } from 'research-basics/errors';
import {
  DEFAULT_EXCERPT_MODEL,
  describeLinear,
  describePreparation,
  type ExcerptModelChoice,
} from '../excerptModel/choice';
import { featureKind } from '../../features';
import { ownChoices } from '../featureSettings';
import type { Experiment } from '../experiment';
import type { FoldModel } from '../foldModel';
import type { ReductionChoice } from '../modelChoice';
import type { ComparisonChoice, ComparisonRowChoice, FeatureChoice, Recipe } from './choice';

/** A recipe with everything filled in. */
export interface FullRecipe {
  /** Hz, above 0; absent for none. */
  readonly rateSmoothing?: number;
  /** Absent for no. */
  readonly foldRates?: true;
  readonly reduction: ReductionChoice;
  readonly fourier?: Recipe['fourier'];
  readonly model: FoldModel & { readonly kind: 'mlp' | 'logistic' | 'svm' | 'forest' };
}

/** A row with everything filled in: together with the data, all that decides its result. */
export interface FullRow {
  readonly name: string;
  /** With `combine`: those of its first row. */
  readonly features: FeatureChoice;
  readonly basis: 'training' | 'each-part';
  readonly ensemble: number;
  /** Empty with `excerptModels` and `combine`. */
  readonly recipes: readonly FullRecipe[];
  /** Of several, one is chosen within the training rows. */
  readonly excerptModels?: readonly ExcerptModelChoice[];
  /** Rows above whose log-probabilities are averaged. */
  readonly combine?: readonly string[];
  /** Folds within the training rows by which one recipe is chosen; 0: all are fitted and averaged. */
  readonly innerFolds: number;
  /** Whether the average of all recipes is among what is chosen from. */
  readonly average?: 'candidate';
}

/** Units of an attention whose row does not say. */
const ATTENTION_UNITS = 32;

/**
 * Fills in what the rows leave to the experiment.
 *
 * @throws UserError (`input`) for two rows of one name, a reference that is not a row, an ensemble of models
 *   that do not depend on a seed, attention without a network, or a combination of what is not a row above.
 */
export function fullRows(experiment: Experiment, comparison: ComparisonChoice): FullRow[] {
  const names = comparison.rows.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw inputError(`comparison: two rows are called "${twice}"; rename one`);
  if (!names.includes(comparison.reference))
    throw inputError(
      `comparison: the reference "${comparison.reference}" is not a row; rows are ${names.join(', ')}`,
    );
  const full: FullRow[] = [];
  for (const row of comparison.rows)
    full.push(row.combine === undefined ? fullRow(experiment, row) : combinedRow(row, full));
  return full;
}

/** A row that combines rows above it. */
function combinedRow(
  { name, combine = [], optional: _optional, ...rest }: ComparisonRowChoice,
  above: readonly FullRow[],
): FullRow {
  const other = Object.keys(rest)[0];
  if (other !== undefined)
    throw inputError(
      `comparison row "${name}": combine takes the predictions of other rows as they are; leave out ${other}`,
    );
  const members = combine.map((member) => {
    const found = above.find((row) => row.name === member && row.combine === undefined);
    if (found !== undefined) return found;
    const fitted = above.filter((row) => row.combine === undefined).map((row) => row.name);
    throw inputError(
      `comparison row "${name}": combine names "${member}", which is not a fitted row above it; those are ${fitted.join(', ')}`,
    );
  });
  const { features } = members[0]!;
  return { name, features, basis: 'training', ensemble: 1, recipes: [], innerFolds: 0, combine };
}

function fullRow(experiment: Experiment, row: ComparisonRowChoice): FullRow {
  const excerptModels =
    row.excerptModel &&
    [row.excerptModel].flat().map((choice) => (choice === 'default' ? DEFAULT_EXCERPT_MODEL : choice));
  const given: FeatureChoice =
    row.features ??
    (excerptModels === undefined ? experiment.features : { kind: 'stm', pooling: 'excerpts' });
  const features = withSilence(given, experiment);
  if ((excerptModels !== undefined) !== ('pooling' in features && features.pooling === 'excerpts'))
    throw inputError(
      `comparison row "${row.name}": an excerptModel takes STM or cortical features with pooling excerpts, and nothing else does`,
    );
  const other = Object.keys(row).find(
    (entry) => !['name', 'optional', 'features', 'excerptModel'].includes(entry),
  );
  if (excerptModels !== undefined && other !== undefined)
    throw inputError(`comparison row "${row.name}": an excerptModel is a whole recipe; leave out ${other}`);
  if (excerptModels !== undefined)
    return {
      name: row.name,
      features,
      basis: 'training',
      ensemble: 1,
      recipes: [],
      innerFolds: excerptModels.length > 1 ? excerptModels[0]!.calibrationFolds : 0,
      excerptModels,
    };
  const pooling = features.kind === 'stm' ? features.pooling : undefined;
  const fill = (recipe: Recipe): FullRecipe => fullRecipe(experiment, pooling, { ...row, ...recipe }, recipe);
  if (row.choose !== undefined && row.average !== undefined)
    throw inputError(
      `comparison row "${row.name}": recipes are either chosen among or averaged; leave one out`,
    );
  const recipes = (row.choose?.among ?? row.average ?? [{}]).map(fill);
  const hasRates = features.kind === 'stm' && pooling !== 'count';
  const named = recipes.some(({ rateSmoothing }) => rateSmoothing !== undefined)
    ? 'rateSmoothing'
    : 'foldRates';
  if (!hasRates && recipes.some((recipe) => recipe[named] !== undefined))
    throw inputError(
      `comparison row "${row.name}": ${named} needs STM features, which have rates; leave it out`,
    );
  if (recipes.some(({ model }) => model.kind !== 'mlp')) {
    if (pooling === 'attention')
      throw inputError(`comparison row "${row.name}": attention is learned by a network; give a model`);
    if ((row.ensemble ?? 1) > 1)
      throw inputError(
        `comparison row "${row.name}": an ensemble of models that are the same for every seed; leave it out`,
      );
  }
  return {
    name: row.name,
    features,
    basis: row.basis ?? 'training',
    ensemble: row.ensemble ?? 1,
    recipes,
    innerFolds: row.choose?.folds ?? 0,
    ...(row.choose?.average === undefined ? {} : { average: row.choose.average }),
  };
}

/** Rows stand on the same recordings unless they say otherwise: their silence limit is the experiment's. */
function withSilence(features: FeatureChoice, experiment: Experiment): FeatureChoice {
  const limit = experiment.features.maxSilenceSeconds;
  if (features.kind === 'embeddings' || limit === undefined || features.maxSilenceSeconds !== undefined)
    return features;
  return { ...features, maxSilenceSeconds: limit };
}

function fullRecipe(
  experiment: Experiment,
  pooling: string | undefined,
  row: Recipe,
  own: Recipe,
): FullRecipe {
  const { rateSmoothing = 0, foldRates = false } = row;
  const before = {
    ...(rateSmoothing === 0 ? {} : { rateSmoothing }),
    ...(foldRates ? { foldRates } : {}),
    reduction: row.reduction ?? experiment.reduction,
    ...(row.fourier === undefined ? {} : { fourier: row.fourier }),
  };
  // What the recipe itself names comes before what its row names.
  const source = (own.model ?? own.logistic ?? own.svm ?? own.forest) ? own : row;
  if (source.logistic !== undefined) return { ...before, model: { kind: 'logistic', ...source.logistic } };
  if (source.svm !== undefined) return { ...before, model: { kind: 'svm', ...source.svm } };
  if (source.forest !== undefined) return { ...before, model: { kind: 'forest', ...source.forest } };
  const model = source.model ?? experiment.model;
  const attention =
    pooling === 'attention' ? { attention: model.attention ?? { units: ATTENTION_UNITS } } : {};
  return { ...before, model: { kind: 'mlp', ...model, ...attention } };
}

/** Features and model of a row in a few words. */
export function describeRow(row: FullRow): {
  readonly features: string;
  readonly model: string;
} {
  const { features, basis, ensemble, recipes, innerFolds, average, excerptModels, combine } = row;
  if (combine !== undefined)
    return { features: 'of its rows', model: `log-probabilities averaged: ${combine.join(' + ')}` };
  const named =
    features.kind === 'embeddings'
      ? features.name
      : features.kind === 'nuisance'
        ? 'format, duration, level'
        : features.kind === 'mel'
          ? `mel, ${features.scale ?? 'power'}`
          : features.kind !== 'stm'
            ? [
                featureKind(features.kind).title,
                ...Object.values(ownChoices(features)),
                ...('pooling' in features ? [POOLING_WORDS.excerpts] : []),
              ].join(', ')
            : features.pooling === undefined
              ? 'STM'
              : `STM, ${POOLING_WORDS[features.pooling]}`;
  const most = 'maxExcerpts' in features ? features.maxExcerpts : undefined;
  const [all, members] =
    innerFolds > 0
      ? [`chosen of ${recipes.length}${average ? ' and their average' : ''} in each fold`, 'averaged']
      : [`average of ${recipes.length} recipes`, 'each'];
  const one = recipes.length === 1;
  if (excerptModels !== undefined) {
    const chosen = `chosen of ${excerptModels.length} in each fold, by collection`;
    return {
      features: named,
      model: excerptModels.length === 1 ? describeExcerptModel(excerptModels[0]!) : chosen,
    };
  }
  const model = one ? describeModel(recipes[0]!) : all;
  const limited = most === undefined ? named : `${named}, ${most} excerpts at most`;
  return {
    features: basis === 'training' ? limited : `${limited}, test rows in a basis of their own`,
    model: ensemble === 1 ? model : `${model}, ${ensemble} networks ${one ? 'averaged' : members}`,
  };
}

const POOLING_WORDS = {
  mean: 'mean of excerpts',
  unbiased: 'unbiased for the number of excerpts',
  statistics: 'mean and deviation of excerpts',
  attention: 'attention over excerpts',
  first: 'first excerpt alone',
  count: 'number of excerpts alone',
  excerpts: 'excerpts one by one',
} as const;

/** What a row chooses among, each in a few words. */
export const describeCandidates = ({ recipes, excerptModels, average }: FullRow): string[] => [
  ...(excerptModels?.map(describeExcerptModel) ?? recipes.map(describeModel)),
  ...(average === undefined ? [] : ['average of all']),
];

/** A recipe in a few words. */
function describeModel({ model, reduction, fourier, ...preparation }: FullRecipe): string {
  const centred = reduction.scaling === 'none' ? ' of centred columns' : '';
  const prepared = describePreparation(preparation);
  const smoothed = prepared === '' ? '' : `, ${prepared}`;
  const mapped =
    fourier === undefined
      ? ''
      : `, ${fourier.features ?? 1000} Fourier features, gamma ${fourier.gamma ?? 'scale'}`;
  const pca = `${reduction.method === 'none' ? 'no PCA' : `PCA ${reduction.components}`}${centred}${smoothed}${mapped}`;
  if (model.kind === 'logistic')
    return `${(model.l1Ratio ?? 0) === 0 ? 'logistic regression' : `elastic net, L1 ratio ${model.l1Ratio}`}, C ${model.C ?? 1}, ${pca}`;
  if (model.kind === 'forest')
    return `random forest, ${model.trees ?? 200} trees, leaves of ${model.leafRows ?? 5} rows, ${pca}`;
  if (model.kind === 'svm') return `${model.kernel ?? 'rbf'} SVM, C ${model.C ?? 1}, ${pca}`;
  return `MLP ${model.hidden.map(({ units }) => units).join('-')}, ${pca}`;
}

function describeExcerptModel(choice: ExcerptModelChoice): string {
  const { among, components } = choice;
  const linear =
    among.length === 1 ? describeLinear(among[0]!) : `linear model chosen of ${among.length} inside`;
  return [linear, `PCA ${components}`, describePreparation(choice)].filter(Boolean).join(', ');
}
