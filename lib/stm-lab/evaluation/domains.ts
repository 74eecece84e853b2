import { uniqueCodes } from '../base/codePoints';
import { argmaxScores } from './confusion';
import { mostProbable } from './predictions';

/**
 * Macro-F1 of the part of the label before ":" (e.g. "music" of "music: vocal"), at the most probable class, mean over
 * sets of predictions of the same rows.
 *
 * @param sets float32, rows x classes each.
 * @returns undefined where the parts do not group the classes: labels without ":", or one part for all.
 */
export function domainF1(
  labels: Int32Array,
  sets: readonly Float32Array[],
  classNames: readonly string[],
): number | undefined {
  const { values, codes } = uniqueCodes(classNames.map((name) => name.split(':')[0]!));
  if (values.length < 2 || values.length === classNames.length) return undefined;
  let sum = 0;
  for (const probabilities of sets) {
    const counts = new Float64Array(values.length * values.length);
    mostProbable(probabilities, classNames.length).forEach((predicted, row) => {
      counts[codes[labels[row]!]! * values.length + codes[predicted]!]!++;
    });
    sum += argmaxScores({ classes: values.length, counts }).macroF1 / sets.length;
  }
  return sum;
}
