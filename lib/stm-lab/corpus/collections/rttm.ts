import { compareCodePoints } from '../../base/codePoints';
import { inputError } from 'research-basics/errors';
import type { Segment } from './segments';

/** One turn of an RTTM file. */
export interface Turn extends Segment {
  /** Name of the recording as the file spells it. */
  readonly recording: string;
  /** Undefined when the file says `<NA>` or nothing. */
  readonly speaker: string | undefined;
}

const lines = (text: string): [string, number][] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, i): [string, number] => [line.trim(), i + 1])
    .filter(([line]) => line !== '' && !line.startsWith(';'));

function seconds(text: string | undefined, what: string, place: string): number {
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isFinite(value) || value < 0)
    throw inputError(`${place}: ${what} "${text ?? ''}" is not a number of seconds from 0`);
  return value;
}

/**
 * Reads RTTM (NIST rich transcription): the SPEAKER lines. Turns may overlap, speakers may be unknown
 * (`<NA>`), turns of no length are left out, an empty file holds no turns.
 *
 * @param name of the file, for messages.
 * @throws UserError (`input`) naming file and line when a time cannot be read.
 */
export function parseRttm(text: string, name = 'RTTM'): Turn[] {
  return lines(text).flatMap(([line, number]): Turn[] => {
    const [kind, recording, , begin, duration, , , speaker] = line.split(/\s+/);
    if (kind !== 'SPEAKER') return [];
    const place = `${name}: line ${number}`;
    if (recording === undefined)
      throw inputError(`${place}: has no recording; it must be "SPEAKER name 1 ..."`);
    const from = seconds(begin, 'begin', place);
    const length = seconds(duration, 'duration', place);
    if (length === 0) return [];
    return [
      {
        recording,
        begin: from,
        end: from + length,
        speaker: speaker === undefined || /^<NA>$/i.test(speaker) ? undefined : speaker,
      },
    ];
  });
}

/** Writes turns as RTTM, sorted by recording and time, times to the millisecond. */
export function formatRttm(turns: readonly Turn[]): string {
  const field = (text: string): string => text.trim().replaceAll(/\s+/g, '_');
  return [...turns]
    .sort((a, b) => compareCodePoints(a.recording, b.recording) || a.begin - b.begin)
    .map(({ recording, begin, end, speaker }) =>
      [
        'SPEAKER',
        field(recording),
        1,
        begin.toFixed(3),
        (end - begin).toFixed(3),
        '<NA>',
        '<NA>',
        speaker === undefined ? '<NA>' : field(speaker),
        '<NA>',
        '<NA>\n',
      ].join(' '),
    )
    .join('');
}

/** One scored stretch of a UEM file. */
export interface ScoredPart extends Segment {
  readonly recording: string;
}

/**
 * Reads UEM: which parts of which recordings are scored ("name channel begin end" a line).
 *
 * @throws UserError (`input`) naming file and line when a line cannot be read or ends before it begins.
 */
export function parseUem(text: string, name = 'UEM'): ScoredPart[] {
  return lines(text).map(([line, number]) => {
    const [recording, , from, to] = line.split(/\s+/);
    const place = `${name}: line ${number}`;
    const begin = seconds(from, 'begin', place);
    const end = seconds(to, 'end', place);
    if (end <= begin) throw inputError(`${place}: ends at ${end} s, not after its beginning ${begin} s`);
    return { recording: recording!, begin, end };
  });
}

/** Spelling under which names meet that tools have changed: composed, then without marks. */
const plain = (name: string): string => name.normalize('NFD').replaceAll(/\p{M}+/gu, '');

/**
 * Finds a recording's entries although disk and list spell its name differently: the same text, else the
 * same after composing (file systems store "ñ" in two ways), else the same without diacritics (some tools
 * drop them), provided only one name of the list fits.
 *
 * @param recording name of the file without its ending.
 * @throws UserError (`input`) when several names fit equally well.
 */
export function entriesOf<T extends { readonly recording: string }>(
  recording: string,
  entries: readonly T[],
): T[] {
  for (const spelling of [(name: string) => name, (name: string) => name.normalize('NFC'), plain]) {
    const fitting = entries.filter((entry) => spelling(entry.recording) === spelling(recording));
    const names = new Set(fitting.map((entry) => entry.recording));
    if (names.size > 1)
      throw inputError(
        `recording "${recording}": the list spells it as ${[...names].map((name) => `"${name}"`).join(' and ')}; keep one`,
      );
    if (names.size === 1) return fitting;
  }
  return [];
}
