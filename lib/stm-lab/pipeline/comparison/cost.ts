import { findEmbeddingModel } from '../embeddingModel';
import { extractionCost } from '../extractionCost';
import { featureKey } from '../featureSettings';
import type { FeatureChoice } from './choice';
import type { FullRow } from './fullRows';

/** What the features of a row cost, and what was learned for them before. */
export interface RowCost {
  /** Processor time of their extraction on all cores, seconds for an hour of sound; undefined where it was not measured. */
  readonly secondsPerHour: number | undefined;
  /** Weights of the pretrained network, 0 for features without one; undefined where its description does not say. */
  readonly pretrainedWeights: number | undefined;
  /** Data of the pretraining, in words; undefined for none, and where the description does not say. */
  readonly trainedOn: string | undefined;
}

/**
 * The cost of every row, by its name; a row that combines others costs what their features cost together.
 *
 * @param folders of the features of each `featureKey`
 */
export function rowCosts(
  rows: readonly FullRow[],
  folders: Readonly<Record<string, string>>,
): Record<string, RowCost> {
  const featuresOf = ({ features, combine }: FullRow): FeatureChoice[] =>
    combine === undefined
      ? [features]
      : combine.flatMap((member) => rows.filter(({ name }) => name === member).flatMap(featuresOf));
  return Object.fromEntries(
    rows.map((row) => {
      const distinct = new Map(featuresOf(row).map((one) => [featureKey(one), one]));
      const costs = [...distinct].map(([key, one]) => costOf(one, folders[key]));
      const trainedOn = costs.flatMap((cost) => cost.trainedOn ?? []);
      return [
        row.name,
        {
          secondsPerHour: total(costs.map((cost) => cost.secondsPerHour)),
          pretrainedWeights: total(costs.map((cost) => cost.pretrainedWeights)),
          trainedOn: trainedOn.length === 0 ? undefined : trainedOn.join(' + '),
        },
      ];
    }),
  );
}

function costOf(features: FeatureChoice, folder: string | undefined): RowCost {
  const secondsPerHour = folder === undefined ? undefined : extractionCost(folder);
  if (features.kind === 'embeddings')
    return { secondsPerHour, pretrainedWeights: undefined, trainedOn: undefined };
  if (features.kind !== 'embedding' || features.model === undefined)
    return { secondsPerHour, pretrainedWeights: 0, trainedOn: undefined };
  const { weights, trainedOn } = findEmbeddingModel(features.model).description;
  return { secondsPerHour, pretrainedWeights: weights, trainedOn };
}

const total = (parts: readonly (number | undefined)[]): number | undefined =>
  parts.reduce<number | undefined>(
    (sum, part) => (sum === undefined || part === undefined ? undefined : sum + part),
    0,
  );
