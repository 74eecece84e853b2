import { rankingAreas, rankScores, type ExactAreas } from './ranking';

/** Scores of one output against the rest. */
export interface OutputScore extends ExactAreas {
  readonly name: string;
  readonly positives: number;
}

/** How well clips were tagged. */
export interface TagScores {
  /** Unweighted means over the tags that have clips with and without them. */
  readonly macroRocAuc: number;
  readonly macroPrAuc: number;
  /** Mean binary cross-entropy over clips and tags. */
  readonly crossEntropy: number;
  readonly perTag: readonly OutputScore[];
  /** Tags left out of the means because all clips, or none, bear them. */
  readonly undefinedTags: readonly string[];
}

/**
 * ROC-AUC and average precision of every tag, and their means.
 *
 * @param labels 0 or 1, clips x tags.
 * @param probabilities clips x tags.
 */
export function tagScores(
  labels: Float32Array,
  probabilities: Float32Array,
  names: readonly string[],
): TagScores {
  const clips = labels.length / names.length;
  const perTag = names.map((name, tag): OutputScore => {
    const column = Float32Array.from({ length: clips }, (_, row) => probabilities[row * names.length + tag]!);
    const isPositive = (row: number): boolean => labels[row * names.length + tag] === 1;
    const positives = column.reduce((sum, _, row) => sum + Number(isPositive(row)), 0);
    return { name, positives, ...rankingAreas(rankScores(column, isPositive)) };
  });
  const defined = perTag.filter(({ positives }) => positives > 0 && positives < clips);
  const mean = (of: (score: OutputScore) => number): number =>
    defined.reduce((sum, score) => sum + of(score), 0) / defined.length;
  return {
    macroRocAuc: mean(({ roc }) => roc),
    macroPrAuc: mean(({ ap }) => ap),
    crossEntropy: meanCrossEntropy(labels, probabilities),
    perTag,
    undefinedTags: perTag.filter((score) => !defined.includes(score)).map(({ name }) => name),
  };
}

/** Mean of -y log p - (1 - y) log(1 - p) over all values, p clipped to 1e-7 .. 1 - 1e-7. */
export function meanCrossEntropy(labels: Float32Array, probabilities: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(Math.max(probabilities[i]!, 1e-7), 1 - 1e-7);
    sum -= labels[i] === 1 ? Math.log(p) : Math.log(1 - p);
  }
  return sum / labels.length;
}
