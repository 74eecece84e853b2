import type { Engine } from '../../engine';
import { averageProbabilities, type FoldTask } from '../../evaluation';
import { vectorStarts } from '../../models';
import type { Reduction } from '../../reduction';
import type { CollectionDesign } from '../byCollection';
import { excerptTask, fitExcerptFold } from '../excerptModel/score';
import { classNumbers, collectionNumbers, type IndexRow } from '../featureFolder';
import { fitFoldModel } from '../foldModel';
import { preparedFeatures } from '../preparedFeatures';
import { chooseRecipe, type RecipeChoice } from './chooseRecipe';
import type { FullRow } from './fullRows';
import { recipeFeatures, type RowSource } from './rowData';

/** Trains on a fold's training rows; returns probabilities of its test rows, float32, rows x classes. */
export type FitFold = (task: FoldTask) => Float32Array | Promise<Float32Array>;

/** Called with the recipe that a fold chose, where there is a choice. */
export type OnChoice = (task: FoldTask, choice: RecipeChoice) => void;

/** How a row's probabilities of test recordings are obtained, by each division. */
export interface RowFits {
  byGroup(onChoice: OnChoice): FitFold;
  byCollection(design: CollectionDesign, onChoice: OnChoice): FitFold;
}

/** Fits the models of a row; choices, where there are any, are made with the units held out together that are scored. */
export function rowFits(
  row: FullRow,
  source: RowSource,
  {
    engine,
    recordings,
    folder,
  }: { readonly engine: Engine; readonly recordings: readonly IndexRow[]; readonly folder: string },
  signal: AbortSignal | undefined,
): RowFits {
  const labels = recordings.map(({ label }) => label);
  const groups = recordings.map(({ group }) => group);
  const { classes, y } = classNumbers(labels);
  const places = new Map(source.index.map((own, place) => [own.path, place]));
  const data = source.load(Int32Array.from(recordings, (recording) => places.get(recording.path)!));
  const base = {
    engine,
    columns: data.columns,
    excerpts: data.excerpts,
    y,
    groups: classNumbers(groups).y,
    ...collectionNumbers(recordings),
    classes,
    basis: row.basis,
    scratch: folder,
    signal,
  };
  if (row.excerptModels !== undefined) {
    const starts = vectorStarts({ rows: y.length, excerpts: data.excerpts! });
    const prepared = row.excerptModels.map((choice) => {
      const { features: vectors, columns } = preparedFeatures(data, source.axes!, choice);
      return { choice, task: excerptTask({ vectors, columns, starts, scratch: folder }, recordings) };
    });
    const fit = (
      own: { readonly y: Int32Array; readonly classes: readonly string[] },
      onChoice: OnChoice,
    ): FitFold => {
      const candidates = prepared.map(({ choice, task }) => ({
        choice,
        task: { ...task, ...own },
        reductions: new Map<string, Reduction>(),
      }));
      return (task) => fitExcerptFold(candidates, task, (choice) => onChoice(task, choice), signal);
    };
    return {
      byGroup: (onChoice) => fit({ y, classes }, onChoice),
      byCollection: (design, onChoice) => fit({ y: design.y, classes: design.classes }, onChoice),
    };
  }
  const features = recipeFeatures(data, source.axes, row.recipes);
  const recipes = row.recipes.map((recipe, i) => ({ ...recipe, ...features[i]! }));
  const fit =
    (
      own: Omit<typeof base, 'classes'> & { readonly classes: readonly string[] },
      units: readonly string[],
      onChoice: OnChoice,
    ): FitFold =>
    async (task) => {
      let used = recipes;
      if (row.innerFolds > 0) {
        const choice = await chooseRecipe(own, { labels, groups: units }, recipes, row, task);
        onChoice(task, choice);
        if (choice.chosen < recipes.length) used = [recipes[choice.chosen]!];
      }
      const probabilities: Float32Array[] = [];
      for (const recipe of used)
        probabilities.push(await fitFoldModel({ ...own, ...recipe, ensemble: row.ensemble }, task));
      return averageProbabilities(probabilities);
    };
  return {
    byGroup: (onChoice) => fit(base, groups, onChoice),
    byCollection: (design, onChoice) =>
      fit({ ...base, y: design.y, classes: design.classes }, design.names, onChoice),
  };
}
