import * as fs from 'node:fs';
import * as path from 'node:path';
import { eachCsvRecord } from '../../base/csvRecords';
import { inputError } from 'research-basics/errors';
import { soundsBelow } from '../soundsBelow';

/** Parts of SONYC-UST, by its own names. */
export const SONYC_PARTS = ['train', 'validate', 'test'] as const;
export type SonycPart = (typeof SONYC_PARTS)[number];

/** A tag of the two-level taxonomy. */
export interface SonycTag {
  /** As the table spells it, without its ending, e.g. "1-2_medium-sounding-engine" or "1_engine". */
  readonly name: string;
  readonly level: 'coarse' | 'fine';
  /** Number of the coarse tag that it is, or belongs to, e.g. "1". */
  readonly family: string;
}

/** A recording with what is known of its tags. */
export interface SonycRecording {
  readonly file: string;
  /** Sensor that recorded it. */
  readonly group: string;
  readonly part: SonycPart;
  /** Per tag: 1 present, 0 absent, -1 not known. */
  readonly targets: Int8Array;
  /** Families whose "other or unknown" tag is present: any of their fine tags may be. */
  readonly incomplete: readonly string[];
}

/** SONYC-UST as a folder holds it. */
export interface SonycSet {
  /** Coarse tags, then fine ones, in the table's order. */
  readonly tags: readonly SonycTag[];
  /** In the order of the table. */
  readonly recordings: readonly SonycRecording[];
  /** Recordings of the table without an annotation that counts in their part. */
  readonly unverified: number;
  /** Recordings of the table that are not in the folder. */
  readonly missing: number;
}

interface Column {
  readonly at: number;
  readonly name: string;
  readonly family: string;
  readonly kind: 'coarse' | 'fine' | 'incomplete';
}

interface Merged {
  readonly part: SonycPart;
  readonly group: string;
  /** Per presence column the largest of the annotators' answers. */
  readonly presence: Int8Array;
  counted: boolean;
}

/** Whether a folder holds SONYC-UST: its table is there. */
export function isSonycFolder(folder: string): boolean {
  return fs.existsSync(path.join(folder, 'annotations.csv'));
}

/**
 * Reads SONYC-UST (version 2) as it is published: `annotations.csv`, one line per recording and annotator,
 * beside the unpacked archives, whose recordings are found by name in any folder below.
 *
 * Who counts: in `train` the volunteers (annotator above 0), a tag being present when any of them says so;
 * in `validate` and `test` the verified annotation (annotator 0) alone. Recordings without one are counted
 * and left out. Answers of -1 (not asked) count for nothing. Where a family's "other or unknown" tag is
 * present, its fine tags that nobody names are not known, rather than absent; Arnault et al. and the
 * challenge's baseline leave out the named ones as well.
 *
 * @throws UserError (`input`) naming file, line and value for what cannot be read.
 */
export function readSonycFolder(folder: string): SonycSet {
  const file = path.join(folder, 'annotations.csv');
  let columns: readonly Column[] | undefined;
  let places: Readonly<Record<(typeof KEYS)[number], number>> | undefined;
  const merged = new Map<string, Merged>();
  eachCsvRecord(file, ({ line, cells, fault }) => {
    const place = `${file}: line ${line}`;
    if (fault !== undefined) throw inputError(`${place}: ${fault}`);
    if (columns === undefined || places === undefined) {
      columns = presenceColumns(cells);
      places = keyColumns(file, cells);
      if (!columns.some(({ kind }) => kind === 'coarse') || !columns.some(({ kind }) => kind === 'fine'))
        throw inputError(
          `${file}: has no columns such as "1_engine_presence" and "1-1_small-sounding-engine_presence"`,
        );
      return;
    }
    const part = cells[places.split] as SonycPart;
    if (!SONYC_PARTS.includes(part))
      throw inputError(`${place}: split is "${part}"; it must be one of ${SONYC_PARTS.join(', ')}`);
    const annotator = Number(cells[places.annotator_id]);
    if (!Number.isInteger(annotator) || cells[places.annotator_id] === '')
      throw inputError(`${place}: annotator_id "${cells[places.annotator_id] ?? ''}" is not a whole number`);
    const name = cells[places.audio_filename]!;
    const entry = merged.get(name) ?? {
      part,
      group: cells[places.sensor_id]!,
      presence: new Int8Array(columns.length).fill(-1),
      counted: false,
    };
    merged.set(name, entry);
    if (entry.part !== part)
      throw inputError(`${place}: ${name} is in "${part}", and in "${entry.part}" on a line before`);
    if (part === 'train' ? annotator <= 0 : annotator !== 0) return;
    entry.counted = true;
    columns.forEach(({ at, name: tag }, c) => {
      const value = Number(cells[at]);
      if (![1, 0, -1].includes(value) || cells[at] === '')
        throw inputError(`${place}: ${tag}_presence is "${cells[at] ?? ''}"; it must be 1, 0 or -1`);
      entry.presence[c] = Math.max(entry.presence[c]!, value);
    });
  });
  if (columns === undefined) throw inputError(`${file}: is empty; a header line was expected`);
  return collect(folder, columns, merged);
}

const KEYS = ['split', 'sensor_id', 'audio_filename', 'annotator_id'] as const;

function keyColumns(file: string, header: readonly string[]): Record<(typeof KEYS)[number], number> {
  return Object.fromEntries(
    KEYS.map((key) => {
      const at = header.indexOf(key);
      if (at < 0) throw inputError(`${file}: lacks the column "${key}"`);
      return [key, at];
    }),
  ) as Record<(typeof KEYS)[number], number>;
}

function presenceColumns(header: readonly string[]): Column[] {
  return header.flatMap((title, at): Column[] => {
    const match = /^(?<name>(?<family>\d+)(?:-(?<fine>\d+|X))?_.+)_presence$/.exec(title);
    if (match === null) return [];
    const { name, family, fine } = match.groups as { name: string; family: string; fine?: string };
    const kind = fine === undefined ? 'coarse' : fine === 'X' ? 'incomplete' : 'fine';
    return [{ at, name, family, kind }];
  });
}

function collect(folder: string, columns: readonly Column[], merged: ReadonlyMap<string, Merged>): SonycSet {
  const files = new Map(soundsBelow(folder).map((sound) => [path.basename(sound), sound]));
  const order = (['coarse', 'fine'] as const).flatMap((level) =>
    columns.flatMap(({ kind, name, family }, c) => (kind === level ? [{ c, name, level, family }] : [])),
  );
  let [unverified, missing] = [0, 0];
  const recordings = [...merged].flatMap(([name, { part, group, presence, counted }]): SonycRecording[] => {
    const file = files.get(name);
    if (!counted) unverified++;
    else if (file === undefined) missing++;
    if (!counted || file === undefined) return [];
    const incomplete = columns.flatMap(({ kind, family }, c) =>
      kind === 'incomplete' && presence[c] === 1 ? [family] : [],
    );
    const targets = Int8Array.from(order, ({ c, level, family }) =>
      level === 'fine' && presence[c] === 0 && incomplete.includes(family) ? -1 : presence[c]!,
    );
    return [{ file, group, part, targets, incomplete }];
  });
  if (recordings.length === 0)
    throw inputError(
      `${folder}: holds none of the ${merged.size} recordings of annotations.csv; unpack the audio archives into it`,
    );
  return {
    tags: order.map(({ name, level, family }) => ({ name, level, family })),
    recordings,
    unverified,
    missing,
  };
}
