import { fork, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** A program for a thread or a process of our own, found also where a bundler has put our files into one. */
export interface EmbeddedProgram {
  /** `typeof __filename === 'string' ? __filename : undefined`, written in the file that starts the program. */
  readonly caller: string | undefined;
  /** Path of that file in the package, e.g. `dist/workers/run.js`: elsewhere it has become part of a bundle. */
  readonly compiledAs: string;
  /** The program's own file beside it. */
  readonly file: string;
  /** The whole program in one text, for bundles; empty in a copy that was compiled without it. */
  readonly text: string;
}

/** Starts a thread with the program. */
export function startThread(program: EmbeddedProgram, options: WorkerOptions): Worker {
  const file = fileBeside(program);
  return file === undefined
    ? new Worker(textOf(program), { ...options, eval: true })
    : new Worker(file, options);
}

/** Starts a Node process with the program, connected by IPC; what it prints to stderr is passed on. */
export function startProcess(program: EmbeddedProgram): ChildProcess {
  const file = fileBeside(program);
  if (file !== undefined) return fork(file, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const text = textOf(program);
  // "-" reads the program from the standard input.
  const child = fork('-', [], { stdio: ['pipe', 'ignore', 'inherit', 'ipc'] });
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(text);
  return child;
}

function fileBeside({ caller, compiledAs, file }: EmbeddedProgram): string | undefined {
  if (caller === undefined || !caller.split(path.sep).join('/').endsWith(`/${compiledAs}`)) return undefined;
  const beside = path.join(path.dirname(caller), file);
  return fs.existsSync(beside) ? beside : undefined;
}

function textOf({ file, text }: EmbeddedProgram): string {
  if (text === '')
    throw new Error(`${file} is not part of this bundle; build the packages with "npm run build"`);
  return text;
}
