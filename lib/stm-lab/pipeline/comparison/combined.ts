import { atTemperature, boundedLog } from '../../evaluation/temperature';
import type { RowFits } from './rowFits';
import type { FinishedRow } from './rowScores';

/**
 * The predictions of finished rows combined: their log-probabilities are averaged. All rows of a comparison have the same
 * folds, so that what a member predicted of a fold's test recordings comes from models that have not seen them.
 *
 * @param design the recordings that are scored by group, and seeds of the repeats.
 */
export function combinedFits(
  members: readonly FinishedRow[],
  design: { readonly rows: Int32Array; readonly seeds: readonly number[] },
): RowFits {
  const lookUp = (
    repeatsOf: (row: FinishedRow) => readonly Float32Array[],
    places: Int32Array,
  ): ReturnType<RowFits['byGroup']> => {
    const placeOf = new Map(Array.from(places, (row, place) => [row, place]));
    return ({ seed, testRows }) => {
      const repeat = design.seeds.indexOf(seed);
      const sets = members.map((row) => repeatsOf(row)[repeat]!);
      const classes = sets[0]!.length / places.length;
      const mean = new Float64Array(testRows.length * classes);
      testRows.forEach((row, i) => {
        const from = placeOf.get(row)! * classes;
        for (let c = 0; c < classes; c++)
          mean[i * classes + c] =
            sets.reduce((sum, set) => sum + boundedLog(set[from + c]!), 0) / sets.length;
      });
      return atTemperature(mean, classes, 1);
    };
  };
  return {
    byGroup: () => lookUp(({ repeats }) => repeats, design.rows),
    byCollection: ({ rows }) => lookUp(({ unseen }) => unseen!, rows),
  };
}
