import { deriveSeed } from '../../base/random/seeds';
import { macroF1, type FoldTask } from '../../evaluation';
import { stratifiedGroupKFold } from '../../splits';
import { fitFoldModel, type FoldModelOptions } from '../foldModel';
import type { FullRecipe } from './choice';

/** What was chosen for one fold, and what each recipe scored. */
export interface RecipeChoice {
  /** Place in the list of recipes. */
  readonly chosen: number;
  /** Macro-F1 of each on the training rows, every one judged by a model that did not see its group. */
  readonly macroF1: readonly number[];
}

/**
 * Chooses a recipe on the training rows of one fold alone, by group-wise cross-validation within them.
 *
 * @param labels class name of every row, @param groups group of every row (only training rows are looked at).
 */
export async function chooseRecipe(
  data: Omit<FoldModelOptions, 'model' | 'reduction' | 'ensemble'>,
  names: { readonly labels: readonly string[]; readonly groups: readonly string[] },
  recipes: readonly FullRecipe[],
  innerFolds: number,
  task: FoldTask,
): Promise<RecipeChoice> {
  const { trainRows } = task;
  const seed = deriveSeed(task.seed, 'choose', task.fold);
  const folds = stratifiedGroupKFold({
    labels: Array.from(trainRows, (row) => names.labels[row]!),
    groups: Array.from(trainRows, (row) => names.groups[row]!),
    folds: innerFolds,
    seed,
  });
  const classes = data.classes.length;
  const labels = Int32Array.from(trainRows, (row) => data.y[row]!);
  const scores: number[] = [];
  for (const recipe of recipes) {
    const probabilities = new Float32Array(trainRows.length * classes);
    for (let fold = 0; fold < innerFolds; fold++) {
      const places = Int32Array.from(folds.keys()).filter((place) => folds[place] === fold);
      const predicted = await fitFoldModel(
        { ...data, ...recipe },
        {
          fold,
          seed,
          trainRows: trainRows.filter((_, place) => folds[place] !== fold),
          testRows: places.map((place) => trainRows[place]!),
        },
      );
      places.forEach((place, i) =>
        probabilities.set(predicted.subarray(i * classes, (i + 1) * classes), place * classes),
      );
    }
    scores.push(macroF1({ labels, probabilities, classes }));
  }
  return { chosen: scores.indexOf(Math.max(...scores)), macroF1: scores };
}
