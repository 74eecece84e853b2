import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { isFolder } from '../folder';
import { readManifest } from '../manifest';
import { soundsBelow } from '../soundsBelow';

/** A recording of a verification task. */
export interface VerificationRecording {
  /** As trials name it, without ending. */
  readonly name: string;
  readonly file: string;
  readonly speaker: string;
}

/** Trials over speakers who are not trained on. */
export interface VerificationSet {
  /** Recordings of speakers who are in no trial. */
  readonly train: readonly VerificationRecording[];
  /** Recordings that trials name, each once. */
  readonly test: readonly VerificationRecording[];
  /** Two numbers of `test` recordings a trial: enrolled, tested. */
  readonly pairs: Int32Array;
  /** 1 where both are of one speaker. */
  readonly targets: Uint8Array;
}

/** Names a trial list may have, the one used first: any set's own, then VoxCeleb1's cleaned and original test. */
const LISTS = ['trials.txt', 'veri_test2.txt', 'veri_test.txt'];

/** A trial list. */
export interface TrialLines {
  readonly first: string;
  readonly second: string;
  readonly target: 0 | 1;
}

/**
 * Reads a trial list as VoxCeleb's are written: a line `1 a b` for two recordings of one speaker, `0 a b`
 * of two.
 *
 * @param name of the file, for messages.
 * @throws UserError (`input`) naming file and line of what is written otherwise.
 */
export function parseTrials(text: string, name = 'trial list'): TrialLines[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  const trials = lines.flatMap((line, i): TrialLines[] => {
    if (line.trim() === '') return [];
    const [target, first, second, ...rest] = line.trim().split(/\s+/);
    // Some copies begin with the names of the columns.
    if (i === 0 && /^[a-z]/i.test(target!) && second !== undefined) return [];
    if ((target !== '0' && target !== '1') || second === undefined || rest.length > 0)
      throw inputError(
        `${name}: line ${i + 1} is "${line.trim()}"; it must be 1 or 0 and the names of two recordings`,
      );
    return [{ first: first!, second, target: target === '1' ? 1 : 0 }];
  });
  for (const target of [0, 1])
    if (!trials.some((trial) => trial.target === target))
      throw inputError(`${name}: holds no trial of ${target === 1 ? 'one speaker' : 'two speakers'}`);
  return trials;
}

/** The trial list of a source, a folder or a manifest: beside the manifest, or in the folder. */
export function findTrialList(source: string): string | undefined {
  const folder = isFolder(source) ? source : path.dirname(source);
  return LISTS.map((name) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/**
 * Reads a verification task: a folder with VoxCeleb as it unpacks (`.../id10270/video/00001.wav` anywhere
 * below it), or a manifest whose labels are speakers and whose paths the trials name. Recordings of speakers
 * who are in no trial train; other recordings of those who are in one are not used.
 *
 * @throws UserError (`input`) naming a recording that is missing, a trial whose speakers are not what it
 *   says, or what is missing.
 */
export function listVerification(source: string, list: string): VerificationSet {
  const unpacked = isFolder(source) ? voxCeleb(source) : undefined;
  const known = unpacked !== undefined && unpacked.size > 0 ? unpacked : ofManifest(source);
  const trials = parseTrials(fs.readFileSync(list, 'utf8'), list);
  const test: VerificationRecording[] = [];
  const placeOf = new Map<string, number>();
  const numberOf = (name: string): number => {
    const place = placeOf.get(bare(name));
    if (place !== undefined) return place;
    const recording = known.get(bare(name));
    if (recording === undefined) throw inputError(`${list}: names ${name}, which is not in ${source}`);
    placeOf.set(bare(name), test.length);
    return test.push(recording) - 1;
  };
  const pairs = Int32Array.from(trials.flatMap(({ first, second }) => [numberOf(first), numberOf(second)]));
  trials.forEach(({ first, second, target }, t) => {
    const same = test[pairs[2 * t]!]!.speaker === test[pairs[2 * t + 1]!]!.speaker;
    if (same !== (target === 1))
      throw inputError(
        `${list}: says ${target} of ${first} and ${second}, which are of ${same ? 'one speaker' : 'two speakers'}`,
      );
  });
  const tested = new Set(test.map(({ speaker }) => speaker));
  const train = [...known.values()].filter(({ speaker }) => !tested.has(speaker));
  if (new Set(train.map(({ speaker }) => speaker)).size < 2)
    throw inputError(
      `${source}: holds fewer than two speakers who are in no trial; there is none to train on`,
    );
  return { train, test, pairs, targets: Uint8Array.from(trials, ({ target }) => target) };
}

/** Lists name `.wav` where a data set may be unpacked as something else. */
const bare = (name: string): string => name.replace(/\.[^./\\]*$/, '').replaceAll('\\', '/');

const entry = (name: string, file: string, speaker: string): [string, VerificationRecording] => [
  name,
  { name, file, speaker },
];

function voxCeleb(folder: string): Map<string, VerificationRecording> {
  return new Map(
    soundsBelow(folder).flatMap((file): [string, VerificationRecording][] => {
      const [speaker, video, name] = bare(file).split('/').slice(-3);
      return /^id\d{5}$/.test(speaker ?? '') ? [entry(`${speaker!}/${video!}/${name!}`, file, speaker!)] : [];
    }),
  );
}

function ofManifest(manifest: string): Map<string, VerificationRecording> {
  return new Map(
    readManifest(manifest).rows.map(({ path: name, file, label }) => entry(bare(name), file, label)),
  );
}
