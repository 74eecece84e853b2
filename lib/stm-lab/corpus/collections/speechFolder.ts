import * as fs from 'node:fs';
import * as path from 'node:path';
import { inputError } from 'research-basics/errors';
import { unionOf, type Segment } from './segments';
import { entriesOf, parseRttm, parseUem } from './rttm';
import { soundsBelow } from '../soundsBelow';

/** A recording with who-spoke-when, reduced to speech or not. */
export interface SpeechRecording {
  readonly file: string;
  /** Name as the list spells it. */
  readonly name: string;
  /** Speech of any speaker, seconds. */
  readonly speech: readonly Segment[];
  /** Parts that are used, seconds; undefined for the whole recording. */
  readonly scored: readonly Segment[] | undefined;
}

/** Parts of a speech corpus, by pyannote's names. */
export const SPEECH_PARTS = ['train', 'development', 'test'] as const;
export type SpeechPart = (typeof SPEECH_PARTS)[number];

/**
 * Reads one part of a folder as pyannote's protocols lay them out: `train.lst` (one name per line),
 * `train.rttm`, `train.uem` where there is one; recordings beside them or below, found by name without
 * ending, also when disk, list and annotation spell a name differently. AMI's `name.Mix-Headset.wav` and
 * CHiME5's `name_U01.CH1.wav` are found under the bare name too.
 *
 * @throws UserError (`input`) for a missing list, annotation or recording, naming it.
 */
export function readSpeechFolder(folder: string, part: SpeechPart): SpeechRecording[] {
  const text = (ending: string, need: 'required' | 'optional'): string | undefined => {
    const file = path.join(folder, `${part}.${ending}`);
    if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
    if (need === 'optional') return undefined;
    throw inputError(
      `${file}: is missing; the ${part} part needs ${part}.lst and ${part}.rttm beside the recordings`,
    );
  };
  const turns = parseRttm(text('rttm', 'required')!, path.join(folder, `${part}.rttm`));
  const uem = text('uem', 'optional');
  const parts = uem === undefined ? undefined : parseUem(uem, path.join(folder, `${part}.uem`));
  const sounds = namedSounds(folder);
  const names = text('lst', 'required')!
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === 0) throw inputError(`${path.join(folder, `${part}.lst`)}: lists no recordings`);
  return names.map((name) => {
    const [found] = entriesOf(name, sounds);
    if (found === undefined)
      throw inputError(`${folder}: no recording is called "${name}", which ${part}.lst names`);
    const scored = parts === undefined ? undefined : entriesOf(name, parts);
    return {
      file: found.file,
      name,
      speech: unionOf(entriesOf(name, turns)),
      scored: scored === undefined || scored.length === 0 ? undefined : unionOf(scored),
    };
  });
}

/** Recordings by every name that lists may call them. */
function namedSounds(folder: string): { recording: string; file: string }[] {
  return soundsBelow(folder).flatMap((file) => {
    const whole = path.basename(file).replace(/\.[^.]*$/, '');
    const bare = whole.replace(/\.Mix-Headset$|_U01\.CH1$/, '');
    return [...new Set([whole, bare])].map((recording) => ({ recording, file }));
  });
}
