import * as path from 'node:path';
import { divergedError, inputError } from 'research-basics/errors';
import { throwIfStopped } from 'research-basics/pace';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { loadEngine } from '../../engine';
import { compareModels, mostProbable, type Comparison, type Repeats } from '../../evaluation';
import { saveFigure } from '../../figures';
import { officialParts, undersample } from '../../splits';
import { runTrackedStage, type StageContext } from '../../stages/context';
import type { Experiment } from '../experiment';
import { collectionDesign, collectionRows } from '../byCollection';
import type { IndexRow } from '../featureFolder';
import { nameLabels } from '../../stages/labels';
import { engineFor, type StageFailure, type StageResult } from '../../stages/stage';
import { stageParts } from '../../stages/stageParts';
import { warnMany } from '../../stages/warnMany';
import { tellOfLosses, tellOfUnrecognised } from '../classLosses';
import type { OfficialFolds } from '../split';
import type { ComparisonChoice } from './choice';
import { rowCosts, type RowCost } from './cost';
import { fullRows, type FullRow } from './fullRows';
import type { ComparisonRecord, ComparisonRowRecord } from './record';
import { scoredOf, scoreRow } from './row';
import { featureKey } from '../featureSettings';
import { openRowSource, type RowSource } from './rowData';
import type { FinishedRow } from './rowScores';
import { comparisonFigureOf, writeComparisonCsv } from './table';

/** What `compareStage` reads and writes. */
export interface CompareStageOptions {
  /** Its `comparison` says what to compare. */
  readonly experiment: Experiment;
  /** Folder of extracted features for each `featureKey` of the rows. */
  readonly features: Readonly<Record<string, string>>;
  readonly out: string;
  /** Folds that the corpus states, in place of divisions by seed. */
  readonly official?: OfficialFolds | undefined;
}

/** Outcome of a comparison. */
export interface CompareSummary extends ComparisonRecord {
  readonly status: StageResult['status'];
  /** Rows of which a training diverged; the record lacks them. */
  readonly failed: readonly StageFailure[];
  /** What the features of each row cost, by its name; not part of the record, since it depends on the machine. */
  readonly costs: Readonly<Record<string, RowCost>>;
}

/**
 * Scores features and models side by side: the same recordings, the same group-wise folds and repeats for
 * every row, intervals from resampling groups, each row compared with the reference in pairs, and the
 * published protocol's scores beside. `comparison.json`, `comparison.csv`, `comparison.svg`; one child run
 * per row. Finished rows and folds are reused when the stage was stopped. A row of which a training diverges is left out
 * and tried again the next time.
 *
 * @throws UserError (`input`) when the experiment has no comparison, a feature folder is missing, or the
 *   rows have no recordings in common; (`diverged`) when every row diverges.
 */
export async function compareStage(
  options: CompareStageOptions,
  context: StageContext = {},
): Promise<CompareSummary> {
  const { experiment, out } = options;
  const { comparison } = experiment;
  if (comparison === undefined)
    throw inputError(
      `experiment "${experiment.name}": has no entry "comparison"; say there which features and models to compare`,
    );
  for (const folder of new Set(Object.values(options.features))) tellOfLosses(folder, context);
  const rows = fullRows(experiment, comparison);
  const { sources, recordings, leftOut } = commonRecordings(rows, comparison, options.features, context);
  const inputs = Object.fromEntries(
    rows.flatMap((row, i) =>
      Object.entries(sources[i]!.hashes).map(([name, hash]) => [`${featureKey(row.features)}.${name}`, hash]),
    ),
  );
  const { folds, seeds, reference, resamples = 2000 } = comparison;
  const design = collectionDesign(recordings, folds, seeds);
  const byCollection = design && collectionRows(design);
  const { status, record: stage } = await runTrackedStage(context, {
    stage: 'compare',
    folder: out,
    parameters: comparisonParameters(comparison, rows),
    inputs: {
      ...inputs,
      ...(options.official === undefined ? {} : { folds: sha256([...options.official.values]) }),
      // Comparisons of earlier versions have no differences by collection.
      ...(byCollection === undefined ? {} : { differences: 'by group and collection' }),
    },
    engine: await engineFor(out, context.signal),
    run: async (run) => {
      const engine = await loadEngine({ signal: context.signal });
      const shared = {
        recordings,
        engine,
        folder: path.join(out, 'rows'),
        comparison: sha256([comparison, rows]),
        folds,
        official: options.official,
        resamples,
        seeds: Array.from({ length: seeds }, (_, i) => i + 1),
        parts: officialParts(recordings, options.official),
      };
      const { recordings: scored, classNames: classes, labels, groups } = scoredOf(shared);
      const finished: FinishedRow[] = [];
      const membersOf = ({ name, combine }: FullRow): FinishedRow[] | undefined =>
        combine?.map((member) => {
          const one = finished.find(({ scores }) => scores.name === member);
          if (one === undefined)
            throw divergedError(`comparison row "${name}": its row "${member}" diverged`);
          return one;
        });
      const parts = stageParts(context);
      for (const [i, row] of rows.entries()) {
        throwIfStopped(context.signal, 'comparison');
        const one = await parts.attempt(row.name, () =>
          scoreRow(row, membersOf(row) ?? sources[i]!, shared, context, run),
        );
        if (one === undefined) continue;
        finished.push(one);
        const predicted = one.repeats.map((repeat) => mostProbable(repeat, classes.length));
        tellOfUnrecognised({ labels, predicted, classes }, `row "${row.name}"`, context);
      }
      const { failed } = parts;
      if (finished.length === 0)
        throw divergedError(`comparison: nothing can be compared, since every row diverged`);
      const byGroup = { labels, groups, classes: classes.length };
      const record: ComparisonRecord = {
        folds: shared.parts === undefined ? folds : 1,
        seeds,
        reference,
        recordings: scored.length,
        groups: new Set(groups).size,
        classes,
        leftOut,
        rows: withDifferences(finished, reference, { byGroup, byCollection }, resamples),
        ...(comparison.published === undefined ? {} : { published: comparison.published }),
      };
      writeJson(path.join(out, 'comparison.json'), record);
      writeComparisonCsv(path.join(out, 'comparison.csv'), { ...record, failed });
      const figures = await saveFigure(
        comparisonFigureOf({ ...record, failed }, context.note),
        path.join(out, 'comparison'),
      );
      for (const file of ['comparison.json', 'comparison.csv']) run?.logArtifact(path.join(out, file));
      for (const file of figures) run?.logArtifact(file, 'figures');
      run?.logMetrics({
        rows: finished.length,
        failed: failed.length,
        recordings: recordings.length,
        ...differenceMetrics(
          record,
          nameLabels(
            run,
            rows.map(({ name }) => name),
          ),
        ),
      });
      const files = ['comparison.json', 'comparison.csv', ...figures.map((file) => path.basename(file))];
      return { files, failed };
    },
  });
  const { failed = [] } = stage;
  const costs = rowCosts(rows, options.features);
  return { ...readJson<ComparisonRecord>(path.join(out, 'comparison.json')), status, failed, costs };
}

