import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../../base/npy';
import type { Engine } from '../../engine';
import { averageProbabilities, crossValidate, evaluate, type FoldTask } from '../../evaluation';
import { foldsFor } from '../../splits';
import type { Run } from 'mlflow-tracking-client';
import { cachedCell } from '../../stages/cachedCell';
import { flattenParameters, type StageContext } from '../../stages/context';
import { logReport } from '../evaluate';
import {
  collectionDesign,
  collectionMetrics,
  collectionScores,
  crossValidateByCollection,
} from '../byCollection';
import { prepareModulations } from '../../features';
import { excerptTask, fitExcerptFold } from '../excerptModel/score';
import { vectorStarts } from '../../models';
import type { Reduction } from '../../reduction';
import { classNumbers, type IndexRow } from '../featureFolder';
import { fitFoldModel } from '../foldModel';
import type { OfficialFolds } from '../split';
import { forgetOtherFolds } from '../partialFolds';
import type { FullRow } from './fullRows';
import { chooseRecipe, type RecipeChoice } from './chooseRecipe';
import { gridEnds } from './gridEnds';
import { recipeFeatures, type RowSource } from './rowData';
import { scoresOf, type ComparisonScores } from './rowScores';

/** What all rows of one comparison share. */
export interface RowContext {
  /** The recordings that are scored, in order. */
  readonly recordings: readonly IndexRow[];
  readonly engine: Engine;
  readonly folder: string;
  /** Names the comparison: its rows and settings. */
  readonly comparison: string;
  readonly folds: number;
  /** Folds that the corpus states. */
  readonly official?: OfficialFolds | undefined;
  readonly seeds: readonly number[];
  readonly resamples: number;
}

/** A row that has been scored. */
export interface FinishedRow {
  readonly scores: ComparisonScores;
  /** Probabilities of each repeat, for paired comparisons. */
  readonly repeats: readonly Float32Array[];
}

/** Says where the best of a grid of one setting may lie beyond it. */
function warnOfGridEnds(row: FullRow, { chosen }: ComparisonScores, { warn }: StageContext): void {
  if (chosen === undefined) return;
  const folds = chosen.reduce((sum, one) => sum + one.folds, 0);
  for (const { setting, value, side, place } of gridEnds(row.recipes)) {
    const count = chosen[place]!.folds;
    if (count > 0)
      warn?.(
        `comparison row "${row.name}": the ${side} ${setting} tried, ${value}, was chosen in ${count} of ${folds} folds; the best may lie beyond, extend the grid`,
      );
  }
}

interface StoredRow {
  readonly key: string;
  readonly scores: ComparisonScores;
}

/**
 * Scores one row by group-wise cross-validation, and by collection where collections are named, under a run of its own
 * below the comparison's. A finished row is reused (and recorded again below a comparison of other rows); one that was
 * stopped continues with its next fold.
 */
export async function scoreRow(
  row: FullRow,
  source: RowSource,
  shared: RowContext,
  context: StageContext,
  parent: Run | undefined,
): Promise<FinishedRow> {
  const { recordings, engine, folds, seeds, resamples, comparison } = shared;
  const key = sha256({
    row,
    hashes: source.hashes,
    recordings,
    folds,
    seeds,
    resamples,
    engine: engine.description,
    ...(shared.official === undefined
      ? {}
      : { official: recordings.map((one) => shared.official!.values.get(one.path)) }),
    // Earlier probabilities of support-vector machines were calibrated on single rows.
    ...(row.recipes.some(({ model }) => model.kind === 'svm') ? { calibration: 'groups' } : {}),
  });
  const slug = row.name.replace(/[^\w.-]+/g, '_').slice(0, 60);
  // Names that differ in what is cut or replaced get folders of their own.
  const folder = path.join(shared.folder, `${slug}-${sha256(row.name).slice(0, 6)}`);
  const files = { result: path.join(folder, 'row.json'), values: path.join(folder, 'probabilities.npy') };
  const request = {
    name: row.name,
    key: `comparison-${sha256([comparison, key]).slice(0, 16)}`,
    parent,
    params: flattenParameters(row),
    tags: {
      'stm.stage': 'comparison-row',
      'stm.engine': engine.description,
      ...Object.fromEntries(Object.entries(source.hashes).map(([name, hash]) => [`stm.input.${name}`, hash])),
    },
  };
  const partial = { ...shared, folder: path.join(folder, 'folds') };
  const finished = await cachedCell(context, {
    request,
    read: () => readFinished(files, key, seeds.length),
    compute: () => crossValidateRow(row, source, partial, key, context),
    write: ({ scores, repeats }) => {
      writeRepeats(files.values, repeats, recordings.length);
      writeJson(files.result, { key, scores } satisfies StoredRow);
      for (const used of [partial.folder, `${partial.folder}-by-collection`])
        fs.rmSync(used, { recursive: true, force: true });
    },
    log: (run, result) => logRow(run, result, shared),
  });
  warnOfGridEnds(row, finished.scores, context);
  return finished;
}

