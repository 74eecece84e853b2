import * as fs from 'node:fs';
import * as path from 'node:path';
import { compareCodePoints, uniqueCodes } from '../../base/codePoints';
import { readCsv } from '../../base/csv';
import { inputError } from 'research-basics/errors';
import { isFolder } from '../../corpus';
import { stratifiedGroupKFold } from '../../splits';
import { classTargets } from '../soundSet';
import { listScenes } from './labelled';
import { isSonycFolder, readSonycFolder } from '../../corpus';

/** Which tags of SONYC-UST a network learns. */
export type TagLevels = 'coarse' | 'fine' | 'both';

/** A tag, or a class. */
export interface SceneTag {
  readonly name: string;
  readonly level: 'class' | 'coarse' | 'fine';
  /** Tags of one family may stand for each other where a recording is `incomplete`. */
  readonly family: string;
}

/** One training and what it is scored on, as numbers of recordings. */
export interface SceneRound {
  readonly train: readonly number[];
  /** Recordings that are scored apart while the settings are chosen. */
  readonly development: readonly number[];
  readonly test: readonly number[];
}

/** Recordings of a scene task with what is known of their tags. */
export interface SceneSet {
  /** `classes`: one tag each; `tags`: any number. */
  readonly kind: 'classes' | 'tags';
  readonly tags: readonly SceneTag[];
  readonly recordings: readonly { readonly file: string; readonly incomplete: readonly string[] }[];
  /** What must not be parted: place or sensor of each recording. */
  readonly groups: Int32Array;
  /** recordings x tags: 1 present, 0 absent, -1 not known. */
  readonly targets: Float32Array;
  /** No recording is in the test of two rounds. */
  readonly rounds: readonly SceneRound[];
  readonly remarks: readonly string[];
}

/** A recording of one class, and what it must not be parted from. */
interface ClassifiedScene {
  readonly file: string;
  readonly label: string;
  readonly group: string;
}

function classifiedScenes(
  scenes: readonly ClassifiedScene[],
  folds: readonly (string | number)[],
  remark: (groups: number, folds: number) => string,
): SceneSet {
  const { values: classes, codes } = uniqueCodes(scenes.map(({ label }) => label));
  const { values: groups, codes: groupOf } = uniqueCodes(scenes.map(({ group }) => group));
  const names = [...new Set(folds)].sort((a, b) => Number(a) - Number(b));
  const rowsOf = (keep: (fold: string | number) => boolean): number[] =>
    scenes.map((_, row) => row).filter((row) => keep(folds[row]!));
  return {
    kind: 'classes',
    tags: classes.map((name) => ({ name, level: 'class', family: name })),
    recordings: scenes.map(({ file }) => ({ file, incomplete: [] })),
    groups: groupOf,
    targets: classTargets(codes, classes.length),
    rounds: names.map((fold) => ({
      train: rowsOf((own) => own !== fold),
      development: [],
      test: rowsOf((own) => own === fold),
    })),
    remarks: [remark(groups.length, names.length)],
  };
}

/**
 * Scenes of one label each from a manifest, in group-wise stratified folds.
 *
 * @throws UserError (`input`) when a label has no recording.
 */
export function scenesOfManifest(manifest: string, labels: readonly string[], folds: number): SceneSet {
  const scenes = listScenes(manifest, labels);
  const foldOf = stratifiedGroupKFold({
    labels: scenes.map(({ label }) => label),
    groups: scenes.map(({ group }) => group),
    folds,
  });
  return classifiedScenes(
    scenes,
    [...foldOf],
    (groups, count) => `${scenes.length} recordings of ${groups} groups; ${count} group-wise folds.`,
  );
}

/** Sets of one class a recording that are published with their folds. */
const FOLDED_SETS = [
  {
    table: path.join('meta', 'esc50.csv'),
    columns: { name: 'filename', fold: 'fold', label: 'category', group: 'src_file' },
    place: ({ name }: FoldedRow): string => path.join('audio', name),
  },
  {
    table: path.join('metadata', 'UrbanSound8K.csv'),
    columns: { name: 'slice_file_name', fold: 'fold', label: 'class', group: 'fsID' },
    place: ({ name, fold }: FoldedRow): string => path.join('audio', `fold${fold}`, name),
  },
];

type FoldedRow = Record<'name' | 'fold' | 'label' | 'group', string>;

/** The folded set that a folder holds, if any. */
function foldedSetIn(folder: string): (typeof FOLDED_SETS)[number] | undefined {
  return FOLDED_SETS.find(({ table }) => fs.existsSync(path.join(folder, table)));
}