/** The settings of a comparison; its rows' own runs hold what is in them. */
export function comparisonParameters(comparison: ComparisonChoice, rows: readonly FullRow[]): object {
  return { ...comparison, rows: rows.map(({ name }) => name), settings: sha256(rows) };
}

/** The paired comparisons, which no row has by itself. */
function differenceMetrics(
  { rows }: ComparisonRecord,
  nameOf: (row: string) => string,
): Record<string, number> {
  return Object.fromEntries(
    rows.flatMap(({ name, against }): [string, number][] => {
      if (against === undefined) return [];
      const metricsOf = (
        prefix: string,
        own: Pick<Comparison, 'difference' | 'pValue'>,
      ): [string, number][] => [
        [`${prefix}difference/${nameOf(name)}`, own.difference.value],
        [`${prefix}difference/${nameOf(name)}_low`, own.difference.low],
        [`${prefix}difference/${nameOf(name)}_high`, own.difference.high],
        [`${prefix}p_value/${nameOf(name)}`, own.pValue],
      ];
      const { byCollection } = against;
      return [
        ...metricsOf('', against),
        ...(byCollection === undefined ? [] : metricsOf('collection_', byCollection)),
      ];
    }),
  );
}

/** The recordings that all rows have features of, thinned out when asked for. */
function commonRecordings(
  rows: readonly FullRow[],
  comparison: ComparisonChoice,
  folders: Readonly<Record<string, string>>,
  context: StageContext,
): {
  readonly sources: RowSource[];
  readonly recordings: readonly IndexRow[];
  readonly leftOut: string[];
} {
  const sources = rows.map(({ name, features }) => {
    const folder = folders[featureKey(features)];
    if (folder === undefined)
      throw inputError(`comparison row "${name}": no folder of ${featureKey(features)} features was given`);
    return openRowSource(folder, features);
  });
  const counts = new Map<string, number>();
  for (const { index } of sources)
    for (const { path: recording } of index) counts.set(recording, (counts.get(recording) ?? 0) + 1);
  const leftOut = [...counts].filter(([, count]) => count < sources.length).map(([recording]) => recording);
  const reason = 'not all rows of the comparison have features of it; left out of all';
  warnMany(
    leftOut.map((about) => ({ about, reason })),
    context.warn,
  );
  const common = sources[0]!.index.filter((row) => counts.get(row.path) === sources.length);
  if (common.length === 0) throw inputError('comparison: the rows have no recording in common');
  const { undersampling } = comparison;
  const recordings =
    undersampling === undefined
      ? common
      : Array.from(
          undersample({ labels: common.map(({ label }) => label), ...undersampling }),
          (row) => common[row]!,
        );
  return { sources, recordings, leftOut };
}

/** Rows of one cross-validation, as pairs of models are compared on them. */
type ComparedRows = Parameters<typeof compareModels>[0];

function withDifferences(
  finished: readonly FinishedRow[],
  reference: string,
  rows: { readonly byGroup: ComparedRows; readonly byCollection: ComparedRows | undefined },
  resamples: number,
): ComparisonRowRecord[] {
  const against = finished.find(({ scores }) => scores.name === reference);
  const compared = (on: ComparedRows, first: Repeats, second: Repeats) => {
    const { difference, pValue } = compareModels(on, first, second, { resamples });
    return { difference, pValue };
  };
  return finished.map(({ scores, repeats, unseen }) => {
    if (against === undefined || scores.name === reference) return scores;
    const byCollection =
      rows.byCollection === undefined || unseen === undefined || against.unseen === undefined
        ? {}
        : { byCollection: compared(rows.byCollection, unseen, against.unseen) };
    return { ...scores, against: { ...compared(rows.byGroup, repeats, against.repeats), ...byCollection } };
  });
}
