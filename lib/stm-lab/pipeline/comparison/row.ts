import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../../base/npy';
import type { Engine } from '../../engine';
import { averageProbabilities, crossValidate, evaluate, type FoldTask } from '../../evaluation';
import { foldsFor, officialParts } from '../../splits';
import type { Run } from 'mlflow-tracking-client';
import { cachedCell } from '../../stages/cachedCell';
import { flattenParameters, type StageContext } from '../../stages/context';
import { scoredRecipe } from '../../stages/scoredModel';
import { logRepeats, logReport } from '../evaluate';
import {
  collectionDesign,
  collectionMetrics,
  collectionScores,
  crossValidateByCollection,
} from '../byCollection';
import { classNumbers, type IndexRow } from '../featureFolder';
import type { OfficialFolds } from '../split';
import { forgetOtherFolds } from '../partialFolds';
import type { FullRow } from './fullRows';
import type { RecipeChoice } from './chooseRecipe';
import { combinedFits } from './combined';
import { gridEnds } from './gridEnds';
import type { RowSource } from './rowData';
import { rowFits } from './rowFits';
import { scoresOf, type ComparisonScores, type FinishedRow } from './rowScores';

/** What all rows of one comparison share. */
export interface RowContext {
  /** The recordings that are scored, in order. */
  readonly recordings: readonly IndexRow[];
  readonly engine: Engine;
  readonly folder: string;
  /** Names the comparison: its rows and settings. */
  readonly comparison: string;
  readonly folds: number;
  /** Folds or parts that the corpus states. */
  readonly official?: OfficialFolds | undefined;
  /** With parts: the recordings to train on and to score instead of folds. */
  readonly parts?: ReturnType<typeof officialParts>;
  readonly seeds: readonly number[];
  readonly resamples: number;
}

/** Places of the recordings that are scored: every one, or those of the test part. */
const scoredRows = ({ recordings, parts }: Pick<RowContext, 'recordings' | 'parts'>): Int32Array =>
  parts?.test ?? Int32Array.from(recordings.keys());

/** The recordings that are scored, with classes and groups of all: every one, or those of the test part. */
export function scoredOf(shared: Pick<RowContext, 'recordings' | 'parts'>): {
  readonly recordings: readonly IndexRow[];
  readonly classNames: readonly string[];
  readonly labels: Int32Array;
  readonly groups: Int32Array;
} {
  const { recordings } = shared;
  const rows = scoredRows(shared);
  const { classes, y } = classNumbers(recordings.map(({ label }) => label));
  const groups = classNumbers(recordings.map(({ group }) => group)).y;
  return {
    recordings: Array.from(rows, (row) => recordings[row]!),
    classNames: classes,
    labels: Int32Array.from(rows, (row) => y[row]!),
    groups: Int32Array.from(rows, (row) => groups[row]!),
  };
}

/** Says where the best of a grid of one setting may lie beyond it. */
function warnOfGridEnds(row: FullRow, { chosen }: ComparisonScores, { warn }: StageContext): void {
  if (chosen === undefined) return;
  const folds = chosen.reduce((sum, one) => sum + one.folds, 0);
  for (const { setting, value, side, place } of gridEnds(row.excerptModels ?? row.recipes)) {
    const count = chosen[place]!.folds;
    if (count > 0)
      warn?.(
        `comparison row "${row.name}": the ${side} ${setting} tried, ${value}, was chosen in ${count} of ${folds} folds; the best may lie beyond, extend the grid`,
      );
  }
}

/** Whether a row combines finished ones instead of fitting features. */
const isCombined = (source: RowSource | readonly FinishedRow[]): source is readonly FinishedRow[] =>
  Array.isArray(source);

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
  source: RowSource | readonly FinishedRow[],
  shared: RowContext,
  context: StageContext,
  parent: Run | undefined,
): Promise<FinishedRow> {
  const { recordings, engine, folds, seeds, resamples, comparison } = shared;
  const hashes = isCombined(source)
    ? Object.fromEntries(source.map((member) => [member.scores.name, member.key]))
    : source.hashes;
  const key = sha256({
    row,
    hashes,
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
    // Earlier versions did not keep choices by collection.
    ...(row.innerFolds > 0 ? { choices: 'by group and collection' } : {}),
  });
  const slug = row.name.replace(/[^\w.-]+/g, '_').slice(0, 60);
  // Names that differ in what is cut or replaced get folders of their own.
  const folder = path.join(shared.folder, `${slug}-${sha256(row.name).slice(0, 6)}`);
  const files = {
    result: path.join(folder, 'row.json'),
    values: path.join(folder, 'probabilities.npy'),
    unseen: path.join(folder, 'probabilities-by-collection.npy'),
  };
  const request = {
    name: row.name,
    key: `comparison-${sha256([comparison, key]).slice(0, 16)}`,
    parent,
    params: flattenParameters(row),
    tags: {
      'stm.stage': 'comparison-row',
      'stm.engine': engine.description,
      ...Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [`stm.input.${name}`, hash])),
    },
  };
  const partial = { ...shared, folder: path.join(folder, 'folds') };
  const finished = await cachedCell(context, {
    request,
    read: () => readFinished(files, key, seeds.length),
    compute: () => crossValidateRow(row, source, partial, key, context),
    write: ({ scores, repeats, unseen }) => {
      writeRepeats(files.values, repeats, scoredRows(shared).length);
      if (unseen !== undefined) writeRepeats(files.unseen, unseen, scores.byCollection!.recordings);
      writeJson(files.result, { key, scores } satisfies StoredRow);
      for (const used of [partial.folder, `${partial.folder}-by-collection`])
        fs.rmSync(used, { recursive: true, force: true });
    },
    log: (run, result) => logRow(run, row, result, shared),
  });
  warnOfGridEnds(row, finished.scores, context);
  return finished;
}

