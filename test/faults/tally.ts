import { deriveSeed } from 'research-basics/random/seeds';
import { randomState, type RandomState } from 'research-basics/random/mt19937';
import { messageOf, UserError } from 'research-basics/errors';

/** What became of the faults of one kind. */
export interface Tally {
  readonly kind: string;
  faults: number;
  /** Results that are missing or differ after the fault is over. */
  lost: number;
  /** Results, trials or runs that are there twice. */
  duplicated: number;
  /** Faults without one clear sentence (a stack, an internal name, nothing at all). */
  unclear: number;
  /** What was lost, duplicated or unclear. */
  readonly notes: string[];
}

/** What a scenario is given. */
export interface Scenario {
  readonly tally: Tally;
  readonly random: RandomState;
  /** A fresh folder of its own. */
  readonly folder: string;
  readonly size: 'full' | 'smoke';
}

export function newTally(kind: string): Tally {
  return { kind, faults: 0, lost: 0, duplicated: 0, unclear: 0, notes: [] };
}

export const randomFor = (seed: number, kind: string): RandomState => randomState(deriveSeed(seed, kind));

const INTERNAL =
  /^\s+at \S|TypeError|ReferenceError|RangeError|SyntaxError|AssertionError|\bundefined\b|\[object |Cannot read propert|is not a function|is not iterable|ERR_INTERNAL/m;

/** Why a text is not a clear sentence for a user; undefined when it is one. */
export function unclearness(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return 'nothing was said';
  const internal = INTERNAL.exec(trimmed);
  if (internal !== null) return `says ${JSON.stringify(internal[0])}: ${trimmed.slice(0, 300)}`;
  if (trimmed.split('\n').length > 12) return `says ${trimmed.split('\n').length} lines`;
  return undefined;
}

/** Notes a fault that should have been told, by an error that was thrown. */
export function judgeError(tally: Tally, error: unknown, what: string): void {
  const why =
    error instanceof UserError
      ? unclearness(error.message)
      : `is not a sentence but ${messageOf(error).slice(0, 300)}`;
  if (why !== undefined) complain(tally, 'unclear', `${what}: ${why}`);
}

/** Notes a fault that should have been told, by what a command printed. */
export function judgeCommand(
  tally: Tally,
  { code, err }: { readonly code: number | null; readonly err: string },
  what: string,
): void {
  const why =
    code !== 2 && code !== 3 && code !== 130 ? `ended with ${code}: ${err.slice(0, 300)}` : unclearness(err);
  if (why !== undefined) complain(tally, 'unclear', `${what}: ${why}`);
}

export function complain(tally: Tally, sort: 'lost' | 'duplicated' | 'unclear', note: string): void {
  tally[sort]++;
  tally.notes.push(`${sort}: ${note}`);
}
