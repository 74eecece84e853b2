import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { balanceReport, makeSplit, readSplit, writeSplit, type BalanceReport, type Split } from '../splits';
import { duplicateWarning, readDuplicates } from '../features';
import { keepLosses, tellOfLosses } from './classLosses';
import { readManifest, type Manifest } from '../corpus';
import { runTrackedStage, type StageContext } from '../stages/context';
import type { Experiment } from './experiment';
import { openFeatureFolder } from './featureFolder';
import { keepCollections } from './splitCollections';
import type { StageResult } from '../stages/stage';

/** What `splitStage` reads and writes. */
export interface SplitStageOptions {
  /** Results of an extraction. */
  readonly features: string;
  readonly out: string;
  readonly split: Experiment['split'];
  /** The recordings with all their columns: needed where the split names a column. */
  readonly manifest?: string | Manifest | undefined;
}

/** What a column of the manifest says of each recording, by path. */
export interface OfficialFolds {
  readonly column: string;
  readonly values: ReadonlyMap<string, string>;
  readonly sharedGroups?: 'refused' | 'allowed' | undefined;
}

/** The split with its balance. */
export interface SplitSummary {
  readonly status: StageResult['status'];
  readonly split: Split;
  readonly balance: BalanceReport;
  readonly warnings: readonly string[];
}

/**
 * Divides extracted recordings into folds and roles: `split.csv`, `split.json`.
 *
 * @throws UserError (`input`) when the recordings cannot be divided (too few groups, one class).
 */
export async function splitStage(
  options: SplitStageOptions,
  context: StageContext = {},
): Promise<SplitSummary> {
  const { features, out } = options;
  const folder = openFeatureFolder(features);
  folder.matrix.close();
  const { status } = await runTrackedStage(context, {
    stage: 'split',
    folder: out,
    parameters: options.split,
    inputs: { features: folder.featuresHash, index: folder.indexHash },
    run: (run) => {
      const official = officialColumn(options.manifest, options.split);
      const values = folder.index.map((row) => official?.values.get(row.path));
      const split = makeSplit({
        rows: folder.index,
        ...options.split,
        ...(official === undefined ? {} : { values }),
      });
      writeSplit(out, split);
      const { classes } = balanceReport(split);
      run?.setTags({ 'stm.split': split.hash });
      run?.logTable(
        'balance.json',
        classes.map(({ label, rows, groups, byRole }) => ({ label, rows, groups, ...byRole })),
      );
      run?.logArtifact(path.join(out, 'split.csv'));
      return Promise.resolve(['split.csv', 'split.json']);
    },
  });
  keepLosses(features, out);
  keepCollections(folder.index, out);
  tellOfLosses(features, context);
  const split = readSplit(out);
  const balance = balanceReport(split);
  const duplicates = duplicatesOf(features, split);
  const warnings = [
    ...split.warnings,
    ...balance.warnings,
    ...(duplicates === undefined ? [] : [duplicates]),
  ];
  warnings.forEach((warning) => context.warn?.(warning));
  return { status, split, balance, warnings };
}

/** Warnings about recordings with identical bytes, and how many such sets the split separates. */
function duplicatesOf(features: string, split: Split): string | undefined {
  const sets = readDuplicates(features);
  const roleOf = new Map(split.paths.map((recording, i) => [recording, split.roles[i]!]));
  const parted = sets.filter((set) => new Set(set.map(({ path: one }) => roleOf.get(one))).size > 1);
  return duplicateWarning(sets, parted.length);
}

/**
 * What a column of a manifest says of each recording, by path.
 *
 * @throws UserError (`input`) naming the columns there are.
 */
export function officialColumn(
  manifest: string | Manifest | undefined,
  { column, sharedGroups }: Pick<Experiment['split'], 'column' | 'sharedGroups'>,
): OfficialFolds | undefined {
  if (column === undefined) return undefined;
  if (manifest === undefined)
    throw inputError(`split.column "${column}": folds are in the manifest; give it with --manifest`);
  const { file, rows } = typeof manifest === 'string' ? readManifest(manifest) : manifest;
  const columns = Object.keys(rows[0]?.extra ?? {});
  if (!columns.includes(column))
    throw inputError(
      `split.column "${column}": ${file} has no such column${columns.length === 0 ? '' : `; beside path, label and group it has ${columns.join(', ')}`}`,
    );
  const values = new Map(rows.map((row) => [row.path, row.extra[column] ?? '']));
  return { column, values, sharedGroups };
}
