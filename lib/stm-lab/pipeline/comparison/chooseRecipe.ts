import * as path from 'node:path';
import { canonicalJson } from 'research-basics/canonicalJson';
import { throwIfStopped } from 'research-basics/pace';
import { deriveSeed } from 'research-basics/random/seeds';
import { argMax, averageProbabilities, macroF1, type FoldTask } from '../../evaluation';
import { stratifiedGroupKFold } from '../../splits';
import {
  fitReducedFold,
  reduceFold,
  removeReduced,
  type FoldModelOptions,
  type ReducedFold,
} from '../foldModel';
import type { FullRecipe, FullRow } from './fullRows';

/** A recipe together with the features that it takes. */
export type ReadyRecipe = FullRecipe &
  Pick<FoldModelOptions, 'features'> &
  Partial<Pick<FoldModelOptions, 'columns'>>;

/** What was chosen for one fold, and what each recipe scored. */
export interface RecipeChoice {
  /** Place in the list of recipes; their number for the average of all. */
  readonly chosen: number;
  /** Macro-F1 of each on the training rows, every one scored by a model that did not see its group. */
  readonly macroF1: readonly number[];
}

/**
 * Chooses a recipe on the training rows of one fold alone, by group-wise cross-validation within them.
 *
 * @param average `candidate`: the average of all recipes may be chosen too.
 * @param labels class name of every row, @param groups group of every row (only training rows are looked at).
 */
export async function chooseRecipe(
  data: Omit<FoldModelOptions, 'features' | 'model' | 'reduction' | 'ensemble'>,
  names: { readonly labels: readonly string[]; readonly groups: readonly string[] },
  recipes: readonly ReadyRecipe[],
  { innerFolds, average }: Pick<FullRow, 'innerFolds' | 'average'>,
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
  const probabilities = recipes.map(() => new Float32Array(trainRows.length * classes));
  for (let fold = 0; fold < innerFolds; fold++) {
    const places = Int32Array.from(folds.keys()).filter((place) => folds[place] === fold);
    const inner: FoldTask = {
      fold,
      seed,
      trainRows: trainRows.filter((_, place) => folds[place] !== fold),
      testRows: places.map((place) => trainRows[place]!),
    };
    const reduced = new Map<string, ReducedFold>();
    const stems = new Set<string>();
    for (const [r, recipe] of recipes.entries()) {
      await new Promise((resolve) => setImmediate(resolve));
      throwIfStopped(data.signal, 'comparison');
      const key = canonicalJson([recipe.rateSmoothing ?? 0, recipe.foldRates ?? false, recipe.reduction]);
      const stem =
        data.scratch === undefined
          ? undefined
          : path.join(data.scratch, `reduced-inner-fold${fold}-${reduced.size}`);
      const parts = reduced.get(key) ?? (await reduceFold({ ...data, ...recipe }, inner, stem));
      if (stem !== undefined) stems.add(stem);
      reduced.set(key, parts);
      const predicted = await fitReducedFold({ ...data, ...recipe }, inner, parts);
      places.forEach((place, i) =>
        probabilities[r]!.set(predicted.subarray(i * classes, (i + 1) * classes), place * classes),
      );
    }
    stems.forEach(removeReduced);
  }
  const candidates =
    average === 'candidate' ? [...probabilities, averageProbabilities(probabilities)] : probabilities;
  const scores = candidates.map((own) => macroF1({ labels, probabilities: own, classes }));
  return { chosen: argMax(scores), macroF1: scores };
}