/**
 * ESC-50 or UrbanSound8K as they unpack, all classes, in the published folds. Recordings of the table that are
 * not in the folder are counted and left out.
 *
 * @throws UserError (`input`) for a table without its columns, or a folder without its recordings.
 */
function scenesOfFolds(folder: string, { table, columns, place }: (typeof FOLDED_SETS)[number]): SceneSet {
  const file = path.join(folder, table);
  const { columns: present, rows } = readCsv(file);
  for (const column of Object.values(columns))
    if (!present.includes(column)) throw inputError(`${file}: lacks the column "${column}"`);
  const listed = rows.map((row): FoldedRow & { file: string } => {
    const [name, fold, label, group] = [columns.name, columns.fold, columns.label, columns.group].map(
      (column) => row[column]!,
    ) as [string, string, string, string];
    return { name, fold, label, group, file: path.join(folder, place({ name, fold, label, group })) };
  });
  const scenes = listed.filter((row) => fs.existsSync(row.file));
  if (new Set(scenes.map(({ fold }) => fold)).size < 2)
    throw inputError(`${folder}: holds recordings of fewer than two folds of ${table}; unpack all of them`);
  return classifiedScenes(
    scenes,
    scenes.map(({ fold }) => fold),
    (groups, count) =>
      `${scenes.length} recordings cut from ${groups}; the ${count} published folds${inTwoFolds(scenes)}; ${listed.length - scenes.length} not in the folder.`,
  );
}

/** In words, how many originals the published folds put on both sides: 4 of ESC-50's, 5 of UrbanSound8K's. */
function inTwoFolds(scenes: readonly FoldedRow[]): string {
  const folds = new Map<string, Set<string>>();
  for (const { group, fold } of scenes) folds.set(group, (folds.get(group) ?? new Set()).add(fold));
  const torn = [...folds].filter(([, own]) => own.size > 1).length;
  return torn === 0 ? '' : `, in two of which ${torn} originals lie`;
}

/**
 * SONYC-UST by its published parts: trained on `train`, scored on `test`, `validate` scored apart.
 *
 * @param levels tags that are learned and scored.
 * @throws UserError (`input`) when the parts to train or to score are empty.
 */
export function scenesOfSonyc(folder: string, levels: TagLevels): SceneSet {
  const { tags, recordings, unverified, missing } = readSonycFolder(folder);
  const kept = tags.map((_, t) => t).filter((t) => levels === 'both' || tags[t]!.level === levels);
  const { values: sensors, codes: groups } = uniqueCodes(recordings.map(({ group }) => group));
  const targets = new Float32Array(recordings.length * kept.length);
  recordings.forEach((recording, row) =>
    kept.forEach((t, i) => (targets[row * kept.length + i] = recording.targets[t]!)),
  );
  const rowsOf = (part: string): number[] =>
    recordings.map((_, row) => row).filter((row) => recordings[row]!.part === part);
  const round = { train: rowsOf('train'), development: rowsOf('validate'), test: rowsOf('test') };
  for (const [part, rows] of [
    ['train', round.train],
    ['test', round.test],
  ] as const)
    if (rows.length === 0)
      throw inputError(
        `${folder}: holds no annotated ${part} recordings; unpack all audio archives, of version 2 from June 2020 on`,
      );
  const counts = `${round.train.length} recordings to train on, ${round.development.length} to validate, ${round.test.length} to test, of ${sensors.length} sensors`;
  return {
    kind: 'tags',
    tags: kept.map((t) => tags[t]!),
    recordings: recordings.map(({ file, incomplete }) => ({ file, incomplete })),
    groups,
    targets,
    rounds: [round],
    remarks: [
      `${counts}; left out: ${unverified} without an annotation that counts, ${missing} not in the folder.`,
      'The published scores are those of the best epoch on the validation part itself.',
    ],
  };
}

/**
 * Scenes of a source: the folder of SONYC-UST, ESC-50 or UrbanSound8K, or one that holds it as its archive unpacks; or
 * else a manifest or a folder of classes.
 */
export function readScenes(
  source: string,
  settings: { readonly labels: readonly string[]; readonly folds: number; readonly tags?: TagLevels },
): SceneSet {
  for (const folder of foldersOf(source)) {
    if (isSonycFolder(folder)) return scenesOfSonyc(folder, settings.tags ?? 'both');
    const folded = foldedSetIn(folder);
    if (folded !== undefined) return scenesOfFolds(folder, folded);
  }
  return scenesOfManifest(source, settings.labels, settings.folds);
}

/** A folder and those in it; nothing for a file. */
function foldersOf(source: string): string[] {
  if (!isFolder(source)) return [];
  const inner = fs
    .readdirSync(source)
    .sort(compareCodePoints)
    .map((name) => path.join(source, name));
  return [source, ...inner.filter(isFolder)];
}
