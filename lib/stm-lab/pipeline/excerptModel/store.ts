import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { readJson, sha256, writeJson } from 'research-basics/files';
import { readNpy, writeNpy } from '../../base/npy';
import type { ExtractionIdentity } from '../../features';
import type { LinearModel } from '../../models';
import { loadReduction, saveReduction } from '../../reduction';
import type { CollectionScores } from '../byCollection';
import type { ExcerptModelChoice, LinearChoice } from './choice';
import type { ExcerptModel } from './fit';
import type { ExcerptScores } from './score';

/** What `excerpt-model.json` says besides the arrays beside it. */
export interface ExcerptModelRecord {
  readonly format: 'stm-lab excerpt model 1';
  readonly classes: readonly string[];
  readonly choice: ExcerptModelChoice;
  /** Of the extraction, so that new recordings are analysed alike. */
  readonly parameters: ExtractionIdentity['parameters'];
  /** Of the extraction; absent where they are `stm` and 1. */
  readonly kind?: string;
  readonly revision?: number;
  readonly rateHz: readonly number[];
  /** Absent from models whose scales were all used as they are. */
  readonly scaleCycPerOct?: readonly number[];
  /** Chosen among `choice.among` when it was fitted to all recordings. */
  readonly chosen: LinearChoice;
  readonly members: readonly LinearModel['kind'][];
  readonly temperature: number;
  /** Distance beyond which a recording is far from everything that was trained on; null for none. */
  readonly farFrom: number | null;
  readonly trainedOn: {
    readonly recordings: number;
    readonly excerpts: number;
    readonly collections: readonly string[];
    readonly perClass: Readonly<Record<string, number>>;
    readonly inputs: Readonly<Record<string, string>>;
  };
  /** The scores that the model was accepted with: of its recipe, on recordings it had not been fitted to. */
  readonly scores: {
    readonly folds: number;
    readonly seeds: number;
    readonly byGroup: ExcerptScores['byGroup'];
    readonly byCollection?: CollectionScores & { readonly eceBefore: number };
  };
  readonly versions: Readonly<Record<string, string>>;
  /** SHA-256 over every fitted number. */
  readonly hash: string;
}

const FILE = 'excerpt-model.json';

/** Whether a folder holds an excerpt model. */
export const isExcerptModel = (folder: string): boolean => fs.existsSync(path.join(folder, FILE));

/** Writes a model to a folder of its own; `excerpt-model.json` last. Returns its record and the files, relative to the folder. */
export function saveExcerptModel(
  folder: string,
  model: ExcerptModel,
  about: Omit<ExcerptModelRecord, 'format' | 'chosen' | 'members' | 'temperature' | 'farFrom' | 'hash'>,
): { readonly files: string[]; readonly record: ExcerptModelRecord } {
  const reduction = path.join(folder, 'reduction');
  saveReduction(reduction, model.reduction);
  model.members.forEach(({ weights, classes, columns }, m) =>
    writeNpy(path.join(folder, `member${m}.npy`), { shape: [classes, columns + 1], data: weights }),
  );
  const { centre, deviation, threshold } = model.reach;
  writeNpy(path.join(folder, 'centre.npy'), { shape: [centre.length], data: centre });
  writeNpy(path.join(folder, 'deviation.npy'), { shape: [deviation.length], data: deviation });
  const record: ExcerptModelRecord = {
    format: 'stm-lab excerpt model 1',
    ...about,
    chosen: model.chosen,
    members: model.members.map(({ kind }) => kind),
    temperature: model.temperature,
    farFrom: Number.isFinite(threshold) ? threshold : null,
    hash: hashOf(model),
  };
  writeJson(path.join(folder, FILE), record);
  const files = [
    FILE,
    ...fs
      .readdirSync(reduction)
      .sort()
      .map((name) => `reduction/${name}`),
    'centre.npy',
    'deviation.npy',
    ...model.members.map((_, m) => `member${m}.npy`),
  ];
  return { files, record };
}

/**
 * Reads a model that `saveExcerptModel` wrote, wherever its folder lies now.
 *
 * @throws UserError (`input`) when a file is missing or changed.
 */
export function loadExcerptModel(folder: string): ExcerptModel & { readonly record: ExcerptModelRecord } {
  const record = readJson<ExcerptModelRecord>(path.join(folder, FILE));
  if (record.format !== 'stm-lab excerpt model 1')
    throw inputError(
      `${path.join(folder, FILE)}: has format ${JSON.stringify(record.format)}; this version reads "stm-lab excerpt model 1"`,
    );
  const members = record.members.map((_, m) => `member${m}.npy`);
  const missing = ['reduction/reduction.json', 'centre.npy', 'deviation.npy', ...members].find(
    (name) => !fs.existsSync(path.join(folder, name)),
  );
  if (missing !== undefined)
    throw inputError(`${path.join(folder, missing)}: is missing; copy the whole folder of the model again`);
  const read = (name: string): Float64Array => {
    const { data } = readNpy(path.join(folder, name));
    if (!(data instanceof Float64Array)) throw inputError(`${path.join(folder, name)}: is not float64`);
    return data;
  };
  const reduction = loadReduction(path.join(folder, 'reduction'));
  const model: ExcerptModel = {
    reduction,
    chosen: record.chosen,
    members: record.members.map((kind, m) => ({
      kind,
      columns: reduction.width,
      classes: record.classes.length,
      weights: read(members[m]!),
    })),
    temperature: record.temperature,
    reach: {
      centre: read('centre.npy'),
      deviation: read('deviation.npy'),
      threshold: record.farFrom ?? Infinity,
    },
  };
  if (hashOf(model) !== record.hash)
    throw inputError(
      `${folder}: its arrays are not those that ${FILE} describes; copy the whole folder again`,
    );
  return { ...model, record };
}

function hashOf({ reduction, members, temperature, reach }: ExcerptModel): string {
  const bytes = (values: Float64Array): string =>
    sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return sha256({
    reduction: reduction.hash,
    members: members.map(({ kind, weights }) => [kind, bytes(weights)]),
    temperature,
    reach: [bytes(reach.centre), bytes(reach.deviation)],
    threshold: Number.isFinite(reach.threshold) ? reach.threshold : null,
  });
}