function readFinished(
  files: { readonly result: string; readonly values: string },
  key: string,
  repeats: number,
): FinishedRow | undefined {
  if (!fs.existsSync(files.result) || !fs.existsSync(files.values)) return undefined;
  const stored = readJson<StoredRow>(files.result);
  if (stored.key !== key) return undefined;
  const values = readNpy(files.values).data as Float32Array;
  const size = values.length / repeats;
  return {
    scores: stored.scores,
    repeats: Array.from({ length: repeats }, (_, i) => values.slice(i * size, (i + 1) * size)),
  };
}

function writeRepeats(file: string, repeats: readonly Float32Array[], rows: number): void {
  const size = repeats[0]!.length;
  const data = new Float32Array(repeats.length * size);
  repeats.forEach((values, i) => data.set(values, i * size));
  writeNpy(file, { shape: [repeats.length, rows, size / rows], data });
}

function logRow(
  run: Run,
  { scores, repeats }: FinishedRow,
  { recordings, seeds, resamples }: RowContext,
): void {
  scores.repeats.forEach((value, i) => run.logMetrics({ repeat_macro_f1: value }, seeds[i]!));
  run.logMetrics({
    cv_mean_macro_f1: scores.macroF1.value,
    cv_mean_macro_f1_low: scores.macroF1.low,
    cv_mean_macro_f1_high: scores.macroF1.high,
  });
  const { classes, y } = classNumbers(recordings.map(({ label }) => label));
  const report = evaluate({
    labels: y,
    probabilities: averageProbabilities(repeats),
    classNames: classes,
    groups: classNumbers(recordings.map(({ group }) => group)).y,
    bootstrap: { resamples },
  });
  if (scores.byCollection !== undefined) run.logMetrics(collectionMetrics(scores.byCollection));
  logReport(run, report, 'cv');
}

async function crossValidateRow(
  row: FullRow,
  source: RowSource,
  shared: RowContext,
  key: string,
  context: StageContext,
): Promise<FinishedRow> {
  const { engine, folder, recordings, seeds, resamples } = shared;
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
    classes,
    basis: row.basis,
    signal: context.signal,
  };
  const features =
    row.excerptModel === undefined
      ? recipeFeatures(data.features, source.axes, row.recipes)
      : [prepareModulations(data.features, source.axes!, row.excerptModel)];
  const excerpts =
    row.excerptModel === undefined
      ? undefined
      : excerptTask(
          {
            vectors: features[0]!,
            columns: features[0]!.length / (data.features.length / data.columns),
            starts: vectorStarts({ rows: y.length, excerpts: data.excerpts! }),
          },
          recordings,
        );
  const recipes = row.recipes.map((recipe, i) => ({
    ...recipe,
    features: features[i]!,
    columns: features[i]!.length / (data.features.length / data.columns),
  }));
  forgetOtherFolds(folder, key);
  forgetOtherFolds(`${folder}-by-collection`, key);
  const choiceFile = ({ seed, fold }: { seed: number; fold: number }): string =>
    path.join(folder, `seed${seed}-fold${fold}.choice.json`);
  /** Models whose choices, where there are any, are made with `units` held out together, as they are scored. */
  const fitWith = (
    own: Omit<typeof base, 'classes'> & { readonly classes: readonly string[] },
    units: readonly string[],
    onChoice: (task: FoldTask, choice: RecipeChoice) => void,
  ) => {
    const reductions = new Map<string, Reduction>();
    return async (task: FoldTask): Promise<Float32Array> => {
      if (row.excerptModel !== undefined)
        return fitExcerptFold(
          { ...excerpts!, y: own.y, classes: own.classes },
          row.excerptModel,
          task,
          undefined,
          reductions,
        );
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
  };
  const choices: RecipeChoice[] = [];
  const result = await crossValidate({
    labels: y,
    classNames: classes,
    groups: classNumbers(groups).y,
    folds: foldsFor(recordings, shared.folds, shared.official),
    seeds,
    fitFold: fitWith(base, groups, (task, choice) => writeJson(choiceFile(task), choice)),
    onFold: (done) => {
      if (row.innerFolds > 0) choices.push(readJson<RecipeChoice>(choiceFile(done)));
      context.progress?.(`compare: ${row.name}, fold ${done.finished} of ${done.total}`);
    },
    resume: { folder, identity: key },
    bootstrap: { resamples },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  const design = collectionDesign(recordings, shared.folds, seeds.length, context.warn);
  const unseen =
    design === undefined
      ? undefined
      : await crossValidateByCollection(design, {
          seeds,
          fitFold: fitWith({ ...base, y: design.y, classes: design.classes }, design.names, () => undefined),
          onFold: ({ finished, total }) =>
            context.progress?.(`compare: ${row.name} by collection, fold ${finished} of ${total}`),
          resume: { folder: `${folder}-by-collection`, identity: key },
          bootstrap: { resamples },
          ...(context.signal === undefined ? {} : { signal: context.signal }),
        });
  return {
    scores: {
      ...scoresOf(row, result, y, classes, choices),
      ...(design === undefined || unseen === undefined
        ? {}
        : { byCollection: collectionScores(design, unseen) }),
    },
    repeats: result.repeats.map(({ probabilities }) => probabilities),
  };
}
