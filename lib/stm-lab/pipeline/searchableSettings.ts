import { inputError } from 'research-basics/errors';
import { FEATURE_KIND_NAMES } from '../features';
import { unknownName } from './nearestName';
import * as schema from './experiment.schema.json';

/** Families of models that a trial may have; the first three are networks. */
export const NETWORKS = ['dropout', 'layernorm', 'attention'] as const;
export const FAMILIES = [...NETWORKS, 'logistic', 'svm', 'forest'] as const;

/** What a value must be, as a JSON schema. */
type ValueSchema = object;

export const { definitions } = schema;
type KindSettings = Readonly<Record<string, ValueSchema>> & { readonly kind: { readonly const: string } };
/** Settings of each kind of features that an extraction can make. */
const kinds = definitions.comparedFeatures.oneOf
  .map(({ properties }) => properties as unknown as KindSettings)
  .filter(({ kind }) => (FEATURE_KIND_NAMES as readonly string[]).includes(kind.const));
/** Names of the kinds of features that have a setting. */
export const kindsWith = (setting: string): string[] =>
  kinds.filter((settings) => setting in settings).map(({ kind }) => kind.const);

const without = (properties: object, ...names: string[]): [string, ValueSchema][] =>
  Object.entries(properties).filter(([name]) => !names.includes(name));
const below = (group: string, entries: [string, ValueSchema][]): [string, ValueSchema][] =>
  entries.map(([name, value]) => [`${group}.${name}`, value]);

/** Settings that can be searched, by path. */
export const SETTINGS = new Map<string, ValueSchema>([
  ...below('features', [
    ...[...new Set(kinds.flatMap((settings) => Object.keys(settings)))].map((name): [string, ValueSchema] => [
      name,
      { anyOf: kinds.flatMap((settings) => settings[name] ?? []) },
    ]),
    ['kind', { enum: FEATURE_KIND_NAMES }],
    ['pooling', { enum: ['mean', 'statistics', 'first'] }],
    ['rateSmoothing', definitions.rateSmoothing],
    ['foldRates', { type: 'boolean' }],
  ]),
  ...below('reduction', Object.entries(definitions.reduction.properties)),
  ...below('training', without(definitions.fit.properties, 'loss', 'lookahead', 'earlyStopping', 'restore')),
  ...below('training.lookahead', Object.entries(definitions.fit.properties.lookahead.properties)),
  ...below('loss', Object.entries(definitions.loss.properties)),
  ['model.family', { enum: FAMILIES }],
  ['model.ensemble', { type: 'integer', minimum: 1, maximum: 100 }],
  ['model.attentionUnits', { type: 'integer', minimum: 1 }],
  ...below('logistic', Object.entries(definitions.logistic.properties)),
  ...below('svm', Object.entries(definitions.svm.properties)),
  ...below('forest', Object.entries(definitions.forest.properties)),
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

/**
 * What a setting may be.
 *
 * @throws UserError (`input`) naming the valid names.
 */
export function schemaOf(name: string): ValueSchema {
  const published = [...PUBLISHED].find(([pattern]) => pattern.test(name))?.[1];
  const known = published ?? SETTINGS.get(name);
  if (known !== undefined) return known;
  const names = searchableNames();
  throw inputError(
    `${unknownName(name, 'is not a setting that can be searched', names)} Valid names are ${names.join(', ')} (and _1, _2 ... for further layers)`,
  );
}

/** Settings of the extraction. */
export const EXTRACTED = [...SETTINGS.keys()].filter((name) =>
  /^features\.(?!rateSmoothing|foldRates)/.test(name),
);
