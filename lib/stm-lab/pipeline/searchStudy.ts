import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { canonicalJson } from 'research-basics/canonicalJson';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { omit } from '../base/omit';
import type { Experiment } from './experiment';
import type { TrialBase } from './hyperparameters';
import { readStageRecord } from '../stages/stage';
import { changedSettings, listed } from '../stages/stageChange';

/** What decides the trials of a search, besides the data; their number does not. */
export interface StudySettings {
  readonly search: Omit<Experiment['search'], 'trials'>;
  /** Settings that trials override; absent where only the published names are searched. */
  readonly base?: TrialBase | undefined;
}

/** `study.json` of a search folder. */
export interface StudyFile {
  readonly name: string;
  readonly preset?: string | undefined;
  readonly settings: StudySettings;
  readonly inputs: Readonly<Record<string, string>>;
}

/** The study that a folder holds; undefined for an empty one. */
export function readStudyFile(folder: string): StudyFile | undefined {
  const file = path.join(folder, 'study.json');
  if (fs.existsSync(file)) return readJson<StudyFile>(file);
  // Folders of earlier versions have the record of a finished search.
  const record = readStageRecord(folder);
  if (record?.stage !== 'search') return undefined;
  const search = omit(record.parameters as Experiment['search'], 'trials');
  const { inputs } = record;
  return { name: studyName({ search }, inputs), settings: { search }, inputs };
}

/** A study's name tells settings and data apart. */
function studyName({ search, base }: StudySettings, inputs: StudyFile['inputs']): string {
  const settings = {
    search: { ...search, trials: 0 },
    data: inputs,
    ...(base === undefined ? {} : { base }),
  };
  return `search-${sha256(settings).slice(0, 12)}`;
}

/**
 * The study of a folder for these settings and data. A folder whose study has the same data and other settings is
 * refused, so that no result is replaced; a changed space can be adopted.
 *
 * @throws UserError (`input`) naming what changed.
 */
export function studyOf(
  folder: string,
  wanted: Omit<StudyFile, 'name'>,
  spaceChange: 'refuse' | 'adopt' = 'refuse',
): StudyFile {
  const earlier = readStudyFile(folder);
  const fresh = { name: studyName(wanted.settings, wanted.inputs), ...wanted };
  if (earlier === undefined || canonicalJson(earlier.inputs) !== canonicalJson(wanted.inputs)) return fresh;
  const changed = changesOf(earlier.settings, wanted.settings);
  const compared = earlier.settings.base !== undefined && wanted.settings.base !== undefined;
  const others = changesOf(withoutSpace(earlier.settings, compared), withoutSpace(wanted.settings, compared));
  if (others.length > 0)
    throw inputError(
      `${folder}: holds a search with other settings: ${listed(others)}; restore them, or give another --out`,
    );
  if (changed.length > 0 && spaceChange === 'refuse')
    throw inputError(
      `${folder}: holds a search of another space: ${listed(changed)}; restore it, give another --out, or continue in the new space with --space-change adopt (its trials inside the new space count)`,
    );
  return { ...fresh, name: earlier.name };
}

/** Remembers the study of a folder. */
export function writeStudyFile(folder: string, study: StudyFile): void {
  writeJson(path.join(folder, 'study.json'), study);
}

/**
 * Makes sure that a folder holds a search of an experiment.
 *
 * @throws UserError (`input`) naming what differs.
 */
export function checkSearchOf(folder: string, search: Experiment['search']): void {
  const study = readStudyFile(folder);
  if (study === undefined)
    throw inputError(`${folder}: holds no search; run "stm-lab search --out ${folder}" first`);
  const changed = changesOf({ search: study.settings.search }, { search: omit(search, 'trials') });
  if (changed.length > 0)
    throw inputError(
      `${folder}: is a search ${study.preset === undefined ? '' : `of "${study.preset}" `}with other settings than this preset's: ${listed(changed)}; name its preset with --preset, or search again`,
    );
}

const changesOf = (before: StudySettings, now: StudySettings): string[] =>
  changedSettings(
    { ...before.search, ...(before.base === undefined ? {} : { base: before.base }) },
    { ...now.search, ...(now.base === undefined ? {} : { base: now.base }) },
  );

/** The layers of the base are left out: whether they matter, the space says. */
function withoutSpace({ search, base }: StudySettings, withBase: boolean): StudySettings {
  return {
    search: omit(search, 'space', 'enqueue') as StudySettings['search'],
    ...(withBase && base !== undefined ? { base: omit(base, 'hidden') } : {}),
  };
}
