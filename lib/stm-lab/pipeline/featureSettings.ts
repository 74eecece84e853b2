import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { sha256 } from 'research-basics/files';
import { fileName } from '../base/fileName';
import {
  describeFeatures,
  featureKind,
  type EmbeddingModel,
  type FeatureKind,
  type PlaneAxes,
} from '../features';
import { findEmbeddingModel, isModelFile } from './embeddingModel';
import type { FeatureChoice } from './comparison/choice';
import type { Experiment } from './experiment';
import { silenceSeconds, silenceSuffix } from './silenceLimit';

/** Which features, and what is kept of a recording. */
export type ExtractedFeatures = Experiment['features'] & {
  /** Of mel features: `power` (default, as published) or `decibel`. */
  readonly scale?: 'power' | 'decibel';
  /** Of modulation features: excerpts of a recording at most. Default 30, as published. */
  readonly maxExcerpts?: number;
  /** `excerpts`: also the features of every excerpt, for poolings over them. Default `mean`. */
  readonly keep?: 'mean' | 'excerpts';
};

/** Name of the command-line option of a setting of features, without its dashes. */
export const settingOption = (setting: string): string =>
  ({ hopSeconds: 'hop', maxExcerpts: 'max-excerpts' })[setting] ?? setting;

/** Settings that belong to a kind of features, without those that are left out. */
export function ownSettings(
  kind: FeatureKind,
  settings: Readonly<Record<string, unknown>> | object,
): Record<string, string | number> {
  const given = settings as Readonly<Record<string, string | number | undefined>>;
  return Object.fromEntries(
    Object.keys(featureKind(kind).settings).flatMap((name) =>
      given[name] === undefined ? [] : [[name, given[name]]],
    ),
  );
}

/**
 * The axes that an extraction will give its features.
 *
 * @throws UserError (`input`) when the features have no modulation rates (mel features, for example).
 */
export function planeAxesOf({ kind, ...settings }: ExtractedFeatures): PlaneAxes {
  // What an embedding's axes are its model says.
  const axes = kind === 'embedding' ? {} : describeFeatures(kind, ownSettings(kind, settings)).axes;
  if (!('rateHz' in axes))
    throw inputError(`features of kind ${kind} have no modulation rates; use kind stm`);
  return axes as unknown as PlaneAxes;
}

/** Those of them that have names: not numbers such as excerpts at most. */
export const ownChoices = ({
  kind,
  ...settings
}: Exclude<FeatureChoice, { kind: 'embeddings' | 'nuisance' }>): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(ownSettings(kind, settings)).filter(([, value]) => typeof value === 'string'),
  );

/** The features part of an experiment, in the extractor's words. */
export function featureOptions({ kind, keep, ...settings }: ExtractedFeatures): {
  readonly features: FeatureKind;
  readonly parameters: Record<string, string | number>;
  readonly keep: ExtractedFeatures['keep'];
  readonly embedding: EmbeddingModel | undefined;
} {
  const seconds = silenceSeconds(settings.maxSilenceSeconds);
  const parameters = {
    ...ownSettings(kind, settings),
    ...(seconds === undefined ? {} : { maxSilenceSeconds: seconds }),
  };
  if (kind !== 'embedding' || settings.model === undefined)
    return { features: kind, parameters, keep, embedding: undefined };
  const embedding = findEmbeddingModel(settings.model);
  return {
    features: kind,
    parameters: { ...parameters, model: embedding.description.name },
    keep,
    embedding,
  };
}

/** The settings of an extraction with the defaults filled in, by which reports choose its run. */
export function extractionSettings({ kind, keep, ...settings }: ExtractedFeatures): object {
  const { defaults, settings: names } = featureKind(kind);
  return {
    kind,
    maxSilenceSeconds: silenceSeconds(settings.maxSilenceSeconds) ?? null,
    ...Object.fromEntries(Object.keys(names).map((name) => [name, defaults[name]])),
    ...ownSettings(kind, settings),
    keep: keep ?? 'mean',
  };
}

/** Name of the feature folder that a choice needs, the same for choices that can share one. */
export function featureKey(features: FeatureChoice): string {
  if (features.kind === 'embeddings') return `embeddings-${fileName(features.name)}`;
  const silence = silenceSuffix(features.maxSilenceSeconds);
  if (features.kind === 'nuisance') return `stm-published${silence}`;
  const { kind } = features;
  const { defaults } = featureKind(kind);
  const own = ownSettings(kind, kind === 'stm' ? { channels: 'published', ...features } : features);
  return [
    kind,
    ...Object.entries(own)
      .filter(([name, value]) => value !== defaults[name] || name === 'channels')
      .map(([name, value]) =>
        name === 'maxExcerpts' ? `max${value}` : name === 'model' ? modelName(String(value)) : String(value),
      ),
    ...(needsExcerpts(features) ? ['excerpts'] : []),
  ]
    .join('-')
    .concat(silence);
}

/** A model as a part of a folder's name; files of one name in two folders are told apart. */
function modelName(model: string): string {
  const { name } = path.parse(model);
  return isModelFile(model) ? `${fileName(name)}-${sha256(model).slice(0, 6)}` : fileName(name);
}

/** Whether the extraction has to keep excerpts. */
export function needsExcerpts(features: FeatureChoice): boolean {
  return 'pooling' in features && features.pooling !== undefined && features.pooling !== 'count';
}