function readFinished(
  files: { readonly result: string; readonly values: string; readonly unseen: string },
  key: string,
  repeats: number,
): FinishedRow | undefined {
  if (!fs.existsSync(files.result) || !fs.existsSync(files.values)) return undefined;
  const { scores, key: stored } = readJson<StoredRow>(files.result);
  if (stored !== key) return undefined;
  const finished = { key, scores, repeats: readRepeats(files.values, repeats) };
  if (scores.byCollection === undefined) return finished;
  // Earlier versions wrote none.
  return fs.existsSync(files.unseen)
    ? { ...finished, unseen: readRepeats(files.unseen, repeats) }
    : undefined;
}

function readRepeats(file: string, repeats: number): Float32Array[] {
  const values = readNpy(file).data as Float32Array;
  const size = values.length / repeats;
  return Array.from({ length: repeats }, (_, i) => values.slice(i * size, (i + 1) * size));
}

function writeRepeats(file: string, repeats: readonly Float32Array[], rows: number): void {
  const size = repeats[0]!.length;
  const data = new Float32Array(repeats.length * size);
  repeats.forEach((values, i) => data.set(values, i * size));
  writeNpy(file, { shape: [repeats.length, rows, size / rows], data });
}

function logRow(run: Run, row: FullRow, { scores, repeats }: FinishedRow, shared: RowContext): void {
  const { seeds, resamples } = shared;
  const about = scoredRecipe(run, row.name, row);
  logRepeats(
    run,
    scores.repeats.map((macroF1, i) => ({ seed: seeds[i]!, macroF1 })),
    scores.macroF1,
    about,
  );
  const { labels, classNames, groups } = scoredOf(shared);
  const report = evaluate({
    ...{ labels, classNames, groups },
    probabilities: averageProbabilities(repeats),
    bootstrap: { resamples },
  });
  if (scores.byCollection !== undefined) run.logMetrics(collectionMetrics(scores.byCollection), 0, about);
  logReport(run, report, 'cv', about);
}

async function crossValidateRow(
  row: FullRow,
  source: RowSource | readonly FinishedRow[],
  shared: RowContext,
  key: string,
  context: StageContext,
): Promise<FinishedRow> {
  const { folder, recordings, seeds, resamples, parts } = shared;
  const { labels, classNames, groups } = scoredOf(shared);
  const design = collectionDesign(recordings, shared.folds, seeds.length, context.warn);
  const unseenFolder = `${folder}-by-collection`;
  forgetOtherFolds(folder, key);
  forgetOtherFolds(unseenFolder, key);
  const { byGroup, byCollection } = isCombined(source)
    ? combinedFits(source, { rows: scoredRows(shared), seeds })
    : rowFits(row, source, shared, context.signal);
  // Choices lie beside their folds, so that a row that was stopped knows them when it continues.
  const choicesIn = (own: string) => {
    const made: RecipeChoice[] = [];
    const file = ({ seed, fold }: Pick<FoldTask, 'seed' | 'fold'>): string =>
      path.join(own, `seed${seed}-fold${fold}.choice.json`);
    return {
      made,
      write: (task: FoldTask, choice: RecipeChoice): void => writeJson(file(task), choice),
      read: (done: Pick<FoldTask, 'seed' | 'fold'>): void => {
        if (row.innerFolds > 0) made.push(readJson<RecipeChoice>(file(done)));
      },
    };
  };
  const [known, unknown] = [choicesIn(folder), choicesIn(unseenFolder)];
  const common = {
    seeds,
    bootstrap: { resamples },
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  };
  const fit = byGroup(known.write);
  const result = await crossValidate({
    ...common,
    ...{ labels, classNames, groups },
    folds: parts === undefined ? foldsFor(recordings, shared.folds, shared.official) : 'one',
    fitFold: (task) =>
      fit(parts === undefined ? task : { ...task, trainRows: parts.train, testRows: parts.test }),
    onFold: (done) => {
      known.read(done);
      context.progress?.(`compare: ${row.name}, fold ${done.finished} of ${done.total}`);
    },
    resume: { folder, identity: key },
  });
  const unseen =
    design === undefined
      ? undefined
      : await crossValidateByCollection(design, {
          ...common,
          fitFold: byCollection(design, unknown.write),
          onFold: (done) => {
            unknown.read(done);
            context.progress?.(`compare: ${row.name} by collection, fold ${done.finished} of ${done.total}`);
          },
          resume: { folder: unseenFolder, identity: key },
        });
  return {
    key,
    scores: {
      ...scoresOf(row, result, labels, classNames, known.made, unknown.made),
      ...(design === undefined || unseen === undefined
        ? {}
        : { byCollection: collectionScores(design, unseen) }),
    },
    repeats: result.repeats.map(({ probabilities }) => probabilities),
    ...(unseen === undefined ? {} : { unseen: unseen.repeats.map(({ probabilities }) => probabilities) }),
  };
}
