import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Ending } from './searches';

/** One search of the comparison. */
export interface Task {
  readonly problem: string;
  readonly method: string;
  readonly seed: number;
  readonly trials: number;
}

/** A finished search; `code` tells what ran, so that results of other code are not taken for these. */
export interface Result extends Task, Ending {
  readonly code: string;
}

/** Text that is equal for equal searches by the same code. */
export function taskKey({ problem, method, seed, trials }: Task, code: string): string {
  return JSON.stringify([problem, method, seed, trials, code]);
}

/** Results of other packages that were recorded before and travel with the repository: some of them take minutes a search. */
export const RECORDED = join(__dirname, '..', 'data', 'peerSearches.jsonl');

/** Results of earlier runs by `taskKey`, and a way to add further ones, each on a line of `file`. */
export function openResults(file: string): { known: Map<string, Result>; add(result: Result): void } {
  mkdirSync(dirname(file), { recursive: true });
  const known = new Map<string, Result>();
  const note = (result: Result): void => void known.set(taskKey(result, result.code), result);
  const read = (text: string): string => {
    const lines = text.split('\n');
    const torn = lines.pop()!;
    for (const line of lines) if (line.endsWith('}')) note(JSON.parse(line) as Result);
    return torn;
  };
  read(readFileSync(RECORDED, 'utf8'));
  // What follows the last line break was torn by a kill.
  if (existsSync(file) && read(readFileSync(file, 'utf8')) !== '') appendFileSync(file, '\n');
  return {
    known,
    add: (result) => {
      note(result);
      appendFileSync(file, `${JSON.stringify(result)}\n`);
    },
  };
}

function digest(root: string, files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) hash.update(relative(root, file)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Digest of what is searched and of how peers are asked: the problems, the tables of trainings, the peers' program. */
export function problemsDigest(): string {
  const bench = join(__dirname, '..');
  const files = ['problems.ts', 'testProblems.ts', 'peers.py'].map((name) => join(__dirname, name));
  const tables = readdirSync(join(bench, 'data')).filter((name) => name.endsWith('Table.json'));
  return digest(bench, [...files, ...tables.map((name) => join(bench, 'data', name))]);
}

/** Digest of the compiled files that decide what our samplers propose. */
export function samplersDigest(): string {
  const lib = join(__dirname, '..', '..', 'lib');
  const folders = [
    'bayesian-optimizer/dist',
    'research-basics/dist/numerics',
    'research-basics/dist/random',
  ].map((name) => join(lib, name));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(folder, name)),
  );
  return digest(lib, files);
}
